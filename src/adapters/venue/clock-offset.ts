// How far a venue's clock is ahead of ours, as last measured: half a round trip is the error. Shared by all accounts
// at the venue.

import type { Clock } from "../../ports/clock.ts";

export class ClockOffset {
  #offsetMs = 0;
  #isKnown: boolean;
  #measuring: Promise<number> | undefined;

  constructor(
    private readonly clock: Clock,
    /** The venue's own time, epoch ms, asked for now. Rejects when it cannot be had. */
    private readonly venueNowMs: () => Promise<number>,
    /** True: the venue is lenient about time, our own will do until it is found wanting. */
    isLenient: boolean,
  ) {
    this.#isKnown = isLenient;
  }

  /** The venue's time now, by the last measurement; ours before the first. */
  nowMs(): number {
    return Math.round(this.clock.nowMs() + this.#offsetMs);
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  /**
   * Measures first where that is needed, for at most `timeoutMs`; without success our own time has to do, and the venue
   * may refuse it. Never rejects.
   */
  async ready(timeoutMs: number): Promise<void> {
    if (this.#isKnown) return;
    const done = new AbortController();
    const measured = this.measure().then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([measured, this.clock.sleep(timeoutMs, done.signal)]);
    done.abort();
  }

  /** After a refusal because of time: the next order measures first. */
  distrust(): void {
    this.#isKnown = false;
  }

  /** Measures now; those who ask meanwhile share it. Rejects with what `venueNowMs` rejects with. */
  measure(): Promise<number> {
    this.#measuring ??= this.#measureNow().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  async #measureNow(): Promise<number> {
    const startedAtMs = this.clock.monotonicMs();
    const venueMs = await this.venueNowMs();
    const halfTripMs = (this.clock.monotonicMs() - startedAtMs) / 2;
    this.#offsetMs = venueMs + halfTripMs - this.clock.nowMs();
    this.#isKnown = true;
    return this.#offsetMs;
  }
}
