// Bybit's list of linear contracts, in pages by cursor. Numbers are strings but for the funding interval and the id.

import { CATEGORIES, envelope, parameterError } from "./bybit-reply.ts";
import { decimalsOf } from "./decimals.ts";
import type { SimListing } from "./types.ts";
import { type RouteContext, type WireReply, wholeNumber } from "./wire.ts";
import { MINUTE_MS } from "./wire-candles.ts";

export function instrumentsAnswer(context: RouteContext): WireReply {
  const { params, nowMs } = context.request;
  const { category } = params;
  if (category === undefined || !CATEGORIES.includes(category))
    return parameterError(context, "Category Invalid");
  const limit = wholeNumber(params.limit) ?? 500;
  if (!(limit >= 1 && limit <= 1_000)) return parameterError(context, "Limit Invalid");
  let rows = category === "linear" ? [...context.listings.values()] : [];
  // Every contract here trades: a question after another state finds none.
  if (params.status !== undefined && params.status !== "" && params.status !== "Trading") rows = [];
  if (params.symbol) {
    rows = rows.filter(({ symbol }) => symbol === params.symbol);
    if (rows.length === 0) return parameterError(context, "Symbol Invalid");
  }
  if (params.baseCoin) rows = rows.filter(({ base }) => base === params.baseCoin);
  rows.sort((left, right) => (left.symbol < right.symbol ? -1 : 1));
  const after = cursorSymbol(params.cursor);
  if (after === null) return parameterError(context, "Cursor Invalid");
  if (after !== undefined) rows = rows.filter(({ symbol }) => symbol > after);
  const page = rows.slice(0, limit);
  const more = rows.length > page.length;
  const nextPageCursor = more ? `first%3D${page[0]!.symbol}%26last%3D${page.at(-1)!.symbol}` : "";
  const list = page.map((listing) => instrumentRow(context, listing));
  return envelope(nowMs, { category, list, nextPageCursor });
}

/** The last symbol of the page before; undefined without a cursor, null for one we did not make. */
function cursorSymbol(cursor: string | undefined): string | undefined | null {
  if (cursor === undefined || cursor === "") return undefined;
  // It is handed out percent-encoded; clients send it as it is or encode it again.
  const plain = cursor.replaceAll(/%(?:25)*3D/gi, "=").replaceAll(/%(?:25)*26/gi, "&");
  return plain.match(/^first=\w+&last=(\w+)$/)?.[1] ?? null;
}

function instrumentRow(context: RouteContext, listing: SimListing): object {
  const { market, request } = context;
  const funding = market.funding("bybit", listing.symbol, request.nowMs);
  const tick = listing.priceIncrementAt(funding?.markPrice ?? 1);
  const scale = decimalsOf(tick);
  const qty = (value: number) => value.toFixed(decimalsOf(listing.qtyStep));
  return {
    symbol: listing.symbol,
    symbolId: 1 + [...listing.symbol].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9_973, 7),
    contractType: "LinearPerpetual",
    status: "Trading",
    baseCoin: listing.base,
    quoteCoin: "USDT",
    launchTime: String(listing.launchAtMs),
    // Not zero: the instant this perpetual will be delisted.
    deliveryTime: String(listing.delistAtMs ?? 0),
    deliveryFeeRate: "",
    priceScale: String(scale),
    leverageFilter: { minLeverage: "1", maxLeverage: "50.00", leverageStep: "0.01" },
    priceFilter: {
      minPrice: tick.toFixed(scale),
      maxPrice: (tick * 19_999_998).toFixed(scale),
      tickSize: tick.toFixed(scale),
    },
    lotSizeFilter: {
      maxOrderQty: qty(listing.qtyMax),
      minOrderQty: qty(listing.qtyMin),
      qtyStep: qty(listing.qtyStep),
      postOnlyMaxOrderQty: qty(listing.qtyMax),
      maxMktOrderQty: qty(Math.floor(listing.qtyMax / 4 / listing.qtyStep) * listing.qtyStep),
      minNotionalValue: String(listing.notionalMin),
    },
    unifiedMarginTrade: true,
    fundingInterval: (funding?.intervalMs ?? 480 * MINUTE_MS) / MINUTE_MS,
    settleCoin: "USDT",
    copyTrading: "none",
    upperFundingRate: "0.00375",
    lowerFundingRate: "-0.00375",
    isPreListing: false,
    preListingInfo: null,
    riskParameters: { priceLimitRatioX: "0.05", priceLimitRatioY: "0.1" },
    symbolType: "",
  };
}
