// When positions were last compared with what their venues hold. The oldest one counts: a watch that hangs, and a venue
// that answers nobody, both show.

export class Compared {
  /** By position. */
  readonly #atMs = new Map<number, number>();
  #roundAtMs: number | undefined;

  done(positionId: number, atMs: number): void {
    this.#atMs.set(positionId, atMs);
  }

  /** A round over these has ended. One that could not be seen yet counts from here on. */
  roundEnded(openIds: ReadonlySet<number>, atMs: number): void {
    this.#roundAtMs = atMs;
    for (const positionId of this.#atMs.keys()) if (!openIds.has(positionId)) this.#atMs.delete(positionId);
    for (const positionId of openIds) if (!this.#atMs.has(positionId)) this.#atMs.set(positionId, atMs);
  }

  /** Epoch ms; undefined before the first round has ended. */
  get oldestAtMs(): number | undefined {
    return this.#roundAtMs === undefined ? undefined : Math.min(this.#roundAtMs, ...this.#atMs.values());
  }
}
