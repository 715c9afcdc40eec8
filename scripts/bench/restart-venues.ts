// The simulated venues of the restart in a process of their own, as venues are: accounts as told, and shorts that are
// open before anybody asks.

import type { OverseasVenue } from "../../schema/vocabulary.ts";
import type { AccountSpec } from "../../src/simulator/accounts.ts";
import { type HostUrls, startSimulator } from "../../src/simulator/server.ts";
import { startChild } from "../../src/testing/services.ts";
import { marketSymbol, SteeredMarket } from "../../src/testing/trading-e2e/steered-market.ts";

export interface VenueWish {
  readonly coins: readonly string[];
  readonly accounts: readonly AccountSpec[];
  readonly shorts: readonly {
    readonly apiKey: string;
    readonly overseas: OverseasVenue;
    readonly coin: string;
    readonly qty: string;
  }[];
}

export interface RestartVenues {
  readonly urls: HostUrls;
  stop(): Promise<void>;
}

const START_MS_MAX = 60_000;
/** Enough for a thousand who go short at once. */
const LEVEL_COINS = 4_000;

export async function startRestartVenues(wish: VenueWish): Promise<RestartVenues> {
  const child = startChild({
    name: "restart-venues",
    command: [process.execPath, import.meta.path],
    input: JSON.stringify(wish),
  });
  const [line] = await child.waitForLine(/^\{.*"upbit".*\}$/, START_MS_MAX);
  return { urls: JSON.parse(line), stop: async () => void (await child.stop()) };
}

async function serve(): Promise<void> {
  const { coins, accounts, shorts }: VenueWish = await Bun.stdin.json();
  const market = new SteeredMarket(coins, LEVEL_COINS);
  const simulator = await startSimulator({ seed: 1, market, keys: accounts });
  for (const { apiKey, overseas: venue, coin, qty } of shorts) {
    const symbol = marketSymbol(venue, coin);
    simulator.control.accounts.trade({ apiKey, venue, symbol, side: "sell", qty });
  }
  process.stdout.write(`${JSON.stringify(simulator.urls[0])}\n`);
}

if (import.meta.main) await serve();
