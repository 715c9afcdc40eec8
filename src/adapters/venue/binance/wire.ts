// Binance's requests: what is sent, signed by the venue's clock. Parameters of a POST travel in the body, so that
// nothing signed stands in a URL that somebody logs on the way.

import type { StreamParts } from "../account-stream.ts";
import type { ClockOffset } from "../clock-offset.ts";
import type { HttpRequest } from "../signed-http.ts";
import { binanceSigned, type Params, plainQuery, type VenueKey } from "../signing.ts";
import type { Call, VenueCaller } from "../venue-caller.ts";

export const RECV_WINDOW_MS = 2_000;

export interface BinanceParts {
  readonly caller: VenueCaller;
  readonly offset: ClockOffset;
  readonly readTimeoutMs: number;
  readonly stream: StreamParts;
  /** The spot host, which alone tells what a key may do; undefined: not asked. */
  readonly spotUrl: string | undefined;
  /** The rows of exchangeInfo, shared by all accounts: one large answer serves for a while. */
  readonly symbols: () => Promise<readonly unknown[]>;
}

/** `weight`: what it costs the source address, by the venue's documents. */
export function reading(path: string, params: Params, weight: number): Call {
  return { method: "GET", path, params, group: undefined, addressCost: weight, urgent: false };
}

/** For finding out what became of an order, and what an order cannot be sent without. */
export function readingNow(path: string, params: Params, weight: number): Call {
  return { ...reading(path, params, weight), urgent: true };
}

/** Signs for Binance, by the venue's clock. */
export function binanceDress(key: VenueKey, venueNowMs: () => number) {
  return (call: Call, baseUrl: string): Omit<HttpRequest, "keepAlive"> => {
    const { method, path, params, signed } = call;
    const timed: Params = [
      ...params,
      ["recvWindow", String(RECV_WINDOW_MS)],
      ["timestamp", String(venueNowMs())],
    ];
    const isSigned = signed !== false && signed !== "key-only";
    const query = isSigned ? binanceSigned(key, plainQuery(timed)) : plainQuery(params);
    const inUrl = method === "GET" && query !== "";
    return {
      method,
      url: inUrl ? `${baseUrl}${path}?${query}` : `${baseUrl}${path}`,
      headers: {
        ...(signed !== false && { "X-MBX-APIKEY": key.apiKey }),
        ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(method === "POST" && { body: query }),
    };
  };
}
