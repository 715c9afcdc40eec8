// Binance's account: balances and positions; short is negative.

import { POSITION_SIDES } from "./binance-order-rows.ts";
import { binanceRefusal } from "./binance-reply.ts";
import { type Exact, fixed, sizeOf } from "./exact.ts";
import { lotDecimals } from "./listing-steps.ts";
import { type PerpAccount, USDT } from "./perp-account.ts";
import type { MarginFigures, PositionFigures } from "./perp-margin.ts";
import { json, type Route, type RouteContext, userOf, type WireReply } from "./wire.ts";

export function binanceAccountRoutes(): [string, Route][] {
  const weighs = (weight: number) => ({ group: "weight", cost: () => weight, signed: true }) as const;
  return [
    ["GET /fapi/v3/balance", { ...weighs(5), answer: balanceAnswer }],
    ["GET /fapi/v3/account", { ...weighs(5), answer: accountAnswer }],
    ["GET /fapi/v3/positionRisk", { ...weighs(5), answer: positionsAnswer }],
  ];
}

interface AssetFigures {
  readonly asset: string;
  readonly wallet: Exact;
  readonly margin: MarginFigures | undefined;
}

/** Only USDT is margin; other assets (BNB) lie beside it. */
function assetsOf(account: PerpAccount, margin: MarginFigures): AssetFigures[] {
  return account.ledger.assets().map((asset) => ({
    asset,
    wallet: account.ledger.total(asset),
    margin: asset === USDT ? margin : undefined,
  }));
}

function balanceAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  const { binance: account, uid } = userOf(context);
  return json(
    assetsOf(account, account.margin(nowMs)).map(({ asset, wallet, margin }) => ({
      accountAlias: `sim${uid}`,
      asset,
      balance: amountText(wallet),
      crossWalletBalance: amountText(margin?.crossWallet ?? wallet),
      crossUnPnl: amountText(margin?.crossUnrealised ?? 0n),
      availableBalance: amountText(margin?.available ?? wallet),
      maxWithdrawAmount: amountText(margin?.available ?? wallet),
      marginAvailable: true,
      updateTime: account.ledger.entries.findLast((entry) => entry.asset === asset)?.atMs ?? 0,
    })),
  );
}

function accountAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  const account = userOf(context).binance;
  const margin = account.margin(nowMs);
  return json({
    totalInitialMargin: amountText(margin.initialMargin + margin.ordersHeld),
    totalMaintMargin: amountText(margin.maintenanceMargin),
    totalWalletBalance: amountText(margin.wallet),
    totalUnrealizedProfit: amountText(margin.unrealised),
    totalMarginBalance: amountText(margin.equity),
    totalPositionInitialMargin: amountText(margin.initialMargin),
    totalOpenOrderInitialMargin: amountText(margin.ordersHeld),
    totalCrossWalletBalance: amountText(margin.crossWallet),
    totalCrossUnPnl: amountText(margin.crossUnrealised),
    availableBalance: amountText(margin.available),
    maxWithdrawAmount: amountText(margin.available),
    assets: assetsOf(account, margin).map((figures) => assetRow(account, figures)),
    positions: margin.positions.map((figures) => ({
      ...positionHead(context, figures),
      unrealizedProfit: amountText(figures.unrealised),
      ...positionMargins(figures),
      initialMargin: amountText(figures.initialMargin),
      maintMargin: amountText(figures.maintenanceMargin),
      updateTime: figures.position.updatedAtMs,
    })),
  });
}

function assetRow(account: PerpAccount, { asset, wallet, margin }: AssetFigures): object {
  return {
    asset,
    walletBalance: amountText(wallet),
    unrealizedProfit: amountText(margin?.unrealised ?? 0n),
    marginBalance: amountText(margin?.equity ?? wallet),
    maintMargin: amountText(margin?.maintenanceMargin ?? 0n),
    initialMargin: amountText(margin === undefined ? 0n : margin.initialMargin + margin.ordersHeld),
    positionInitialMargin: amountText(margin?.initialMargin ?? 0n),
    openOrderInitialMargin: amountText(margin?.ordersHeld ?? 0n),
    crossWalletBalance: amountText(margin?.crossWallet ?? wallet),
    crossUnPnl: amountText(margin?.crossUnrealised ?? 0n),
    availableBalance: amountText(margin?.available ?? wallet),
    maxWithdrawAmount: amountText(margin?.available ?? wallet),
    updateTime: account.ledger.entries.findLast((entry) => entry.asset === asset)?.atMs ?? 0,
  };
}

function positionHead(context: RouteContext, { position }: PositionFigures) {
  return {
    symbol: position.symbol,
    positionSide: POSITION_SIDES[position.index],
    positionAmt: fixed(position.size, lotDecimals(context.listings.get(position.symbol))),
  };
}

function positionMargins({ isolated, initialMargin, unrealised, notional, position }: PositionFigures) {
  return {
    isolatedMargin: amountText(isolated ? initialMargin + unrealised : 0n),
    notional: amountText(position.size < 0n ? -notional : notional),
    isolatedWallet: amountText(isolated ? initialMargin : 0n),
  };
}

/** Only symbols with a position or an open order; a side without one is printed when an order waits there. */
function positionsAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.symbol && !context.listings.has(fields.symbol)) return binanceRefusal(-1121);
  const account = userOf(context).binance;
  const rows = account
    .margin(nowMs)
    .positions.filter(({ position }) => !fields.symbol || position.symbol === fields.symbol)
    .map((figures) => riskRow(context, figures));
  const waiting = account.orders.open().filter((order) => !fields.symbol || order.symbol === fields.symbol);
  const seen = new Set<string>();
  for (const { symbol, positionIndex } of waiting) {
    const key = `${symbol} ${positionIndex}`;
    if (seen.has(key) || (account.positions.get(symbol, positionIndex)?.size ?? 0n) !== 0n) continue;
    seen.add(key);
    rows.push(flatRow(context, account, symbol, positionIndex));
  }
  return json(rows);
}

function riskRow(context: RouteContext, figures: PositionFigures): object {
  const { position, averagePrice, mark, liquidationPrice } = figures;
  const held = position.openFees * 10n ** 18n;
  const feePerUnit = held / sizeOf(position.size);
  // What closing must fetch so that the fees paid so far are covered.
  const breakEven = position.size > 0n ? averagePrice + feePerUnit : averagePrice - feePerUnit;
  const head = positionHead(context, figures);
  return {
    symbol: head.symbol,
    positionSide: head.positionSide,
    positionAmt: head.positionAmt,
    entryPrice: trimmed(averagePrice),
    breakEvenPrice: trimmed(breakEven),
    markPrice: amountText(mark),
    unRealizedProfit: amountText(figures.unrealised),
    liquidationPrice: liquidationPrice === 0n ? "0" : trimmed(liquidationPrice),
    isolatedMargin: positionMargins(figures).isolatedMargin,
    notional: positionMargins(figures).notional,
    marginAsset: USDT,
    isolatedWallet: positionMargins(figures).isolatedWallet,
    initialMargin: amountText(figures.initialMargin),
    maintMargin: amountText(figures.maintenanceMargin),
    positionInitialMargin: amountText(figures.initialMargin),
    openOrderInitialMargin: "0",
    adl: 2,
    bidNotional: "0",
    askNotional: "0",
    updateTime: position.updatedAtMs,
  };
}

function flatRow(context: RouteContext, account: PerpAccount, symbol: string, index: 0 | 1 | 2): object {
  return {
    symbol,
    positionSide: POSITION_SIDES[index],
    positionAmt: fixed(0n, lotDecimals(context.listings.get(symbol))),
    entryPrice: "0.0",
    breakEvenPrice: "0.0",
    markPrice: amountText(account.markOf(symbol, context.request.nowMs)),
    unRealizedProfit: "0.00000000",
    liquidationPrice: "0",
    isolatedMargin: "0",
    notional: "0",
    marginAsset: USDT,
    isolatedWallet: "0",
    initialMargin: "0",
    maintMargin: "0",
    positionInitialMargin: "0",
    openOrderInitialMargin: "0",
    adl: 0,
    bidNotional: "0",
    askNotional: "0",
    updateTime: 0,
  };
}

function amountText(value: Exact): string {
  return fixed(value, 8);
}

/** To twelve decimals, without trailing zeros. */
function trimmed(value: Exact): string {
  return fixed(value, 12).replace(/\.?0+$/, "");
}
