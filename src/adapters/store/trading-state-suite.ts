// The engine's state beside its journal, on whichever database. Every test reads through a second store, as a restarted
// process would.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import { type CoolingCause, RISK_LIMITS_DEFAULT } from "../../domain/risk.ts";
import { Fenced } from "../../ports/journal.ts";
import {
  type DecisionRow,
  type FundingRow,
  INCIDENT_KINDS,
  type TradingStateStore,
  type TradingSwitch,
} from "../../ports/traders.ts";
import type { Database } from "./database.ts";
import { createJournal } from "./journal.ts";
import { clearJournal, entryEnd, intentOf, NOW_MS, rows } from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";
import { createTradingStateStore } from "./trading-state.ts";

const D = Decimal.of;

export function tradingStateSuite(database: () => Database): void {
  describe("trading state", () => {
    let state: TradingStateStore;
    let fence: number;
    const reopened = () => createTradingStateStore(database());
    const run = (statement: ReturnType<typeof sql>) => rows(database(), statement);

    beforeEach(async () => {
      await clearJournal(database());
      await run(sql`truncate schedulerx.trading_switches, schedulerx.risk_limits, schedulerx.incidents,
        schedulerx.cooling_rests, schedulerx.last_decisions restart identity`);
      state = createTradingStateStore(database());
      fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
    });

    const off = (changes: Partial<TradingSwitch> = {}): TradingSwitch => ({
      scope: "global",
      subject: "",
      entriesOff: true,
      halted: false,
      why: 'operator says "stop" 멈춰',
      by: "operator",
      atMs: NOW_MS,
      ...changes,
    });

    test("switches survive, are written over, and go when nothing is off", async () => {
      const user = off({ scope: "user", subject: "7", by: "user" });
      const coin = off({ scope: "coin", subject: "BTC", by: "engine" });
      for (const change of [off(), user, coin]) await state.setSwitch(change);
      expect(await reopened().switches()).toEqual([coin, off(), user]);
      const halt = off({ halted: true, entriesOff: false, why: "halt", atMs: NOW_MS + 1 });
      await state.setSwitch(halt);
      expect(await reopened().switches()).toEqual([coin, halt, user]);
      await state.setSwitch({ ...user, entriesOff: false });
      await state.setSwitch({ ...off(), entriesOff: false });
      await state.setSwitch({ ...off(), entriesOff: false });
      expect(await reopened().switches()).toEqual([coin]);
    });

    test("switches need no lease; those that mean nothing are refused", async () => {
      await createLeaseStore(database()).acquire("other", 60_000);
      await createLeaseStore(database()).release("writer", fence);
      await state.setSwitch(off());
      for (const change of [
        off({ subject: "7" }),
        off({ scope: "user" }),
        off({ scope: "coin", subject: "BTC", halted: true }),
      ]) {
        await expect(state.setSwitch(change)).rejects.toBeInstanceOf(RangeError);
      }
      expect(await reopened().switches()).toEqual([off()]);
    });

    test("limits: everybody's over the defaults, a user's over everybody's, and none where it says so", async () => {
      expect(await state.limits(RISK_LIMITS_DEFAULT)).toEqual(new Map([[0, RISK_LIMITS_DEFAULT]]));
      await state.setLimits(
        0,
        { sliceKrwMax: D("5000000.125"), openPositionsMax: 3, neverCoins: new Set(["LUNA"]) },
        NOW_MS,
      );
      await state.setLimits(7, { sliceKrwMax: undefined, leverageMax: D("2.5") }, NOW_MS);
      await state.setLimits(8, { openPositionsMax: 0, neverCoins: new Set(["DOGE", "BTC"]) }, NOW_MS);
      const everybody = {
        ...RISK_LIMITS_DEFAULT,
        sliceKrwMax: D("5000000.125"),
        openPositionsMax: 3,
        neverCoins: new Set(["LUNA"]),
      };
      const limits = await reopened().limits(RISK_LIMITS_DEFAULT);
      expect([...limits.keys()].sort()).toEqual([0, 7, 8]);
      expect(limits.get(0)).toEqual(everybody);
      expect(limits.get(7)).toEqual({ ...everybody, sliceKrwMax: undefined, leverageMax: D("2.5") });
      expect(limits.get(8)).toEqual({
        ...everybody,
        openPositionsMax: 0,
        neverCoins: new Set(["LUNA", "BTC", "DOGE"]),
      });
      await state.setLimits(8, {}, NOW_MS + 1);
      expect([...(await reopened().limits(RISK_LIMITS_DEFAULT)).keys()]).toEqual([0, 7]);
    });

    test("every limit comes back as it was set", async () => {
      const all = {
        sliceKrwMax: D("1"),
        userNotionalKrwMax: D("2.000000000000000001"),
        coinNotionalKrwMax: D("30000000000000"),
        serviceNotionalKrwMax: D("4"),
        openPositionsMax: 5,
        dailyLossKrwMax: D("6.5"),
        leverageMax: D("1"),
        neverCoins: new Set(["BTC"]),
        liquidationDistanceMin: D("0.25"),
        marginReserve: D("1.5"),
      };
      await state.setLimits(9, all, NOW_MS);
      expect((await reopened().limits(RISK_LIMITS_DEFAULT)).get(9)).toEqual(all);
    });

    test("a limit that is none is refused; one spoilt in the database is a fault and never no limit", async () => {
      for (const limits of [
        { sliceKrwMax: D("-1") },
        { openPositionsMax: 1.5 },
        { leverageMax: D("0.5") },
        { leverageMax: undefined } as object,
        { liquidationDistanceMin: D("15") },
        { sliceKrwMaximum: D("1") } as object,
      ]) {
        await expect(state.setLimits(7, limits, NOW_MS)).rejects.toBeInstanceOf(RangeError);
      }
      for (const spoilt of ['{"sliceKrwMax": ""}', '{"sliceKrwMax": 5}', '{"unknown": "5"}']) {
        await run(sql`insert into schedulerx.risk_limits values (7, ${spoilt}::text::jsonb, now())
          on conflict (user_id) do update set limits = excluded.limits`);
        await expect(state.limits(RISK_LIMITS_DEFAULT)).rejects.toMatchObject({ kind: "defect" });
      }
    });

    const incident = {
      mode: "live",
      userId: 7,
      kind: "needs-human",
      coin: "BTC",
      intentId: "i1",
      detail: "0.5 coins could not be sold back",
      openedAtMs: NOW_MS,
    } as const;

    test("an incident told again is the same row with the newest words, until it is closed", async () => {
      await run(sql`truncate schedulerx.audit_events`);
      const first = await state.openIncident(incident, fence);
      expect(first.isNew).toBe(true);
      const again = { ...incident, detail: "0.4 coins\0", openedAtMs: NOW_MS + 5 };
      expect(await state.openIncident(again, fence)).toEqual({ incidentId: first.incidentId, isNew: false });
      const open = {
        ...incident,
        incidentId: first.incidentId,
        detail: "0.4 coins",
        closedAtMs: undefined,
      };
      expect(await reopened().openIncidents("live")).toEqual([open]);
      expect(await reopened().openIncidents("paper")).toEqual([]);
      for (let turn = 0; turn < 2; turn++) {
        expect(await state.closeIncident(first.incidentId, "operator", NOW_MS + 9, "a transfer")).toBe(true);
      }
      const trail = sql`select user_id, subject, detail from schedulerx.audit_events`;
      expect(await run(trail)).toEqual([
        { user_id: incident.userId, subject: String(first.incidentId), detail: { note: "a transfer" } },
      ]);
      expect(await state.closeIncident(first.incidentId, "user", NOW_MS + 10)).toBe(false);
      expect(await state.closeIncident(first.incidentId + 1, "user", NOW_MS + 10)).toBe(false);
      expect(await reopened().openIncidents("live")).toEqual([]);
      const next = await state.openIncident(incident, fence);
      expect(next).toEqual({ incidentId: first.incidentId + 1, isNew: true });
    });

    test("incidents differ by mode, user, kind, coin and intent", async () => {
      const others = [
        ...[{ mode: "paper" }, { userId: 8 }, { kind: "defect" }, { coin: "ETH" }, { intentId: "" }],
      ] as const;
      for (const other of [{}, ...others]) {
        expect((await state.openIncident({ ...incident, ...other }, fence)).isNew).toBe(true);
      }
      expect(await reopened().openIncidents("live")).toHaveLength(5);
    });

    test("one incident told by many at once is one row", async () => {
      const told = await Promise.all(Array.from({ length: 6 }, () => state.openIncident(incident, fence)));
      expect(told.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(new Set(told.map(({ incidentId }) => incidentId)).size).toBe(1);
    });

    test("a rest is one row per mode, user and coin, and stays when it is over", async () => {
      const rest = { userId: 7, coin: "BTC", cause: "unwound", untilAtMs: NOW_MS, troubles: 2 } as const;
      await state.setCooling("live", rest, fence);
      await state.setCooling("paper", { ...rest, troubles: 0 }, fence);
      await state.setCooling("live", { ...rest, coin: "ETH", cause: "entry-empty" }, fence);
      const later = { ...rest, cause: "guardian", untilAtMs: NOW_MS + 600_000, troubles: 3 } as const;
      await state.setCooling("live", later, fence);
      expect(await reopened().cooling("live")).toEqual([
        later,
        { ...rest, coin: "ETH", cause: "entry-empty" },
      ]);
      expect(await reopened().cooling("paper")).toEqual([{ ...rest, troubles: 0 }]);
    });

    /** Ids of positions opened with nothing behind them. */
    async function openPositions(count: number): Promise<number[]> {
      const journal = createJournal(database());
      for (let index = 0; index < count; index++) {
        const intent = intentOf({ decisionId: `f${index}`, userId: 7, coin: `C${index}` });
        await journal.plan(intent, fence);
        await run(
          sql`update schedulerx.intents set state = 'overseas-sending' where intent_id = ${intent.intentId}`,
        );
        await journal.endEntry(intent.intentId, entryEnd({ openRow: undefined }), fence);
      }
      return (await journal.openPositions("live")).map(({ positionId }) => positionId);
    }

    test("funding is added once per user, venue and event, and sums to the last digit without what was late", async () => {
      const [first, second] = await openPositions(2);
      const row = (eventId: string, amount: string, changes: Partial<FundingRow> = {}): FundingRow => ({
        mode: "live",
        venue: "bybit",
        eventId,
        userId: 7,
        coin: "BTC",
        positionId: first!,
        amountUsdt: D(amount),
        atMs: NOW_MS,
        late: false,
        ...changes,
      });
      expect(await state.fundingUsdt(first!)).toEqual(D("0"));
      const told = [row("a", "1.000000000000000001"), row("b", "-0.3"), row("a", "99")];
      expect(await state.addFunding(told, fence)).toBe(2);
      expect(await state.addFunding(told, fence)).toBe(0);
      const more = [
        row("a", "0.1", { venue: "binance" }),
        row("a", "5", { userId: 8, positionId: second! }),
        row("c", "7", { late: true }),
      ];
      expect(await state.addFunding(more, fence)).toBe(3);
      expect(await state.addFunding([], fence)).toBe(0);
      expect(String(await reopened().fundingUsdt(first!))).toBe("0.800000000000000001");
      expect(String(await reopened().fundingUsdt(second!))).toBe("5");
    });

    test("of decisions the last one about a strategy and coin is kept, in whatever order they come", async () => {
      const decision = (coin: string, atMs: number, changes: Partial<DecisionRow> = {}): DecisionRow => ({
        mode: "live",
        userId: 7,
        strategyId: 70,
        coin,
        pair: "upbit-bybit",
        action: "hold",
        reason: "rate-above-target",
        context: `rate=${atMs - NOW_MS}`,
        atMs,
        ...changes,
      });
      await state.keepDecisions([]);
      await state.keepDecisions([decision("BTC", NOW_MS + 2), decision("BTC", NOW_MS + 1)]);
      await state.keepDecisions([
        decision("BTC", NOW_MS, { action: "exit" }),
        decision("ETH", NOW_MS + 1),
        decision("ETH", NOW_MS + 4, { action: "enter", pair: "bithumb-binance" }),
        decision("BTC", NOW_MS + 9, { mode: "paper" }),
        decision("BTC", NOW_MS + 9, { userId: 8 }),
        decision("BTC", NOW_MS, { strategyId: 71 }),
      ]);
      expect(await reopened().decisions("live", 7)).toEqual([
        decision("ETH", NOW_MS + 4, { action: "enter", pair: "bithumb-binance" }),
        decision("BTC", NOW_MS + 2),
        decision("BTC", NOW_MS, { strategyId: 71 }),
      ]);
      const many = Array.from({ length: 2_500 }, (_, index) => decision(`C${index}`, NOW_MS, { userId: 9 }));
      await state.keepDecisions(many);
      // The newest, as many as anybody reads.
      expect(await reopened().decisions("live", 9)).toHaveLength(500);
    });

    test("a writer whose fence is old changes nothing", async () => {
      const [positionId] = await openPositions(1);
      const lease = createLeaseStore(database());
      await lease.release("writer", fence);
      const newer = (await lease.acquire("other", 60_000))!.fence;
      const rest = { userId: 7, coin: "BTC", cause: "closed", untilAtMs: NOW_MS, troubles: 0 } as const;
      const funding: FundingRow = {
        ...{ mode: "live", venue: "bybit", eventId: "a", userId: 7, coin: "BTC", positionId: positionId! },
        ...{ amountUsdt: D("1"), atMs: NOW_MS, late: false },
      };
      const writes = [
        (held: number) => state.openIncident(incident, held),
        (held: number) => state.setCooling("live", rest, held),
        (held: number) => state.addFunding([funding], held),
      ];
      for (const write of writes) await expect(write(fence)).rejects.toBeInstanceOf(Fenced);
      expect(await state.openIncidents("live")).toEqual([]);
      expect(await state.cooling("live")).toEqual([]);
      expect(await state.fundingUsdt(positionId!)).toEqual(D("0"));
      for (const write of writes) await write(newer);
      expect(await state.openIncidents("live")).toHaveLength(1);
    });

    test("the checks in the tables hold exactly the words of port and domain", async () => {
      const found = await rows<{ name: string; text: string }>(
        database(),
        sql`select conname as name, pg_get_constraintdef(oid) as text from pg_constraint
            where contype = 'c' and connamespace = 'schedulerx'::regnamespace`,
      );
      const wordsOf = (name: string) =>
        [...found.find((row) => row.name === name)!.text.matchAll(/'([^']+)'/g)]
          .map((match) => match[1]!)
          .sort();
      const causes: Record<CoolingCause, true> = {
        ...{ closed: true, "entry-empty": true, unwound: true, guardian: true },
      };
      expect(wordsOf("incidents_kind_check")).toEqual([...INCIDENT_KINDS].sort());
      expect(wordsOf("cooling_rests_cause_check")).toEqual(Object.keys(causes).sort());
    });
  });
}
