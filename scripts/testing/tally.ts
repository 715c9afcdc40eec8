// What a run of tests came to, file by file, and which files may be played a second time.

import type { FileReport } from "./junit.ts";

/** Real servers, browsers and processes on the wall clock: a machine that stands still for a second can break them. */
const ON_THE_WALL_CLOCK = /\.(integration|full)\.test\.ts$/;
/** A duplicate order or an open leg counts the first time: what trades on the wire is never played again. */
const TRADES = /^src\/testing\/(trading-e2e|simulation)\//;
/** More than so many files did not meet a busy moment. */
const AGAIN_MAX = 2;

export class Tally {
  readonly #files = new Map<string, FileReport>();
  /** What no file's report tells: a run without one, a fault outside the tests. */
  readonly #others: string[] = [];
  /** What failed first and passed when it was played again. */
  readonly again: string[] = [];

  add(files: ReadonlyMap<string, FileReport>): void {
    for (const [file, report] of files) this.#files.set(file, report);
  }

  addFault(text: string): void {
    this.#others.push(text);
  }

  get passedCount(): number {
    return this.#reports().reduce((sum, { passedCount }) => sum + passedCount, 0);
  }

  get failed(): readonly string[] {
    return [...this.#reports().flatMap(({ failed }) => failed), ...this.#others];
  }

  get skipped(): readonly string[] {
    return this.#reports().flatMap(({ skipped }) => skipped);
  }

  /** The slowest files first, with their seconds. */
  slowest(count: number): readonly (readonly [file: string, seconds: number])[] {
    return [...this.#files]
      .map(([file, { seconds }]) => [file, seconds] as const)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count);
  }

  /** Files to be played again, alone. None where other things failed as well: then the run has failed anyway. */
  toPlayAgain(): readonly string[] {
    const files = [...this.#files].filter(([, { failed }]) => failed.length > 0).map(([file]) => file);
    const mayBe = files.every((file) => ON_THE_WALL_CLOCK.test(file) && !TRADES.test(file));
    return mayBe && this.#others.length === 0 && files.length <= AGAIN_MAX ? files : [];
  }

  /** A file's second report takes the place of its first, of which is told what had failed. */
  replace(file: string, second: FileReport): void {
    if (second.failed.length === 0) this.again.push(...this.#files.get(file)!.failed);
    this.#files.set(file, second);
  }

  #reports(): readonly FileReport[] {
    return [...this.#files.values()];
  }
}
