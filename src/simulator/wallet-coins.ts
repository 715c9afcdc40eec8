// The coins behind perpetual listings, for the wallet states of Bybit and Binance: a contract on 1000 PEPE is about
// the coin PEPE. USDT, which nothing lists as a base there, is always among them.

import type { SimListing } from "./types.ts";

export interface WalletCoin {
  readonly coin: string;
  readonly name: string;
  readonly wallet: SimListing["wallet"];
}

/** One row per coin; of two listings of one ticker the first speaks. */
export function walletCoinsOf(listings: ReadonlyMap<string, SimListing>): WalletCoin[] {
  const coins = new Map<string, WalletCoin>();
  for (const { base, multiplier, englishName, wallet } of listings.values()) {
    const coin = coinTicker(base, multiplier);
    if (!coins.has(coin)) coins.set(coin, { coin, name: englishName, wallet });
  }
  const contractAddress = "0xdac17f958d2ee523a2206206994597c13d831ec7";
  const wallet = { deposit: true, withdraw: true, network: "ETH", contractAddress };
  if (!coins.has("USDT")) coins.set("USDT", { coin: "USDT", name: "Tether USDt", wallet });
  return [...coins.values()];
}

/** "1000PEPE", "SHIB1000" and "1MBABYDOGE" without their multiplier. */
export function coinTicker(base: string, multiplier: number): string {
  if (multiplier === 1) return base;
  for (const mark of [String(multiplier), "1M"]) {
    if (base.startsWith(mark)) return base.slice(mark.length);
    if (base.endsWith(mark)) return base.slice(0, -mark.length);
  }
  return base;
}
