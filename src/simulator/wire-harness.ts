// Drives the venues in tests without ports, on a clock the test moves by hand, over the stand-in market.

import { createHash, createHmac, randomUUID } from "node:crypto";
import type { Delivery, SimHost } from "./dispatch.ts";
import { createExchanges, type ExchangesOptions, SIMULATOR_KEYS } from "./exchanges.ts";
import { standInMarket } from "./stand-in-market.ts";
import type { SimVenue } from "./types.ts";

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
  const deliver = (host: SimHost, sent: Sent): Delivery =>
    exchanges.handle(host, {
      method: sent.method ?? "GET",
      target: sent.target,
      header: (name) => sent.headers?.[name.toLowerCase()] ?? null,
      body: sent.body ?? "",
      address: "10.0.0.1",
      sourceIndex: sent.sourceIndex ?? 0,
    });
  /** Throws when the venue would hang or close the connection. */
  const send = (host: SimHost, sent: Sent): Answer => {
    const delivery = deliver(host, sent);
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
  const get = (
    host: SimHost,
    target: string,
    headers: Record<string, string> = {},
    sourceIndex = 0,
  ): Answer => send(host, { target, headers, sourceIndex });
  /** Signed as the venue wants it; GET and DELETE carry a query, POST and PUT a body. */
  const call = (venue: SimVenue, route: string, params: Params = {}, key: Key = KEY): Answer =>
    send(venue, signed(venue, route, params, { key, nowMs: clock.nowMs }));
  return { ...exchanges, clock, get, send, deliver, call };
}

export interface Sent {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly sourceIndex?: number;
}
/** What is undefined is left out. */
export type Params = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
type Key = Pick<typeof KEY, "apiKey" | "secret">;

/** `route` is "POST /v1/orders". */
export function signed(
  venue: SimVenue,
  route: string,
  params: Params,
  { key, nowMs, claims = {} }: { key: Key; nowMs: number; claims?: object },
): Sent {
  const [method, path] = route.split(" ") as [string, string];
  const inQuery = method === "GET" || method === "DELETE";
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  const flat = given.flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((each) => [`${name}[]`, String(each)]) : [[name, String(value)]],
  );
  const plain = flat.map(([name, value]) => `${name}=${value}`).join("&");
  const encoded = flat.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join("&");
  const withQuery = encoded === "" ? path : `${path}?${encoded}`;
  if (venue === "binance") {
    const text = [encoded, `timestamp=${nowMs}`].filter(Boolean).join("&");
    const whole = `${text}&signature=${createHmac("sha256", key.secret).update(text).digest("hex")}`;
    const headers = { "x-mbx-apikey": key.apiKey };
    return inQuery
      ? { method, target: `${path}?${whole}`, headers }
      : { method, target: path, headers, body: whole };
  }
  const body = inQuery ? "" : JSON.stringify(params);
  if (venue === "bybit") {
    const headers = bybitHeaders(inQuery ? encoded : body, nowMs, key.secret, key.apiKey);
    return { method, target: inQuery ? withQuery : path, headers, body };
  }
  const hash = createHash("sha512").update(plain).digest("hex");
  const all = {
    access_key: key.apiKey,
    ...(venue === "bithumb" && { timestamp: nowMs }),
    ...(plain !== "" && { query_hash: hash, query_hash_alg: "SHA512" }),
    ...claims,
  };
  return { method, target: inQuery ? withQuery : path, headers: bearer(all, key.secret), body };
}

/** Authorization header of Upbit or Bithumb for a request without parameters. */
export function bearer(claims: object = {}, secret = KEY.secret): Record<string, string> {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = { access_key: KEY.apiKey, nonce: randomUUID(), ...claims };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(all)}`;
  return {
    authorization: `Bearer ${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`,
  };
}

/** Bybit's headers for a query or a body. */
export function bybitHeaders(
  text: string,
  nowMs: number,
  secret = KEY.secret,
  apiKey = KEY.apiKey,
): Record<string, string> {
  const signedText = `${nowMs}${apiKey}5000${text}`;
  return {
    "x-bapi-api-key": apiKey,
    "x-bapi-timestamp": String(nowMs),
    "x-bapi-recv-window": "5000",
    "x-bapi-sign": createHmac("sha256", secret).update(signedText).digest("hex"),
  };
}

/** A Binance query with timestamp and signature. */
export function binanceQuery(nowMs: number, secret = KEY.secret): string {
  const text = `timestamp=${nowMs}`;
  return `${text}&signature=${createHmac("sha256", secret).update(text).digest("hex")}`;
}
