// What is shown of trading, on whichever database: each figure against what was put into the journal by hand.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { IntentRow, Journal } from "../../ports/journal.ts";
import type { DecisionRow } from "../../ports/traders.ts";
import type { TradingViewStore } from "../../ports/trading-view.ts";
import type { Database } from "./database.ts";
import { createJournal } from "./journal.ts";
import { clearJournal, entryEnd, exitEnd, intentOf, matchedOf, NOW_MS, rows } from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";
import { addActiveTrader } from "./trader-fixtures.ts";
import { createTradingStateStore } from "./trading-state.ts";
import { createTradingViewStore } from "./trading-view.ts";

const D = Decimal.of;
const TERMS = { tradeMode: "custom", exitRateTarget: "1390" };

export function tradingViewSuite(database: () => Database): void {
  describe("the view of trading", () => {
    let journal: Journal;
    let store: TradingViewStore;
    let fence: number;
    let count: number;

    beforeEach(async () => {
      await clearJournal(database());
      await rows(database(), sql`truncate schedulerx.last_decisions`);
      journal = createJournal(database());
      store = createTradingViewStore(database());
      fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
      count = 0;
    });

    type Of = Partial<IntentRow> & { readonly atMs?: number; readonly qtyCoin?: Decimal };

    async function enter({ atMs = NOW_MS, ...of }: Of): Promise<void> {
      const intent = intentOf({ decisionId: `enter-${count++}`, mode: "paper", ...of });
      const { intentId, qtyCoin } = intent;
      expect(await journal.plan(intent, fence)).toBe("planned");
      const states = ["planned", "domestic-sending", "domestic-done", "overseas-sending"] as const;
      for (const [index, to] of states.slice(1).entries()) {
        await journal.move({ intentId, from: states[index]!, to, atMs }, fence);
      }
      const end = { atMs, entry: matchedOf(qtyCoin.toString()), exitTerms: TERMS, openRow: undefined };
      await journal.endEntry(intentId, entryEnd(end), fence);
    }

    /** Leaves the position of that user and coin, all of it or this many coins of its first entry. */
    async function leave(
      of: Of & { readonly userId: number; readonly coin: string },
      result: { readonly profitKrw: string; readonly profitRatePct: string; readonly partCoin?: string },
    ): Promise<void> {
      const { atMs = NOW_MS, ...changes } = of;
      const exit = intentOf({ decisionId: `leave-${count++}`, mode: "paper", kind: "exit", ...changes });
      await journal.plan(exit, fence);
      await journal.move({ intentId: exit.intentId, from: "planned", to: "sending", atMs }, fence);
      const open = await journal.openPositions(exit.mode);
      const position = open.find(({ userId, coin }) => userId === of.userId && coin === of.coin)!;
      const { partCoin, profitKrw, profitRatePct } = result;
      const end = { atMs, closedRow: undefined, profitKrw: D(profitKrw), profitRatePct: D(profitRatePct) };
      if (partCoin !== undefined) {
        const part = matchedOf(partCoin, {
          ...{ spentKrw: D("9"), feeKrw: D("0"), receivedUsdt: D("0.1234"), feeUsdt: D("0.015") },
        });
        const taken = [{ entryIntentId: position.entries[0]!.intentId, ...part }];
        const parted = exitEnd(position.positionId, taken, { ...end, to: "parted" });
        await journal.endExit(exit.intentId, parted, fence);
        return;
      }
      const taken = position.entries.map(({ intentId, atMs: _, ...left }) => {
        return { entryIntentId: intentId, ...left };
      });
      await journal.endExit(exit.intentId, exitEnd(position.positionId, taken, end), fence);
    }

    const decision = (of: Partial<DecisionRow> & { readonly userId: number }): DecisionRow => ({
      ...{ mode: "paper", strategyId: 1, coin: "BTC", pair: "upbit-bybit", action: "hold" },
      ...{ reason: "spread-too-wide", context: "spread=0.01", atMs: NOW_MS },
      ...of,
    });

    test("a trader with nothing traded yet is there with the strategy alone; one without a strategy is not", async () => {
      const { userId } = await addActiveTrader(database());
      await rows(database(), sql`update users set name = '참을성' where id = ${userId}`);
      await rows(database(), sql`insert into users (email, password_hash) values ('idle@example.com', '')`);
      expect(await store.read("paper", 0)).toEqual([
        {
          userId,
          name: "참을성",
          strategy: {
            ...{ name: "s", entryRate: "1365.12", exitRate: "1390.00", division: 4, leverage: 3 },
            // 10,000,000.5 in four, without the fraction.
            ...{ sliceKrw: "2500000", isAuto: false },
          },
          ...{ profitKrw: "0.00", open: [], closed: [], decisions: [] },
        },
      ]);
    });

    test("what is open: the entries less what left already, which counts as closed, oldest first, with funding", async () => {
      const { userId } = await addActiveTrader(database());
      await enter({ userId, coin: "ETH", atMs: NOW_MS + 1_000, qtyCoin: D("3") });
      await enter({ userId, coin: "BTC", atMs: NOW_MS, qtyCoin: D("0.07") });
      await enter({ userId, coin: "BTC", atMs: NOW_MS + 2_000, qtyCoin: D("0.03") });
      await enter({ userId, coin: "XRP", mode: "live" });
      const part = { partCoin: "0.01", profitKrw: "100.5", profitRatePct: "1" };
      await leave({ userId, coin: "BTC", atMs: NOW_MS + 3_000 }, part);
      const position = (await journal.openPositions("paper")).find(({ coin }) => coin === "BTC")!;
      const funding = (eventId: string, usdt: string, late = false) => ({
        ...({ mode: "paper", venue: "bybit", eventId, userId, coin: "BTC", late } as const),
        ...{ positionId: position.positionId, amountUsdt: D(usdt), atMs: NOW_MS },
      });
      const events = [funding("1", "0.5"), funding("2", "-0.125"), funding("3", "9", true)];
      await createTradingStateStore(database()).addFunding(events, fence);
      const [trader] = await store.read("paper", 0);
      const whole = matchedOf("0.03");
      const left = {
        ...{ qtyCoin: D("0.06"), spentKrw: whole.spentKrw.minus(D("9")), feeKrw: whole.feeKrw },
        ...{ receivedUsdt: D("7300"), feeUsdt: D("4") },
      };
      const { pair } = position;
      const shown = trader!.open.map((open) => ({
        ...open,
        entries: open.entries.map((entry) => Object.values(entry).map(String)),
        fundingUsdt: String(open.fundingUsdt),
      }));
      const texts = (entry: object) => Object.values(entry).map(String);
      expect(shown).toEqual([
        {
          ...{ coin: "BTC", pair, openedAtMs: NOW_MS, exitTerms: TERMS, fundingUsdt: "0.375" },
          entries: [texts(left), texts(whole)],
        },
        {
          ...{ coin: "ETH", pair, openedAtMs: NOW_MS + 1_000, exitTerms: TERMS, fundingUsdt: "0" },
          entries: [texts(matchedOf("3"))],
        },
      ]);
      expect([trader!.profitKrw, trader!.closed.map(({ coin }) => coin)]).toEqual(["100.50", ["BTC"]]);
      expect(await store.open("paper", userId)).toEqual([...trader!.open]);
      expect((await store.open("live", userId)).map(({ coin }) => coin)).toEqual(["XRP"]);
      expect(await store.open("paper", userId + 1)).toEqual([]);
    });

    test("the newest ten closed positions of each trader, and the profit of all, in the mode asked for", async () => {
      const first = await addActiveTrader(database());
      const second = await addActiveTrader(database());
      for (let index = 0; index < 12; index++) {
        const of = { userId: first.userId, coin: `C${index}`, atMs: NOW_MS + index };
        await enter(of);
        await leave(of, { profitKrw: `${1000 + index}.1251`, profitRatePct: "0.126" });
      }
      const other = { userId: second.userId, coin: "ETH", pair: "bithumb-binance" } as const;
      await enter(other);
      await leave(other, { profitKrw: "-50000.004", profitRatePct: "-1.255" });
      const live = { userId: second.userId, coin: "BTC", mode: "live" } as const;
      await enter(live);
      await leave(live, { profitKrw: "7", profitRatePct: "7" });
      const [a, b] = await store.read("paper", 0);
      // 12,000 + 66 + 12 x 0.1251.
      expect(a!.profitKrw).toBe("12067.50");
      expect(a!.closed.map(({ coin }) => coin)).toEqual(
        Array.from({ length: 10 }, (_, index) => `C${11 - index}`),
      );
      expect(b!.profitKrw).toBe("-50000.00");
      expect(b!.closed).toEqual([
        {
          ...{ coin: "ETH", pair: "bithumb-binance", openedAtMs: NOW_MS, closedAtMs: NOW_MS },
          ...{ profitKrw: "-50000.00", profitRatePct: "-1.26" },
        },
      ]);
      expect((await store.read("live", 0))[1]!.profitKrw).toBe("7.00");
    });

    test("the newest five decisions since the instant asked for", async () => {
      const { userId } = await addActiveTrader(database());
      const all = Array.from({ length: 7 }, (_, index) => {
        return decision({ userId, coin: `C${index}`, atMs: NOW_MS + index });
      });
      await createTradingStateStore(database()).keepDecisions([
        ...all,
        decision({ userId, coin: "LIVE", mode: "live", atMs: NOW_MS + 100 }),
        decision({ userId: userId + 1, coin: "OTHER", atMs: NOW_MS + 100 }),
      ]);
      const shown = async (sinceMs: number) => (await store.read("paper", sinceMs))[0]!.decisions;
      expect((await shown(0)).map(({ coin }) => coin)).toEqual(["C6", "C5", "C4", "C3", "C2"]);
      expect(await shown(NOW_MS + 6)).toEqual([
        {
          ...{ coin: "C6", pair: "upbit-bybit", action: "hold", atMs: NOW_MS + 6 },
          ...{ reason: "spread-too-wide", context: "spread=0.01" },
        },
      ]);
      expect(await shown(NOW_MS + 7)).toEqual([]);
    });

    test("a position outlives its strategy, in the view too", async () => {
      const { userId, strategyId } = await addActiveTrader(database());
      await enter({ userId, coin: "BTC" });
      await rows(database(), sql`update strategies set is_active = false where id = ${strategyId}`);
      const [trader] = await store.read("paper", 0);
      expect([trader!.strategy, trader!.open.length, trader!.name]).toEqual([null, 1, `#${userId}`]);
      expect(await store.read("live", 0)).toEqual([]);
    });
  });
}
