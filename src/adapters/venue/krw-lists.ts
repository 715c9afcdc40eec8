// The lists Upbit and Bithumb share the shape of: wallets, candles, last prices, refusals. Their market lists differ in
// how they warn and stand in each venue's parse.ts.

import * as v from "valibot";
import type { DomesticVenue } from "../../../schema/vocabulary.ts";
import type { Candle, Listing, WalletState } from "../../domain/instrument.ts";
import {
  type Body,
  check,
  checkRows,
  decimal,
  failure,
  mapped,
  name,
  type Parsed,
  positive,
  readJson,
  then,
} from "./parsed.ts";
import { kindsByCode, type VenueRefusal } from "./refusal.ts";

/** "KRW-BTC". Tickers are upper case; anything else in a KRW market is a row that does not fit. */
export const marketCode = v.pipe(v.string(), v.regex(/^[A-Z]+-[A-Z0-9]+$/));
const KRW_PREFIX = "KRW-";

/** The rows of an answer that is a bare array; a refusal says so in its issue. */
export function rowsIn(body: Body): Parsed<unknown[]> {
  return then(readJson(body), (value) => {
    if (Array.isArray(value)) return { ok: true, value: value as unknown[], skipped: 0, issues: [] };
    const refused = refusalIn(value);
    if (refused !== undefined)
      return failure("error", "refused", "a list", `${refused.code} ${refused.message}`);
    return failure("", "array", "a list", value);
  });
}

/** Rows that are markets against KRW; the others (BTC, USDT markets) are not ours and do not count as left out. */
export function krwRowsIn(body: Body): Parsed<unknown[]> {
  return then(rowsIn(body), (rows) => {
    const krw = rows.filter((row) => {
      const market = (row as { market?: unknown } | null)?.market;
      return typeof market !== "string" || market.startsWith(KRW_PREFIX);
    });
    if (krw.length === 0) return failure("", "empty", "at least one KRW market", `${rows.length} rows`);
    return { ok: true, value: krw, skipped: 0, issues: [] };
  });
}

export function krwListing(
  venue: DomesticVenue,
  market: string,
  more: { displayName: string; warnings: readonly string[]; priceIncrement?: string | undefined },
): Listing {
  const coin = market.slice(KRW_PREFIX.length);
  return {
    venue,
    coin,
    symbol: market,
    multiplier: 1,
    displayName: more.displayName || coin,
    tradable: true,
    warnings: more.warnings,
    delistAtMs: undefined,
    priceIncrement: more.priceIncrement,
    // Steps and minimums stand in the account's `orders/chance`, not in the list.
    qtyStep: undefined,
    qtyMin: undefined,
    notionalMin: undefined,
  };
}

const WALLET_STATES = ["working", "withdraw_only", "deposit_only", "paused", "unsupported"] as const;

const WalletRow = v.object({
  currency: name,
  wallet_state: v.picklist(WALLET_STATES),
  net_type: v.nullish(v.string()),
});

/**
 * `GET /v1/status/wallet`: one row per network. A coin can be brought in when any of its networks takes deposits. The
 * network named is the first that does, else the first.
 */
export function parseKrwWallets(venue: DomesticVenue, body: Body): Parsed<WalletState[]> {
  const rows = then(rowsIn(body), (value) => checkRows(WalletRow, value, ""));
  return mapped(rows, (networks) =>
    [...Map.groupBy(networks, (row) => row.currency)].map(([coin, group]) => {
      const takesDeposits = group.filter(
        ({ wallet_state: state }) => state === "working" || state === "deposit_only",
      );
      return {
        venue,
        coin,
        deposit: takesDeposits.length > 0,
        withdraw: group.some(({ wallet_state: state }) => state === "working" || state === "withdraw_only"),
        netType: (takesDeposits[0] ?? group[0]!).net_type ?? undefined,
      };
    }),
  );
}

const CandleRow = v.pipe(
  v.object({
    candle_date_time_utc: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)),
    opening_price: positive,
    high_price: positive,
    low_price: positive,
    trade_price: positive,
    candle_acc_trade_volume: decimal,
  }),
  v.transform(
    (row): Candle => ({
      startAtMs: Date.parse(`${row.candle_date_time_utc}Z`),
      open: row.opening_price,
      high: row.high_price,
      low: row.low_price,
      close: row.trade_price,
      volume: row.candle_acc_trade_volume,
    }),
  ),
  v.check((candle) => Number.isFinite(candle.startAtMs), "a date and time"),
);

/** `GET /v1/candles/...`, newest first on the wire; the result is oldest first. */
export function parseKrwCandles(body: Body): Parsed<Candle[]> {
  return mapped(
    then(rowsIn(body), (rows) => checkRows(CandleRow, rows, "")),
    (candles) => candles.sort((a, b) => a.startAtMs - b.startAtMs),
  );
}

const TickerRow = v.object({ market: marketCode, trade_price: positive });

/** `GET /v1/ticker`: the last price in KRW by market. */
export function parseKrwPrices(body: Body): Parsed<Map<string, number>> {
  return mapped(
    then(rowsIn(body), (rows) => checkRows(TickerRow, rows, "")),
    (rows) => new Map(rows.map((row) => [row.market, Number(row.trade_price)])),
  );
}

const KINDS = kindsByCode({
  "rate-limited": [429, 418, "too_many_requests"],
  overloaded: [500, 502, 503, "server_error"],
  "unknown-symbol": [404, "market_not_found", "notfoundmarket"],
  "bad-parameter": [
    400,
    "invalid_parameter",
    "validation_error",
    "create_bid_error",
    "create_ask_error",
    "withdraw_address_not_registerd",
    "5100",
    "5500",
  ],
  "bad-key": ["invalid_access_key", "expired_access_key", "no_authorization_token", "5300"],
  "bad-signature": ["jwt_verification", "invalid_query_payload"],
  "bad-time": ["nonce_used", "expired_jwt"],
  "address-refused": ["no_authorization_ip", "no_authorization_i_p", "NotAllowIP", "5302"],
  "not-permitted": ["out_of_scope", "blocked_member_id"],
  "insufficient-funds": ["insufficient_funds_bid", "insufficient_funds_ask"],
  "below-minimum": [
    "under_min_total_bid",
    "under_min_total_ask",
    "under_price_limit_bid",
    "under_price_limit_ask",
  ],
  "bad-step": ["invalid_price", "invalid_price_bid", "invalid_price_ask"],
  "unknown-order": ["order_not_found"],
  "order-not-ready": ["order_not_ready"],
});

const ErrorBody = v.object({ error: v.object({ name, message: v.optional(v.string(), "") }) });
const LegacyBody = v.object({
  status: name,
  message: v.optional(v.string(), ""),
  resmsg: v.optional(v.string()),
});

function refusalIn(value: unknown): VenueRefusal | undefined {
  const current = check(ErrorBody, value);
  if (current.ok) {
    const { name: code, message } = current.value.error;
    return { kind: KINDS.get(code) ?? "other", code, message };
  }
  const legacy = check(LegacyBody, value);
  if (!legacy.ok || legacy.value.status === "0000") return undefined;
  const { status: code, message, resmsg } = legacy.value;
  return { kind: KINDS.get(code) ?? "other", code, message: resmsg ?? message };
}

/**
 * {"error":{"name","message"}}, where the name is a word or, on public endpoints, the HTTP status; or Bithumb's API 1.0,
 * {"status","message"}. Undefined when the body is no refusal.
 */
export function parseKrwRefusal(body: Body): VenueRefusal | undefined {
  const json = readJson(body);
  return json.ok ? refusalIn(json.value) : undefined;
}
