import { expect, test } from "bun:test";
import type { HeldSymbol } from "../../adapters/store/held-symbols.ts";
import type { Listing } from "../../domain/instrument.ts";
import { joinListings, type QuotedCoin } from "../../domain/listing-table.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { ListingIndex } from "./listing-index.ts";

const listing = (venue: Listing["venue"], symbol: string, multiplier = 1): Listing => ({
  ...{ venue, coin: "PEPE", symbol, multiplier, displayName: "PEPE", tradable: true, warnings: [] },
  ...{ delistAtMs: undefined, priceIncrement: undefined, qtyStep: undefined, qtyMin: undefined },
  notionalMin: undefined,
});
const LISTED = joinListings([listing("upbit", "KRW-PEPE"), listing("bybit", "1000PEPEUSDT", 1_000)]);
const HELD: readonly HeldSymbol[] = [
  { venue: "upbit", symbol: "KRW-PEPE", multiplier: 1 },
  { venue: "bybit", symbol: "1000PEPEUSDT", multiplier: 1_000 },
];

function stage(recall: () => Promise<readonly HeldSymbol[]>) {
  const clock = new ManualClock(0);
  const log = new RecordingLog();
  const lists: { coins: readonly QuotedCoin[] } = { coins: [] };
  const scheduler = () => ({ instruments: { coins: () => lists.coins } });
  let asked = 0;
  const index = new ListingIndex({
    ...{ clock, log, scheduler },
    recall: (coin) => {
      asked++;
      return coin === "PEPE" ? recall() : Promise.resolve([]);
    },
  });
  return { clock, lists, index, asked: () => asked };
}

test("a listing that was seen is kept when its list lacks it, and nothing is entered on it", () => {
  const { lists, index } = stage(async () => []);
  lists.coins = LISTED;
  expect(index.of("bybit", "PEPE")).toMatchObject({
    symbol: "1000PEPEUSDT",
    multiplier: 1_000,
    tradable: true,
  });
  lists.coins = [];
  expect(index.of("bybit", "PEPE")).toMatchObject({
    symbol: "1000PEPEUSDT",
    multiplier: 1_000,
    tradable: false,
  });
  expect(index.bySymbol("bybit", "1000PEPEUSDT")).toMatchObject({ tradable: false });
  lists.coins = [...LISTED];
  expect(index.of("bybit", "PEPE")?.tradable).toBe(true);
});

test("one that was never seen is taken from the entries of what is held, asked for now and then", async () => {
  const { clock, lists, index, asked } = stage(async () => HELD);
  expect([index.of("bybit", "PEPE"), index.of("upbit", "PEPE"), asked()]).toEqual([undefined, undefined, 1]);
  await clock.advance(0);
  expect(index.of("bybit", "PEPE")).toMatchObject({
    symbol: "1000PEPEUSDT",
    multiplier: 1_000,
    tradable: false,
  });
  expect(index.of("upbit", "PEPE")).toMatchObject({ symbol: "KRW-PEPE", multiplier: 1, tradable: false });
  expect(index.of("bybit", "NONE")).toBeUndefined();
  lists.coins = LISTED;
  expect(index.of("upbit", "PEPE")?.tradable).toBe(true);
});

test("a store that is away is asked again later", async () => {
  let isAway = true;
  const { clock, index, asked } = stage(async () => {
    if (isAway) throw new Error("away");
    return HELD;
  });
  index.of("bybit", "PEPE");
  await clock.advance(9_999);
  expect([index.of("bybit", "PEPE"), asked()]).toEqual([undefined, 1]);
  isAway = false;
  await clock.advance(1);
  index.of("bybit", "PEPE");
  await clock.advance(0);
  expect([index.of("bybit", "PEPE")?.symbol, asked()]).toEqual(["1000PEPEUSDT", 2]);
});
