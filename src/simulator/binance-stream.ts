// Binance's user data streams: a key is fetched over REST, a connection that names it is told everything; one that names
// no living key connects all the same and is told nothing. The key may stand in the path or in the query.

import type { AccountEvent } from "./account-events.ts";
import type { SimUser } from "./accounts.ts";
import { type ListenKey, ListenKeys } from "./binance-listen-keys.ts";
import { binanceRefusal } from "./binance-reply.ts";
import { type BinanceEvent, eventsOf } from "./binance-stream-rows.ts";
import { type StreamPipe, type StreamSession, upgradeReply } from "./stream-types.ts";
import {
  json,
  type Route,
  type RouteContext,
  userOf,
  type VenueEnvironment,
  type WireReply,
  type WireRequest,
} from "./wire.ts";

const MINUTE_MS = 60_000;
const MESSAGES = { limit: 10, windowMs: 1_000 };

export function binanceStreamRoutes(environment: VenueEnvironment): [string, Route][] {
  const keys = new ListenKeys();
  const byKey = { group: "weight", cost: () => 1, signed: "key" } as const;
  // The streams' host is another one: nothing is taken from REST's budget.
  const stream = { group: "weight", cost: () => 0, stream: true } as const;
  const answer = (context: RouteContext) => streamAnswer(context, environment, keys);
  return [
    ["POST /fapi/v1/listenKey", { ...byKey, answer: (context) => issueAnswer(context, keys) }],
    ["PUT /fapi/v1/listenKey", { ...byKey, answer: (context) => extendAnswer(context, keys) }],
    ["DELETE /fapi/v1/listenKey", { ...byKey, answer: (context) => closeAnswer(context, keys) }],
    ...["/ws", "/ws/*", "/stream", "/private/ws", "/private/ws/*", "/private/stream"].map(
      (path): [string, Route] => [`GET ${path}`, { ...stream, answer }],
    ),
  ];
}

function issueAnswer(context: RouteContext, keys: ListenKeys): WireReply {
  return json({ listenKey: keys.issue(userOf(context), context.request.nowMs) });
}

function extendAnswer(context: RouteContext, keys: ListenKeys): WireReply {
  const key = keys.extend(userOf(context), context.request.nowMs);
  return key === undefined ? binanceRefusal(-1125) : json({ listenKey: key });
}

function closeAnswer(context: RouteContext, keys: ListenKeys): WireReply {
  keys.close(userOf(context));
  return json({});
}

function streamAnswer(context: RouteContext, environment: VenueEnvironment, keys: ListenKeys): WireReply {
  return upgradeReply(context, {
    venue: "binance",
    binary: false,
    messageLimits: [MESSAGES],
    idle: { ms: 10 * MINUTE_MS, eitherWay: false },
    pingEveryMs: 3 * MINUTE_MS,
    lifeMs: 24 * 60 * MINUTE_MS,
    open: (pipe) => new BinanceStream(environment, keys, pipe, wishOf(context.request, environment)),
  });
}

interface Wish {
  readonly key: string | undefined;
  /** Event names; undefined: all. */
  readonly events: readonly string[] | undefined;
  /** Each event stands in an envelope with the stream's name. */
  readonly enveloped: boolean;
}

function wishOf({ path, params }: WireRequest, { switches }: VenueEnvironment): Wish {
  const { listenKeyInPath, eventsNeeded } = switches.binance;
  const enveloped = path.endsWith("/stream");
  const inPath = /\/ws\/([^/]+)$/.exec(path)?.[1] ?? (enveloped ? params.streams : undefined);
  const events = params.events?.split("/") ?? (eventsNeeded ? [] : undefined);
  return { key: params.listenKey ?? (listenKeyInPath ? inPath : undefined), events, enveloped };
}

class BinanceStream implements StreamSession {
  private readonly environment: VenueEnvironment;
  private readonly keys: ListenKeys;
  private readonly pipe: StreamPipe;
  private readonly wish: Wish;
  private key: ListenKey | undefined;
  private readonly onClose = () => this.pipe.close(1000, "");

  constructor(environment: VenueEnvironment, keys: ListenKeys, pipe: StreamPipe, wish: Wish) {
    this.environment = environment;
    this.keys = keys;
    this.pipe = pipe;
    this.wish = wish;
    this.listen(wish.key);
  }

  hear(text: string): void {
    const { id, method, params } = readJson(text);
    const known = method === "SUBSCRIBE" || method === "UNSUBSCRIBE";
    if (!known || !Array.isArray(params)) {
      const error = { code: 2, msg: "Invalid request: unknown method or bad parameters" };
      this.pipe.reply(JSON.stringify({ error, id: id ?? null }));
      return;
    }
    if (method === "SUBSCRIBE") for (const name of params) this.listen(String(name));
    this.pipe.reply(JSON.stringify({ result: null, id: id ?? null }));
  }

  happened(event: AccountEvent, { binance }: SimUser): void {
    if (this.key === undefined || event.atMs >= this.key.expiresAtMs) return;
    const listings = this.environment.listings.at("binance", event.atMs);
    const about = "order" in event ? event.order : undefined;
    for (const told of eventsOf(event, binance, (symbol) => listings.get(symbol))) this.tell(told, about);
  }

  /** A key that ran out is told of; the connection stays, and nothing comes any more. */
  pass(nowMs: number): void {
    const { key } = this;
    if (key === undefined || nowMs < key.expiresAtMs) return;
    this.tell({ e: "listenKeyExpired", E: nowMs, listenKey: key.key });
    this.closed();
  }

  closed(): void {
    this.key?.onClose.delete(this.onClose);
    this.key = undefined;
  }

  private listen(name: string | undefined): void {
    const found = name === undefined ? undefined : this.keys.find(name, this.environment.nowMs());
    if (found === undefined) return;
    this.key = found;
    found.onClose.add(this.onClose);
    this.pipe.watch(found.user);
  }

  private tell(event: BinanceEvent, about?: Parameters<StreamPipe["tell"]>[1]): void {
    const { events, enveloped } = this.wish;
    if (events !== undefined && !events.includes(event.e)) return;
    this.pipe.tell(JSON.stringify(enveloped ? { stream: this.key?.key, data: event } : event), about);
  }
}

function readJson(text: string): { id?: unknown; method?: unknown; params?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
