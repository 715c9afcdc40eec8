// The page's line to the stream of frames: open while somebody may be looking, closed once the page has been hidden
// for a while, so that forgotten tabs cost the server nothing. Coming back starts with the full table.

import {
  openPremiumStream,
  type PremiumStream,
  type PremiumStreamOptions,
  type StreamState,
} from "../client.ts";
import type { LinkState } from "./status-view.ts";

const HIDDEN_GRACE_MS = 10_000;

const LINKS: Record<StreamState["status"], LinkState> = {
  connecting: "connecting",
  open: "live",
  waiting: "reconnecting",
  refused: "stopped",
  closed: "paused",
};

export interface FeedOptions {
  readonly url: string;
  readonly onRows: PremiumStreamOptions["onRows"];
  readonly onLink: (link: LinkState) => void;
}

export class Feed {
  readonly #options: FeedOptions;
  #stream: PremiumStream | undefined;
  /** Counts the streams opened, so that each knows whether it is the current one. */
  #turn = 0;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    document.addEventListener("visibilitychange", () => this.#follow());
    this.#open();
  }

  #follow(): void {
    clearTimeout(this.#hiddenTimer);
    if (document.visibilityState === "visible") this.#open();
    else this.#hiddenTimer = setTimeout(() => this.#close(), HIDDEN_GRACE_MS);
  }

  #open(): void {
    if (this.#stream) return;
    const { url, onRows, onLink } = this.#options;
    const turn = ++this.#turn;
    let connectedOnce = false;
    const stream = openPremiumStream({
      url,
      onRows,
      onState: ({ status }) => {
        // A stream that was closed speaks once more; by then another may have taken its place.
        if (turn !== this.#turn) return;
        connectedOnce ||= status === "open";
        onLink(status === "connecting" && connectedOnce ? "reconnecting" : LINKS[status]);
      },
    });
    this.#stream = stream;
    void this.#whenDone(stream);
  }

  /** A stream that ended by itself was refused, or our own listener failed: the next look at the page tries again. */
  async #whenDone(stream: PremiumStream): Promise<void> {
    try {
      await stream.done;
    } catch (error) {
      reportError(error);
      this.#options.onLink("stopped");
    }
    if (this.#stream === stream) this.#stream = undefined;
  }

  #close(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }
}
