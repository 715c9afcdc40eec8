// What Binance USD-M answers about an account and its symbols.
// https://developers.binance.com/docs/derivatives/usds-margined-futures/account

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
import { oneAs, rowsAs } from "./order-parse.ts";

const BalanceRow = v.object({ asset: name, balance: amount, availableBalance: amount });

/** `GET /fapi/v3/balance`. What is available may exceed the wallet by profits not yet realised: those do not count. */
export function parseBalances(body: Body): Parsed<VenueBalance[]> {
  return mapped(rowsAs(BalanceRow, body), (rows) =>
    rows.map(({ asset, balance, availableBalance }) => {
      const free = Decimal.max(Decimal.min(availableBalance, balance), Decimal.ZERO);
      return { asset, free, locked: balance.minus(free) };
    }),
  );
}

const FeeRow = v.object({ symbol: name, takerCommissionRate: amount });

/** `GET /fapi/v1/commissionRate?symbol=`: the taker's rate. */
export function parseTakerFee(body: Body, symbol: string): Parsed<Decimal> {
  return then(oneAs(FeeRow, body), (row) =>
    row.symbol === symbol
      ? { ok: true, value: row.takerCommissionRate, skipped: 0, issues: [] }
      : failure("symbol", "other", symbol, row.symbol),
  );
}

const PositionRow = v.object({
  symbol: name,
  positionSide: v.picklist(["BOTH", "LONG", "SHORT"]),
  positionAmt: amount,
  entryPrice: absent(quantity),
  markPrice: absent(quantity),
  liquidationPrice: absent(quantity),
});

/** `GET /fapi/v3/positionRisk`: positions of some size, without leverage (it is in symbolConfig). */
export function parsePositions(body: Body): Parsed<Omit<VenuePosition, "leverage">[]> {
  return mapped(rowsAs(PositionRow, body), (rows) =>
    rows
      .filter(({ positionAmt }) => !positionAmt.isZero)
      .map((row) => ({
        symbol: row.symbol,
        side: (row.positionSide === "BOTH" ? row.positionAmt.isNegative : row.positionSide === "SHORT")
          ? "short"
          : "long",
        qtyContracts: row.positionAmt.abs(),
        entryPrice: row.entryPrice ?? Decimal.ZERO,
        markPrice: row.markPrice ?? Decimal.ZERO,
        liquidationPrice: row.liquidationPrice?.isPositive ? row.liquidationPrice : undefined,
      })),
  );
}

const MARGIN_MODES: Readonly<Record<string, AccountModes["marginMode"]>> = {
  CROSSED: "cross",
  CROSS: "cross",
  ISOLATED: "isolated",
};

const ConfigRow = v.pipe(
  v.object({ symbol: name, marginType: name, leverage: aboveZero }),
  v.transform(({ symbol, marginType, leverage }) => ({
    symbol,
    leverage,
    marginMode: MARGIN_MODES[marginType.toUpperCase()] ?? ("other" as const),
  })),
);
export type BinanceSymbolConfig = v.InferOutput<typeof ConfigRow>;

/** `GET /fapi/v1/symbolConfig`. */
export function parseSymbolConfig(body: Body): Parsed<BinanceSymbolConfig[]> {
  return rowsAs(ConfigRow, body);
}

const flag = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false"])]),
  v.transform((value) => String(value) === "true"),
);
const AccountConfig = v.object({ dualSidePosition: flag, canTrade: v.optional(flag, true) });

export interface BinanceAccountConfig {
  readonly positionMode: AccountModes["positionMode"];
  readonly canTrade: boolean;
}

/** `GET /fapi/v1/accountConfig`: the position mode costs 5 here, and 30 at its own endpoint. */
export function parseAccountConfig(body: Body): Parsed<BinanceAccountConfig> {
  return mapped(oneAs(AccountConfig, body), ({ dualSidePosition, canTrade }) => ({
    positionMode: dualSidePosition ? "hedge" : "one-way",
    canTrade,
  }));
}

/** `POST /fapi/v1/leverage`: the leverage now in force. */
export function parseLeverage(body: Body): Parsed<Decimal> {
  return mapped(oneAs(v.object({ leverage: aboveZero }), body), ({ leverage }) => leverage);
}

const IncomeRow = v.object({
  symbol: v.optional(v.string(), ""),
  incomeType: name,
  income: amount,
  asset: name,
  time: integer,
  tranId: name,
});

/** One page of `GET /fapi/v1/income?incomeType=FUNDING_FEE`, and the instant of its last row whatever that was. */
export interface IncomePage {
  readonly events: readonly FundingEvent[];
  readonly rowCount: number;
  readonly lastAtMs: number;
}

/** Funding in USDT, positive is received. */
export function parseFunding(body: Body): Parsed<IncomePage> {
  return mapped(rowsAs(IncomeRow, body), (rows) => ({
    rowCount: rows.length,
    lastAtMs: rows.reduce((latest, { time }) => Math.max(latest, time), 0),
    events: rows
      .filter(({ incomeType, asset }) => incomeType === "FUNDING_FEE" && asset === "USDT")
      .map(({ symbol, income, time, tranId }) => ({
        id: `${symbol}-${tranId}`,
        symbol,
        amountUsdt: income,
        atMs: time,
      })),
  }));
}

const Filter = v.object({
  filterType: name,
  tickSize: absent(quantity),
  stepSize: absent(quantity),
  minQty: absent(quantity),
  maxQty: absent(quantity),
  notional: absent(quantity),
});
const SymbolRow = v.object({
  symbol: name,
  status: name,
  contractType: v.optional(v.string(), ""),
  deliveryDate: v.optional(integer, "0"),
  filters: v.array(Filter),
});

/** Delivery dates from 2096 on mean "never". */
const NEVER_FROM_MS = 4_000_000_000_000;
const NOTIONAL_MIN_USDT = Decimal.of(5);

const larger = (one: Decimal | undefined, other: Decimal | undefined) =>
  one && other ? Decimal.max(one, other) : (one ?? other);
const smaller = (one: Decimal | undefined, other: Decimal | undefined) =>
  one && other ? Decimal.min(one, other) : (one ?? other);

/** One symbol of `GET /fapi/v1/exchangeInfo`, its rows as they came; a market order has to fit both lot filters. */
export function parseRules(rows: readonly unknown[], symbol: string): Parsed<SymbolRules> {
  const found = rows.find((row) => (row as { symbol?: unknown } | null)?.symbol === symbol);
  if (found === undefined) return failure("symbols", "missing", `the symbol ${symbol}`, "none");
  return then(check(SymbolRow, found, "symbols"), ({ filters, status, deliveryDate }) => {
    const filter = (type: string) => filters.find(({ filterType }) => filterType === type);
    const lot = filter("LOT_SIZE");
    const marketLot = filter("MARKET_LOT_SIZE");
    const qtyStep = larger(lot?.stepSize, marketLot?.stepSize);
    const qtyMin = larger(lot?.minQty, marketLot?.minQty);
    const qtyMax = smaller(lot?.maxQty, marketLot?.maxQty);
    const priceIncrement = filter("PRICE_FILTER")?.tickSize;
    if (!qtyStep?.isPositive || !qtyMin || !qtyMax || !priceIncrement?.isPositive) {
      return failure(
        "symbols.filters",
        "missing",
        "LOT_SIZE and PRICE_FILTER",
        filters.map(({ filterType }) => filterType),
      );
    }
    const rules: SymbolRules = {
      symbol,
      qtyStep,
      qtyMin,
      qtyMaxMarket: qtyMax,
      qtyMaxLimit: lot?.maxQty ?? qtyMax,
      priceIncrement,
      notionalMin: filter("MIN_NOTIONAL")?.notional ?? NOTIONAL_MIN_USDT,
      tradable: status === "TRADING" && (deliveryDate === 0 || deliveryDate >= NEVER_FROM_MS),
    };
    return { ok: true, value: rules, skipped: 0, issues: [] };
  });
}

/** The rows of `GET /fapi/v1/exchangeInfo`, not looked at yet. */
export function parseSymbols(body: Body): Parsed<unknown[]> {
  return mapped(oneAs(v.object({ symbols: v.array(v.unknown()) }), body), ({ symbols }) => symbols);
}

/** `GET /fapi/v1/time`: the venue's clock, epoch ms. */
export function parseTime(body: Body): Parsed<number> {
  return mapped(oneAs(v.object({ serverTime: integer }), body), ({ serverTime }) => serverTime);
}

const Restrictions = v.object({
  ipRestrict: v.optional(v.boolean(), false),
  enableReading: v.optional(v.boolean(), true),
  enableFutures: v.optional(v.boolean(), false),
  enableWithdrawals: v.optional(v.boolean(), false),
  tradingAuthorityExpirationTime: absent(integer),
});
export type BinanceRestrictions = v.InferOutput<typeof Restrictions>;

/** `GET /sapi/v1/account/apiRestrictions` on the spot host. */
export function parseRestrictions(body: Body): Parsed<BinanceRestrictions> {
  return oneAs(Restrictions, body);
}
