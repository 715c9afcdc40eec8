import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { sql } from "drizzle-orm";
import { PAIRS } from "../../../schema/vocabulary.ts";
import type { Database } from "../../adapters/store/database.ts";
import { createForcedCloses } from "../../adapters/store/forced-closes.ts";
import { createJournal } from "../../adapters/store/journal.ts";
import { clearJournal, rows } from "../../adapters/store/journal-fixtures.ts";
import { createOwnSafety } from "../../adapters/store/own-safety.ts";
import { inZone } from "../../adapters/store/store-fixtures.ts";
import { createStrategyStore } from "../../adapters/store/strategies.ts";
import { addActiveTrader } from "../../adapters/store/trader-fixtures.ts";
import { createTraderStore } from "../../adapters/store/traders.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { TradingMode } from "../../ports/journal.ts";
import { modeFault } from "../../scheduler/main/trading.ts";
import { longTest } from "../long.ts";
import { openTestPglite } from "../pglite.ts";
import { EngineRig, REFERENCE_KRW } from "./rig.ts";
import { storedIn } from "./stored.ts";

setDefaultTimeout(60_000);

let database: Database;
beforeAll(async () => {
  // Not the server: no simulated time may pass between an answer and what is asked next.
  database = await openTestPglite();
});
afterAll(async () => {
  await database.close();
});
beforeEach(begin);

async function begin(): Promise<void> {
  await clearJournal(database);
  await rows(
    database,
    sql`truncate schedulerx.trading_switches, schedulerx.incidents, schedulerx.cooling_rests restart identity`,
  );
  const { userId, strategyId } = await addActiveTrader(database);
  expect(userId).toBe(1);
  await rows(
    database,
    sql`update strategies set seed_amount = 30000000, seed_division = 3, entry_rate = 1400, exit_rate = 1420,
      leverage = 2, coin_mode = 'auto', allow_average_down = false where id = ${strategyId}`,
  );
  await createTraderStore(database, undefined).setConsent(1, true, 0);
}

/** What a story writes with instants in it. */
const STORED = ["public.positions"].concat(
  ["intents", "orders", "fills", "hedged_positions", "position_entries", "position_exits"].map(
    (name) => `schedulerx.${name}`,
  ),
);
const rigOf = (mode: TradingMode) => new EngineRig({ mode, stores: storedIn(database) });
const open = async (mode: TradingMode) =>
  (await createJournal(database).openPositions(mode)).map(({ userId, coin }) => `${userId} ${coin}`);
const karbitRows = async () =>
  (
    await rows<{ status: string }>(database, sql`select status from public.positions order by entry_time, id`)
  ).map(({ status }) => status);

test("XRP is entered by one process and left in parts by the next, with one closed row for Karbit", async () => {
  const rig = rigOf("live");
  await rig.start();
  await rig.tick();
  expect([await open("live"), await karbitRows()]).toEqual([["1 XRP"], ["OPEN"]]);
  await rig.restart();
  // Ten levels of 150 coins, of which only some meet the target.
  rig.market.setRate("XRP", 1_423, { depthCoin: 150 });
  await rig.tick();
  expect([await open("live"), await karbitRows()]).toEqual([["1 XRP"], ["OPEN"]]);
  rig.market.setRate("XRP", 1_426);
  await rig.tick();
  expect(await open("live")).toEqual([]);
  expect((await karbitRows()).filter((status) => status === "CLOSED")).toEqual(["CLOSED"]);
  expect(rig.heard("exited").map(({ notice }) => notice.kind === "exited" && notice.end)).toEqual([
    "parted",
    "closed",
  ]);
  expect(rig.world.exposure("user 1", "XRP").toString()).toBe("0");
  // What rests does so through a restart.
  await rig.restart();
  rig.market.setRate("XRP", 1_396);
  await rig.tick();
  expect(await open("live")).toEqual([]);
  await rig.stop();
});

test("XRP whose market is gone is settled by hand across a death, with one closed row for Karbit of what was got", async () => {
  const rig = rigOf("live");
  await rig.start();
  await rig.tick();
  const [position] = await createJournal(database).openPositions("live");
  const [entry] = position!.entries;
  const { overseas, domestic } = PAIRS.find(({ key }) => key === position!.pair)!;
  const qty = entry!.qtyCoin.toString();
  rig.world.tradeByHand("user 1", overseas, { symbol: "XRPUSDT", side: "buy", qty });
  rig.world.tradeByHand("user 1", domestic, { symbol: "KRW-XRP", side: "sell", qty });
  rig.market.odd.set("XRP", { tradable: false });
  const { process } = rig.processes[0]!;
  process.roadOf = (call) => call === "endExit";
  process.road = "away";
  const prices = { priceKrw: Decimal.of("2500.5"), priceUsdt: Decimal.of("1.75") };
  const told = { unseen: false, ownCoins: false, oddRate: false };
  const answer = rig.engine.settle({ userId: 1, coin: "XRP", ...prices, ...told });
  await rig.pass(3_000);
  expect((await open("live")).length).toBe(1);
  await rig.restart();
  await rig.pass(20_000);
  void answer.catch(() => undefined);
  expect([await open("live"), await karbitRows()]).toEqual([[], ["OPEN", "CLOSED"]]);
  const domesticKrw = entry!.qtyCoin.times(prices.priceKrw).minus(entry!.spentKrw).minus(entry!.feeKrw);
  const overseasUsdt = entry!.receivedUsdt
    .minus(entry!.feeUsdt)
    .minus(entry!.qtyCoin.times(prices.priceUsdt));
  const profitKrw = domesticKrw.plus(overseasUsdt.times(Decimal.of(REFERENCE_KRW)));
  const [closed] = await rows(
    database,
    sql`select kr_price::text, fr_price::text, kr_volume::text, profit::text, kr_order_id from public.positions
      where status = 'CLOSED'`,
  );
  expect(closed).toEqual({
    ...{ kr_price: "2500.50000000", fr_price: "1.75000000", kr_volume: entry!.qtyCoin.toFixed(8) },
    ...{ profit: profitKrw.toFixed(2), kr_order_id: "outside" },
  });
  const orders = await rows<{ status: string; n: number }>(
    database,
    sql`select status, count(*)::int as n from schedulerx.orders where purpose in ('sell', 'cover') group by status`,
  );
  expect(orders).toEqual([{ status: "done", n: 2 }]);
  await rig.stop();
});

test("XRP is entered on a strategy started meanwhile, kept through its stop, and left when its user asks", async () => {
  const own = createStrategyStore(database);
  const safety = createOwnSafety(database);
  const closes = createForcedCloses(database);
  expect(await own.stop(1, 0)).toBe(1);
  const rig = rigOf("live");
  const nowMs = () => rig.clock.nowMs();
  await rig.start();
  await rig.tick();
  expect(await open("live")).toEqual([]);

  await safety.setEntries(1, { off: true, why: "not yet" }, nowMs());
  const terms = {
    ...{ name: "own", seedAmountKrw: "3000000", seedDivision: 3, leverage: 2, tradeMode: "custom" as const },
    ...{ entryRate: "1400", exitRate: "1420", coinMode: "custom" as const, selectedCoins: ["XRP"] },
    ...{ allowAverageDown: false, allowAverageUp: false, stopRate: null, holdingMsMax: null },
  } as const;
  const started = await own.start(1, terms, nowMs());
  expect(started).toEqual({ strategyId: 2 });
  await rig.pass(1_500);
  await rig.tick();
  expect(await open("live")).toEqual([]);
  await safety.setEntries(1, { off: false }, nowMs());
  await rig.pass(1_500);
  await rig.tick();
  expect(await open("live")).toEqual(["1 XRP"]);

  const changed = await own.change(
    1,
    { exitRate: "1500" },
    { mode: "live", atMs: nowMs(), faultsOf: () => [] },
  );
  expect(changed).toEqual({ refused: "positions", coins: ["XRP"] });
  expect(await own.stop(1, nowMs())).toBe(2);
  await rig.pass(1_500);
  await rig.tick();
  expect(await open("live")).toEqual(["1 XRP"]);
  const wish = { mode: "live", userId: 1, coin: "XRP", by: "user" } as const;
  expect(await closes.ask({ ...wish, atMs: nowMs() })).toBe("asked");
  await rig.pass(5_000);
  expect([await open("live"), (await karbitRows()).at(-1)]).toEqual([[], "CLOSED"]);
  expect(rig.world.exposure("user 1", "XRP").toString()).toBe("0");
  await rig.stop();
});

test("XRP is left on the terms it was entered on, though its strategy and its user are gone from Karbit", async () => {
  const rig = rigOf("live");
  await rig.start();
  await rig.tick();
  expect(await open("live")).toEqual(["1 XRP"]);
  await rows(database, sql`delete from users where id = 1`);
  await rig.restart();
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect([await open("live"), await karbitRows()]).toEqual([[], []]);
  expect(await rig.stores.state.openIncidents("live")).toEqual([]);
  await rig.stop();
});

longTest("the same story is the same rows, whatever the zone of the server and of the process", async () => {
  const told = async (zone: string) => {
    await begin();
    const zoneBefore = process.env.TZ;
    process.env.TZ = zone;
    try {
      expect(new Date(0).getHours()).toBe(zone === "UTC" ? 0 : 9);
      const rig = new EngineRig({ mode: "live", stores: storedIn(inZone(database, zone)) });
      await rig.start();
      await rig.tick();
      await rig.restart();
      rig.market.setRate("XRP", 1_426);
      await rig.tick();
      await rig.stop();
    } finally {
      if (zoneBefore === undefined) delete process.env.TZ;
      else process.env.TZ = zoneBefore;
    }
    const stored: Record<string, unknown> = {};
    for (const table of STORED) {
      const all = await rows<{ row: object }>(
        database,
        sql`select to_jsonb(t) as row from ${sql.raw(table)} t`,
      );
      stored[table] = all.map(({ row }) => JSON.stringify(row)).sort();
      expect([table, all.length > 0]).toEqual([table, true]);
    }
    return stored;
  };
  const inUtc = await told("UTC");
  expect(await told("Asia/Seoul")).toEqual(inUtc);
  const closed = (inUtc["public.positions"] as string[]).find((row) => row.includes("CLOSED"));
  expect(JSON.parse(closed!).exit_time).toStartWith("2026-01-05T03:");
});

test("paper and live know nothing of each other, and neither paper nor off starts over what is live", async () => {
  const paper = rigOf("paper");
  await paper.start();
  await paper.tick();
  await paper.stop();
  expect([await open("paper"), await open("live"), await karbitRows()]).toEqual([["1 XRP"], [], []]);
  for (const mode of ["off", "paper", "live"] as const)
    expect(await modeFault(mode, database)).toBeUndefined();

  const live = rigOf("live");
  // Both rigs' exchanges count their fills from 1, and a fill's id is its venue's alone.
  for (const side of ["buy", "sell", "buy", "sell"] as const)
    live.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side, qty: 10 });
  const byHand = live.world.executions().length;
  await live.start();
  // At the paper position's target: it is not this process's to leave, nor does it keep the coin from being entered.
  live.market.setRate("XRP", 1_430);
  await live.tick();
  expect([await open("paper"), live.world.executions().length]).toEqual([["1 XRP"], byHand]);
  live.market.setRate("XRP", 1_396);
  await live.tick();
  expect([await open("paper"), await open("live")]).toEqual([["1 XRP"], ["1 XRP"]]);
  expect(await modeFault("live", database)).toBeUndefined();
  for (const mode of ["off", "paper"] as const)
    expect(await modeFault(mode, database)).toStartWith(
      "TRADING_MODE: expected live while 1 live positions and 0 unfinished live intents exist",
    );
  live.market.setRate("XRP", 1_430);
  await live.tick();
  expect(await open("live")).toEqual([]);
  await live.stop();
});

test("an intent that is live and unfinished keeps paper from starting as well", async () => {
  const rig = rigOf("live");
  await rig.start();
  rig.world.faults.arm({ purpose: "hedge" }, { replyDelayMs: 2_000 });
  await rig.tick(400);
  rig.processes[0]!.process.freeze();
  await rig.pass(100);
  expect(await modeFault("paper", database)).toContain("0 live positions and 1 unfinished live intents");
});
