// Private streams of Upbit and Bithumb: a signed handshake, then one array that says what to send; a new one replaces
// it. Each step of an order and each change of a balance is told at once, and nothing of what was before.

import type { AccountEvent } from "./account-events.ts";
import type { SimUser } from "./accounts.ts";
import type { SimFill, SimOrder } from "./orders.ts";
import { KRW } from "./spot-account.ts";
import { type StreamPipe, type StreamRules, type StreamSession, upgradeReply } from "./stream-types.ts";
import type { Route } from "./wire.ts";

export interface OrderMoment {
  readonly kind: "placed" | "filled" | "ended";
  readonly order: SimOrder;
  readonly fill: SimFill | undefined;
  readonly atMs: number;
}

export interface DomesticWords {
  readonly venue: "upbit" | "bithumb";
  readonly path: string;
  readonly messageLimits: StreamRules["messageLimits"];
  orderMessage(moment: OrderMoment): object;
  /** `assets`: those that changed. */
  assetMessage(user: SimUser, assets: readonly string[], atMs: number): object;
}

const IDLE_MS = 120_000;

export function domesticStreamRoute(words: DomesticWords): [string, Route] {
  const rules: StreamRules = {
    venue: words.venue,
    binary: true,
    messageLimits: words.messageLimits,
    idle: { ms: IDLE_MS, eitherWay: true },
    open: (pipe) => new DomesticStream(words, pipe),
  };
  return [
    `GET ${words.path}`,
    {
      group: "websocket-connect",
      signed: true,
      stream: true,
      answer: (context) => upgradeReply(context, rules),
    },
  ];
}

interface Wanted {
  /** Markets whose orders are told; "all" without a list. */
  readonly orders: readonly string[] | "all" | undefined;
  readonly assets: boolean;
  readonly asList: boolean;
}

const ERRORS = {
  WRONG_FORMAT: "Format이 맞지 않습니다.",
  NO_TICKET: "티켓이 존재하지 않습니다.",
  NO_TYPE: "타입이 존재하지 않습니다.",
  INVALID_PARAM: "지원하지 않는 파라미터입니다.",
} as const;
type ErrorName = keyof typeof ERRORS;

class DomesticStream implements StreamSession {
  private readonly words: DomesticWords;
  private readonly pipe: StreamPipe;
  private wanted: Wanted = { orders: undefined, assets: false, asList: false };

  constructor(words: DomesticWords, pipe: StreamPipe) {
    this.words = words;
    this.pipe = pipe;
  }

  hear(text: string): void {
    if (text === "PING") {
      this.pipe.reply('{"status":"UP"}');
      return;
    }
    const read = readRequest(text);
    if (typeof read !== "string") this.wanted = read;
    else this.pipe.reply(JSON.stringify({ error: { name: read, message: ERRORS[read] } }));
  }

  happened(event: AccountEvent, user: SimUser): void {
    const { atMs } = event;
    if (event.kind === "moved") this.tellAssets(user, [event.asset], atMs);
    if (event.kind !== "placed" && event.kind !== "filled" && event.kind !== "ended") return;
    const { kind, order } = event;
    const fill = event.kind === "filled" ? event.fill : undefined;
    const { orders } = this.wanted;
    if (orders === "all" || orders?.includes(order.symbol)) {
      this.tell(this.words.orderMessage({ kind, order, fill, atMs }), order);
    }
    const coin = order.symbol.slice(order.symbol.indexOf("-") + 1);
    const held = order.side === "buy" ? KRW : coin;
    this.tellAssets(user, fill === undefined ? [held] : [KRW, coin], atMs, order);
  }

  private tellAssets(user: SimUser, assets: readonly string[], atMs: number, order?: SimOrder): void {
    if (this.wanted.assets) this.tell(this.words.assetMessage(user, assets, atMs), order);
  }

  private tell(message: object, order: SimOrder | undefined): void {
    this.pipe.tell(JSON.stringify(this.wanted.asList ? [message] : message), order);
  }
}

function readRequest(text: string): Wanted | ErrorName {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return "WRONG_FORMAT";
  }
  if (!Array.isArray(parts) || parts.some((part) => typeof part !== "object" || part === null)) {
    return "WRONG_FORMAT";
  }
  const [first, ...rest]: Record<string, unknown>[] = parts;
  if (typeof first?.ticket !== "string") return "NO_TICKET";
  const types = rest.filter((part) => part.type !== undefined);
  if (types.length === 0) return "NO_TYPE";
  const format = rest.find((part) => part.format !== undefined)?.format ?? "DEFAULT";
  // The short names of SIMPLE are not simulated.
  if (format !== "DEFAULT" && format !== "JSON_LIST") return "INVALID_PARAM";
  let wanted: Wanted = { orders: undefined, assets: false, asList: format === "JSON_LIST" };
  for (const { type, codes } of types) {
    if (type === "myAsset") {
      if (codes !== undefined) return "WRONG_FORMAT";
      wanted = { ...wanted, assets: true };
    } else if (type === "myOrder") {
      if (codes !== undefined && !Array.isArray(codes)) return "WRONG_FORMAT";
      wanted = { ...wanted, orders: codes === undefined || codes.length === 0 ? "all" : codes.map(String) };
    } else return "INVALID_PARAM";
  }
  return wanted;
}
