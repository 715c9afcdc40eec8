// Binance's lists (USD-M futures; wallets on the spot host).
// https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
// Lists are bare, refusals are {"code":-1121,"msg":"Invalid symbol."}; only negative codes are refusals.

import * as v from "valibot";
import type { Candle, Funding, FundingPayment, Listing, WalletState } from "../../../domain/instrument.ts";
import {
  type Body,
  check,
  checkRows,
  decimal,
  failure,
  integer,
  mapped,
  name,
  optionalDecimal,
  type Parsed,
  positive,
  readJson,
  then,
} from "../parsed.ts";
import { listingsOf } from "../perp-listings.ts";
import { kindsByCode, type VenueRefusal } from "../refusal.ts";

const HOUR_MS = 3_600_000;
/** Delivery dates from 2096 on mean "never"; perpetuals carry 2100-12-25. */
const NEVER_FROM_MS = 4_000_000_000_000;

/** An answer's value; a negative code is a failure of the kind "refused". */
export function answerOf(body: Body): Parsed<unknown> {
  return then(readJson(body), (value) => {
    const refused = refusalIn(value);
    if (refused === undefined) return { ok: true, value, skipped: 0, issues: [] };
    return failure("code", "refused", "an answer", `${refused.code} ${refused.message}`);
  });
}

/** The rows of an answer that is a bare list. */
export function rowsOf(body: Body): Parsed<unknown[]> {
  return then(answerOf(body), (value) => check(v.array(v.unknown()), value));
}

const Filter = v.object({
  filterType: name,
  tickSize: optionalDecimal,
  stepSize: optionalDecimal,
  minQty: optionalDecimal,
  notional: optionalDecimal,
});

const SymbolRow = v.object({
  symbol: name,
  status: name,
  baseAsset: name,
  deliveryDate: v.optional(integer, "0"),
  filters: v.pipe(v.array(Filter), v.minLength(1)),
});

function isUsdtPerpetual(row: unknown): boolean {
  const { contractType, quoteAsset, marginAsset } = (row ?? {}) as Record<string, unknown>;
  return contractType === "PERPETUAL" && quoteAsset === "USDT" && marginAsset === "USDT";
}

/** The larger of what the two filters say: a market order has to satisfy both. */
function larger(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Number(one) >= Number(other) ? one : other;
}

/** `GET /fapi/v1/exchangeInfo`: the USDT perpetuals of coins that trade in Korea, see listingsOf. */
export function parseListings(body: Body, koreanTickers: ReadonlySet<string>): Parsed<Listing[]> {
  const symbols = then(answerOf(body), (value) => check(v.object({ symbols: v.array(v.unknown()) }), value));
  return then(symbols, ({ symbols: all }) => {
    const rows = all.filter(isUsdtPerpetual);
    if (rows.length === 0)
      return failure("symbols", "empty", "at least one USDT perpetual", `${all.length} rows`);
    return mapped(checkRows(SymbolRow, rows, "symbols"), (list) =>
      listingsOf(
        "binance",
        list.map(({ symbol, status, baseAsset, deliveryDate, filters }) => {
          const filter = (type: string) => filters.find((each) => each.filterType === type);
          const lot = filter("LOT_SIZE");
          const marketLot = filter("MARKET_LOT_SIZE");
          const ends = deliveryDate > 0 && deliveryDate < NEVER_FROM_MS;
          return {
            base: baseAsset,
            symbol,
            tradable: status === "TRADING" && !ends,
            delistAtMs: ends ? deliveryDate : undefined,
            priceIncrement: filter("PRICE_FILTER")?.tickSize,
            qtyStep: larger(lot?.stepSize, marketLot?.stepSize),
            qtyMin: larger(lot?.minQty, marketLot?.minQty),
            notionalMin: filter("MIN_NOTIONAL")?.notional,
          };
        }),
        koreanTickers,
      ),
    );
  });
}

const CoinRow = v.object({
  coin: name,
  isLegalMoney: v.optional(v.boolean(), false),
  depositAllEnable: v.optional(v.boolean(), true),
  withdrawAllEnable: v.optional(v.boolean(), true),
  networkList: v.array(v.object({ network: name, depositEnable: v.boolean(), withdrawEnable: v.boolean() })),
});

/**
 * `GET /sapi/v1/capital/config/getall`, signed, on the spot host. The network named is the first that takes deposits,
 * else the first. Fiat money is left out.
 */
export function parseWallets(body: Body): Parsed<WalletState[]> {
  return mapped(
    then(rowsOf(body), (rows) => checkRows(CoinRow, rows, "")),
    (coins) =>
      coins
        .filter((coin) => !coin.isLegalMoney)
        .map(({ coin, depositAllEnable, withdrawAllEnable, networkList }) => {
          const takesDeposits = networkList.find((network) => network.depositEnable);
          return {
            venue: "binance" as const,
            coin,
            deposit: depositAllEnable && takesDeposits !== undefined,
            withdraw: withdrawAllEnable && networkList.some((network) => network.withdrawEnable),
            netType: (takesDeposits ?? networkList[0])?.network,
          };
        }),
  );
}

const CandleRow = v.pipe(
  v.looseTuple([integer, positive, positive, positive, positive, decimal]),
  v.transform(
    ([startAtMs, open, high, low, close, volume]): Candle => ({ startAtMs, open, high, low, close, volume }),
  ),
);

/** `GET /fapi/v1/klines`; oldest first. Volume in the contract's units. */
export function parseCandles(body: Body): Parsed<Candle[]> {
  return mapped(
    then(rowsOf(body), (rows) => checkRows(CandleRow, rows, "")),
    (candles) => candles.sort((a, b) => a.startAtMs - b.startAtMs),
  );
}

const MarkRow = v.object({
  symbol: name,
  lastFundingRate: optionalDecimal,
  nextFundingTime: integer,
  markPrice: decimal,
  indexPrice: decimal,
});

/** One symbol asked for: an object; all of them: a list. */
function markRowsOf(body: Body): Parsed<v.InferOutput<typeof MarkRow>[]> {
  return then(answerOf(body), (value) => checkRows(MarkRow, Array.isArray(value) ? value : [value], ""));
}

/**
 * `GET /fapi/v1/premiumIndex`: what each perpetual pays next. `intervals`: from parseFundingIntervals, which lists only
 * symbols that differ from the usual 8 hours.
 */
export function parseFunding(body: Body, intervals?: ReadonlyMap<string, number>): Parsed<Funding[]> {
  return mapped(markRowsOf(body), (rows) =>
    rows.flatMap((row) =>
      // Dated futures pay none: an empty rate and no next payment.
      row.lastFundingRate === undefined || row.nextFundingTime === 0
        ? []
        : [
            {
              symbol: row.symbol,
              rate: row.lastFundingRate,
              nextAtMs: row.nextFundingTime,
              intervalMs: intervals === undefined ? undefined : (intervals.get(row.symbol) ?? 8 * HOUR_MS),
              markPriceUsdt: row.markPrice,
              indexPriceUsdt: row.indexPrice,
            },
          ],
    ),
  );
}

const IntervalRow = v.object({ symbol: name, fundingIntervalHours: integer });

/** `GET /fapi/v1/fundingInfo`: ms between payments by symbol, for symbols whose interval or cap was adjusted. */
export function parseFundingIntervals(body: Body): Parsed<Map<string, number>> {
  return mapped(
    then(rowsOf(body), (rows) => checkRows(IntervalRow, rows, "")),
    (rows) => new Map(rows.map((row) => [row.symbol, row.fundingIntervalHours * HOUR_MS])),
  );
}

const PaymentRow = v.pipe(
  v.object({ symbol: name, fundingRate: decimal, fundingTime: integer }),
  v.transform(
    (row): FundingPayment => ({ symbol: row.symbol, rate: row.fundingRate, atMs: row.fundingTime }),
  ),
);

/** `GET /fapi/v1/fundingRate`. */
export function parseFundingHistory(body: Body): Parsed<FundingPayment[]> {
  return then(rowsOf(body), (rows) => checkRows(PaymentRow, rows, ""));
}

/** `GET /fapi/v1/premiumIndex`: mark price in USDT by symbol, to confirm identities by. */
export function parsePrices(body: Body): Parsed<Map<string, number>> {
  return mapped(markRowsOf(body), (rows) => new Map(rows.map((row) => [row.symbol, Number(row.markPrice)])));
}

const KINDS = kindsByCode({
  "rate-limited": [-1003, -1015],
  overloaded: [-1001, -1008, -1016],
  "outcome-unknown": [-1006, -1007],
  "unknown-symbol": [-1121, -1122],
  "bad-parameter": [
    -1013, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1128, -1130, -4015, -4021, -4028, -4088,
  ],
  "bad-key": [-2014, -2015],
  "bad-signature": [-1022],
  "bad-time": [-1021],
  "not-permitted": [-1002, -4061],
  "insufficient-funds": [-2018, -2019],
  "below-minimum": [-4164, -4003],
  "bad-step": [-1111, -4005, -4014, -4023],
  "unknown-order": [-2011, -2013],
  "duplicate-id": [-4116],
  unchanged: [-4046, -4059],
  "reduce-only": [-2022, -4118],
  "not-tradable": [-4108, -4131, -4140],
});

const RefusalBody = v.object({ code: integer, msg: v.optional(v.string(), "") });

function refusalIn(value: unknown): VenueRefusal | undefined {
  // A cancellation may be refused inside a list of one.
  const parsed = check(RefusalBody, Array.isArray(value) && value.length === 1 ? value[0] : value);
  if (!parsed.ok || parsed.value.code >= 0) return undefined;
  const code = String(parsed.value.code);
  return { kind: KINDS.get(code) ?? "other", code, message: parsed.value.msg };
}

/** The refusal a body carries; undefined when it is none. */
export function parseRefusal(body: Body): VenueRefusal | undefined {
  const json = readJson(body);
  return json.ok ? refusalIn(json.value) : undefined;
}
