// Time in the browser: the page's own clock adapter. A reader's clock may be minutes off, so ages are measured by the
// server's time as its answers state it, once that differs by more than such a header can say (whole seconds).

const SKEW_IGNORED_MS = 2_000;

export class BrowserClock {
  #skewMs = 0;

  /** Wall clock in epoch milliseconds, corrected by what the server said. */
  nowMs(): number {
    return Date.now() + this.#skewMs;
  }

  /** Takes the Date header of an answer that was just received; anything else than a date is ignored. */
  learn(dateHeader: string | null): void {
    const serverMs = Date.parse(dateHeader ?? "");
    if (Number.isNaN(serverMs)) return;
    const skewMs = serverMs - Date.now();
    this.#skewMs = Math.abs(skewMs) > SKEW_IGNORED_MS ? skewMs : 0;
  }
}
