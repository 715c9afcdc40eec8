// What Bybit answers about an account and its symbols (v5, unified account, linear).
// https://bybit-exchange.github.io/docs/v5/account/wallet-balance

import * as v from "valibot";
import { Decimal } from "../../../domain/decimal.ts";
import type {
  AccountModes,
  FundingEvent,
  SymbolRules,
  VenueBalance,
  VenuePosition,
} from "../../../ports/trading-venue.ts";
import { aboveZero, absent, amount, quantity } from "../amounts.ts";
import { type Body, check, failure, integer, mapped, name, type Parsed, then } from "../parsed.ts";
import { type Page, pageOf } from "./order-parse.ts";
import { listOf, resultOf } from "./parse.ts";

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
      qtyMaxLimit: lot.maxOrderQty,
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
  change: amount,
  cashFlow: absent(amount),
  transactionTime: integer,
});

/**
 * `GET /v5/account/transaction-log?type=SETTLEMENT`: funding in USDT, positive is received. Taken from what it changed
 * in the wallet: the sign of the field called funding has meant both in the venue's documents.
 */
export function parseFunding(body: Body): Parsed<Page<FundingEvent>> {
  return mapped(pageOf(LogRow, body), (page) => ({
    ...page,
    rows: page.rows
      .filter(({ type, currency }) => type === "SETTLEMENT" && currency === "USDT")
      .map(({ id, symbol, change, cashFlow, transactionTime }) => ({
        id,
        symbol,
        amountUsdt: change.minus(cashFlow ?? Decimal.ZERO),
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
