// The page's line to the user's own events: open while somebody may be looking, resumed behind the last event it saw, and
// come back to with growing pauses. A session that has ended is told once, and then the line stays shut.

import type { UserEvent } from "../../../schema/messages/user-event.ts";
import { EventSourceParser } from "../../event-source-parser.ts";
import type { LinkState } from "../status-view.ts";

const HIDDEN_GRACE_MS = 10_000;
/** The server sends at least a comment every 15 s. */
const SILENCE_MS_MAX = 45_000;
const DELAY_MS_MIN = 500;
const DELAY_MS_MAX = 15_000;
const STEADY_MS = 20_000;

export interface EventFeedOptions {
  readonly url: string;
  readonly onEvent: (event: UserEvent) => void;
  readonly onLink: (link: LinkState) => void;
  readonly onSignedOut: () => void;
}

export class EventFeed {
  readonly #options: EventFeedOptions;
  #wanted = false;
  #closing: AbortController | undefined;
  #lastEventId = "";
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = options;
    document.addEventListener("visibilitychange", () => this.#follow());
  }

  /** For a session that has just begun, or ended: what was seen before is forgotten. */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#lastEventId = "";
    this.#close();
    this.#follow();
  }

  #follow(): void {
    clearTimeout(this.#hiddenTimer);
    if (!this.#wanted) return;
    if (document.visibilityState === "visible") void this.#keepOpen();
    else this.#hiddenTimer = setTimeout(() => this.#close("paused"), HIDDEN_GRACE_MS);
  }

  #close(link?: LinkState): void {
    this.#closing?.abort();
    this.#closing = undefined;
    if (link) this.#options.onLink(link);
  }

  async #keepOpen(): Promise<void> {
    if (this.#closing) return;
    const closing = new AbortController();
    this.#closing = closing;
    const { onLink, onSignedOut } = this.#options;
    let failures = 0;
    onLink("connecting");
    while (!closing.signal.aborted) {
      const beganAtMs = performance.now();
      const outcome = await this.#connect(closing.signal);
      if (closing.signal.aborted) return;
      if (outcome === "signed-out") {
        this.want(false);
        return onSignedOut();
      }
      // A line that is cut again and again, as by too many open pages, is not come back to at once.
      const isSteady = outcome === "opened" && performance.now() - beganAtMs > STEADY_MS;
      failures = isSteady ? 1 : failures + 1;
      onLink("reconnecting");
      const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (failures - 1));
      await pause(delayMs, closing.signal);
    }
  }

  /** One connection, until it ends. Never rejects. */
  async #connect(signal: AbortSignal): Promise<"opened" | "failed" | "signed-out"> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
    };
    let opened = false;
    try {
      heard();
      const headers = { ...(this.#lastEventId && { "Last-Event-ID": this.#lastEventId }) };
      const response = await fetch(this.#options.url, {
        ...{ headers, cache: "no-store", redirect: "error" },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (response.status === 401) return "signed-out";
      if (!response.ok || !response.body) return "failed";
      opened = true;
      this.#options.onLink("live");
      const parser = new EventSourceParser(({ data, id }) => {
        if (signal.aborted) return;
        this.#lastEventId = id;
        this.#options.onEvent(JSON.parse(data) as UserEvent);
      });
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return "opened";
        heard();
        parser.push(decoder.decode(value, { stream: true }));
      }
    } catch {
      return opened ? "opened" : "failed";
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Between half and the whole of the length, so that the pages of a restarted server do not return in one moment. */
function pause(lengthMs: number, signal: AbortSignal): Promise<void> {
  const share = crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, lengthMs * (0.5 + share / 2));
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
