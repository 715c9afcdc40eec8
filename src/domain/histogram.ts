// How often a measure fell below each of a few bounds. Counting allocates nothing: it stands in hot paths.

export interface HistogramReading {
  readonly bounds: readonly number[];
  /** Of each bound how many were at most that. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  /** Of each bound alone; the last is of what is above all. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** Bounds grow. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > this.#bounds[index]!) index++;
    this.#counts[index]!++;
    this.#sum += value;
  }

  read(): HistogramReading {
    let count = 0;
    const sums = [...this.#counts].map((own) => {
      count += own;
      return count;
    });
    return { bounds: this.#bounds, counts: sums.slice(0, -1), sum: this.#sum, count };
  }
}
