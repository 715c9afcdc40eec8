// How Bybit answers: an envelope with HTTP 200 whatever happened, refusals as a code within it.

import type { SimListing } from "./types.ts";
import type { RouteContext, WireReply } from "./wire.ts";

/** The envelope around every answer. Keys in the venue's order. */
export function envelope(nowMs: number, result: unknown, retCode = 0, retMsg = "OK"): WireReply {
  const body = JSON.stringify({ retCode, retMsg, result, retExtInfo: {}, time: nowMs });
  return { status: 200, body };
}

export function parameterError(context: RouteContext, what: string): WireReply {
  return envelope(context.request.nowMs, {}, 10001, `params error: ${what}`);
}

/** The listing a request names; other categories exist at the venue but list nothing here. */
export function listingOf(context: RouteContext): SimListing | WireReply {
  const { category, symbol } = context.request.params;
  const listing = symbol === undefined ? undefined : context.listings.get(symbol);
  if (category !== undefined && !CATEGORIES.includes(category))
    return parameterError(context, "Category Invalid");
  if (listing === undefined || (category ?? "linear") !== "linear")
    return parameterError(context, "Symbol Invalid");
  return listing;
}

export const CATEGORIES = ["spot", "linear", "inverse", "option"];

export function isReply(value: object): value is WireReply {
  return "body" in value;
}
