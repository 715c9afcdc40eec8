// What a Binance user sets and is told of his terms: leverage, margin type and position mode, fee rates, order limits.

import { isReply, listingOf } from "./binance-orders.ts";
import { binanceRefusal, mandatory } from "./binance-reply.ts";
import { exact, textOf } from "./exact.ts";
import {
  json,
  type Route,
  type RouteContext,
  userOf,
  type VenueEnvironment,
  type WireReply,
  wholeNumber,
} from "./wire.ts";

const LEVERAGE_MAX = 125;
const NOTIONAL_MAX = "1000000";
const DONE = { code: 200, msg: "success" };

export function binanceSettingRoutes({ switches }: VenueEnvironment): [string, Route][] {
  const weighs = (weight: number) => ({ group: "weight", cost: () => weight, signed: true }) as const;
  const sets = { ...weighs(1), trades: true } as const;
  const bracketsOf = (context: RouteContext) => bracketAnswer(context, switches.market.maintenanceRatio);
  return [
    ["POST /fapi/v1/leverage", { ...sets, answer: leverageAnswer }],
    ["GET /fapi/v1/leverageBracket", { ...weighs(1), answer: bracketsOf }],
    ["POST /fapi/v1/marginType", { ...sets, answer: marginTypeAnswer }],
    ["GET /fapi/v1/positionSide/dual", { ...weighs(30), answer: modeAnswer }],
    ["POST /fapi/v1/positionSide/dual", { ...sets, answer: setModeAnswer }],
    ["GET /fapi/v1/symbolConfig", { ...weighs(5), answer: configAnswer }],
    ["GET /fapi/v1/accountConfig", { ...weighs(5), answer: accountConfigAnswer }],
    ["GET /fapi/v1/multiAssetsMargin", { ...weighs(30), answer: () => json({ multiAssetsMargin: false }) }],
    ["GET /fapi/v1/commissionRate", { ...weighs(20), answer: commissionAnswer }],
    ["GET /fapi/v1/feeBurn", { ...weighs(30), answer: feeBurnAnswer }],
    ["POST /fapi/v1/feeBurn", { ...sets, answer: setFeeBurnAnswer }],
    ["GET /fapi/v1/rateLimit/order", { ...weighs(1), answer: orderLimitsAnswer }],
  ];
}

function leverageAnswer(context: RouteContext): WireReply {
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const leverage = wholeNumber(context.request.fields.leverage);
  if (leverage === undefined) return mandatory("leverage");
  if (!(leverage >= 1 && leverage <= LEVERAGE_MAX)) {
    return binanceRefusal(-4028, `Leverage ${context.request.fields.leverage} is not valid`);
  }
  userOf(context).binance.settings.setLeverage(listing.symbol, exact(leverage), context.request.nowMs);
  return json({ symbol: listing.symbol, leverage, maxNotionalValue: NOTIONAL_MAX });
}

function bracketAnswer(context: RouteContext, maintMarginRatio: number): WireReply {
  const { symbol } = context.request.fields;
  if (symbol && !context.listings.has(symbol)) return binanceRefusal(-1121);
  const row = (name: string) => ({
    symbol: name,
    notionalCoef: 1,
    brackets: [
      {
        bracket: 1,
        initialLeverage: LEVERAGE_MAX,
        notionalCap: Number(NOTIONAL_MAX),
        notionalFloor: 0,
        maintMarginRatio,
        cum: 0,
      },
    ],
  });
  return json(symbol ? row(symbol) : [...context.listings.keys()].map(row));
}

function marginTypeAnswer(context: RouteContext): WireReply {
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const { marginType } = context.request.fields;
  if (marginType !== "ISOLATED" && marginType !== "CROSSED") return mandatory("marginType");
  const account = userOf(context).binance;
  const isolated = marginType === "ISOLATED";
  if (account.settings.isIsolated(listing.symbol) === isolated) return binanceRefusal(-4046);
  if (account.orders.open().some(({ symbol }) => symbol === listing.symbol)) return binanceRefusal(-4047);
  if (account.positions.open(listing.symbol).length > 0) return binanceRefusal(-4048);
  account.settings.setIsolated(isolated, listing.symbol);
  return json(DONE);
}

function modeAnswer(context: RouteContext): WireReply {
  return json({ dualSidePosition: userOf(context).binance.settings.hedgeMode });
}

function setModeAnswer(context: RouteContext): WireReply {
  const text = context.request.fields.dualSidePosition?.toLowerCase();
  if (text !== "true" && text !== "false") return mandatory("dualSidePosition");
  const account = userOf(context).binance;
  if (account.settings.hedgeMode === (text === "true")) return binanceRefusal(-4059);
  if (account.orders.open().length > 0) return binanceRefusal(-4067);
  if (account.positions.open().length > 0) return binanceRefusal(-4068);
  account.settings.setHedge(text === "true");
  return json(DONE);
}

function configAnswer(context: RouteContext): WireReply {
  const { symbol } = context.request.fields;
  if (symbol && !context.listings.has(symbol)) return binanceRefusal(-1121);
  const { settings } = userOf(context).binance;
  const symbols = symbol ? [symbol] : [...context.listings.keys()];
  return json(
    symbols.map((name) => ({
      symbol: name,
      marginType: settings.isIsolated(name) ? "ISOLATED" : "CROSSED",
      isAutoAddMargin: false,
      leverage: Number(textOf(settings.leverageOf(name))),
      maxNotionalValue: NOTIONAL_MAX,
    })),
  );
}

function accountConfigAnswer(context: RouteContext): WireReply {
  const { binance, keys } = userOf(context);
  return json({
    feeTier: 0,
    canTrade: keys.binance.canTrade,
    canDeposit: true,
    canWithdraw: true,
    dualSidePosition: binance.settings.hedgeMode,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
  });
}

function commissionAnswer(context: RouteContext): WireReply {
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const { makerRate, takerRate } = userOf(context).binance;
  return json({
    symbol: listing.symbol,
    makerCommissionRate: textOf(makerRate),
    takerCommissionRate: textOf(takerRate),
  });
}

function feeBurnAnswer(context: RouteContext): WireReply {
  return json({ feeBurn: userOf(context).binance.feesInBnb });
}

function setFeeBurnAnswer(context: RouteContext): WireReply {
  const text = context.request.fields.feeBurn?.toLowerCase();
  if (text !== "true" && text !== "false") return mandatory("feeBurn");
  userOf(context).binance.feesInBnb = text === "true";
  return json(DONE);
}

function orderLimitsAnswer(): WireReply {
  return json([
    { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
    { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1_200 },
  ]);
}
