// Upbit as a trading venue: own signed requests (docs/trading-venues.md says why not ccxt).
// A request never expires here and an identifier is used up by the first request that names it, so an order whose
// outcome is unknown may still arrive at any time.

import * as v from "valibot";
import type { Decimal } from "../../../domain/decimal.ts";
import { keyFinding } from "../../../domain/key-finding.ts";
import { aboveZero, parseAs } from "../amounts.ts";
import { keyRefused } from "../key-words.ts";
import { KRW_RULES } from "../krw-refusals.ts";
import { KRW_KEY_CODES, type KrwDialect, type KrwList } from "../krw-trading.ts";
import { readRefusal } from "../order-answer.ts";
import { type Body, failure, mapped, name, type Parsed, then } from "../parsed.ts";
import type { Call } from "../venue-caller.ts";

/** Orders per second and account (pocket), and everything else signed. https://docs.upbit.com/kr/reference/rate-limits */
export const UPBIT_ACCOUNT_LIMITS = {
  order: [{ capacity: 12, windowMs: 1_000 }],
  "order-test": [{ capacity: 8, windowMs: 1_000 }],
  default: [{ capacity: 30, windowMs: 1_000 }],
} as const;

const Instrument = v.object({ market: name, tick_size: aboveZero });

/** `GET /v1/orderbook/instruments?markets=` of one market. */
export function parseTickSize(body: Body, symbol: string): Parsed<Decimal> {
  return then(
    mapped(parseAs(v.array(Instrument), body), (rows) => rows.find(({ market }) => market === symbol)),
    (row) =>
      row === undefined
        ? failure("", "missing", `the instrument ${symbol}`, "none")
        : { ok: true, value: row.tick_size, skipped: 0, issues: [] },
  );
}

const Ticker = v.pipe(v.array(v.object({ market: name, trade_price: aboveZero })), v.minLength(1));

/** `GET /v1/ticker?markets=` of one market: its last price in KRW. Bithumb's is alike. */
export function parseLastPrice(body: Body, symbol: string): Parsed<Decimal> {
  return then(
    mapped(parseAs(Ticker, body), (rows) => rows.find(({ market }) => market === symbol)),
    (row) =>
      row === undefined
        ? failure("", "missing", `the price of ${symbol}`, "none")
        : { ok: true, value: row.trade_price, skipped: 0, issues: [] },
  );
}

/** A public request, which counts for the address. */
export function krwPublic(path: string, markets: string): Call {
  return {
    method: "GET",
    path,
    params: [["markets", markets]],
    group: undefined,
    addressCost: 1,
    urgent: false,
    signed: false,
  };
}

/** Orders that wait, and reserved ones that watch for their price. */
const openList = (symbol: string): KrwList => ({
  path: "/v1/orders/open",
  params: [
    ["market", symbol],
    ["states", ["wait", "watch"]],
    ["limit", "100"],
  ],
});

export const UPBIT: KrwDialect = {
  venue: "upbit",
  acceptWindowMs: Number.POSITIVE_INFINITY,
  placePath: "/v1/orders",
  orderTypeName: "ord_type",
  idName: "identifier",
  lists: (symbol, clientOrderId) => [
    { path: "/v1/orders/uuids", params: [["identifiers", [clientOrderId]]] },
    openList(symbol),
    {
      path: "/v1/orders/closed",
      params: [
        ["market", symbol],
        ["states", ["done", "cancel"]],
        ["limit", "100"],
        ["order_by", "desc"],
      ],
    },
  ],
  openList,
  increment: async (caller, symbol) => {
    const [increment, priceKrw] = await Promise.all([
      caller.read(krwPublic("/v1/orderbook/instruments", symbol), (text) => parseTickSize(text, symbol)),
      caller.read(krwPublic("/v1/ticker", symbol), (text) => parseLastPrice(text, symbol)),
    ]);
    return { increment, priceKrw };
  },
  notReadyStatuses: [],
  // The venue's own dry run: it checks the key and the order and makes nothing. Any answer but "the key may not" will
  // do; an account without money is refused for that.
  orderFault: async (caller) => {
    const call: Call = {
      method: "POST",
      path: "/v1/orders/test",
      params: [
        ["market", "KRW-BTC"],
        ["side", "bid"],
        ["price", "5000"],
        ["ord_type", "price"],
      ],
      group: "order-test",
      addressCost: 0,
      urgent: false,
    };
    const result = await caller.call(call, 5_000);
    if (result.kind !== "answer" || result.status < 400) return undefined;
    const verdict = readRefusal(result.status, result.text, KRW_RULES);
    if (verdict.kind !== "rejected" || verdict.rejection.kind !== "key") return undefined;
    const { code, message } = verdict.rejection;
    return code === "out_of_scope" ? keyFinding("may-not-order") : keyRefused(KRW_KEY_CODES, code, message);
  },
};
