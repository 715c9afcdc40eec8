// The service that trades, against the wire simulator with real PostgreSQL and NATS, in its short form: an entry, killed
// between its legs; an add-on; a forced close. Everything is counted from the venues' side.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import { isLong, longTest } from "../long.ts";
import { needs } from "../needs.ts";
import { auditAll } from "./account-audit.ts";
import { activePositions, auditKarbit, history } from "./karbit-reading.ts";
import { saidSecrets, secretsOf } from "./said-secrets.ts";
import { CHEAP, CHEAPER, OPENING_KRW, OPENING_USDT, type TestTrader } from "./test-traders.ts";
import { TradingFleet } from "./trading-fleet.ts";

const TICK_MS = 2_000;

needs(["nats", "postgres"], "trading on the wire", () => {
  let fleet: TradingFleet;

  beforeAll(async () => {
    fleet = await TradingFleet.start({
      ...{ tickMs: TICK_MS, traders: [{ coin: "AAA", pair: "upbit-bybit" }] },
      // Where Karbit's own users are; its rows are UTC all the same.
      zone: "Asia/Seoul",
      // Whatever may be said is said: the last test searches it for secrets.
      env: { LOG_LEVEL: "debug" },
    });
  });

  afterAll(async () => {
    await fleet?.stop();
  });

  async function audited(): Promise<void> {
    const karbit = await Promise.all(fleet.traders.map((trader) => auditKarbit(fleet, trader)));
    expect([...(await auditAll(fleet)), ...karbit.flat()]).toEqual([]);
  }

  if (!isLong) {
    test("an entry is hedged once", async () => {
      fleet.steer({ premium: CHEAP });
      const { userId } = fleet.traders[0]!;
      await fleet.until("an entry", async () => (await activePositions(fleet, userId)).length === 1);
      await fleet.untilQuiet();
      await audited();
    });
  }

  longTest("an entry killed between its legs is found again and hedged once", async () => {
    const { control } = fleet.simulator;
    const [trader] = fleet.traders;
    // The hedge is carried out and its answer never read.
    const fault = control.setFault({
      ...{ kind: "delay", delayMs: 5_000, count: 1 },
      ...{ venue: "bybit", method: "POST", path: "/v5/order/create$" },
    });
    fleet.steer({ premium: CHEAP });
    await fleet.until("a hedge at the venue", () => fault.hits > 0);
    await fleet.scheduler.kill9();
    expect(await fleet.unfinished()).toHaveLength(1);
    await fleet.scheduler.start();
    await fleet.untilQuiet();
    await audited();
    expect(await activePositions(fleet, trader!.userId)).toHaveLength(1);
  });

  test("an add-on joins the position, and a forced close leaves nothing", async () => {
    const [trader] = fleet.traders;
    await fleet.scheduler.stop();
    await fleet.ageEntries(61_000);
    fleet.steer({ premium: CHEAPER });
    await fleet.scheduler.start();
    await fleet.until(
      "two entries",
      async () => (await activePositions(fleet, trader!.userId))[0]?.count === 2,
    );
    await fleet.untilQuiet();
    await audited();
    const { userId, coin } = trader!;
    expect(await fleet.control("/trading/force", { userId, coin })).toMatchObject({ outcome: "started" });
    await fleet.until("a CLOSED row", async () =>
      (await history(fleet, userId)).some(({ status }) => status === "CLOSED"),
    );
    await fleet.untilQuiet();
    await audited();
    expect(await activePositions(fleet, userId)).toEqual([]);
    const { profit, usdtPrice } = (await history(fleet, userId)).find(({ status }) => status === "CLOSED")!;
    const wonKrw = balanceOf(trader!, "upbit", "KRW").minus(Decimal.of(OPENING_KRW));
    const wonUsdt = balanceOf(trader!, "bybit", "USDT").minus(Decimal.of(OPENING_USDT));
    const worthKrw = wonKrw.plus(wonUsdt.times(Decimal.of(usdtPrice)));
    expect(Math.abs(Number(profit) - worthKrw.toFloat())).toBeLessThan(1);
  });

  test("nothing of Karbit's tables but their rows has changed by all this", async () => {
    expect(await fleet.karbitAlterations()).toEqual([]);
  });

  function balanceOf({ apiKey }: TestTrader, venue: "upbit" | "bybit", asset: string): Decimal {
    return Decimal.of(fleet.simulator.control.accounts.balances(apiKey, venue)[asset]!);
  }

  test("what is not in the journal is noticed", async () => {
    const [{ apiKey, coin }] = fleet.traders as [TestTrader];
    fleet.simulator.control.accounts.trade({
      ...{ apiKey, venue: "upbit", symbol: `KRW-${coin}` },
      ...{ side: "buy", money: "10000" },
    });
    expect((await auditAll(fleet)).join("; ")).toMatch(/buy fills at upbit.*coins that are.*KRW changed/);
  });

  test("no line of all that was logged holds a user's key or secret, as it is or as it is stored", async () => {
    const secrets = await secretsOf(fleet);
    // A key and a secret of the user, each in two rows and in parts, and the schedulers' own four.
    expect(secrets.size).toBeGreaterThanOrEqual(4 + 2 + 8);
    const { scheduler, worker } = fleet;
    await scheduler.stop();
    const output = `${scheduler.output()}\n${worker.output()}`;
    // From the first line on, and the least important ones too.
    expect(scheduler.lines()[0]).toMatchObject({ event: "starting" });
    expect(scheduler.lines().map(({ level }) => level)).toContain("debug");
    expect(saidSecrets(output, secrets)).toEqual([]);
    for (const [name, secret] of secrets) {
      const planted = `${output}\n{"event":"x","error":"sign of ${secret}:0"}`;
      expect(saidSecrets(planted, secrets).join()).toContain(name);
    }
  });
});
