// One line of `bun run bench`: a figure, what it was compared with in the same run, and the target it is held to; and
// the small arithmetic all sections share.

export interface BenchLine {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** What was measured beside it, as text: "JSON.parse 131 ms, 62x". */
  readonly comparison: string;
  /** As text: "at most 5". */
  readonly target: string;
  /** False is printed as "short". */
  readonly ok: boolean;
}

export interface BenchOptions {
  /** Everything at full length, however long it takes. */
  readonly all: boolean;
  /** One line on standard error. */
  readonly progress: (text: string) => void;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which `share` of the values lie; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** What it takes when nothing else interferes, which only ever adds: the limit of the fastest fiftieth. */
export function undisturbed(values: readonly number[]): number {
  return quantile(values, 0.02);
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** "34,403". */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en");
}

export function elapsedMs(work: () => unknown): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
