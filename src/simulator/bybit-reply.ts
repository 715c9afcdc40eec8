// How Bybit answers: an envelope with HTTP 200 whatever happened, refusals as a code within it.

import type { SimListing } from "./types.ts";
import type { RouteContext, WireReply, WireRequest } from "./wire.ts";

/** Texts by code, as the venue's table has them. */
const ERRORS: Readonly<Record<number, string>> = {
  10000: "Server Timeout",
  10001: "Request parameter error",
  10003: "API key is invalid.",
  10004: "Error sign, please check your signature generation algorithm.",
  10005: "Permission denied, please check your API key permissions.",
  10006: "Too many visits! Exceeded the API Rate Limit.",
  10010: "Unmatched IP, please check your API key's bound IP addresses.",
  10014: "Invalid duplicate request.",
  10016: "Server error.",
  30228: "No new positions during delisting",
  33004: "Your api key has expired.",
  110001: "order not exists or too late to cancel",
  110003: "Order price exceeds the allowable range.",
  110004: "Wallet balance is insufficient",
  110006: "The assets are estimated to be unable to cover the position margin",
  110007: "ab not enough for new order",
  110012: "Insufficient available balance.",
  110017: "orderQty will be truncated to zero",
  110023: "Currently you can only reduce your position on this contract.",
  110024: "You have an existing position, so the position mode cannot be switched.",
  110025: "Position mode is not modified",
  110026: "Cross/isolated margin mode is not modified",
  110028: "You have existing open orders, so the position mode cannot be switched.",
  110034: "There is no net position",
  110042: "Currently, due to pre-delivery status, you can only reduce your position on this contract.",
  110043: "leverage not modified",
  110044: "Available margin is insufficient.",
  110045: "Wallet balance is insufficient.",
  110072: "OrderLinkedID is duplicate",
  110074: "This contract is not live",
  110094: "Order does not meet minimum order value 5USDT",
};

/** A refusal by code; the text of one not in the table is its number. */
export function bybitError(
  { nowMs }: Pick<WireRequest, "nowMs">,
  retCode: number,
  retMsg?: string,
  status = 200,
): WireReply {
  return { ...envelope(nowMs, {}, retCode, retMsg ?? ERRORS[retCode] ?? `error ${retCode}`), status };
}

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
