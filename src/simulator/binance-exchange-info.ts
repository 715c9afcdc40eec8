// Binance's list of contracts with their filters: the figures orders are checked against.

import { decimalsOf } from "./decimals.ts";
import type { SimListing } from "./types.ts";
import { json, type RouteContext, type WireReply } from "./wire.ts";

/** What a perpetual that is not being delisted prints as its delivery date. */
const NEVER_AT_MS = 4_133_404_800_000;

export function exchangeInfoAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  return json({
    timezone: "UTC",
    serverTime: nowMs,
    futuresType: "U_MARGINED",
    rateLimits: [
      { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2400 },
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1200 },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
    ],
    exchangeFilters: [],
    assets: [{ asset: "USDT", marginAvailable: true, autoAssetExchange: "-10000" }],
    symbols: [...context.listings.values()].map((listing) => symbolRow(context, listing)),
  });
}

function symbolRow(context: RouteContext, listing: SimListing): object {
  const funding = context.market.funding("binance", listing.symbol, context.request.nowMs);
  const tick = listing.priceIncrementAt(funding?.markPrice ?? 1);
  const pricePrecision = decimalsOf(tick);
  const quantityPrecision = decimalsOf(listing.qtyStep);
  const qty = (value: number) => value.toFixed(quantityPrecision);
  const marketQtyMax = Math.floor(listing.qtyMax / 4 / listing.qtyStep) * listing.qtyStep;
  return {
    symbol: listing.symbol,
    pair: listing.symbol,
    contractType: "PERPETUAL",
    deliveryDate: listing.delistAtMs ?? NEVER_AT_MS,
    onboardDate: listing.launchAtMs,
    status: "TRADING",
    maintMarginPercent: "2.5000",
    requiredMarginPercent: "5.0000",
    baseAsset: listing.base,
    quoteAsset: "USDT",
    marginAsset: "USDT",
    pricePrecision,
    quantityPrecision,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: "COIN",
    underlyingSubType: ["Layer-1"],
    settlePlan: 0,
    triggerProtect: "0.0500",
    liquidationFee: "0.010000",
    marketTakeBound: "0.05",
    maxMoveOrderLimit: 10000,
    filters: [
      {
        filterType: "PRICE_FILTER",
        tickSize: tick.toFixed(pricePrecision),
        minPrice: tick.toFixed(pricePrecision),
        maxPrice: (tick * 20_000_000).toFixed(pricePrecision),
      },
      {
        filterType: "LOT_SIZE",
        stepSize: qty(listing.qtyStep),
        minQty: qty(listing.qtyMin),
        maxQty: qty(listing.qtyMax),
      },
      {
        filterType: "MARKET_LOT_SIZE",
        stepSize: qty(listing.qtyStep),
        minQty: qty(listing.qtyMin),
        maxQty: qty(marketQtyMax),
      },
      { filterType: "MAX_NUM_ORDERS", limit: 200 },
      { filterType: "MAX_NUM_ALGO_ORDERS", limit: 10 },
      { filterType: "MIN_NOTIONAL", notional: String(listing.notionalMin) },
      {
        filterType: "PERCENT_PRICE",
        multiplierUp: "1.0500",
        multiplierDown: "0.9500",
        multiplierDecimal: "4",
      },
    ],
    orderTypes: [
      "LIMIT",
      "MARKET",
      "STOP",
      "STOP_MARKET",
      "TAKE_PROFIT",
      "TAKE_PROFIT_MARKET",
      "TRAILING_STOP_MARKET",
    ],
    timeInForce: ["GTC", "IOC", "FOK", "GTX", "GTD"],
  };
}
