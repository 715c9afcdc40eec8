// Bithumb's lists (API 2.0). https://apidocs.bithumb.com
// {"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_warning":"NONE"}

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
import { type Body, checkRows, mapped, name, type Parsed, then } from "../parsed.ts";
import type { VenueRefusal } from "../refusal.ts";

const NO_WARNING = "NONE";

const MarketRow = v.object({
  market: marketCode,
  korean_name: v.optional(v.string(), ""),
  english_name: v.optional(v.string(), ""),
  /** Only with `isDetails=true`. */
  market_warning: v.optional(v.string(), NO_WARNING),
});

/**
 * `GET /v1/market/all?isDetails=true`: the KRW markets. `warnings`: from parseWarnings; they follow the list's own
 * flag ("CAUTION").
 */
export function parseListings(
  body: Body,
  warnings?: ReadonlyMap<string, readonly string[]>,
): Parsed<Listing[]> {
  return mapped(
    then(krwRowsIn(body), (rows) => checkRows(MarketRow, rows, "")),
    (rows) =>
      rows.map((row) =>
        krwListing("bithumb", row.market, {
          displayName: row.korean_name || row.english_name,
          warnings: [
            ...(row.market_warning === NO_WARNING ? [] : [row.market_warning]),
            ...(warnings?.get(row.market) ?? []),
          ],
        }),
      ),
  );
}

const WarningRow = v.object({ market: marketCode, warning_type: name });

/** `GET /v1/market/virtual_asset_warning`: warning types by market. No market need be warned of: an empty list is one. */
export function parseWarnings(body: Body): Parsed<Map<string, string[]>> {
  const rows = then(rowsIn(body), (list) =>
    list.length === 0
      ? { ok: true as const, value: [], skipped: 0, issues: [] }
      : checkRows(WarningRow, list, ""),
  );
  return mapped(rows, (list) => {
    const byMarket = new Map<string, string[]>();
    for (const { market, warning_type: type } of list) {
      const types = byMarket.get(market) ?? [];
      if (!types.includes(type)) types.push(type);
      byMarket.set(market, types);
    }
    return byMarket;
  });
}

/** `GET /v1/status/wallet`, signed. */
export function parseWallets(body: Body): Parsed<WalletState[]> {
  return parseKrwWallets("bithumb", body);
}

/** `GET /v1/candles/...`; oldest first. */
export function parseCandles(body: Body): Parsed<Candle[]> {
  return parseKrwCandles(body);
}

/** `GET /v1/ticker`: last price in KRW by market, to confirm identities by. At most 200 markets a request. */
export function parsePrices(body: Body): Parsed<Map<string, number>> {
  return parseKrwPrices(body);
}

/** The refusal a body carries; undefined when it is none. */
export function parseRefusal(body: Body): VenueRefusal | undefined {
  return parseKrwRefusal(body);
}
