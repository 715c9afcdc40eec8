// Open streams of users' events. A stream belongs to one session and ends with it: at once when it is ended here, within
// a minute when it is ended elsewhere. A reader that falls behind is told `reset` instead of what it missed, and one
// that stops reading is dropped.

import { parseUserEvent, type UserEvent } from "../schema/messages/user-event.ts";
import { isPassing } from "../src/domain/store-fault.ts";
import type { TradingMode } from "../src/ports/journal.ts";
import type { AccountsDeps } from "./accounts.ts";
import type { ApiDeps, ApiSettings } from "./settings.ts";
import { StreamClient } from "./sse.ts";

export interface UserStreamRequest {
  readonly userId: number;
  readonly token: string;
  /** The id of the last event the client saw; one that is not known any more begins with `reset`. */
  readonly lastEventId: string | undefined;
  readonly request: Request;
}

interface OpenStream {
  readonly stream: StreamClient;
  readonly userId: number;
  readonly token: string;
  readonly request: Request;
  /** When the session was last known to live. */
  provedAtMs: number;
}

type Deps = Pick<ApiDeps, "clock" | "log" | "signal" | "sockets" | "counts"> & {
  readonly events: AccountsDeps["events"];
  readonly mode: TradingMode;
  /** Whether this is the user's live session. Rejects with StoreFault. */
  readonly isLive: (token: string, userId: number) => Promise<boolean>;
};

const TEND_MS = 250;
const RETRY_MS = 3_000;
/** Some hundred events: one burst of an entry's orders and fills, many times over. */
const KEPT_BYTES_MAX = 256 * 1024;
/** While the store does not answer, a session is believed for so long. */
const BELIEVED_MS_MAX = 600_000;
const utf8 = new TextEncoder();

export class UserStreams {
  readonly #deps: Deps;
  readonly #settings: ApiSettings;
  /** The oldest first. */
  readonly #open = new Set<OpenStream>();
  #opening = 0;
  #tending = false;
  #closed = false;

  constructor(deps: Deps, settings: ApiSettings) {
    this.#deps = deps;
    this.#settings = settings;
    const close = () => {
      this.#closed = true;
      for (const { stream } of this.#open) stream.close();
    };
    if (deps.signal?.aborted) close();
    else deps.signal?.addEventListener("abort", close, { once: true });
  }

  /** Whether no further stream can be opened now. */
  get isFull(): boolean {
    return this.#closed || this.#open.size + this.#opening >= this.#settings.userStreamsMax;
  }

  get count(): number {
    return this.#open.size;
  }

  /** The body of a new stream; undefined when all places are taken. Rejects with a BusFault. */
  async open(wanted: UserStreamRequest): Promise<ReadableStream<Uint8Array> | undefined> {
    if (this.isFull) return undefined;
    this.#opening++;
    try {
      return await this.#begin(wanted);
    } finally {
      this.#opening--;
    }
  }

  /** Ends those of the user's streams whose session has ended. Never rejects. */
  async check(userId: number): Promise<void> {
    await Promise.all([...this.#open].filter((one) => one.userId === userId).map((one) => this.#prove(one)));
  }

  async #begin({ userId, token, lastEventId, request }: UserStreamRequest) {
    const { events, mode, clock, sockets, counts } = this.#deps;
    let place = "";
    let stream: StreamClient | undefined;
    /** What comes before the stream stands. */
    const first: Uint8Array[] = [utf8.encode(`retry: ${RETRY_MS}\n`)];
    const send = (bytes: Uint8Array) => (stream ? stream.offer(bytes) : void first.push(bytes));
    const resetText = () => eventText({ kind: "reset", mode, userId, atMs: clock.nowMs() }, place);
    const unsubscribe = await events.subscribe({ mode, userId }, lastEventId, {
      onPlace: (at, missed) => {
        place = at;
        // An id alone is no event, but the place to come back to.
        send(utf8.encode(missed ? resetText() : `id: ${place}\n\n`));
      },
      onEvent: (bytes, at) => {
        place = at;
        const event = this.#read(bytes, userId);
        if (event) send(utf8.encode(eventText(event, place)));
      },
    });
    const gone = () => {
      if (this.#open.delete(one) && counts) counts.userStreams--;
      void unsubscribe();
    };
    stream = new StreamClient({
      first: [Buffer.concat(first)],
      newest: () => utf8.encode(resetText()),
      keptBytesMax: KEPT_BYTES_MAX,
      onGone: () => gone(),
      monotonicMs: () => clock.monotonicMs(),
    });
    const one: OpenStream = { stream, userId, token, request, provedAtMs: clock.monotonicMs() };
    this.#open.add(one);
    if (counts) counts.userStreams++;
    const ofUser = [...this.#open].filter((other) => other.userId === userId);
    for (const oldest of ofUser.slice(0, -this.#settings.streamsOfUserMax)) oldest.stream.close();
    if (request.signal.aborted || this.#closed) stream.close();
    sockets?.keepOpen(request);
    // The session may have ended since it was asked for.
    void this.#prove(one);
    void this.#tend();
    return stream.body;
  }

  /** Undefined for what is not this user's: it is never shown, whatever went wrong. */
  #read(bytes: Uint8Array, userId: number): UserEvent | undefined {
    try {
      const event = parseUserEvent(bytes);
      if (event.userId === userId && event.mode === this.#deps.mode) return event;
      this.#deps.log.error("an event of somebody else was not shown", { userId });
    } catch (error) {
      this.#deps.log.warn("an event cannot be read", { error });
    }
    return undefined;
  }

  /** Closes the stream when its session has ended. Never rejects. */
  async #prove(one: OpenStream): Promise<void> {
    const { clock, isLive, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    try {
      if (await isLive(one.token, one.userId)) one.provedAtMs = nowMs;
      else one.stream.close();
    } catch (error) {
      if (!isPassing(error)) log.error("a session cannot be checked", { error });
      if (nowMs - one.provedAtMs >= BELIEVED_MS_MAX) one.stream.close();
    }
  }

  /** While anybody is connected: heartbeats, a look at sessions, and an end to readers that stopped reading. */
  async #tend(): Promise<void> {
    if (this.#tending) return;
    this.#tending = true;
    const { clock, signal } = this.#deps;
    let beatAtMs = clock.monotonicMs();
    let checkAtMs = beatAtMs;
    while (this.#open.size > 0 && !this.#closed) {
      await clock.sleep(TEND_MS, signal);
      this.#dropStalled();
      const nowMs = clock.monotonicMs();
      if (nowMs - beatAtMs >= this.#settings.heartbeatMs) {
        beatAtMs = nowMs;
        const comment = utf8.encode(`:hb ${clock.nowMs()}\n\n`);
        for (const { stream } of this.#open) stream.beat(comment);
      }
      if (nowMs - checkAtMs >= this.#settings.sessionCheckMs) {
        checkAtMs = nowMs;
        void this.#proveAll([...this.#open]);
      }
    }
    this.#tending = false;
  }

  /** One after another: nobody waits for it. */
  async #proveAll(all: readonly OpenStream[]): Promise<void> {
    for (const one of all) if (this.#open.has(one)) await this.#prove(one);
  }

  #dropStalled(): void {
    const { sockets, log, counts } = this.#deps;
    let dropped = 0;
    for (const { stream, request } of this.#open) {
      if (!stream.stalledFor(this.#settings.slowReaderMsMax)) continue;
      dropped++;
      if (sockets) {
        stream.close();
        sockets.release(request);
      } else {
        stream.abandon("the reader stopped reading");
      }
    }
    if (counts) counts.readersDropped += dropped;
    if (dropped > 0) log.info("slow readers of events dropped", { dropped, left: this.#open.size });
  }
}

function eventText(event: UserEvent, place: string): string {
  return `id: ${place}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
