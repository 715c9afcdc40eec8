// Bybit's account: wallet, positions, leverage and position mode, fee rates, and what a key may do.

import { averageOf } from "./bybit-orders.ts";
import { bybitError, CATEGORIES, envelope, isReply, listingOf, parameterError } from "./bybit-reply.ts";
import { walletRow } from "./bybit-wallet.ts";
import { type Exact, exact, fixed, parseExact, sizeOf, textOf } from "./exact.ts";
import { type PerpAccount, USDT } from "./perp-account.ts";
import type { PositionFigures } from "./perp-margin.ts";
import type { PerpPosition, PositionIndex } from "./perp-positions.ts";
import { type Route, type RouteContext, userOf, type WireReply, wholeNumber } from "./wire.ts";

const LEVERAGE_MAX = exact(50);

export function bybitAccountRoutes(): [string, Route][] {
  const signed = { signed: true } as const;
  const trading = { signed: true, trades: true } as const;
  return [
    ["GET /v5/account/wallet-balance", { ...signed, group: "wallet-balance", answer: walletAnswer }],
    ["GET /v5/account/fee-rate", { ...signed, group: "fee-rate", answer: feeAnswer }],
    ["GET /v5/account/info", { ...signed, group: "account-info", answer: infoAnswer }],
    ["GET /v5/user/query-api", { ...signed, group: "user-api", answer: keyAnswer }],
    ["GET /v5/position/list", { ...signed, group: "position-list", answer: positionsAnswer }],
    ["POST /v5/position/set-leverage", { ...trading, group: "set-leverage", answer: leverageAnswer }],
    ["POST /v5/position/switch-mode", { ...trading, group: "switch-mode", answer: modeAnswer }],
  ];
}

function walletAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.accountType !== "UNIFIED") return parameterError(context, "accountType Invalid");
  const row = walletRow(userOf(context).bybit, nowMs, fields.coin?.split(","));
  return envelope(nowMs, { list: [row] });
}

function feeAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.category === undefined || !CATEGORIES.includes(fields.category)) {
    return parameterError(context, "Category Invalid");
  }
  const { takerRate, makerRate } = userOf(context).bybit;
  if (fields.symbol && !context.listings.has(fields.symbol)) return parameterError(context, "Symbol Invalid");
  const symbols = fields.symbol ? [fields.symbol] : [...context.listings.keys()];
  const rates = { takerFeeRate: textOf(takerRate), makerFeeRate: textOf(makerRate) };
  return envelope(nowMs, { list: symbols.map((symbol) => ({ symbol, ...rates })) });
}

function infoAnswer(context: RouteContext): WireReply {
  const { bybit, openedAtMs } = userOf(context);
  return envelope(context.request.nowMs, {
    marginMode: bybit.settings.isolatedByDefault ? "ISOLATED_MARGIN" : "REGULAR_MARGIN",
    updatedTime: String(openedAtMs),
    unifiedMarginStatus: 5,
    dcpStatus: "OFF",
    timeWindow: 10,
    smpGroup: 0,
    isMasterTrader: false,
    spotHedgingStatus: "OFF",
  });
}

/** What stock clients ask about a key before their first private call. */
function keyAnswer(context: RouteContext): WireReply {
  const { nowMs } = context.request;
  const user = userOf(context);
  const state = user.keys.bybit;
  const noRights: string[] = [];
  return envelope(
    nowMs,
    {
      id: "1",
      note: "simulated",
      apiKey: user.apiKey,
      readOnly: state.canTrade ? 0 : 1,
      secret: "",
      permissions: {
        ContractTrade: state.canTrade ? ["Order", "Position"] : noRights,
        Spot: noRights,
        Wallet: state.canWithdraw ? ["AccountTransfer", "Withdraw"] : noRights,
        Options: noRights,
        Derivatives: noRights,
        CopyTrading: noRights,
        BlockTrade: noRights,
        Exchange: noRights,
        NFT: noRights,
        Affiliate: noRights,
      },
      ips: state.addresses ?? ["*"],
      type: 1,
      deadlineDay: Math.max(0, Math.floor((state.expiresAtMs - nowMs) / 86_400_000)),
      expiredAt: secondsText(state.expiresAtMs),
      createdAt: secondsText(user.openedAtMs),
      unified: 0,
      uta: 1,
      userID: user.uid,
      inviterID: 0,
      vipLevel: "No VIP",
      mktMakerLevel: "0",
      affiliateID: 0,
      rsaPublicKey: "",
      isMaster: true,
      parentUid: "0",
      kycLevel: "LEVEL_DEFAULT",
      kycRegion: "",
    },
    0,
    "",
  );
}

function secondsText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** A symbol's positions, flat ones too; without a symbol all that are open. */
function positionsAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.category !== "linear") return parameterError(context, "Category Invalid");
  if (!fields.symbol && !fields.settleCoin)
    return parameterError(context, "symbol or settleCoin is required");
  const limit = wholeNumber(fields.limit) ?? 20;
  if (!(limit >= 1 && limit <= 200)) return parameterError(context, "Limit Invalid");
  const account = userOf(context).bybit;
  const { positions } = account.margin(nowMs);
  let rows: object[];
  if (fields.symbol) {
    const listing = listingOf(context);
    if (isReply(listing)) return listing;
    const indexes: PositionIndex[] = account.settings.isHedge(listing.symbol) ? [1, 2] : [0];
    rows = indexes.map((index) => {
      const open = positions.find(
        ({ position }) => position.symbol === listing.symbol && position.index === index,
      );
      return open === undefined ? flatRow(account, listing.symbol, index, nowMs) : openRow(open);
    });
  } else rows = fields.settleCoin === USDT ? positions.map(openRow) : [];
  // A page may begin after the rows before it.
  const from = wholeNumber(fields.cursor?.replace(/^row(?:%3D|=)/, "")) ?? 0;
  if (Number.isNaN(from)) return parameterError(context, "Cursor Invalid");
  const nextPageCursor = from + limit < rows.length ? `row%3D${from + limit}` : "";
  return envelope(nowMs, { nextPageCursor, category: "linear", list: rows.slice(from, from + limit) });
}

interface RowFigures {
  readonly symbol: string;
  readonly index: PositionIndex;
  readonly leverage: Exact;
  readonly mark: Exact;
  readonly isolated: boolean;
  readonly position: PerpPosition | undefined;
}

export function openRow(figures: PositionFigures): object {
  const { position } = figures;
  const { symbol, index } = position;
  const liquidation = figures.liquidationPrice;
  const text = (value: Exact) => fixed(value, 8).replace(/\.?0+$/, "");
  return {
    ...row({ symbol, index, ...figures }),
    avgPrice: textOf(averageOf(position.cost, sizeOf(position.size))),
    liqPrice: liquidation === 0n ? "" : text(liquidation),
    positionValue: text(position.cost),
    unrealisedPnl: text(figures.unrealised),
    positionMM: text(figures.maintenanceMargin),
    positionBalance: text(figures.initialMargin),
    positionIM: text(figures.initialMargin),
    side: position.size > 0n ? "Buy" : "Sell",
    bustPrice: "",
    size: textOf(sizeOf(position.size)),
  };
}

export function flatRow(account: PerpAccount, symbol: string, index: PositionIndex, nowMs: number): object {
  return row({
    symbol,
    index,
    leverage: account.settings.leverageOf(symbol),
    mark: account.markOf(symbol, nowMs),
    isolated: account.settings.isIsolated(symbol),
    position: account.positions.get(symbol, index),
  });
}

function row({ symbol, index, leverage, mark, isolated, position }: RowFigures): object {
  return {
    symbol,
    leverage: textOf(leverage),
    avgPrice: "0",
    liqPrice: "",
    riskLimitValue: "2000000",
    takeProfit: "",
    positionValue: "",
    tpslMode: "Full",
    riskId: 1,
    trailingStop: "0",
    unrealisedPnl: "",
    markPrice: textOf(mark),
    cumRealisedPnl: textOf(position?.realisedNet ?? 0n),
    curRealisedPnl: textOf(position === undefined || position.size === 0n ? 0n : position.realisedNetNow),
    adlRankIndicator: position === undefined || position.size === 0n ? 0 : 2,
    isReduceOnly: false,
    mmrSysUpdatedTime: "",
    leverageSysUpdatedTime: "",
    positionMM: "0",
    positionBalance: "0",
    createdTime: String(position?.createdAtMs ?? 0),
    updatedTime: String(position?.updatedAtMs ?? 0),
    seq: position?.updatedAtMs ?? -1,
    positionIdx: index,
    positionIM: "0",
    side: "",
    bustPrice: "",
    size: "0",
    positionStatus: "Normal",
    stopLoss: "",
    tradeMode: isolated ? 1 : 0,
    autoAddMargin: 0,
  };
}

function leverageAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  const listing = listingOf(context);
  if (isReply(listing)) return listing;
  const [buy, sell] = [parseExact(fields.buyLeverage), parseExact(fields.sellLeverage)];
  if (buy === undefined || buy !== sell) return bybitError(context.request, 10001, "buy leverage invalid");
  if (buy < exact(1) || buy > LEVERAGE_MAX) return bybitError(context.request, 10001, "leverage invalid");
  const { settings } = userOf(context).bybit;
  if (settings.leverageOf(listing.symbol) === buy) return bybitError(context.request, 110043);
  settings.setLeverage(listing.symbol, buy, nowMs);
  return envelope(nowMs, {});
}

function modeAnswer(context: RouteContext): WireReply {
  const { fields, nowMs } = context.request;
  if (fields.category !== "linear") return parameterError(context, "Category Invalid");
  if (fields.mode !== "0" && fields.mode !== "3") return parameterError(context, "Mode Invalid");
  if (!fields.symbol && fields.coin !== USDT) return parameterError(context, "Symbol Invalid");
  if (fields.symbol && !context.listings.has(fields.symbol)) return parameterError(context, "Symbol Invalid");
  const account = userOf(context).bybit;
  const symbol = fields.symbol || undefined;
  const hedge = fields.mode === "3";
  const now = symbol === undefined ? account.settings.hedgeMode : account.settings.isHedge(symbol);
  if (now === hedge) return bybitError(context.request, 110025);
  if (account.positions.open(symbol).length > 0) return bybitError(context.request, 110024);
  const open = account.orders.open().some((order) => symbol === undefined || order.symbol === symbol);
  if (open) return bybitError(context.request, 110028);
  account.settings.setHedge(hedge, symbol);
  return envelope(nowMs, {});
}
