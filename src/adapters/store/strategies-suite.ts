// A user's own strategies on whichever database: what is started is what the engine reads, and never two at once.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import { RISK_LIMITS_DEFAULT } from "../../domain/risk.ts";
import { type ExitTerms, type StrategyTerms, termFaults } from "../../domain/strategy-terms.ts";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { keepSchedulerLimits } from "./scheduler-limits.ts";
import { forgetful, inZone } from "./store-fixtures.ts";
import { createStrategyStore } from "./strategies.ts";
import { createTraderStore } from "./traders.ts";
import { createTradingStateStore } from "./trading-state.ts";

const TERMS: StrategyTerms & ExitTerms = {
  ...{ name: "한글 's", seedAmountKrw: "30000000.5", seedDivision: 3, leverage: 2 },
  ...{ tradeMode: "custom", entryRate: "1400.12345678", exitRate: "1420" },
  ...{ coinMode: "custom", selectedCoins: ["BTC", "ETH"], allowAverageDown: true, allowAverageUp: false },
  ...{ stopRate: "1390.5", holdingMsMax: 86_400_000 },
};
const { stopRate, holdingMsMax, ...OWN } = TERMS;

export function strategiesSuite(database: () => Database): void {
  describe("a user's own strategies", () => {
    let userId: number;
    let earlierId: number;

    beforeEach(async () => {
      await clearJournal(database());
      await rows(
        database(),
        sql`truncate schedulerx.trader_terms, schedulerx.audit_events, schedulerx.risk_limits`,
      );
      // With a strategy of before that is still marked active, as Karbit leaves them.
      ({ userId, strategyId: earlierId } = await addUser(database()));
      await rows(database(), sql`update strategies set is_active = true`);
    });

    const store = () => createStrategyStore(database());
    const traders = () => createTraderStore(database(), undefined);
    const start = (changes: Partial<typeof TERMS> = {}) =>
      store().start(userId, { ...TERMS, ...changes }, NOW_MS);
    const change = (changes: Partial<typeof TERMS>, mode: "paper" | "live" = "paper") => {
      const faultsOf = (terms: StrategyTerms & ExitTerms) =>
        termFaults(terms, { limits: RISK_LIMITS_DEFAULT, listedCoins: undefined });
      return store().change(userId, changes, { mode, atMs: NOW_MS + 1, faultsOf });
    };
    const trail = async () =>
      (await createAuditStore(database()).read(userId, 50)).map(
        ({ actor, action, subject }) => `${actor} ${action} ${subject}`,
      );
    const startedId = async (changes: Partial<typeof TERMS> = {}) => {
      const started = await start(changes);
      if ("refused" in started) throw new Error("expected a strategy to be started");
      return started.strategyId;
    };

    test("a row of Karbit's with figures that are no numbers is listed, and hides no other", async () => {
      await rows(
        database(),
        sql`update strategies set seed_amount = 'NaN', entry_rate = 'NaN' where id = ${earlierId}`,
      );
      const strategyId = await startedId();
      const { strategies: own } = await store().read(userId);
      expect(own.map((one) => [one.strategyId, one.seedAmountKrw, one.entryRate])).toEqual([
        [strategyId, "30000000.5", "1400.12345678"],
        [earlierId, "0", "0"],
      ]);
    });

    test("what is started is listed first, is what the engine reads, and its revision tells", async () => {
      const before = await traders().revision();
      // Times are UTC on a server set up in Korea as well.
      const seoul = createStrategyStore(inZone(database(), "Asia/Seoul"));
      const started = await seoul.start(userId, TERMS, NOW_MS);
      const strategyId = "refused" in started ? 0 : started.strategyId;
      expect(await traders().revision()).not.toBe(before);
      const { traders: read, faults } = await traders().traders();
      expect(faults).toEqual([]);
      expect(JSON.parse(JSON.stringify({ ...read[0], keys: null }))).toEqual({
        ...{ userId, keys: null, liveConsent: false, stopRate, holdingMsMax },
        strategy: {
          ...{ strategyId, userId, seedAmountKrw: "30000000.5", seedDivision: 3, leverage: 2 },
          ...{ tradeMode: "custom", entryRateTarget: "1400.12345678", exitRateTarget: "1420" },
          // A set is an empty object in JSON.
          ...{ coinMode: "custom", selectedCoins: {}, allowAverageDown: true, allowAverageUp: false },
        },
      });
      expect([...read[0]!.strategy.selectedCoins]).toEqual(["BTC", "ETH"]);
      const own = await store().read(userId);
      expect([own.activeStrategyId, own.exitTerms]).toEqual([strategyId, { stopRate, holdingMsMax }]);
      expect(own.strategies[0]).toEqual({ ...OWN, strategyId, isActive: true, createdAtMs: NOW_MS });
      expect(own.strategies.map((one) => [one.strategyId, one.isActive])).toEqual([
        [strategyId, true],
        [earlierId, false],
      ]);
      const [row] = await rows(
        database(),
        sql`select is_active, entry_count, ai_mode, created_at::text as at from strategies where id = ${strategyId}`,
      );
      expect(row).toEqual({ is_active: true, entry_count: 0, ai_mode: false, at: "2026-03-05 03:04:05.678" });
    });

    test("of many starts at once one is started, and a second later is refused", async () => {
      // Several rounds, for the connections of the first are only being made.
      for (let round = 1; round <= 4; round++) {
        const outcomes = await Promise.all(Array.from({ length: 4 }, () => start()));
        const ids = outcomes.flatMap((one) => ("refused" in one ? [] : [one.strategyId]));
        expect(ids).toHaveLength(1);
        const refused = { refused: "active" as const, strategyId: ids[0]! };
        expect(outcomes.filter((one) => "refused" in one)).toEqual(Array(3).fill(refused));
        expect(await start()).toEqual(refused);
        expect((await store().read(userId)).strategies).toHaveLength(round + 1);
        expect((await trail())[0]).toBe(`user strategy.started ${ids[0]}`);
        await store().stop(userId, NOW_MS);
      }
      expect(await trail()).toHaveLength(8);
    });

    test("a stop clears both, and the engine reads nobody any more", async () => {
      const strategyId = await startedId();
      expect(await store().stop(userId, NOW_MS)).toBe(strategyId);
      expect(await store().stop(userId, NOW_MS)).toBeUndefined();
      expect((await traders().traders()).traders).toEqual([]);
      const found = await rows(
        database(),
        sql`select u.active_strategy_id as pointer, s.is_active as on from users u
            join strategies s on s.id = ${strategyId} where u.id = ${userId}`,
      );
      expect(found).toEqual([{ pointer: null, on: false }]);
      expect(await trail()).toEqual([
        `user strategy.stopped ${strategyId}`,
        `user strategy.started ${strategyId}`,
      ]);
    });

    test("a change is a new row with what differs; what makes no sense changes nothing", async () => {
      expect(await change({ leverage: 3 })).toEqual({ refused: "none" });
      const from = await startedId();
      expect(await change({ exitRate: "1400" })).toMatchObject({
        refused: "faults",
        faults: [{ parameter: "exitRate" }],
      });
      const to = await change({ leverage: 3, stopRate: null });
      const strategyId = from + 1;
      expect(to).toEqual({ strategyId });
      const own = await store().read(userId);
      expect([own.activeStrategyId, own.exitTerms]).toEqual([strategyId, { stopRate: null, holdingMsMax }]);
      expect(own.strategies.slice(0, 2)).toEqual([
        { ...OWN, leverage: 3, strategyId, isActive: true, createdAtMs: NOW_MS + 1 },
        { ...OWN, strategyId: from, isActive: false, createdAtMs: NOW_MS },
      ]);
      const [changed] = await createAuditStore(database()).read(userId, 1);
      expect(changed).toMatchObject({
        action: "strategy.changed",
        detail: { from, leverage: 3, stopRate: null },
      });
    });

    test("of two changes at once each finds what the one before left", async () => {
      const from = await startedId();
      await Promise.all([change({ leverage: 3 }), change({ name: "other" }), change({ seedDivision: 2 })]);
      const { strategies } = await store().read(userId);
      expect(strategies.filter(({ isActive }) => isActive)).toHaveLength(1);
      expect(strategies[0]).toMatchObject({
        ...{ strategyId: from + 3, isActive: true, leverage: 3, name: "other", seedDivision: 2 },
      });
    });

    test("a change is refused while a coin is held, in Karbit's tables or ours, or an intent runs", async () => {
      const strategyId = await startedId();
      const refused = (...coins: string[]) => ({ refused: "positions" as const, coins });
      await rows(
        database(),
        sql`insert into schedulerx.hedged_positions
              (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at, closed_at)
            values ('paper', ${userId}, 1, 'XRP', 'upbit-bybit', 1, '{}', now(), null),
              ('paper', ${userId}, 1, 'SOL', 'upbit-bybit', 1, '{}', now(), now()),
              ('paper', ${userId + 1}, 1, 'DOT', 'upbit-bybit', 1, '{}', now(), null)`,
      );
      expect(await change({ leverage: 3 })).toEqual(refused("XRP"));
      // What is open on paper is not held with real money.
      expect(await change({ leverage: 3 }, "live")).toEqual({ strategyId: strategyId + 1 });
      await rows(
        database(),
        sql`insert into schedulerx.intents (intent_id, decision_id, kind, mode, state, user_id, strategy_id, coin,
              pair, qty_coin, qty_contracts, terms, reason, planned_at)
            values ('i', 'd', 'entry', 'paper', 'planned', ${userId}, 1, 'ADA', 'upbit-bybit', 1, 1, '{}', 'r', now())`,
      );
      expect(await change({ leverage: 4 })).toEqual(refused("ADA", "XRP"));
      await rows(database(), sql`truncate schedulerx.intents, schedulerx.hedged_positions cascade`);
      const karbit = (coin: string, status: string, minute: number) =>
        rows(
          database(),
          sql`insert into positions (user_id, strategy_id, coin_symbol, status, kr_exchange, kr_order_id, kr_price,
                kr_volume, kr_funds, kr_fee, fr_exchange, fr_order_id, fr_price, fr_volume, fr_funds, fr_fee, entry_rate,
                entry_time)
              values (${userId}, ${strategyId}, ${coin}, ${status}, 'UPBIT', 'k', 1, 1, 1, 1, 'BYBIT', 'f', 1, 1, 1, 1, 1,
                ${`2026-01-01 00:0${minute}:00`}::timestamp)`,
        );
      await karbit("BTC", "OPEN", 1);
      await karbit("ETH", "OPEN", 1);
      await karbit("ETH", "CLOSED", 2);
      expect(await change({ leverage: 4 })).toEqual(refused("BTC"));
      await karbit("BTC", "CLOSED", 2);
      expect(await change({ leverage: 4 })).toEqual({ strategyId: strategyId + 2 });
    });

    test("a pointer at what is gone, off or somebody else's is no active strategy, and nobody else's is shown", async () => {
      const other = await addUser(database());
      await rows(database(), sql`update strategies set is_active = true where id = ${other.strategyId}`);
      for (const pointer of [other.strategyId, 999_999]) {
        await rows(database(), sql`update users set active_strategy_id = ${pointer} where id = ${userId}`);
        expect(await store().stop(userId, NOW_MS)).toBeUndefined();
        expect(await change({ leverage: 3 })).toEqual({ refused: "none" });
        const own = await store().read(userId);
        expect([own.activeStrategyId, own.strategies.map(({ strategyId }) => strategyId)]).toEqual([
          null,
          [earlierId],
        ]);
      }
      const strategyId = await startedId();
      expect((await store().read(userId)).activeStrategyId).toBe(strategyId);
      expect((await store().read(other.userId)).strategies).toHaveLength(1);
    });

    test("what is run again after its commit went unanswered is done and told once", async () => {
      const again = createStrategyStore(forgetful(database()));
      const started = await again.start(userId, TERMS, NOW_MS);
      const first = "refused" in started ? 0 : started.strategyId;
      expect((await store().read(userId)).strategies.map(({ strategyId }) => strategyId)).toEqual([
        first,
        earlierId,
      ]);
      const options = { mode: "paper", atMs: NOW_MS, faultsOf: () => [] } as const;
      expect(await again.change(userId, { leverage: 3 }, options)).toEqual({ strategyId: first + 1 });
      expect(await again.stop(userId, NOW_MS)).toBe(first + 1);
      await again.setConsent(userId, true, NOW_MS);
      expect(await trail()).toEqual([
        "user consent.given live",
        `user strategy.stopped ${first + 1}`,
        `user strategy.changed ${first + 1}`,
        `user strategy.started ${first}`,
      ]);
    });

    test("consent is kept with its instant, is read by the engine, and is told", async () => {
      expect(await store().consent(userId)).toEqual({ consent: false, atMs: null });
      await store().setConsent(userId, true, NOW_MS);
      await start();
      expect(await store().consent(userId)).toEqual({ consent: true, atMs: NOW_MS });
      expect((await traders().traders()).traders[0]!.liveConsent).toBe(true);
      await store().setConsent(userId, false, NOW_MS + 1);
      expect(await store().consent(userId)).toEqual({ consent: false, atMs: NOW_MS + 1 });
      expect((await trail())[0]).toBe("user consent.withdrawn live");
    });

    test("a user's limits are his own, else everybody's, else the scheduler's, else the defaults", async () => {
      const leverageMax = async () => (await store().bounds(userId)).limits.leverageMax.toString();
      const state = createTradingStateStore(database());
      expect(await leverageMax()).toBe("5");
      const ofSettings = { ...RISK_LIMITS_DEFAULT, leverageMax: Decimal.of(3), sliceKrwMax: Decimal.of(7) };
      for (let start = 0; start < 2; start++) await keepSchedulerLimits(database(), ofSettings, NOW_MS);
      expect((await store().bounds(userId)).limits).toEqual(ofSettings);
      await keepSchedulerLimits(database(), RISK_LIMITS_DEFAULT, NOW_MS);
      expect((await store().bounds(userId)).limits).toEqual(RISK_LIMITS_DEFAULT);
      await keepSchedulerLimits(database(), ofSettings, NOW_MS);
      expect(await leverageMax()).toBe("3");
      await state.setLimits(0, { leverageMax: Decimal.of(4) }, NOW_MS);
      expect(await leverageMax()).toBe("4");
      await state.setLimits(userId, { leverageMax: Decimal.of(2) }, NOW_MS);
      expect(await leverageMax()).toBe("2");
      await rows(database(), sql`delete from schedulerx.settings where key = 'limits'`);
    });

    test("the coins that can be traded are those listed on both sides, as soon as somebody has looked", async () => {
      const listed = async () => [...((await store().bounds(userId)).listedCoins ?? ["any"])].sort();
      await rows(database(), sql`truncate schedulerx.instruments`);
      expect(await listed()).toEqual(["any"]);
      const see = (venue: string, coin: string, state: string) =>
        rows(
          database(),
          sql`insert into schedulerx.instruments values (${venue}, ${coin}, ${coin}, 1, ${state},
              ${state === "quarantined" ? "?" : null}, now(), now())`,
        );
      await see("upbit", "ADA", "active");
      expect(await listed()).toEqual([]);
      await see("binance", "ADA", "halted");
      for (const venue of ["bithumb", "bybit"]) await see(venue, "BTC", "quarantined");
      await see("bithumb", "ETH", "active");
      await see("bybit", "ETH", "delisted");
      expect(await listed()).toEqual(["ADA", "BTC"]);
      await rows(database(), sql`truncate schedulerx.instruments`);
    });
  });
}
