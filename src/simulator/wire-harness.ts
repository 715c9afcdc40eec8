// Drives the venues in tests without ports, on a clock the test moves by hand, over the stand-in market.

import { createHmac, randomUUID } from "node:crypto";
import type { SimHost } from "./dispatch.ts";
import { createExchanges, type ExchangesOptions, SIMULATOR_KEYS } from "./exchanges.ts";
import { standInMarket } from "./stand-in-market.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body parsed; throws when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read foreign JSON by whatever path they check
  readonly json: any;
}

const START_MS = 1_790_000_000_000;
export const KEY = SIMULATOR_KEYS[0]!;

export function createHarness(options: Partial<ExchangesOptions> = {}) {
  const clock = { nowMs: START_MS };
  const exchanges = createExchanges({
    seed: 1,
    market: standInMarket(),
    nowMs: () => clock.nowMs,
    ...options,
  });
  /** Throws when the venue would hang or close the connection. */
  const get = (
    host: SimHost,
    target: string,
    headers: Record<string, string> = {},
    sourceIndex = 0,
  ): Answer => {
    const delivery = exchanges.handle(host, {
      method: "GET",
      target,
      header: (name) => headers[name.toLowerCase()] ?? null,
      body: "",
      address: "10.0.0.1",
      sourceIndex,
    });
    if (delivery.kind !== "send") throw new Error(`expected an answer, was ${delivery.kind}`);
    const { body: text, status } = delivery.reply;
    return {
      status,
      headers: delivery.headers,
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  };
  return { ...exchanges, clock, get };
}

/** Authorization header of Upbit or Bithumb for a request without parameters. */
export function bearer(claims: object = {}): Record<string, string> {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = { access_key: KEY.apiKey, nonce: randomUUID(), ...claims };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(all)}`;
  return {
    authorization: `Bearer ${text}.${createHmac("sha256", KEY.secret).update(text).digest("base64url")}`,
  };
}

/** Bybit's headers for a query. */
export function bybitHeaders(query: string, nowMs: number, secret = KEY.secret): Record<string, string> {
  const text = `${nowMs}${KEY.apiKey}5000${query}`;
  return {
    "x-bapi-api-key": KEY.apiKey,
    "x-bapi-timestamp": String(nowMs),
    "x-bapi-recv-window": "5000",
    "x-bapi-sign": createHmac("sha256", secret).update(text).digest("hex"),
  };
}

/** A Binance query with timestamp and signature. */
export function binanceQuery(nowMs: number, secret = KEY.secret): string {
  const text = `timestamp=${nowMs}`;
  return `${text}&signature=${createHmac("sha256", secret).update(text).digest("hex")}`;
}
