// The venues' published limits as data, one table. Sources: the venues' rate limit pages of 2026. Where a venue does
// not publish a figure (how many refusals until a ban, how long a category is suspended) ours is a middling guess.

import type { LimitRules } from "./limits.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const perSecond = (limit: number) => ({ limit, windowMs: SECOND_MS });

/** Upbit, per address: ten a second in each public group, one in ten seconds for anything with an Origin header. */
export const UPBIT_ADDRESS_LIMITS: LimitRules = {
  groups: {
    market: perSecond(10),
    candle: perSecond(10),
    trade: perSecond(10),
    ticker: perSecond(10),
    orderbook: perSecond(10),
    origin: { limit: 1, windowMs: 10 * SECOND_MS },
  },
  excess: {
    kind: "refuse-then-ban",
    refusalsMax: 5,
    refusalMemoryMs: 10 * SECOND_MS,
    banMs: MINUTE_MS,
    banMsMax: DAY_MS,
  },
};

/** Upbit, per account. The groups of the order endpoints are here for the private side. */
export const UPBIT_ACCOUNT_LIMITS: LimitRules = {
  groups: {
    default: perSecond(30),
    order: perSecond(12),
    "order-test": perSecond(8),
    "order-cancel-all": { limit: 1, windowMs: 2 * SECOND_MS },
  },
  excess: UPBIT_ADDRESS_LIMITS.excess,
};

/** Upbit, connections of streams per account; they are counted apart from requests. */
export const UPBIT_STREAM_LIMITS: LimitRules = {
  groups: { "websocket-connect": perSecond(5) },
  excess: UPBIT_ADDRESS_LIMITS.excess,
};

/** Bithumb, per address and category; an excess closes the category for a while (length not published). */
export const BITHUMB_LIMITS: LimitRules = {
  groups: {
    candle: perSecond(150),
    orderbook: perSecond(150),
    ticker: perSecond(150),
    trade: perSecond(150),
    other: perSecond(150),
    "private-order": perSecond(140),
    "private-cancel": perSecond(140),
    "private-other": perSecond(140),
  },
  excess: { kind: "suspend-group", banMs: 10 * SECOND_MS },
};

/** Bithumb, connections of streams per address: who goes on is shut out for ten minutes (after how many is our guess). */
export const BITHUMB_STREAM_LIMITS: LimitRules = {
  groups: { "websocket-connect": perSecond(10) },
  excess: {
    kind: "refuse-then-ban",
    refusalsMax: 10,
    refusalMemoryMs: 10 * SECOND_MS,
    banMs: 10 * MINUTE_MS,
    banMsMax: 10 * MINUTE_MS,
  },
};

/** Bybit, per address over everything HTTP: 600 in five seconds, then ten minutes of 403. */
export const BYBIT_ADDRESS_LIMITS: LimitRules = {
  groups: { http: { limit: 600, windowMs: 5 * SECOND_MS } },
  excess: { kind: "ban", banMs: 10 * MINUTE_MS },
};

/** Bybit, connections of streams per address (another host than REST's). */
export const BYBIT_STREAM_LIMITS: LimitRules = {
  groups: { "websocket-connect": { limit: 500, windowMs: 5 * MINUTE_MS } },
  excess: { kind: "refuse" },
};

/** Bybit, per account and endpoint, rolling second; the group is the route's own name for itself. */
export const BYBIT_ACCOUNT_LIMITS: LimitRules = {
  groups: {
    "asset-coin": perSecond(5),
    "user-api": perSecond(10),
    "account-info": perSecond(50),
    "order-create": perSecond(10),
    "order-cancel": perSecond(10),
    "order-realtime": perSecond(50),
    "order-history": perSecond(50),
    "execution-list": perSecond(50),
    "position-list": perSecond(50),
    "closed-pnl": perSecond(50),
    "set-leverage": perSecond(10),
    "switch-mode": perSecond(10),
    "wallet-balance": perSecond(50),
    "fee-rate": perSecond(5),
    "transaction-log": perSecond(50),
  },
  excess: { kind: "refuse" },
};

/** Binance, per address: futures weight, the spot host's own weight, and requests of the funding lists. */
export const BINANCE_LIMITS: LimitRules = {
  groups: {
    weight: { limit: 2_400, windowMs: MINUTE_MS },
    "funding-list": { limit: 500, windowMs: 5 * MINUTE_MS },
    "spot-weight": { limit: 12_000, windowMs: MINUTE_MS },
  },
  excess: {
    kind: "refuse-then-ban",
    refusalsMax: 5,
    refusalMemoryMs: MINUTE_MS,
    banMs: 2 * MINUTE_MS,
    banMsMax: 3 * DAY_MS,
  },
};

/** Binance, new orders per account. */
export const BINANCE_ORDER_LIMITS: LimitRules = {
  groups: {
    "orders-10s": { limit: 300, windowMs: 10 * SECOND_MS },
    "orders-1m": { limit: 1_200, windowMs: MINUTE_MS },
  },
  excess: { kind: "refuse" },
};
