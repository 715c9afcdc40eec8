// The open private streams of all venues: what happened goes out to those who may know, through the faults asked for.
// No server in here: sockets are given, and time passes when somebody says so.

import type { AccountWatchers } from "./account-events.ts";
import type { SimUser } from "./accounts.ts";
import type { FaultBoard } from "./faults.ts";
import { RollingWindow } from "./limits.ts";
import type { StreamOpener, StreamPipe, StreamSession, StreamSocket } from "./stream-types.ts";
import type { SimVenue } from "./types.ts";

/** How often accounts somebody listens to are looked at: resting orders, funding and liquidation come about then. */
const LOOK_EVERY_MS = 1_000;

export interface StreamInfo {
  readonly venue: SimVenue;
  readonly path: string;
  readonly source: string;
  /** Undefined until it is known who listens. */
  readonly apiKey: string | undefined;
  readonly openedAtMs: number;
  /** Messages that came in. */
  readonly heard: number;
  /** Messages about the account that went out. */
  readonly told: number;
}

/** Which streams; what is left out matches all. */
export interface StreamChoice {
  readonly venue?: SimVenue;
  readonly apiKey?: string;
  /** Index of the pretended source address. */
  readonly source?: number;
}

/** The client's side of a connection. */
export interface StreamEnd {
  hear(text: string): void;
  /** A ping or pong frame came. */
  stir(): void;
  closed(): void;
}

export interface StreamHubParts {
  readonly watchers: AccountWatchers;
  readonly faults: FaultBoard;
  nowMs(): number;
  /** Told when `pass` is to be called. */
  wake?(atMs: number): void;
}

export class StreamHub {
  readonly parts: StreamHubParts;
  private readonly streams = new Set<Stream>();
  private lookAtMs = 0;

  constructor(parts: StreamHubParts) {
    this.parts = parts;
  }

  attach(opener: StreamOpener, socket: StreamSocket): StreamEnd {
    const stream = new Stream(this.parts, opener, socket, () => this.streams.delete(stream));
    this.streams.add(stream);
    if (this.streams.size === 1) this.look(this.parts.nowMs());
    return stream;
  }

  /** Lets time pass for every stream and, once in a while, for the accounts listened to. */
  pass(nowMs: number): void {
    if (this.streams.size > 0 && nowMs >= this.lookAtMs) this.look(nowMs);
    for (const stream of this.streams) stream.pass(nowMs);
  }

  list(): StreamInfo[] {
    return [...this.streams].map((stream) => stream.info());
  }

  /** Ends connections without a word, as a network does. Returns how many. */
  cut(choice: StreamChoice = {}): number {
    const chosen = [...this.streams].filter((stream) => stream.is(choice));
    for (const stream of chosen) stream.close(1006, "");
    return chosen.length;
  }

  private look(nowMs: number): void {
    this.lookAtMs = nowMs + LOOK_EVERY_MS;
    for (const stream of this.streams) stream.look(nowMs);
    this.parts.wake?.(this.lookAtMs);
  }
}

class Stream implements StreamPipe, StreamEnd {
  private readonly hub: StreamHubParts;
  private readonly opener: StreamOpener;
  private readonly socket: StreamSocket;
  private readonly session: StreamSession;
  private readonly left: () => void;
  private readonly windows: readonly RollingWindow[];
  private readonly openedAtMs: number;
  private outbox: { readonly dueAtMs: number; readonly text: string }[] = [];
  private user: SimUser | undefined;
  private unwatch: (() => void) | undefined;
  private heardAtMs: number;
  private pingedAtMs: number;
  private heard = 0;
  private told = 0;
  private over = false;

  constructor(hub: StreamHubParts, opener: StreamOpener, socket: StreamSocket, left: () => void) {
    this.hub = hub;
    this.opener = opener;
    this.socket = socket;
    this.left = left;
    this.windows = opener.rules.messageLimits.map((rule) => new RollingWindow(rule));
    this.openedAtMs = this.heardAtMs = this.pingedAtMs = hub.nowMs();
    this.session = opener.rules.open(this, this.openedAtMs);
    if (opener.user !== undefined) this.watch(opener.user);
  }

  hear(text: string): void {
    if (this.over) return;
    this.stir();
    const { heardAtMs } = this;
    if (this.windows.some((window) => !window.take(heardAtMs, 1))) {
      this.close(1008, "too many messages");
      return;
    }
    this.heard++;
    this.session.hear(text);
  }

  stir(): void {
    this.heardAtMs = this.hub.nowMs();
  }

  closed(): void {
    if (this.over) return;
    this.over = true;
    this.unwatch?.();
    this.session.closed?.();
    this.left();
  }

  reply(text: string): void {
    this.send(text);
  }

  tell(text: string, about?: { readonly symbol: string; readonly side?: "buy" | "sell" }): void {
    const nowMs = this.hub.nowMs();
    const met = this.hub.faults.told({
      venue: this.opener.rules.venue,
      method: "GET",
      path: this.opener.path,
      symbols: about === undefined ? [] : [about.symbol],
      sourceIndex: this.opener.sourceIndex,
      apiKey: this.user?.apiKey,
      side: about?.side,
    });
    if (met.some(({ kind }) => kind === "stream-silent")) return;
    const delays = met.filter(({ kind }) => kind === "stream-delay");
    const delayMs = delays.reduce((sum, fault) => sum + (fault.delayMs ?? 1_000), 0);
    const dueAtMs = nowMs + delayMs;
    const times = met.some(({ kind }) => kind === "stream-duplicate") ? 2 : 1;
    for (let time = 0; time < times; time++) this.outbox.push({ dueAtMs, text });
    this.flush(nowMs);
    if (this.outbox.length > 0) this.hub.wake?.(dueAtMs);
  }

  watch(user: SimUser): void {
    this.unwatch?.();
    this.user = user;
    this.unwatch = this.hub.watchers.watch(user.apiKey, this.opener.rules.venue, (event) =>
      this.session.happened(event, user),
    );
  }

  close(code: number, reason: string): void {
    if (this.over) return;
    this.closed();
    this.socket.close(code, reason);
  }

  look(nowMs: number): void {
    this.user?.[this.opener.rules.venue].advance(nowMs);
  }

  pass(nowMs: number): void {
    const { idle, pingEveryMs, lifeMs = Number.POSITIVE_INFINITY } = this.opener.rules;
    this.flush(nowMs);
    this.session.pass?.(nowMs);
    if (nowMs - this.heardAtMs >= idle.ms) this.close(1001, "idle");
    else if (nowMs - this.openedAtMs >= lifeMs) this.close(1001, "too old");
    else if (pingEveryMs !== undefined && nowMs - this.pingedAtMs >= pingEveryMs) {
      this.pingedAtMs = nowMs;
      this.socket.ping();
    }
  }

  is({ venue, apiKey, source }: StreamChoice): boolean {
    const { rules, sourceIndex } = this.opener;
    if (venue !== undefined && venue !== rules.venue) return false;
    if (source !== undefined && source !== sourceIndex) return false;
    return apiKey === undefined || apiKey === this.user?.apiKey;
  }

  info(): StreamInfo {
    const { rules, path, source } = this.opener;
    const { openedAtMs, heard, told } = this;
    return { venue: rules.venue, path, source, apiKey: this.user?.apiKey, openedAtMs, heard, told };
  }

  /** A connection keeps its order: nothing overtakes what is late. */
  private flush(nowMs: number): void {
    while (!this.over && this.outbox.length > 0 && this.outbox[0]!.dueAtMs <= nowMs) {
      this.told++;
      this.send(this.outbox.shift()!.text);
    }
  }

  private send(text: string): void {
    if (this.over) return;
    if (this.opener.rules.idle.eitherWay) this.stir();
    this.socket.send(text, this.opener.rules.binary);
  }
}
