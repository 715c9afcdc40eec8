// The paper venues on the real stores: processes killed in the middle of orders, accounts held by others, two processes
// at once; and random trading that the memory store of the unit tests must match row for row.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type Database, rowsOf } from "../adapters/store/database.ts";
import { migratePostgres } from "../adapters/store/migrate.ts";
import { createPaperStore } from "../adapters/store/paper-accounts.ts";
import { openPostgres } from "../adapters/store/postgres.ts";
import { MemoryPaperStore, type PaperKit, paperKit, paperOrder } from "../adapters/venue/paper-testing.ts";
import { Decimal } from "../domain/decimal.ts";
import type { PaperStore } from "../ports/paper-store.ts";
import type { TradingVenue } from "../ports/trading-venue.ts";
import { isLong } from "./long.ts";
import { ManualClock } from "./manual-clock.ts";
import { needs } from "./needs.ts";
import { openTestPglite } from "./pglite.ts";
import { RecordingLog } from "./recording-log.ts";
import { startChild, startPostgres, type TestPostgres } from "./services.ts";

setDefaultTimeout(60_000);

const TIMEOUT_MS = 5_000;
const PLACING = join(import.meta.dir, "paper-placing.ts");

function kitOn(store: Parameters<typeof paperKit>[0]): PaperKit {
  const kit = paperKit(store);
  kit.setBook("upbit", "KRW-BTC", { asks: [[100_000_000, 1_000]], bids: [[99_000_000, 1_000]] });
  kit.setBook("bybit", "BTCUSDT", { asks: [[70_001, 0.5], [70_100, 9]], bids: [[70_000, 0.5], [69_900, 9]] }); // biome-ignore format: a book
  return kit;
}

async function stateOf(venue: TradingVenue, ids: readonly string[], symbol: string) {
  const lookups = await Promise.all(
    ids.map((clientOrderId) => venue.lookup({ symbol, clientOrderId }, TIMEOUT_MS)),
  );
  return JSON.parse(JSON.stringify({ lookups, balances: await venue.balances() }));
}

/** A short, more of it, a part bought back, the leverage, a refusal, funding, and the coins beside it. */
async function tradeAll(kit: PaperKit) {
  const [home, abroad] = [kit.venues.open("upbit", 1), kit.venues.open("bybit", 1)];
  await abroad.setLeverage("BTCUSDT", Decimal.of(3));
  const outcomes = [];
  for (const [id, text] of [
    ["a", "sell 0.7 BTCUSDT at 69900"],
    ["b", "sell 0.3 BTCUSDT"],
    ["c", "buy 0.123 BTCUSDT at 70100"],
    ["d", "sell 50 BTCUSDT at 69900"],
    ["a", "sell 0.7 BTCUSDT at 69900"],
  ] as const) {
    await kit.clock.advance(1_001);
    outcomes.push(await abroad.place(paperOrder(id, text), TIMEOUT_MS));
  }
  for (const [id, text] of [
    ["a", "buy 0.2 KRW-BTC at 100000000"],
    ["b", "sell 0.05 KRW-BTC"],
  ] as const) {
    outcomes.push(await home.place(paperOrder(id, text), TIMEOUT_MS));
  }
  await kit.clock.advance(60_000);
  const sinceMs = kit.clock.nowMs() - 100_000;
  return JSON.parse(
    JSON.stringify({
      outcomes,
      funding: [await abroad.fundingSince("BTCUSDT", sinceMs), await abroad.fundingSince("BTCUSDT", sinceMs)],
      positions: await abroad.positions(),
      home: await stateOf(home, ["a", "b", "z"], "KRW-BTC"),
      abroad: await stateOf(abroad, ["a", "b", "c", "d"], "BTCUSDT"),
    }),
  );
}

function suite(database: () => Database): void {
  test("the real store and the one in memory give the same answers to the last digit, after a restart too", async () => {
    const kitWithFunding = (store: PaperStore) => {
      const clock = new ManualClock();
      const payment = { id: "f", rate: "0.000123", atMs: clock.nowMs() + 30_000, markPrice: "70123.4" };
      return kitOn({ store, clock, funding: async () => [payment] });
    };
    const told = await tradeAll(kitWithFunding(createPaperStore(database())));
    expect(told).toEqual(await tradeAll(kitWithFunding(new MemoryPaperStore())));
    const again = kitOn({ store: createPaperStore(database()) });
    expect(await stateOf(again.venues.open("upbit", 1), ["a", "b", "z"], "KRW-BTC")).toEqual(told.home);
    expect(await stateOf(again.venues.open("bybit", 1), ["a", "b", "c", "d"], "BTCUSDT")).toEqual(
      told.abroad,
    );
  });
}

// The embedded form lives by it; it is the same SQL.
if (isLong) {
  describe("paper venues on PGlite", () => {
    let database: Database;
    beforeAll(async () => {
      database = await openTestPglite();
    });
    afterAll(() => database.close());
    suite(() => database);
  });
}

needs(["postgres"], "paper venues on PostgreSQL", () => {
  let server: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    await migratePostgres({ url: server.url }, { karbitTables: "create", log: new RecordingLog() });
    database = openPostgres({ url: server.url, log: new RecordingLog() });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });
  suite(() => database);

  const coinsOf = async (venue: TradingVenue) =>
    (await venue.balances()).map(({ asset, free }) => `${free} ${asset}`).sort();

  test("a process killed again and again in the middle has done what the look-ups say, and nothing twice", async () => {
    const venue = kitOn({ store: createPaperStore(database) }).venues.open("upbit", 20);
    let toldCount = 0;
    for (const last of [3, 9, 14]) {
      const child = startChild({ name: "placing", command: [process.execPath, PLACING, server.url, "20"] });
      await child.waitForLine(new RegExp(`^\\w+ ${last}$`));
      await child.kill9();
      const lines = child.output().split("\n");
      const numbers = lines
        .flatMap((line) => /^(accepted|rejected) (\d+)$/.exec(line)?.[2] ?? [])
        .map(Number);
      toldCount = Math.max(...numbers) + 1;
      for (let index = 0; index < toldCount; index++) {
        const found = await venue.lookup({ symbol: "KRW-BTC", clientOrderId: `k-${index}` }, TIMEOUT_MS);
        expect(found.kind).toBe("found");
      }
    }
    // At most one more: the order under way when the process died.
    const count = toldCount + 1;
    for (let index = 0; index < count; index++) {
      await venue.place(paperOrder(`k-${index}`, "buy 0.0001 KRW-BTC at 100000000"), TIMEOUT_MS);
    }
    const spent = Decimal.of("10005").times(Decimal.of(count));
    expect(await coinsOf(venue)).toEqual([
      `${Decimal.of("0.0001").times(Decimal.of(count))} BTC`,
      `${Decimal.of("100000000").minus(spent)} KRW`,
    ]);
    const [sum] = await database.run("sum", (executor) =>
      rowsOf<{ krw: string }>(
        executor,
        sql`select sum(amount)::text as krw from schedulerx.paper_ledger where user_id = 20 and asset = 'KRW'`,
      ),
    );
    expect(String(Decimal.of(sum!.krw))).toBe(String(Decimal.of("100000000").minus(spent)));
  });

  test("two processes given the same orders carry each out once", async () => {
    const others = [1, 2].map(() =>
      startChild({ name: "placing", command: [process.execPath, PLACING, server.url, "21"] }),
    );
    await Promise.all(others.map((child) => child.waitForLine(/ 25$/)));
    await Promise.all(others.map((child) => child.kill9()));
    const rows = await database.run("orders", (executor) =>
      rowsOf<{ orders: number; fills: number; qty: string }>(
        executor,
        sql`select count(distinct client_order_id)::int as orders, count(*)::int as fills, sum(qty)::text as qty
            from schedulerx.paper_fills where user_id = 21`,
      ),
    );
    const venue = kitOn({ store: createPaperStore(database) }).venues.open("upbit", 21);
    expect(rows[0]!.orders).toBeGreaterThan(25);
    expect(rows[0]!.fills).toBe(rows[0]!.orders);
    expect(await coinsOf(venue)).toContain(`${Decimal.of(rows[0]!.qty)} BTC`);
    const accepted = others.flatMap((child) => child.output().match(/^accepted \d+$/gm) ?? []);
    expect(new Set(accepted).size).toBe(accepted.length);
  });

  test("while somebody is in the middle of an order, a look-up never says absent", async () => {
    const store = createPaperStore(database);
    const venue = kitOn({ store }).venues.open("upbit", 22);
    await venue.balances();
    let commit = () => {};
    const held = new Promise<void>((resolve) => {
      commit = resolve;
    });
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    // As a process frozen between its last look at the clock and its commit.
    const frozen: Database = {
      engine: database.engine,
      run: (operation, work) => database.run(operation, work),
      close: () => database.close(),
      transaction: (operation, work) =>
        database.transaction(operation, async (executor) => {
          const result = await work(executor);
          entered();
          await held;
          return result;
        }),
    };
    const order = paperOrder("frozen", "buy 0.0001 KRW-BTC at 100000000");
    const placing = kitOn({ store: createPaperStore(frozen) })
      .venues.open("upbit", 22)
      .place(order, TIMEOUT_MS);
    await inside;
    expect(await venue.lookup(order, TIMEOUT_MS)).toMatchObject({ kind: "failed" });
    const waiting = venue.lookup(order, TIMEOUT_MS);
    commit();
    expect(await placing).toMatchObject({ kind: "accepted" });
    expect(await waiting).toMatchObject({ kind: "found" });
  });
});
