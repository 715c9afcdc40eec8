// What Binance tells on a user data stream. Money moves in ACCOUNT_UPDATE, orders in ORDER_TRADE_UPDATE; a trade is
// told in TRADE_LITE as well. Cross positions are not named when they pay funding.

import type { AccountEvent } from "./account-events.ts";
import { averageText, clientIdText, POSITION_SIDES, statusOf, TIME_TEXTS } from "./binance-order-rows.ts";
import { type Exact, fixed, sizeOf, textOf } from "./exact.ts";
import type { LedgerReason } from "./ledger.ts";
import { lotDecimals } from "./listing-steps.ts";
import type { SimFill, SimOrder } from "./orders.ts";
import { type PerpAccount, USDT } from "./perp-account.ts";
import type { MarginFigures, PositionFigures } from "./perp-margin.ts";
import type { PositionIndex } from "./perp-positions.ts";
import type { SimListing } from "./types.ts";

/** `e` names it. */
export interface BinanceEvent {
  readonly e: string;
  readonly [name: string]: unknown;
}

export type ListingOf = (symbol: string) => SimListing | undefined;

/** Events in the order they go out; the first member names each. */
export function eventsOf(event: AccountEvent, account: PerpAccount, listingOf: ListingOf): BinanceEvent[] {
  const { atMs } = event;
  const stamp = { T: atMs, E: atMs };
  switch (event.kind) {
    case "placed":
      return [orderUpdate(event.order, { execution: "NEW", atMs }, listingOf)];
    case "ended": {
      // The last trade has told that it is filled.
      if (event.order.state === "done") return [];
      const execution = event.order.timeInForce === "gtc" ? "CANCELED" : "EXPIRED";
      return [orderUpdate(event.order, { execution, atMs }, listingOf)];
    }
    case "filled": {
      const { order, fill } = event;
      const byVenue = fill.cause !== "trade";
      const assets = fill.feeAsset === USDT ? [USDT] : [USDT, fill.feeAsset];
      const places = [{ symbol: order.symbol, index: order.positionIndex }];
      const how = { execution: byVenue ? "CALCULATED" : "TRADE", fill, atMs };
      return [
        ...(byVenue ? [] : [tradeLite(order, fill, listingOf)]),
        accountUpdate(account, { reason: "ORDER", assets, change: 0n, places, atMs }, listingOf),
        orderUpdate(order, how, listingOf),
      ];
    }
    case "funded": {
      const { symbol, index, amount: change } = event.payment;
      const places = account.settings.isIsolated(symbol) ? [{ symbol, index }] : [];
      const what = { reason: "FUNDING_FEE", assets: [USDT], change, places, atMs };
      return [accountUpdate(account, what, listingOf)];
    }
    case "moved": {
      const { asset, change } = event;
      const what = { reason: MOVES[event.reason] ?? "ADJUSTMENT", assets: [asset], change, places: [], atMs };
      return [accountUpdate(account, what, listingOf)];
    }
    case "leverage-set": {
      const leverage = Number(textOf(account.settings.leverageOf(event.symbol)));
      return [{ e: "ACCOUNT_CONFIG_UPDATE", ...stamp, ac: { s: event.symbol, l: leverage } }];
    }
    case "margin-call":
      return [marginCall(event.margin, atMs, listingOf)];
    case "resting":
      return [];
  }
}

const MOVES: Partial<Record<LedgerReason, string>> = {
  deposit: "DEPOSIT",
  withdrawal: "WITHDRAW",
  insurance: "INSURANCE_CLEAR",
};

interface AccountChange {
  readonly reason: string;
  readonly assets: readonly string[];
  /** Of the first asset, without profits and fees of trades. */
  readonly change: Exact;
  readonly places: readonly { readonly symbol: string; readonly index: PositionIndex }[];
  readonly atMs: number;
}

function accountUpdate(
  account: PerpAccount,
  { reason, assets, change, places, atMs }: AccountChange,
  listingOf: ListingOf,
): BinanceEvent {
  const margin = account.margin(atMs);
  const balances = assets.map((asset, at) => ({
    a: asset,
    wb: fixed(account.ledger.total(asset), 8),
    cw: fixed(asset === USDT ? margin.crossWallet : account.ledger.total(asset), 8),
    bc: at === 0 ? textOf(change) : "0",
  }));
  const positions = places.map(({ symbol, index }) => {
    const figures = margin.positions.find(
      ({ position }) => position.symbol === symbol && position.index === index,
    );
    const isolated = account.settings.isIsolated(symbol);
    return {
      s: symbol,
      pa: fixed(figures?.position.size ?? 0n, lotDecimals(listingOf(symbol))),
      ep: figures === undefined ? "0" : textOf(figures.averagePrice),
      cr: textOf(account.positions.get(symbol, index)?.realisedGross ?? 0n),
      up: fixed(figures?.unrealised ?? 0n, 8),
      mt: isolated ? "isolated" : "cross",
      iw: isolated && figures !== undefined ? fixed(figures.initialMargin, 8) : "0",
      ps: POSITION_SIDES[index],
      ma: USDT,
      bep: figures === undefined ? "0" : textOf(breakEven(figures)),
    };
  });
  return { e: "ACCOUNT_UPDATE", T: atMs, E: atMs, a: { B: balances, P: positions, m: reason } };
}

function breakEven({ position, averagePrice }: PositionFigures): Exact {
  const feePerUnit = (position.openFees * 10n ** 18n) / sizeOf(position.size);
  return position.size > 0n ? averagePrice + feePerUnit : averagePrice - feePerUnit;
}

interface OrderStep {
  readonly execution: string;
  readonly fill?: SimFill;
  readonly atMs: number;
}

function orderUpdate(
  order: SimOrder,
  { execution, fill, atMs }: OrderStep,
  listingOf: ListingOf,
): BinanceEvent {
  const listing = listingOf(order.symbol);
  const qty = (value: Exact) => fixed(value, lotDecimals(listing));
  const type = typeOf(order);
  const isWhole = order.filledQty === order.qty;
  return {
    e: "ORDER_TRADE_UPDATE",
    T: atMs,
    E: atMs,
    o: {
      s: order.symbol,
      c: clientIdText(order),
      S: order.side === "buy" ? "BUY" : "SELL",
      o: type,
      f: order.kind === "market" ? "GTC" : TIME_TEXTS[order.timeInForce],
      q: qty(order.qty!),
      p: order.kind === "market" ? "0" : textOf(order.price ?? 0n),
      ap: order.filledQty === 0n ? "0" : averageText(order, false, listing),
      sp: "0",
      x: execution,
      X: fill === undefined ? statusOf(order) : isWhole ? "FILLED" : "PARTIALLY_FILLED",
      i: Number(order.orderId),
      l: qty(fill?.qty ?? 0n),
      z: qty(order.filledQty),
      L: textOf(fill?.price ?? 0n),
      n: textOf(fill?.fee ?? 0n),
      N: fill?.feeAsset ?? USDT,
      T: atMs,
      t: fill === undefined ? 0 : Number(fill.id),
      b: "0",
      a: "0",
      m: fill?.maker ?? false,
      R: order.reduceOnly,
      wt: "CONTRACT_PRICE",
      ot: type,
      ps: POSITION_SIDES[order.positionIndex],
      cp: false,
      rp: textOf(fill?.realisedPnl ?? 0n),
      pP: false,
      si: 0,
      ss: 0,
      V: "EXPIRE_MAKER",
      pm: "NONE",
      gtd: 0,
      er: execution === "EXPIRED" ? "2" : "0",
    },
  };
}

function typeOf(order: SimOrder): string {
  if (order.origin === "venue") return "LIQUIDATION";
  return order.kind === "market" ? "MARKET" : "LIMIT";
}

function tradeLite(order: SimOrder, fill: SimFill, listingOf: ListingOf): BinanceEvent {
  const qty = (value: Exact) => fixed(value, lotDecimals(listingOf(order.symbol)));
  return {
    e: "TRADE_LITE",
    E: fill.atMs,
    T: fill.atMs,
    s: order.symbol,
    q: qty(order.qty!),
    p: order.kind === "market" ? "0" : textOf(order.price ?? 0n),
    m: fill.maker,
    c: clientIdText(order),
    S: order.side === "buy" ? "BUY" : "SELL",
    L: textOf(fill.price),
    l: qty(fill.qty),
    t: Number(fill.id),
    i: Number(order.orderId),
  };
}

function marginCall(
  { crossWallet, strained }: MarginFigures,
  atMs: number,
  listingOf: ListingOf,
): BinanceEvent {
  return {
    e: "MARGIN_CALL",
    E: atMs,
    cw: fixed(crossWallet, 8),
    p: strained.map(({ position, mark, isolated, ...figures }) => ({
      s: position.symbol,
      ps: POSITION_SIDES[position.index],
      pa: fixed(position.size, lotDecimals(listingOf(position.symbol))),
      mt: isolated ? "ISOLATED" : "CROSSED",
      iw: isolated ? fixed(figures.initialMargin, 8) : "0",
      mp: textOf(mark),
      up: fixed(figures.unrealised, 8),
      mm: fixed(figures.maintenanceMargin, 8),
    })),
  };
}
