// Upbit's lists. https://docs.upbit.com/kr/reference
// {"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_event":{"warning":false,"caution":{
//   "PRICE_FLUCTUATIONS":false,"TRADING_VOLUME_SOARING":false,...}}}

import * as v from "valibot";
import type { Candle, Listing, WalletState } from "../../../domain/instrument.ts";
import {
  krwListing,
  krwRowsIn,
  marketCode,
  parseKrwCandles,
  parseKrwPrices,
  parseKrwRefusal,
  parseKrwWallets,
  rowsIn,
} from "../krw-lists.ts";
import { type Body, checkRows, mapped, type Parsed, positive, then } from "../parsed.ts";
import type { VenueRefusal } from "../refusal.ts";

const MarketRow = v.object({
  market: marketCode,
  korean_name: v.optional(v.string(), ""),
  english_name: v.optional(v.string(), ""),
  /** Only with `is_details=true`. */
  market_event: v.optional(
    v.object({
      warning: v.optional(v.boolean(), false),
      caution: v.optional(v.record(v.string(), v.boolean()), {}),
    }),
  ),
});

/**
 * `GET /v1/market/all?is_details=true`: the KRW markets. Warnings: "WARNING" for an investment warning, then the names
 * of the cautions raised. `priceIncrements`: from parsePriceIncrements, where it was asked for.
 */
export function parseListings(body: Body, priceIncrements?: ReadonlyMap<string, string>): Parsed<Listing[]> {
  return mapped(
    then(krwRowsIn(body), (rows) => checkRows(MarketRow, rows, "")),
    (rows) =>
      rows.map((row) => {
        const { warning = false, caution = {} } = row.market_event ?? {};
        const cautions = Object.keys(caution).filter((flag) => caution[flag]);
        return krwListing("upbit", row.market, {
          displayName: row.korean_name || row.english_name,
          warnings: warning ? ["WARNING", ...cautions] : cautions,
          priceIncrement: priceIncrements?.get(row.market),
        });
      }),
  );
}

const IncrementRow = v.object({ market: marketCode, tick_size: positive });

/** `GET /v1/orderbook/instruments`: the price increment in KRW by market, at its present price. */
export function parsePriceIncrements(body: Body): Parsed<Map<string, string>> {
  return mapped(
    then(rowsIn(body), (rows) => checkRows(IncrementRow, rows, "")),
    (rows) => new Map(rows.map((row) => [row.market, row.tick_size])),
  );
}

/** `GET /v1/status/wallet`, signed. The venue itself says it lags by minutes. */
export function parseWallets(body: Body): Parsed<WalletState[]> {
  return parseKrwWallets("upbit", body);
}

/** `GET /v1/candles/...`; oldest first. */
export function parseCandles(body: Body): Parsed<Candle[]> {
  return parseKrwCandles(body);
}

/** `GET /v1/ticker`: last price in KRW by market, to confirm identities by. */
export function parsePrices(body: Body): Parsed<Map<string, number>> {
  return parseKrwPrices(body);
}

/** The refusal a body carries; undefined when it is none. */
export function parseRefusal(body: Body): VenueRefusal | undefined {
  return parseKrwRefusal(body);
}
