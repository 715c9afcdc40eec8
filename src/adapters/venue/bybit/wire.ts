// Bybit's requests: what is sent, signed by the venue's clock, and lists page by page.

import type { StreamParts } from "../account-stream.ts";
import type { ClockOffset } from "../clock-offset.ts";
import { readOne } from "../clocked-calls.ts";
import type { Parsed } from "../parsed.ts";
import type { HttpRequest } from "../signed-http.ts";
import { bybitHeaders, type Params, plainQuery, type VenueKey } from "../signing.ts";
import type { Call, VenueCaller } from "../venue-caller.ts";
import type { Page } from "./order-parse.ts";

export const RECV_WINDOW_MS = 2_000;
const PAGES_MAX = 20;

export const LINEAR = ["category", "linear"] as const;
/** What makes a call a public one. */
export const PUBLIC = { group: undefined, signed: false } as const;

export interface BybitParts {
  readonly caller: VenueCaller;
  readonly offset: ClockOffset;
  readonly readTimeoutMs: number;
  readonly stream: StreamParts;
}

export function reading(path: string, params: Params): Call {
  return { method: "GET", path, params, group: "read", addressCost: 1, urgent: false };
}

/** For finding out what became of an order, and what an order cannot be sent without. */
export function readingNow(path: string, params: Params): Call {
  return { ...reading(path, params), urgent: true };
}

export function posting(path: string, params: Params): Call {
  return { method: "POST", path, params, group: "order", addressCost: 1, urgent: true };
}

/** All rows of a list. Rejects with VenueReadFault. */
export async function readPages<T>(
  parts: BybitParts,
  call: Call,
  parse: (text: string) => Parsed<Page<T>>,
  leftMs?: () => number,
): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < PAGES_MAX; count++) {
    const params: Params = cursor === undefined ? call.params : [...call.params, ["cursor", cursor]];
    const page: Page<T> = await readOne(parts, { ...call, params }, parse, leftMs?.());
    rows.push(...page.rows);
    cursor = page.nextCursor;
    // A last page may carry a cursor to nothing.
    if (cursor === undefined || page.rows.length === 0) return rows;
  }
  throw parts.caller.fault(call, `more than ${PAGES_MAX} pages`);
}

/** JSON types that are not texts. */
function jsonOf(params: Params): string {
  const members = params.map(([name, value]) => {
    if (name === "positionIdx") return [name, Number(value)] as const;
    if (name === "reduceOnly") return [name, value === "true"] as const;
    return [name, value] as const;
  });
  return JSON.stringify(Object.fromEntries(members));
}

/** Signs for Bybit, by the venue's clock. */
export function bybitDress(key: VenueKey, venueNowMs: () => number) {
  return (call: Call, baseUrl: string): Omit<HttpRequest, "keepAlive"> => {
    const { method, path, params } = call;
    const query = method === "GET" ? plainQuery(params) : "";
    const body = method === "POST" ? jsonOf(params) : undefined;
    const signed =
      call.signed === false ? {} : bybitHeaders(key, venueNowMs(), RECV_WINDOW_MS, body ?? query);
    return {
      method,
      url: query === "" ? `${baseUrl}${path}` : `${baseUrl}${path}?${query}`,
      headers: { ...signed, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body }),
    };
  };
}
