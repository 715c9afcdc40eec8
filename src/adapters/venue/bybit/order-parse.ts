// What Bybit answers about orders, executions, positions and the account (v5, linear). Placing is asynchronous; a
// cancelled order can have filled in part, so quantities decide and states do not.
// https://bybit-exchange.github.io/docs/v5/order/open-order

import * as v from "valibot";
import { Decimal } from "../../../domain/decimal.ts";
import type {
  AccountModes,
  FundingEvent,
  SymbolRules,
  VenueBalance,
  VenueFill,
  VenuePosition,
} from "../../../ports/trading-venue.ts";
import { aboveZero, absent, amount, quantity } from "../amounts.ts";
import { type Body, check, failure, integer, mapped, name, type Parsed, then } from "../parsed.ts";
import { listOf, resultOf } from "./parse.ts";

/** The rows of a list, every one of which has to fit, and where the next page begins. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly nextCursor: string | undefined;
}

function pageOf<T>(schema: v.GenericSchema<unknown, T>, body: Body): Parsed<Page<T>> {
  return then(listOf(body), ({ list, nextPageCursor }) =>
    mapped(check(v.array(schema), list, "result.list"), (rows) => ({
      rows,
      nextCursor: nextPageCursor || undefined,
    })),
  );
}

const side = v.picklist(["Buy", "Sell"]);

const OrderRow = v.object({
  orderId: name,
  orderLinkId: v.optional(v.string(), ""),
  symbol: name,
  side,
  orderStatus: name,
  cumExecQty: quantity,
});

export interface BybitOrder {
  readonly orderId: string;
  readonly orderLinkId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly state: "open" | "closed";
  readonly filledQty: Decimal;
}

/** Statuses after which nothing more can happen; any other may still change. */
const CLOSED = new Set(["Filled", "Cancelled", "Rejected", "Deactivated", "PartiallyFilledCanceled"]);

/** `GET /v5/order/realtime` and `/v5/order/history`. */
export function parseOrders(body: Body): Parsed<Page<BybitOrder>> {
  return mapped(pageOf(OrderRow, body), (page) => ({
    ...page,
    rows: page.rows.map((row) => ({
      orderId: row.orderId,
      orderLinkId: row.orderLinkId,
      symbol: row.symbol,
      side: row.side === "Buy" ? "buy" : "sell",
      state: CLOSED.has(row.orderStatus) ? "closed" : "open",
      filledQty: row.cumExecQty,
    })),
  }));
}

const Placed = v.object({ orderId: name });

/** The id in the reply to a new order; undefined when it is no yes or cannot be read. */
export function placedId(body: Body): string | undefined {
  const placed = then(resultOf(body), (result) => check(Placed, result));
  return placed.ok ? placed.value.orderId : undefined;
}

const ExecutionRow = v.object({
  execId: name,
  orderId: name,
  orderLinkId: v.optional(v.string(), ""),
  symbol: name,
  side,
  execType: v.optional(v.string(), "Trade"),
  execPrice: amount,
  execQty: quantity,
  execFee: absent(amount),
  feeCurrency: v.optional(v.string(), ""),
  /** Profit of a closing execution, where it is stated. */
  execPnl: absent(amount),
  execTime: integer,
});

export interface BybitExecution {
  readonly orderId: string;
  readonly orderLinkId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly fill: VenueFill;
}

/** Rows of the execution list that are no fills of an order. */
const NO_FILLS = new Set(["Funding", "Settle", "SessionSettlePnL", "MovePosition"]);

/** `GET /v5/execution/list`: fills only. An empty fee currency is the settlement coin. */
export function parseExecutions(body: Body): Parsed<Page<BybitExecution>> {
  return mapped(pageOf(ExecutionRow, body), (page) => ({
    ...page,
    rows: page.rows
      .filter(({ execType }) => !NO_FILLS.has(execType))
      .map((row) => ({
        orderId: row.orderId,
        orderLinkId: row.orderLinkId,
        symbol: row.symbol,
        side: row.side === "Buy" ? "buy" : "sell",
        fill: {
          fillId: row.execId,
          price: row.execPrice,
          qty: row.execQty,
          fee: row.execFee ?? Decimal.ZERO,
          feeAsset: row.feeCurrency || "USDT",
          realisedUsdt: row.execPnl,
          atMs: row.execTime,
        },
      })),
  }));
}

const PositionRow = v.object({
  symbol: name,
  side: v.optional(v.string(), ""),
  size: quantity,
  positionIdx: v.picklist(["0", "1", "2"]),
  avgPrice: absent(quantity),
  markPrice: absent(quantity),
  liqPrice: absent(quantity),
  leverage: absent(quantity),
});

export interface BybitPosition extends VenuePosition {
  readonly positionIdx: 0 | 1 | 2;
}

/** `GET /v5/position/list`: of a symbol asked for also the empty rows, which tell the position mode. */
export function parsePositions(body: Body): Parsed<Page<BybitPosition>> {
  return mapped(pageOf(PositionRow, body), (page) => ({
    ...page,
    rows: page.rows.map((row) => ({
      symbol: row.symbol,
      side: row.side === "Buy" ? "long" : "short",
      qtyContracts: row.size,
      entryPrice: row.avgPrice ?? Decimal.ZERO,
      markPrice: row.markPrice ?? Decimal.ZERO,
      liquidationPrice: row.liqPrice?.isPositive ? row.liqPrice : undefined,
      leverage: row.leverage?.isPositive ? row.leverage : undefined,
      positionIdx: Number(row.positionIdx) as 0 | 1 | 2,
    })),
  }));
}

const MARGIN_MODES: Readonly<Record<string, AccountModes["marginMode"]>> = {
  REGULAR_MARGIN: "cross",
  ISOLATED_MARGIN: "isolated",
};

/** `GET /v5/account/info`. */
export function parseMarginMode(body: Body): Parsed<AccountModes["marginMode"]> {
  return mapped(
    then(resultOf(body), (result) => check(v.object({ marginMode: name }), result, "result")),
    ({ marginMode }) => MARGIN_MODES[marginMode] ?? "other",
  );
}

const WalletCoin = v.object({
  coin: name,
  walletBalance: absent(amount),
  locked: absent(quantity),
  totalOrderIM: absent(quantity),
  totalPositionIM: absent(quantity),
  unrealisedPnl: absent(amount),
});
const WalletRow = v.object({ totalAvailableBalance: absent(amount), coin: v.array(WalletCoin) });

/**
 * `GET /v5/account/wallet-balance?accountType=UNIFIED`. The venue's own "free" is deprecated and empty. Free here is
 * what a coin's wallet holds beyond margin, locks and losses not yet realised; of USDT at most what the whole account
 * has available. Free and locked add up to the wallet.
 */
export function parseBalances(body: Body): Parsed<VenueBalance[]> {
  return mapped(pageOf(WalletRow, body), ({ rows }) =>
    rows.flatMap(({ totalAvailableBalance, coin: coins }) =>
      coins.map((row) => {
        const wallet = row.walletBalance ?? Decimal.ZERO;
        const bound = [row.locked, row.totalOrderIM, row.totalPositionIM].map((part) => part ?? Decimal.ZERO);
        const loss = Decimal.min(row.unrealisedPnl ?? Decimal.ZERO, Decimal.ZERO);
        const own = wallet.minus(Decimal.sum(bound)).plus(loss);
        const most =
          row.coin === "USDT" && totalAvailableBalance ? Decimal.min(own, totalAvailableBalance) : own;
        const free = Decimal.max(most, Decimal.ZERO);
        return { asset: row.coin, free, locked: wallet.minus(free) };
      }),
    ),
  );
}

const FeeRow = v.object({ symbol: name, takerFeeRate: amount });

/** `GET /v5/account/fee-rate?category=linear&symbol=`: the taker's rate. */
export function parseTakerFee(body: Body, symbol: string): Parsed<Decimal> {
  return then(pageOf(FeeRow, body), ({ rows }) => {
    const row = rows.find((each) => each.symbol === symbol);
    if (row === undefined) return failure("result.list", "missing", `the fee of ${symbol}`, "none");
    return { ok: true, value: row.takerFeeRate, skipped: 0, issues: [] };
  });
}

const InstrumentRow = v.object({
  symbol: name,
  status: name,
  deliveryTime: v.optional(integer, "0"),
  isPreListing: v.optional(v.boolean(), false),
  priceFilter: v.object({ tickSize: aboveZero }),
  lotSizeFilter: v.object({
    qtyStep: aboveZero,
    minOrderQty: aboveZero,
    maxOrderQty: aboveZero,
    maxMktOrderQty: absent(aboveZero),
    minNotionalValue: absent(quantity),
  }),
});

/** Where an older list does not say, USDT. */
const NOTIONAL_MIN_USDT = Decimal.of(5);

/** `GET /v5/market/instruments-info?category=linear&symbol=`. */
export function parseRules(body: Body, symbol: string): Parsed<SymbolRules> {
  return then(listOf(body), ({ list }) => {
    const found = list.find((row) => (row as { symbol?: unknown } | null)?.symbol === symbol);
    if (found === undefined) return failure("result.list", "missing", `the instrument ${symbol}`, "none");
    return mapped(check(InstrumentRow, found, "result.list"), ({ lotSizeFilter: lot, ...row }) => ({
      symbol,
      qtyStep: lot.qtyStep,
      qtyMin: lot.minOrderQty,
      qtyMaxMarket: lot.maxMktOrderQty ?? lot.maxOrderQty,
      priceIncrement: row.priceFilter.tickSize,
      notionalMin: lot.minNotionalValue ?? NOTIONAL_MIN_USDT,
      tradable: row.status === "Trading" && row.deliveryTime === 0 && !row.isPreListing,
    }));
  });
}

const LogRow = v.object({
  id: name,
  symbol: v.optional(v.string(), ""),
  type: v.optional(v.string(), ""),
  currency: v.optional(v.string(), "USDT"),
  funding: absent(amount),
  transactionTime: integer,
});

/** `GET /v5/account/transaction-log?type=SETTLEMENT`: funding in USDT, positive is received. */
export function parseFunding(body: Body): Parsed<Page<FundingEvent>> {
  return mapped(pageOf(LogRow, body), (page) => ({
    ...page,
    rows: page.rows
      .filter(({ type, currency }) => type === "SETTLEMENT" && currency === "USDT")
      .map(({ id, symbol, funding, transactionTime }) => ({
        id,
        symbol,
        amountUsdt: funding ?? Decimal.ZERO,
        atMs: transactionTime,
      })),
  }));
}

/** `GET /v5/market/time`: the venue's clock, epoch ms. */
export function parseTime(body: Body): Parsed<number> {
  return mapped(
    then(resultOf(body), (result) =>
      check(v.object({ timeNano: v.pipe(v.string(), v.regex(/^\d{19}$/)) }), result, "result"),
    ),
    ({ timeNano }) => Number(BigInt(timeNano) / 1_000_000n),
  );
}

const KeyInfo = v.object({
  readOnly: v.optional(integer, "0"),
  permissions: v.object({
    ContractTrade: v.optional(v.array(v.string()), []),
    Wallet: v.optional(v.array(v.string()), []),
  }),
  ips: v.optional(v.array(v.string()), []),
  expiredAt: v.optional(v.string(), ""),
  uta: v.optional(integer, "1"),
});

export interface BybitKeyInfo {
  readonly mayTrade: boolean;
  readonly mayWithdraw: boolean;
  readonly isBoundToAddress: boolean;
  /** NaN when it has no end. */
  readonly endsAtMs: number;
  readonly isUnified: boolean;
}

/** `GET /v5/user/query-api`. */
export function parseKeyInfo(body: Body): Parsed<BybitKeyInfo> {
  return mapped(
    then(resultOf(body), (result) => check(KeyInfo, result, "result")),
    ({ readOnly, permissions, ips, expiredAt, uta }) => ({
      mayTrade:
        readOnly === 0 &&
        permissions.ContractTrade.includes("Order") &&
        permissions.ContractTrade.includes("Position"),
      mayWithdraw: permissions.Wallet.includes("Withdraw"),
      isBoundToAddress: ips.length > 0 && !ips.includes("*"),
      endsAtMs: Date.parse(expiredAt),
      isUnified: uta === 1,
    }),
  );
}
