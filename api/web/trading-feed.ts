// The page's look at trading: asked every two seconds while the server shows trading and somebody may be looking, one
// request at a time. What cannot be had is asked again; what was shown stays until then.

import type { TradingView } from "../../src/ports/trading-view.ts";

const EVERY_MS = 2_000;
const TIMEOUT_MS = 5_000;

export class TradingFeed {
  readonly #url: string;
  readonly #onView: (view: TradingView) => void;
  #wanted = false;
  #asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, onView: (view: TradingView) => void) {
    this.#url = url;
    this.#onView = onView;
    document.addEventListener("visibilitychange", () => this.#follow());
  }

  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#follow();
  }

  #follow(): void {
    clearTimeout(this.#timer);
    if (this.#wanted && document.visibilityState === "visible" && !this.#asking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const view = await fetchTrading(this.#url);
    this.#asking = false;
    if (!this.#wanted) return;
    if (view) this.#onView(view);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#follow(), EVERY_MS);
  }
}

/** Undefined when the server gave no usable answer. Never throws. */
async function fetchTrading(url: string): Promise<TradingView | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
    if (!response.ok) return undefined;
    const view = (await response.json()) as TradingView;
    return Array.isArray(view?.traders) ? view : undefined;
  } catch {
    return undefined;
  }
}
