// Instruments, on whichever database: the duty towards Karbit's coins_exchanges, and our own table beside it.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Listing } from "../../domain/instrument.ts";
import type { VenueRefresh } from "../../ports/store.ts";
import { createCoinListingStore } from "./coin-listings.ts";
import { type Database, rowsOf } from "./database.ts";
import { createInstrumentStore } from "./instruments.ts";
import { listingOf } from "./store-fixtures.ts";

const AT_MS = 1_760_000_000_000;
const HOUR_MS = 3_600_000;

function refreshOf(listings: readonly Listing[], changes: Partial<VenueRefresh> = {}): VenueRefresh {
  return { venue: "upbit", atMs: AT_MS, listings, wallets: [], quarantined: new Map(), ...changes };
}

const upbit = (...coins: string[]) => coins.map((coin) => listingOf("upbit", coin));

export function instrumentsSuite(database: () => Database): void {
  const store = () => createInstrumentStore(database());
  const execute = (statement: ReturnType<typeof sql>) =>
    database().run("prepare", (executor) => executor.execute(statement));
  const coinsOf = (engName: string) =>
    database().run("look", async (executor) => {
      const rows = await rowsOf<{ line: string }>(
        executor,
        sql`select coin_symbol || ' ' || deposit_yn || ' ' || withdraw_yn as line
            from coins_exchanges join exchanges on exchanges.id = exchange_id
            where eng_name = ${engName} order by coin_symbol`,
      );
      return rows.map((row) => row.line);
    });
  const seedCoins = (engName: string, ...coins: string[]) =>
    execute(sql`insert into coins_exchanges (exchange_id, coin_symbol, display_name, deposit_yn, withdraw_yn)
      select id, coin, coin, true, true from exchanges, unnest(${`{${coins.join(",")}}`}::text[]) as coin
      where eng_name = ${engName}`);
  const statesOf = async (venue = "upbit") =>
    (await store().instruments())
      .filter((instrument) => instrument.venue === venue)
      .map((instrument) => `${instrument.symbol} ${instrument.state} ${instrument.why ?? ""}`.trim());

  describe("instruments", () => {
    beforeEach(async () => {
      await execute(sql`delete from trades`);
      await execute(sql`delete from coins_exchanges`);
      await execute(sql`delete from schedulerx.instruments`);
      await execute(sql`delete from schedulerx.settings`);
    });

    test("a refresh touches the rows of its own exchange only, found by its English name", async () => {
      for (const venue of ["bithumb", "binance", "bybit", "okx"]) await seedCoins(venue, "OLD", "BTC");
      await seedCoins("upbit", "OLD", "BTC");
      const result = await store().refreshVenue(refreshOf(upbit("BTC", "ETH")));
      expect(result).toEqual({
        refused: undefined,
        insertedCoins: ["ETH"],
        updatedCoins: ["BTC"],
        deletedCoins: ["OLD"],
        referencedCoins: [],
        heldBackCoins: [],
        overlongCoins: [],
      });
      expect(await coinsOf("upbit")).toEqual(["BTC true true", "ETH false false"]);
      for (const venue of ["bithumb", "binance", "bybit", "okx"]) {
        expect(await coinsOf(venue)).toEqual(["BTC true true", "OLD true true"]);
      }
    });

    test("the same list again writes nothing", async () => {
      await store().refreshVenue(refreshOf(upbit("BTC", "ETH")));
      const versions = sql`select string_agg(xmin::text, ',') as versions from coins_exchanges`;
      const before = await database().run("look", (executor) => rowsOf(executor, versions));
      const again = await store().refreshVenue(refreshOf(upbit("BTC", "ETH"), { atMs: AT_MS + 300_000 }));
      expect([...again.insertedCoins, ...again.updatedCoins, ...again.deletedCoins]).toEqual([]);
      expect(await database().run("look", (executor) => rowsOf(executor, versions))).toEqual(before);
    });

    test("wallet states are stored when known and left alone when unknown", async () => {
      const wallet = { venue: "upbit", coin: "BTC", deposit: true, withdraw: false, netType: "BTC" } as const;
      await store().refreshVenue(refreshOf(upbit("BTC", "ETH"), { wallets: [wallet] }));
      expect(await coinsOf("upbit")).toEqual(["BTC true false", "ETH false false"]);
      await store().refreshVenue(refreshOf(upbit("BTC", "ETH")));
      expect(await coinsOf("upbit")).toEqual(["BTC true false", "ETH false false"]);
    });

    test("a delisted coin that a trade refers to stays, switched off, and holds up none of the others", async () => {
      await seedCoins("upbit", "A", "B", "C", "D", "E", "F");
      await execute(sql`with u as (insert into users (email, password_hash) values ('t@example.com', '') returning id),
        s as (insert into strategies (user_id, name, seed_amount, entry_rate, exit_rate)
          select id, 's', 1, 1, 1 from u returning id, user_id),
        p as (insert into positions (user_id, strategy_id, coin_symbol, kr_exchange, fr_exchange, kr_order_id, fr_order_id,
            kr_price, kr_volume, kr_funds, kr_fee, fr_price, fr_volume, fr_funds, fr_fee, entry_rate)
          select user_id, id, 'B', 'UPBIT', 'BYBIT', 'k', 'f', 1, 1, 1, 1, 1, 1, 1, 1, 1 from s returning id, user_id)
        insert into trades (position_id, user_id, exchange_coin_id, side, price, amount, trade_time)
          select p.id, p.user_id, c.id, 'BUY', 1, 1, now() from p, coins_exchanges c where c.coin_symbol = 'B'`);
      const result = await store().refreshVenue(refreshOf(upbit("D", "E", "F")));
      expect(result).toMatchObject({ deletedCoins: ["A", "C"], referencedCoins: ["B"], heldBackCoins: [] });
      expect(await coinsOf("upbit")).toEqual(["B false false", "D true true", "E true true", "F true true"]);
      expect((await store().refreshVenue(refreshOf(upbit("D", "E", "F")))).referencedCoins).toEqual(["B"]);
      await execute(sql`delete from users where email = 't@example.com'`);
    });

    test("an empty list writes nothing, and a list without most coins deletes none unless forced", async () => {
      await store().refreshVenue(refreshOf(upbit("A", "B", "C")));
      expect((await store().refreshVenue(refreshOf([]))).refused).toBe("empty");
      const poor = refreshOf(upbit("A"));
      expect(await store().refreshVenue(poor)).toMatchObject({ deletedCoins: [], heldBackCoins: ["B", "C"] });
      expect(await coinsOf("upbit")).toEqual(["A false false", "B false false", "C false false"]);
      expect(await statesOf()).toEqual(["KRW-A active", "KRW-B active", "KRW-C active"]);
      expect((await store().refreshVenue({ ...poor, force: true })).deletedCoins).toEqual(["B", "C"]);
      expect(await statesOf()).toEqual(["KRW-A active", "KRW-B delisted", "KRW-C delisted"]);
    });

    test("a venue without a row in exchanges is refused and leaves nothing", async () => {
      await execute(sql`update exchanges set eng_name = 'gone' where eng_name = 'bybit'`);
      const listings = [listingOf("bybit", "BTC")];
      const result = await store().refreshVenue(refreshOf(listings, { venue: "bybit" }));
      await execute(sql`update exchanges set eng_name = 'bybit' where eng_name = 'gone'`);
      expect(result.refused).toBe("exchange-unknown");
      expect(await store().instruments()).toEqual([]);
    });

    test("an instrument keeps when it was first seen through quarantine, halt, delisting and return", async () => {
      const pepe = listingOf("bybit", "PEPE", { symbol: "1000PEPEUSDT", multiplier: 1000 });
      const keep = [listingOf("bybit", "BTC"), listingOf("bybit", "ETH")];
      const see = (hour: number, listings: readonly Listing[], quarantined = new Map<string, string>()) =>
        store().refreshVenue(
          refreshOf(listings, { venue: "bybit", atMs: AT_MS + hour * HOUR_MS, quarantined }),
        );
      const look = async () => (await store().instruments()).find((one) => one.symbol === "1000PEPEUSDT");
      await see(0, [...keep, pepe], new Map([["1000PEPEUSDT", "rate 31 % off"]]));
      expect(await look()).toEqual({
        venue: "bybit",
        symbol: "1000PEPEUSDT",
        coin: "PEPE",
        multiplier: 1000,
        state: "quarantined",
        why: "rate 31 % off",
        firstSeenAtMs: AT_MS,
        lastSeenAtMs: AT_MS,
      });
      expect(await coinsOf("bybit")).toEqual(["BTC false false", "ETH false false"]);
      await see(1, [...keep, pepe]);
      expect(await look()).toMatchObject({ state: "active", why: undefined, lastSeenAtMs: AT_MS + HOUR_MS });
      await see(2, [...keep, { ...pepe, tradable: false }]);
      expect(await look()).toMatchObject({ state: "halted" });
      await see(3, keep);
      expect(await look()).toMatchObject({ state: "delisted", lastSeenAtMs: AT_MS + 2 * HOUR_MS });
      await see(4, [...keep, pepe]);
      expect(await look()).toMatchObject({
        state: "active",
        firstSeenAtMs: AT_MS,
        lastSeenAtMs: AT_MS + 4 * HOUR_MS,
      });
    });

    test("listings are told with the venue's warnings, delistings and wallets, as the last refresh left them", async () => {
      const listings = createCoinListingStore(database());
      const warned = listingOf("upbit", "ETH", { warnings: ["CAUTION", "PRICE_FLUCTUATIONS"] });
      const leaving = listingOf("upbit", "XRP", { delistAtMs: AT_MS + HOUR_MS, tradable: false });
      const wallets = [
        { venue: "upbit", coin: "BTC", deposit: true, withdraw: false, netType: undefined },
        { venue: "upbit", coin: "ETH", deposit: "unknown", withdraw: true, netType: undefined },
      ] as const;
      await store().refreshVenue(refreshOf([...upbit("BTC"), warned, leaving], { wallets }));
      const bybit = [listingOf("bybit", "BTC", { multiplier: 1000 })];
      await store().refreshVenue(
        refreshOf(bybit, { venue: "bybit", quarantined: new Map([["BTCUSDT", "off"]]) }),
      );
      const common = { multiplier: 1, why: null, warnings: [], delistAtMs: null, lastSeenAtMs: AT_MS };
      const unknown = { deposit: "unknown", withdraw: "unknown" };
      const btc = { ...common, coin: "BTC", venue: "upbit", symbol: "KRW-BTC", state: "active" };
      const eth = { ...common, coin: "ETH", venue: "upbit", symbol: "KRW-ETH", state: "active" };
      expect(await listings.coinListings()).toEqual([
        {
          ...{ ...common, coin: "BTC", venue: "bybit", symbol: "BTCUSDT", state: "quarantined", ...unknown },
          ...{ why: "off", multiplier: 1000 },
        },
        { ...btc, deposit: true, withdraw: false },
        { ...eth, warnings: [...warned.warnings], deposit: "unknown", withdraw: true },
        {
          ...common,
          ...unknown,
          ...{ coin: "XRP", venue: "upbit", symbol: "KRW-XRP", state: "halted" },
          delistAtMs: AT_MS + HOUR_MS,
        },
      ] as never);
      // Warnings that are over go; wallets nobody could read stay.
      await store().refreshVenue(refreshOf(upbit("BTC", "ETH", "XRP")));
      expect((await listings.coinListings()).slice(1, 3)).toEqual([
        { ...btc, deposit: true, withdraw: false },
        { ...eth, deposit: "unknown", withdraw: true },
      ] as never);
      await execute(sql`update schedulerx.settings set value = '[]'`);
      expect((await listings.coinListings())[1]).toEqual({ ...btc, ...unknown } as never);
    });

    test("when only the time has moved, the time is written once an hour", async () => {
      const seen = async () => (await store().instruments())[0]!.lastSeenAtMs - AT_MS;
      for (const [minutes, expected] of [
        [0, 0],
        [59, 0],
        [60, 60],
        [61, 60],
      ] as const) {
        await store().refreshVenue(refreshOf(upbit("A"), { atMs: AT_MS + minutes * 60_000 }));
        expect(await seen()).toBe(expected * 60_000);
      }
    });

    test("a refresh that fails on its last step leaves nothing behind", async () => {
      const broken = [...upbit("A"), listingOf("upbit", "B", { multiplier: 1.5 })];
      await expect(store().refreshVenue(refreshOf(broken))).rejects.toMatchObject({
        name: "StoreFault",
        kind: "defect",
      });
      expect(await coinsOf("upbit")).toEqual([]);
      expect(await store().instruments()).toEqual([]);
    });

    test("two refreshes of one venue at once both end, and the rows are whole", async () => {
      const many = Array.from({ length: 200 }, (_, index) => `C${index}`);
      await Promise.all([
        store().refreshVenue(refreshOf(upbit(...many))),
        store().refreshVenue(refreshOf(upbit(...many.toReversed()))),
        store().refreshVenue(refreshOf([listingOf("bithumb", "BTC")], { venue: "bithumb" })),
      ]);
      expect(await coinsOf("upbit")).toHaveLength(200);
      expect(await coinsOf("bithumb")).toEqual(["BTC false false"]);
    });
  });
}
