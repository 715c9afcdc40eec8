// The runbook's restore, step by step: PostgreSQL is lost with its machine, and a new one is filled from a dump that is
// older than what the exchanges hold. One trader's position stands in both; one's hedge was on its way when the dump was
// taken; one has left since, and one has entered since.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { makeSecrets, settingsIn } from "../../../scripts/deploy/testing.ts";
import { ROOT } from "../e2e/program.ts";
import { needs } from "../needs.ts";
import { startChild } from "../services/child-process.ts";
import { makeTempDir, removeTempDir, requireProgram, startPostgres, type TestPostgres } from "../services.ts";
import { auditTrader } from "./account-audit.ts";
import { CHEAP, DEAR, type TestTrader } from "./test-traders.ts";
import { TradingFleet } from "./trading-fleet.ts";

const TICK_MS = 2_000;
/** Longer than a dump takes. */
const HEDGE_MS = 4_000;

if (process.env.FULL) {
  needs(["nats", "postgres", "openssl"], "a restore of the database", () => {
    let dir: string;
    let fleet: TradingFleet;
    let server: TestPostgres | undefined;
    let [kept, half, left, late]: TestTrader[] = [];

    beforeAll(async () => {
      dir = makeTempDir("restore");
      const made = makeSecrets(join(dir, "made"), ["--workers", "1"]);
      if (made.exitCode !== 0) throw new Error(made.faults);
      fleet = await TradingFleet.start({
        ...{ tickMs: TICK_MS, karbitTables: "create", makeDatabase },
        traders: [
          { coin: "KEPT", pair: "upbit-bybit" },
          { coin: "HALF", pair: "bithumb-binance" },
          { coin: "LEFT", pair: "bithumb-bybit" },
          { coin: "LATE", pair: "upbit-binance" },
        ],
      });
      [kept, half, left, late] = fleet.traders as TestTrader[];
    });
    afterAll(async () => {
      await fleet?.stop();
      await server?.stop();
      removeTempDir(dir);
    });

    /** A program of PostgreSQL, as the one who owns that server. */
    async function run(
      { port }: TestPostgres,
      [program, ...args]: readonly [string, ...string[]],
      input?: string,
    ): Promise<string> {
      const at = ["--host=127.0.0.1", `--port=${port}`, "--username=app"];
      const path = join(dirname(requireProgram("postgres")), program);
      const child = startChild({ name: program, command: [path, ...at, ...args], cwd: "/", input });
      const code = await child.exited;
      if (code !== 0) throw new Error(`${program} ended with ${code}: ${child.output()}`);
      return child.output();
    }

    /** Role and database as on a machine of one's own, by what secrets.sh has made. */
    async function makeDatabase(of: TestPostgres): Promise<string> {
      const folder = join(dir, "made/scheduler");
      const statements = await Bun.file(join(folder, "postgres.sql")).text();
      await run(of, ["psql", "--dbname=app", "--set=ON_ERROR_STOP=1"], statements);
      const url = new URL(settingsIn(join(folder, "scheduler.env")).DATABASE_URL!);
      return Object.assign(url, { port: `${of.port}` }).href;
    }

    async function enters(...traders: TestTrader[]): Promise<void> {
      fleet.steer({ premium: CHEAP }, traders);
      for (const { coin } of traders)
        await fleet.until(`a position in ${coin}`, async () => (await held()).includes(coin));
      fleet.market.calm();
      await fleet.untilQuiet();
    }
    const held = async () => ((await fleet.trading())?.positions ?? []).map(({ coin }) => coin).sort();
    /** Orders and positions at the exchanges. */
    const atExchanges = ({ apiKey, coin, domestic, overseas }: TestTrader) => {
      const { accounts } = fleet.simulator.control;
      const orders = [domestic, overseas].map((venue) => accounts.clientIds(apiKey, venue).length);
      const coins = Number(accounts.balances(apiKey, domestic)[coin] ?? "0");
      const short = accounts.positions(apiKey, overseas).reduce((sum, { size }) => sum + Number(size), 0);
      return { orders, coins, short };
    };
    const everybody = () => fleet.traders.map(atExchanges);

    test("a dump is taken between the legs of an entry, and trading goes on after it", async () => {
      await enters(kept!, left!);
      const fault = fleet.simulator.control.setFault({
        ...{ kind: "delay", venue: "binance", method: "POST", path: "/fapi/v1/order$", delayMs: HEDGE_MS },
      });
      fleet.steer({ premium: CHEAP }, [half!]);
      await fleet.until("a hedge on its way", () => fault.hits > 0);
      expect(await fleet.unfinished()).toMatchObject([{ kind: "entry", state: "overseas-sending" }]);
      await run(fleet.postgres, [
        "pg_dump",
        "--format=custom",
        `--file=${join(dir, "schedulerx.dump")}`,
        "schedulerx",
      ]);
      expect(await fleet.unfinished()).toHaveLength(1);
      fleet.simulator.control.clearFaults();
      fleet.market.calm();
      await fleet.untilQuiet();
      await fleet.force(left!.userId, left!.coin);
      await fleet.until("it to be left", async () => !(await held()).includes("LEFT"));
      await enters(late!);
      expect(await held()).toEqual(["HALF", "KEPT", "LATE"]);
      for (const trader of fleet.traders) expect(await auditTrader(fleet, trader)).toEqual([]);
    }, 120_000);

    /** The halt that the runbook has written before the first start. */
    async function haltByTheRunbook(): Promise<void> {
      const runbook = await Bun.file(join(ROOT, "docs/runbook.md")).text();
      const [, statement] = /```sql\n\s*(INSERT INTO schedulerx\.trading_switches.*?)```/s.exec(runbook)!;
      await run(server!, ["psql", "--dbname=schedulerx", "--set=ON_ERROR_STOP=1"], statement);
    }

    async function ticks(count: number): Promise<void> {
      const closed = async () =>
        (await fleet.control<{ counters: { closed: number } }>("/ticks"))?.counters.closed ?? 0;
      const before = await closed();
      await fleet.until(`${count} ticks`, async () => (await closed()) >= before + count);
    }

    test("is brought to another server; off is refused while the record holds positions", async () => {
      await fleet.postgres.kill9();
      await fleet.scheduler.stop();
      server = await startPostgres({ port: fleet.postgres.port });
      await makeDatabase(server);
      const into = ["--exit-on-error", "--single-transaction", "--dbname=schedulerx"];
      await run(server, ["pg_restore", ...into, join(dir, "schedulerx.dump")]);
      fleet.scheduler.launch({ TRADING_MODE: "off" });
      await fleet.scheduler.child.waitForLine(/expected live while 2 live positions and 1 unfinished/);
      await haltByTheRunbook();
    }, 120_000);

    test("started halted, it finds what was on its way, and neither sells nor enters", async () => {
      // Coins of the user's own, as many as the record has of the position he has left since.
      const own = { apiKey: left!.apiKey, venue: left!.domestic, asset: left!.coin, amount: "9.88" };
      fleet.simulator.control.accounts.deposit(own);
      const before = everybody();
      await fleet.scheduler.start({ NAKED_SPOT: "alert" });
      await fleet.untilTrading(0);
      await fleet.untilQuiet();
      const isSaid = (event: string) => fleet.scheduler.lines().some((line) => line.event === event);
      await fleet.until("the missing short to be seen", () => isSaid("a short is gone"), 60_000);
      fleet.steer({ premium: CHEAP }, [late!]);
      fleet.steer({ premium: DEAR }, [kept!, half!]);
      await ticks(3);
      fleet.market.calm();
      expect(everybody()).toEqual(before);
      expect(await held()).toEqual(["HALF", "KEPT", "LEFT"]);
      expect(await fleet.control("/trading/reconcile", {})).toMatchObject({ positions: 3, incidents: [] });
      for (const trader of [kept!, half!]) expect(await auditTrader(fleet, trader)).toEqual([]);
    }, 180_000);

    test("goes on once a person has said what becomes of the rest", async () => {
      const own = { apiKey: left!.apiKey, venue: left!.domestic, asset: left!.coin, amount: "9.88" };
      fleet.simulator.control.accounts.withdraw(own);
      await fleet.force(left!.userId, left!.coin);
      await fleet.until("the record to fit", async () => (await held()).join() === "HALF,KEPT", 60_000);
      await fleet.untilQuiet();
      expect(atExchanges(left!)).toMatchObject({ coins: 0, short: 0 });
      await fleet.control("/trading/resume", {});
      await fleet.control("/trading/entries-on", { scope: "global" });
      fleet.steer({ premium: DEAR }, [kept!, half!]);
      await fleet.until("no position", async () => (await fleet.positionCount()) === 0, 60_000);
      await fleet.untilQuiet();
      for (const trader of [kept!, half!]) expect(await auditTrader(fleet, trader)).toEqual([]);
      expect(atExchanges(late!)).toMatchObject({ orders: [1, 1], coins: 9.88, short: -9.88 });
    }, 120_000);
  });
}
