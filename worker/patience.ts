// How long a worker waits for a venue. One that hangs must cost its own rates, not those of the coins whose tasks wait
// behind: once a whole task's requests to it have timed out, it gets only a short probe until it answers again.

import type { Venue } from "../schema/vocabulary.ts";

const PATIENT_RATIO = 0.55;
const PATIENT_MS_MIN = 500;
const PROBE_RATIO = 1 / 25;
const PROBE_MS_MIN = 200;

export class Patience {
  readonly #silent = new Set<Venue>();

  /** What a request to the venue gets, within a tick of `periodMs` and the setting's `timeoutMsMax`. */
  timeoutMs(venue: Venue, periodMs: number, timeoutMsMax: number): number {
    const wantedMs = this.#silent.has(venue)
      ? Math.max(PROBE_MS_MIN, periodMs * PROBE_RATIO)
      : Math.max(PATIENT_MS_MIN, periodMs * PATIENT_RATIO);
    return Math.min(wantedMs, timeoutMsMax);
  }

  /** How a task's requests to one venue ended, each "timeout" or something else. */
  learn(venue: Venue, outcomes: readonly string[]): void {
    if (outcomes.length === 0) return;
    if (outcomes.every((outcome) => outcome === "timeout")) this.#silent.add(venue);
    else this.#silent.delete(venue);
  }
}
