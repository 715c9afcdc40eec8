// One line of `bun run bench`: a figure, what it was compared with in the same run, and the target it is held to.

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
