// Wallet states with an operator's read-only key, through ccxt: it signs for all four venues and is right about these
// calls (docs/venues.md). Only the raw calls are used; the bodies go through our own parsers.

import ccxtBinance from "ccxt-src/binance.js";
import ccxtBithumb from "ccxt-src/bithumb.js";
import ccxtBybit from "ccxt-src/bybit.js";
import ccxtUpbit from "ccxt-src/upbit.js";
import type { Venue } from "../../../schema/vocabulary.ts";
import { ListFault } from "../../ports/venue-lists.ts";
import type { VenueUrls } from "./http.ts";

export interface OperatorKey {
  readonly apiKey: string;
  readonly secret: string;
}

export interface WalletReaderOptions {
  readonly keys: Partial<Record<Venue, OperatorKey>>;
  readonly urls: VenueUrls & { readonly binanceSpot: string };
  readonly timeoutMs: number;
}

/** The part of a ccxt exchange that is used here. */
interface RawExchange {
  urls: { api: unknown };
  last_http_response?: string;
}
type RawCall = () => Promise<unknown>;

/** Bodies of the wallet lists, for the venues that have a key. They reject with ListFault. */
export function createWalletReaders(
  options: WalletReaderOptions,
): Partial<Record<Venue, () => Promise<string>>> {
  const { keys, urls, timeoutMs } = options;
  const settings = (key: OperatorKey) => ({ ...key, timeout: timeoutMs, enableRateLimit: false });
  const readers: Partial<Record<Venue, () => Promise<string>>> = {};
  if (keys.upbit) {
    const exchange = new ccxtUpbit(settings(keys.upbit)) as unknown as RawExchange & {
      privateGetStatusWallet: RawCall;
    };
    exchange.urls.api = { public: urls.upbit, private: urls.upbit };
    readers.upbit = () => bodyOf("upbit", exchange, () => exchange.privateGetStatusWallet());
  }
  if (keys.bithumb) {
    const exchange = new ccxtBithumb(settings(keys.bithumb)) as unknown as RawExchange & {
      privateGetV1StatusWallet: RawCall;
    };
    exchange.urls.api = { public: urls.bithumb, private: urls.bithumb };
    readers.bithumb = () => bodyOf("bithumb", exchange, () => exchange.privateGetV1StatusWallet());
  }
  if (keys.bybit) {
    const exchange = new ccxtBybit(settings(keys.bybit)) as unknown as RawExchange & {
      privateGetV5AssetCoinQueryInfo: RawCall;
    };
    const { bybit } = urls;
    exchange.urls.api = { spot: bybit, futures: bybit, v2: bybit, public: bybit, private: bybit };
    readers.bybit = () => bodyOf("bybit", exchange, () => exchange.privateGetV5AssetCoinQueryInfo());
  }
  if (keys.binance) {
    const exchange = new ccxtBinance(settings(keys.binance)) as unknown as RawExchange & {
      sapiGetCapitalConfigGetall: RawCall;
    };
    exchange.urls.api = { sapi: `${urls.binanceSpot}/sapi/v1` };
    readers.binance = () => bodyOf("binance", exchange, () => exchange.sapiGetCapitalConfigGetall());
  }
  return readers;
}

async function bodyOf(venue: Venue, exchange: RawExchange, call: RawCall): Promise<string> {
  try {
    await call();
  } catch (error) {
    // ccxt's message may carry the signed URL: only the class of the error is told.
    throw new ListFault(`${venue}: wallet states refused (${error instanceof Error ? error.name : "error"})`);
  }
  const body = exchange.last_http_response;
  if (!body) throw new ListFault(`${venue}: wallet states came without a body`);
  return body;
}
