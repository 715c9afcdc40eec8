// Stock ccxt for tests, knowing nothing of us but the addresses.

import { binanceusdm, bithumb, bybit, type Exchange, upbit } from "ccxt";
import type { HostUrls } from "./server.ts";

export type StockExchanges = Record<"upbit" | "bithumb" | "bybit" | "binance", Exchange>;

/** One client per venue, every address of it replaced by the simulator's. Closing them is the caller's. */
export function stockExchanges(
  urls: HostUrls,
  settings: { apiKey: string; secret: string; enableRateLimit?: boolean },
): StockExchanges {
  const exchanges = {
    upbit: new upbit(settings),
    bithumb: new bithumb(settings),
    bybit: new bybit({ ...settings, options: { fetchMarkets: { types: ["linear"] } } }),
    binance: new binanceusdm(settings),
  };
  for (const venue of ["upbit", "bithumb", "bybit"] as const) {
    exchanges[venue].urls.api = pointed(exchanges[venue].urls.api, () => urls[venue]) as never;
  }
  // Binance's addresses carry a path of their own; what is not futures is the spot host.
  exchanges.binance.urls.api = pointed(exchanges.binance.urls.api, (url) => {
    const { hostname, pathname } = new URL(url);
    return (hostname.startsWith("fapi") ? urls.binance : urls.binanceSpot) + pathname;
  }) as never;
  return exchanges;
}

/** Every address of a nested table replaced. */
export function pointed(urls: unknown, to: (url: string) => string): unknown {
  if (typeof urls === "string") return to(urls);
  if (typeof urls !== "object" || urls === null) return urls;
  return Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, pointed(url, to)]));
}
