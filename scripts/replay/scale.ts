// Where things go in a picture: round tick values, and a time axis that squeezes what was not recorded. Floats, for
// display only; every coordinate is cut to a tenth of a pixel so that the text is the same everywhere.

/** Round values (1, 2, 2.5 or 5 times a power of ten) within [low, high], about `wanted` of them. */
export function ticksOf(low: number, high: number, wanted: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

export function px(value: number): string {
  const cut = Math.round(value * 10) / 10;
  return String(Object.is(cut, -0) ? 0 : cut);
}

export interface TimeAxis {
  /** Per point, left edge to right edge. */
  readonly xs: readonly number[];
  /** Middles of the squeezed stretches. */
  readonly gapXs: readonly number[];
  /** Indices of points before which nothing was recorded. */
  readonly breaks: ReadonlySet<number>;
}

/** A stretch without record is drawn as long as this many steps. */
const GAP_STEPS = 8;

export function timeAxis(atMs: readonly number[], stepMs: number, left: number, right: number): TimeAxis {
  const breaks = new Set<number>();
  const places = [0];
  for (let index = 1; index < atMs.length; index++) {
    const passedMs = atMs[index]! - atMs[index - 1]!;
    if (passedMs > stepMs * 1.5) breaks.add(index);
    places.push(places[index - 1]! + Math.min(passedMs / stepMs, GAP_STEPS));
  }
  const total = places.at(-1)! || 1;
  const xs = places.map((place) => left + (place / total) * (right - left));
  const gapXs = [...breaks].map((index) => (xs[index - 1]! + xs[index]!) / 2);
  return { xs, gapXs, breaks };
}

/** Indices worth drawing: of each pixel column the first, lowest, highest and last value. */
export function thinned(
  xs: readonly number[],
  values: readonly number[],
  from: number,
  to: number,
): number[] {
  const kept: number[] = [];
  for (let start = from; start < to; ) {
    const column = Math.floor(xs[start]!);
    let [low, high, end] = [start, start, start];
    while (end < to && Math.floor(xs[end]!) === column) {
      if (values[end]! < values[low]!) low = end;
      if (values[end]! > values[high]!) high = end;
      end++;
    }
    kept.push(...[...new Set([start, low, high, end - 1])].sort((a, b) => a - b));
    start = end;
  }
  return kept;
}
