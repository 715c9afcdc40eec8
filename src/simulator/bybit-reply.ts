// How Bybit answers: an envelope with HTTP 200 whatever happened, refusals as a code within it.

import type { SimListing } from "./types.ts";
import { type RouteContext, type WireReply, type WireRequest, wholeNumber } from "./wire.ts";

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
  const { category, symbol } = context.request.fields;
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

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextPageCursor: string;
}

/** One page of a list that is newest first by `sequence`; a cursor of somebody else's is refused. */
export function pageOf<Row extends { readonly sequence: number }>(
  context: RouteContext,
  all: readonly Row[],
  limits: { readonly usual: number; readonly max: number },
): Page<Row> | WireReply {
  const { limit: limitText, cursor } = context.request.fields;
  const limit = wholeNumber(limitText) ?? limits.usual;
  if (!(limit >= 1)) return parameterError(context, "Limit Invalid");
  const after =
    cursor === undefined || cursor === "" ? undefined : /^page_token(?:%3D|=)(\d+)$/i.exec(cursor)?.[1];
  if (after === undefined && cursor) return parameterError(context, "Cursor Invalid");
  const left = after === undefined ? all : all.filter(({ sequence }) => sequence < Number(after));
  const rows = [...left]
    .sort((one, other) => other.sequence - one.sequence)
    .slice(0, Math.min(limit, limits.max));
  const last = rows.at(-1);
  const more = last !== undefined && rows.length < left.length;
  return { rows, nextPageCursor: more ? `page_token%3D${last.sequence}` : "" };
}

const WEEK_MS = 7 * 86_400_000;

/** startTime and endTime of a request: seven days at most, the last seven without either. */
export function spanOf(context: RouteContext): { fromMs: number; toMs: number } | WireReply {
  const { fields, nowMs } = context.request;
  const start = wholeNumber(fields.startTime);
  const end = wholeNumber(fields.endTime);
  const toMs = end ?? (start === undefined ? nowMs : start + WEEK_MS);
  const fromMs = start ?? toMs - WEEK_MS;
  if (!(toMs >= fromMs && toMs - fromMs <= WEEK_MS)) return parameterError(context, "Time Range Invalid");
  return { fromMs, toMs };
}
