// Bybit's lists (v5). https://bybit-exchange.github.io/docs/v5/intro
// {"retCode":0,"retMsg":"OK","result":{...},"retExtInfo":{},"time":1735809771618}; refusals come with HTTP 200 and
// another retCode. Numbers are texts, empty where they do not apply.

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

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const Envelope = v.object({ retCode: integer, retMsg: v.optional(v.string(), ""), result: v.unknown() });
const ListResult = v.object({ list: v.array(v.unknown()), nextPageCursor: v.optional(v.string(), "") });

/** The result of an answer; a retCode other than 0 is a failure of the kind "refused". */
export function resultOf(body: Body): Parsed<unknown> {
  return then(readJson(body), (json) =>
    then(check(Envelope, json), ({ retCode, retMsg, result }) =>
      retCode === 0
        ? { ok: true, value: result, skipped: 0, issues: [] }
        : failure("retCode", "refused", "0", `${retCode} ${retMsg}`),
    ),
  );
}

/** The rows of a result and the cursor of the next page. */
export function listOf(body: Body): Parsed<v.InferOutput<typeof ListResult>> {
  return then(resultOf(body), (result) => check(ListResult, result, "result"));
}

const InstrumentRow = v.object({
  symbol: name,
  contractType: v.optional(v.string(), ""),
  status: name,
  baseCoin: name,
  quoteCoin: name,
  settleCoin: name,
  /** "0", or for a perpetual the instant it is delisted. */
  deliveryTime: v.optional(integer, "0"),
  isPreListing: v.optional(v.boolean(), false),
  priceFilter: v.object({ tickSize: positive }),
  /** Older lists lack the minimum notional. */
  lotSizeFilter: v.object({ qtyStep: positive, minOrderQty: positive, minNotionalValue: optionalDecimal }),
});

function isUsdtPerpetual(row: unknown): boolean {
  const { contractType, settleCoin, quoteCoin } = (row ?? {}) as Record<string, unknown>;
  return contractType === "LinearPerpetual" && settleCoin === "USDT" && quoteCoin === "USDT";
}

export interface ListingsPage {
  readonly listings: Listing[];
  /** To be sent as `cursor` for the next page; undefined on the last. */
  readonly nextCursor: string | undefined;
}

/**
 * `GET /v5/market/instruments-info?category=linear&limit=1000`, page by page (more than 500 symbols, 500 a page by
 * default): the USDT perpetuals of coins that trade in Korea, see listingsOf.
 */
export function parseListings(body: Body, koreanTickers: ReadonlySet<string>): Parsed<ListingsPage> {
  return then(listOf(body), ({ list, nextPageCursor }) => {
    const rows = list.filter(isUsdtPerpetual);
    if (rows.length === 0)
      return failure("result.list", "empty", "at least one USDT perpetual", `${list.length} rows`);
    return mapped(checkRows(InstrumentRow, rows, "result.list"), (instruments) => ({
      listings: listingsOf(
        "bybit",
        instruments.map((row) => ({
          base: row.baseCoin,
          symbol: row.symbol,
          tradable: row.status === "Trading" && row.deliveryTime === 0 && !row.isPreListing,
          delistAtMs: row.deliveryTime === 0 ? undefined : row.deliveryTime,
          priceIncrement: row.priceFilter.tickSize,
          qtyStep: row.lotSizeFilter.qtyStep,
          qtyMin: row.lotSizeFilter.minOrderQty,
          notionalMin: row.lotSizeFilter.minNotionalValue,
        })),
        koreanTickers,
      ),
      nextCursor: nextPageCursor || undefined,
    }));
  });
}

const flag = v.pipe(
  v.picklist(["0", "1"]),
  v.transform((text) => text === "1"),
);
const CoinRow = v.object({
  coin: name,
  chains: v.array(
    v.object({ chain: name, chainDeposit: flag, chainWithdraw: flag, withdrawFee: v.optional(v.string()) }),
  ),
});

/**
 * `GET /v5/asset/coin/query-info`, signed. A chain whose withdrawal fee is empty allows no withdrawal. The network
 * named is the first that takes deposits, else the first.
 */
export function parseWallets(body: Body): Parsed<WalletState[]> {
  const rows = then(resultOf(body), (result) =>
    then(check(v.object({ rows: v.array(v.unknown()) }), result, "result"), (value) =>
      checkRows(CoinRow, value.rows, "result.rows"),
    ),
  );
  return mapped(rows, (coins) =>
    coins.map(({ coin, chains }) => ({
      venue: "bybit" as const,
      coin,
      deposit: chains.some((chain) => chain.chainDeposit),
      withdraw: chains.some((chain) => chain.chainWithdraw && chain.withdrawFee !== ""),
      netType: (chains.find((chain) => chain.chainDeposit) ?? chains[0])?.chain,
    })),
  );
}

const CandleRow = v.pipe(
  v.looseTuple([integer, positive, positive, positive, positive, decimal]),
  v.transform(
    ([startAtMs, open, high, low, close, volume]): Candle => ({ startAtMs, open, high, low, close, volume }),
  ),
);

/** `GET /v5/market/kline`, newest first on the wire; the result is oldest first. Volume in the contract's units. */
export function parseCandles(body: Body): Parsed<Candle[]> {
  return mapped(
    then(listOf(body), ({ list }) => checkRows(CandleRow, list, "result.list")),
    (candles) => candles.sort((a, b) => a.startAtMs - b.startAtMs),
  );
}

const FundingRow = v.pipe(
  v.object({
    symbol: name,
    fundingRate: decimal,
    nextFundingTime: integer,
    fundingIntervalHour: v.optional(integer),
    markPrice: positive,
    indexPrice: positive,
  }),
  v.transform(
    (row): Funding => ({
      symbol: row.symbol,
      rate: row.fundingRate,
      nextAtMs: row.nextFundingTime,
      intervalMs: row.fundingIntervalHour === undefined ? undefined : row.fundingIntervalHour * HOUR_MS,
      markPriceUsdt: row.markPrice,
      indexPriceUsdt: row.indexPrice,
    }),
  ),
);

/** Contracts without funding (dated futures) are in the same list, with an empty rate. */
function hasFunding(row: unknown): boolean {
  return (row as { fundingRate?: unknown } | null)?.fundingRate !== "";
}

/** `GET /v5/market/tickers?category=linear`: what each perpetual pays next. */
export function parseFunding(body: Body): Parsed<Funding[]> {
  return then(listOf(body), ({ list }) => checkRows(FundingRow, list.filter(hasFunding), "result.list"));
}

const PaymentRow = v.pipe(
  v.object({ symbol: name, fundingRate: decimal, fundingRateTimestamp: integer }),
  v.transform(
    (row): FundingPayment => ({ symbol: row.symbol, rate: row.fundingRate, atMs: row.fundingRateTimestamp }),
  ),
);

/** `GET /v5/market/funding/history`. */
export function parseFundingHistory(body: Body): Parsed<FundingPayment[]> {
  return then(listOf(body), ({ list }) => checkRows(PaymentRow, list, "result.list"));
}

const PriceRow = v.object({ symbol: name, lastPrice: positive });

/** `GET /v5/market/tickers?category=linear`: last price in USDT by symbol, to confirm identities by. */
export function parsePrices(body: Body): Parsed<Map<string, number>> {
  return mapped(
    then(listOf(body), ({ list }) => checkRows(PriceRow, list, "result.list")),
    (rows) => new Map(rows.map((row) => [row.symbol, Number(row.lastPrice)])),
  );
}

const KINDS = kindsByCode({
  "rate-limited": [10006, 10018],
  overloaded: [429, 10016, 10429],
  "outcome-unknown": [10000],
  "bad-parameter": [10001],
  "bad-key": [10003, 33004],
  "bad-signature": [10004],
  "not-permitted": [10005, 10024],
  "address-refused": [10009, 10010],
  "bad-time": [10002],
  "insufficient-funds": [110004, 110006, 110007, 110012, 110044, 110045, 170131],
  "below-minimum": [110094],
  "bad-step": [110017],
  "unknown-order": [110001],
  "duplicate-id": [110072, 10014],
  unchanged: [110043, 110025, 30084],
  "reduce-only": [110034],
  "not-tradable": [110074, 110042, 110023, 30228],
});

const RefusalBody = v.union([
  v.object({ retCode: integer, retMsg: v.optional(v.string(), "") }),
  v.pipe(
    v.object({ ret_code: integer, ret_msg: v.optional(v.string(), "") }),
    v.transform(({ ret_code: retCode, ret_msg: retMsg }) => ({ retCode, retMsg })),
  ),
]);

/** The refusal a body carries; undefined when it is none. */
export function parseRefusal(body: Body): VenueRefusal | undefined {
  const parsed = then(readJson(body), (json) => check(RefusalBody, json));
  if (!parsed.ok || parsed.value.retCode === 0) return undefined;
  const code = String(parsed.value.retCode);
  return { kind: KINDS.get(code) ?? "other", code, message: parsed.value.retMsg };
}
