// The journal on whichever database: what is written comes back to the last digit, may be written again, and is
// refused where the domain has no such thing. Every test reads through a second journal, as a restarted process would.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import { INTENT_KINDS, INTENT_STATES, isEnd, ORDER_PURPOSES, ORDER_STATUSES } from "../../domain/intent.ts";
import { Fenced, type Journal } from "../../ports/journal.ts";
import type { Database } from "./database.ts";
import { readHeldSymbols } from "./held-symbols.ts";
import { createJournal } from "./journal.ts";
import {
  clearJournal,
  entryEnd,
  exitEnd,
  fillOf,
  intentOf,
  matchedOf,
  NOW_MS,
  orderOf,
  rows,
} from "./journal-fixtures.ts";
import { createLeaseStore } from "./lease.ts";

const D = Decimal.of;

export function journalSuite(database: () => Database): void {
  describe("the trade journal", () => {
    let journal: Journal;
    let fence: number;
    /** What a process sees that starts now. */
    const reopened = () => createJournal(database());

    beforeEach(async () => {
      await clearJournal(database());
      journal = createJournal(database());
      fence = (await createLeaseStore(database()).acquire("writer", 60_000))!.fence;
    });

    const intent = intentOf({ decisionId: "tick-1/7/BTC", userId: 7, strategyId: 70 });
    const { intentId } = intent;
    const buy = orderOf(intentId, "buy");
    const hedge = orderOf(intentId, "hedge");

    async function startEntry(): Promise<void> {
      expect(await journal.plan(intent, fence)).toBe("planned");
      const move = {
        intentId,
        from: "planned",
        to: "domestic-sending",
        atMs: NOW_MS + 1,
        order: buy,
      } as const;
      await journal.move(move, fence);
    }

    async function hedgeAll(): Promise<void> {
      await startEntry();
      await journal.recordOrder({ ...buy, status: "done" }, [fillOf(buy, "0.07")], fence);
      await journal.move(
        { intentId, from: "domestic-sending", to: "domestic-done", atMs: NOW_MS + 4 },
        fence,
      );
      const move = { intentId, from: "domestic-done", to: "overseas-sending", atMs: NOW_MS + 5 } as const;
      await journal.move({ ...move, order: hedge }, fence);
      await journal.recordOrder({ ...hedge, status: "done" }, [fillOf(hedge, "0.07")], fence);
    }

    async function openPosition(): Promise<number> {
      await hedgeAll();
      await journal.endEntry(intentId, entryEnd(), fence);
      return (await journal.openPositions("live"))[0]!.positionId;
    }

    async function planExit(decisionId: string): Promise<string> {
      const terms = { overseasSymbol: "BTCUSDT" };
      const exit = intentOf({ decisionId, userId: 7, strategyId: 70, kind: "exit", terms });
      expect(await journal.plan(exit, fence)).toBe("planned");
      await journal.move(
        { intentId: exit.intentId, from: "planned", to: "sending", atMs: NOW_MS + 12 },
        fence,
      );
      return exit.intentId;
    }

    test("a planned intent comes back as it was, and planning it again finds it", async () => {
      expect(await journal.plan(intent, fence)).toBe("planned");
      expect(await journal.plan(intent, fence)).toBe("exists");
      expect(await reopened().unfinished("live")).toEqual([{ intent, orders: [], fills: [] }]);
      expect(await reopened().unfinished("paper")).toEqual([]);
      expect(await reopened().file("nobody")).toBeUndefined();
    });

    test("one intent per user and coin, one entry per user; exits of other coins, users and modes go on", async () => {
      const plan = (decisionId: string, changes: object) =>
        journal.plan(intentOf({ decisionId, userId: 7, ...changes }), fence);
      expect(await plan("a", { coin: "BTC" })).toBe("planned");
      expect(await plan("b", { coin: "ETH" })).toBe("busy");
      expect(await plan("c", { coin: "BTC", kind: "exit" })).toBe("busy");
      expect(await plan("d", { coin: "ETH", kind: "exit" })).toBe("planned");
      expect(await plan("e", { coin: "XRP", kind: "exit" })).toBe("planned");
      expect(await plan("f", { coin: "BTC", userId: 8 })).toBe("planned");
      expect(await plan("g", { coin: "BTC", mode: "paper" })).toBe("planned");
      const a = (await journal.unfinished("live")).find(({ intent }) => intent.decisionId === "a")!.intent;
      await journal.move({ intentId: a.intentId, from: "planned", to: "abandoned", atMs: NOW_MS }, fence);
      expect(await plan("h", { coin: "SOL" })).toBe("planned");
    });

    test("an order is there with the move that announces it, and both may be told again", async () => {
      await startEntry();
      const move = {
        intentId,
        from: "planned",
        to: "domestic-sending",
        atMs: NOW_MS + 1,
        order: buy,
      } as const;
      await journal.move(move, fence);
      expect(await reopened().file(intentId)).toEqual({
        intent: { ...intent, state: "domestic-sending", sendingAtMs: NOW_MS + 1 },
        orders: [buy],
        fills: [],
      });
      const events = await rows(
        database(),
        sql`select from_state, to_state, fence from schedulerx.intent_events order by seq`,
      );
      expect(events).toEqual([
        { from_state: null, to_state: "planned", fence },
        { from_state: "planned", to_state: "domestic-sending", fence },
      ]);
    });

    test("a move the diagram lacks, or from another state than stored, is a defect and changes nothing", async () => {
      await startEntry();
      const before = await journal.file(intentId);
      for (const [from, to] of [
        ["domestic-sending", "overseas-sending"],
        ["domestic-done", "overseas-sending"],
        ["planned", "abandoned"],
        ["overseas-sending", "hedged"],
      ] as const) {
        const moved = journal.move({ intentId, from, to, atMs: NOW_MS, order: hedge }, fence);
        await expect(moved).rejects.toBeInstanceOf(RangeError);
      }
      const nobody = { intentId: "nobody", from: "planned", to: "domestic-sending", atMs: NOW_MS } as const;
      await expect(journal.move(nobody, fence)).rejects.toBeInstanceOf(RangeError);
      expect(await journal.file(intentId)).toEqual(before);
    });

    test("needs-human tells why and when it is over, and its history stays", async () => {
      await startEntry();
      await journal.move(
        { intentId, from: "domestic-sending", to: "needs-human", atMs: 1, why: "no sign" },
        fence,
      );
      expect((await journal.file(intentId))!.intent).toMatchObject({
        state: "needs-human",
        needsHumanWhy: "no sign",
      });
      await journal.move({ intentId, from: "needs-human", to: "domestic-done", atMs: NOW_MS + 9 }, fence);
      expect((await journal.file(intentId))!.intent).toMatchObject({
        needsHumanWhy: undefined,
        domesticDoneAtMs: NOW_MS + 9,
      });
      const whys = await rows(
        database(),
        sql`select why from schedulerx.intent_events where to_state = 'needs-human'`,
      );
      expect(whys).toEqual([{ why: "no sign" }]);
    });

    test("what became of an order is kept; fills told twice count once; late news changes no outcome", async () => {
      await startEntry();
      const { clientOrderId } = buy;
      const part = fillOf(buy, "0.03");
      await journal.recordOrder(
        { clientOrderId, status: "unknown", emptyLookupsAtMs: [NOW_MS + 5] },
        [part],
        fence,
      );
      const rest = fillOf(buy, "0.039999999999999999", { fillId: "2", realisedUsdt: D("-0.000000000001") });
      const done = { clientOrderId, status: "done", venueOrderId: "v-1", endedAtMs: NOW_MS + 6 } as const;
      await journal.recordOrder(done, [part, rest], fence);
      await journal.recordOrder(done, [part, rest], fence);
      await journal.recordOrder({ clientOrderId, status: "open" }, [rest], fence);
      const file = (await reopened().file(intentId))!;
      expect(file.orders).toEqual([
        {
          ...buy,
          status: "done",
          venueOrderId: "v-1",
          endedAtMs: NOW_MS + 6,
          emptyLookupsAtMs: [NOW_MS + 5],
        },
      ]);
      expect(file.fills.map(({ qty, realisedUsdt }) => `${qty} ${realisedUsdt}`).sort()).toEqual([
        "0.03 undefined",
        "0.039999999999999999 -0.000000000001",
      ]);
    });

    test("more filled than ordered, other outcomes, other words about a fill: defects that land nowhere", async () => {
      await startEntry();
      const { clientOrderId } = buy;
      await journal.recordOrder({ clientOrderId, status: "done" }, [fillOf(buy, "0.03")], fence);
      const before = await journal.file(intentId);
      const told: readonly Parameters<Journal["recordOrder"]>[] = [
        [{ clientOrderId, status: "done" }, [fillOf(buy, "0.040000000000000001", { fillId: "2" })], fence],
        [{ clientOrderId, status: "never-arrived" }, [], fence],
        [{ clientOrderId, status: "done" }, [fillOf(buy, "0.02")], fence],
        [{ clientOrderId, status: "done" }, [fillOf(buy, "0.01", { fillId: "2", venue: "bithumb" })], fence],
        [{ clientOrderId, status: "done", qty: D("1") }, [], fence],
        [{ clientOrderId, status: "done", side: "sell" }, [], fence],
        [{ clientOrderId: "nobody", status: "done" }, [], fence],
      ];
      for (const args of told) await expect(journal.recordOrder(...args)).rejects.toBeInstanceOf(RangeError);
      expect(await journal.file(intentId)).toEqual(before);
    });

    test("a refused order has no fills, and one fill belongs to one order", async () => {
      await startEntry();
      await journal.addOrders([hedge, orderOf(intentId, "hedge", { attempt: 2 })], fence);
      const refused = {
        clientOrderId: hedge.clientOrderId,
        status: "rejected",
        refusal: "110007 low",
      } as const;
      await journal.recordOrder(refused, [], fence);
      const late = journal.recordOrder(refused, [fillOf(hedge, "0.01")], fence);
      await expect(late).rejects.toBeInstanceOf(RangeError);
      const lost = { ...refused, status: "never-arrived" } as const;
      await expect(journal.recordOrder(lost, [], fence)).rejects.toBeInstanceOf(RangeError);
      const second = orderOf(intentId, "hedge", { attempt: 2 });
      await journal.recordOrder(
        { ...second, status: "open" },
        [fillOf(second, "0.01", { fillId: "x" })],
        fence,
      );
      await journal.addOrders([orderOf(intentId, "hedge", { attempt: 3 })], fence);
      const third = orderOf(intentId, "hedge", { attempt: 3 });
      const stolen = journal.recordOrder(
        { ...third, status: "open" },
        [fillOf(third, "0.01", { fillId: "x" })],
        fence,
      );
      await expect(stolen).rejects.toBeInstanceOf(RangeError);
    });

    test("a refused order that its venue shows after all is one of ours again, and only once", async () => {
      await startEntry();
      await journal.addOrders([hedge], fence);
      const { clientOrderId } = hedge;
      await journal.recordOrder({ clientOrderId, status: "rejected", refusal: "key 10003: bad" }, [], fence);
      const part = fillOf(hedge, "0.01");
      await journal.recordOrder({ clientOrderId, status: "open", venueOrderId: "v-1" }, [part], fence);
      await journal.recordOrder({ clientOrderId, status: "done" }, [part], fence);
      const { orders, fills } = (await journal.file(intentId))!;
      expect(orders.find((order) => order.clientOrderId === clientOrderId)).toMatchObject({
        ...{ status: "done", venueOrderId: "v-1", refusal: "key 10003: bad" },
      });
      expect(fills.filter((fill) => fill.clientOrderId === clientOrderId)).toHaveLength(1);
      const again = journal.recordOrder({ clientOrderId, status: "rejected" }, [], fence);
      await expect(again).rejects.toBeInstanceOf(RangeError);
    });

    test("an intent is not abandoned while an order of it is open", async () => {
      await journal.plan(intent, fence);
      await journal.addOrders([buy], fence);
      const away = () => journal.move({ intentId, from: "planned", to: "abandoned", atMs: NOW_MS }, fence);
      await expect(away()).rejects.toThrow("to be terminal, was created");
      await journal.recordOrder({ clientOrderId: buy.clientOrderId, status: "never-arrived" }, [], fence);
      await away();
      expect((await journal.file(intentId))!.intent).toMatchObject({ state: "abandoned", endedAtMs: NOW_MS });
    });

    test("an adopted order takes the quantity the venue knows; known ids are left as they are", async () => {
      await startEntry();
      const adopted = orderOf(intentId, "unwind", { adopted: true, limitPrice: undefined });
      await journal.addOrders([adopted, { ...buy, qty: D("9"), status: "sent" }], fence);
      await journal.recordOrder(
        { clientOrderId: adopted.clientOrderId, status: "done", qty: D("0.01") },
        [],
        fence,
      );
      const { orders } = (await journal.file(intentId))!;
      expect(orders.find(({ purpose }) => purpose === "unwind")!.qty.toString()).toBe("0.01");
      expect(orders.find(({ purpose }) => purpose === "buy")).toEqual(buy);
    });

    test("a hedged entry becomes a position with its cost to the last digit, once however often it is told", async () => {
      await hedgeAll();
      const end = entryEnd({ dust: { qtyCoin: D("0.00000007"), costKrw: D("9.999999999999") } });
      expect(await journal.endEntry(intentId, end, fence)).toEqual({ projectionFault: undefined });
      expect(await reopened().endEntry(intentId, end, fence)).toEqual({ projectionFault: undefined });
      expect(await reopened().openPositions("live")).toEqual([
        {
          positionId: expect.any(Number) as number,
          ...{ mode: "live", userId: 7, strategyId: 70, coin: "BTC", pair: "upbit-bybit", leverage: 2 },
          // From its first order on: its funding counts from there, however late its entry ends.
          openedAtMs: NOW_MS + 1,
          exitTerms: end.exitTerms,
          entries: [{ ...matchedOf("0.07"), intentId, strategyId: 70, atMs: end.atMs }],
          parts: [],
        },
      ]);
      const key = { mode: "live", userId: 7, coin: "BTC", venue: "upbit" } as const;
      expect(await reopened().dust(key)).toEqual(end.dust!);
      expect((await reopened().dust({ ...key, venue: "bithumb" })).qtyCoin.isZero).toBe(true);
      expect(await reopened().unfinished("live")).toEqual([]);
    });

    test("nothing ends while an order is open, or as what it is not", async () => {
      await startEntry();
      await expect(journal.endEntry(intentId, entryEnd(), fence)).rejects.toBeInstanceOf(RangeError);
      const nothing = entryEnd({ to: "abandoned", entry: undefined });
      await expect(journal.endEntry(intentId, nothing, fence)).rejects.toThrow("to be terminal, was created");
      await journal.recordOrder({ clientOrderId: buy.clientOrderId, status: "rejected" }, [], fence);
      const odd = entryEnd({ to: "abandoned" });
      await expect(journal.endEntry(intentId, odd, fence)).rejects.toBeInstanceOf(RangeError);
      await journal.endEntry(intentId, nothing, fence);
      expect((await journal.file(intentId))!.intent).toMatchObject({
        state: "abandoned",
        endedAtMs: nothing.atMs,
      });
      await expect(journal.addOrders([hedge], fence)).rejects.toBeInstanceOf(RangeError);
    });

    test("an exit in parts leaves the rest of each entry, and the last one closes the position exactly", async () => {
      const positionId = await openPosition();
      const whole = matchedOf("0.07");
      const third = { ...matchedOf("0.02"), spentKrw: D("2857142.606701939718"), entryIntentId: intentId };
      const first = await planExit("x1");
      await journal.endExit(
        first,
        exitEnd(positionId, [{ ...third, feeKrw: D("1"), receivedUsdt: D("2085"), feeUsdt: D("1") }], {
          to: "parted",
        }),
        fence,
      );
      const [position] = await reopened().openPositions("live");
      expect(position!.entries.map(({ qtyCoin, spentKrw }) => `${qtyCoin} ${spentKrw}`)).toEqual([
        "0.05 7142856.516754849294",
      ]);
      expect(position!.parts.map(({ exitIntentId, qtyCoin }) => [exitIntentId, String(qtyCoin)])).toEqual([
        [first, "0.02"],
      ]);

      expect(await reopened().closedSince("live", 0)).toEqual([]);

      const second = await planExit("x2");
      const { intentId: entryIntentId, atMs: _, ...left } = position!.entries[0]!;
      const more = exitEnd(positionId, [{ ...left, qtyCoin: whole.qtyCoin, entryIntentId }]);
      await expect(journal.endExit(second, more, fence)).rejects.toBeInstanceOf(RangeError);
      const less = exitEnd(positionId, [{ ...left, feeUsdt: D("0"), entryIntentId }]);
      await expect(journal.endExit(second, less, fence)).rejects.toBeInstanceOf(RangeError);
      const costLeft = exitEnd(positionId, [{ ...left, spentKrw: D("1"), entryIntentId }], { to: "parted" });
      await expect(journal.endExit(second, costLeft, fence)).rejects.toThrow("to take all of its cost");
      const settledBy = "1400 KRW a USDT by the market, 35000 ms old";
      const all = exitEnd(positionId, [{ ...left, entryIntentId }], { atMs: NOW_MS + 30, settledBy });
      await expect(journal.endExit(second, { ...all, to: "parted" }, fence)).rejects.toBeInstanceOf(
        RangeError,
      );
      await expect(journal.endExit(second, { ...all, positionId: 99 }, fence)).rejects.toBeInstanceOf(
        RangeError,
      );
      const sell = orderOf(second, "sell");
      await journal.addOrders([sell], fence);
      await expect(journal.endExit(second, all, fence)).rejects.toThrow("to be terminal, was created");
      await journal.recordOrder({ clientOrderId: sell.clientOrderId, status: "done" }, [], fence);
      await journal.endExit(second, all, fence);
      await reopened().endExit(second, all, fence);
      expect(await reopened().openPositions("live")).toEqual([]);
      expect(await reopened().closedSince("live", NOW_MS + 30)).toEqual([
        {
          ...{ positionId, userId: 7, coin: "BTC", pair: "upbit-bybit", overseasSymbol: "BTCUSDT" },
          ...{ openedAtMs: position!.openedAtMs, closedAtMs: NOW_MS + 30 },
        },
      ]);
      expect(await reopened().closedSince("live", NOW_MS + 31)).toEqual([]);
      expect(await reopened().closedSince("paper", 0)).toEqual([]);
      const whys = await rows(
        database(),
        sql`select why from schedulerx.intent_events where to_state = 'closed'`,
      );
      expect(whys).toEqual([{ why: settledBy }]);
    });

    test("what a held coin is called is known from its entry, by venue, and of nothing that is not held", async () => {
      const terms = { domesticSymbol: "KRW-PEPE", overseasSymbol: "1000PEPEUSDT", multiplier: "1000" };
      expect(await readHeldSymbols(database(), "BTC")).toEqual([]);
      await openPosition();
      expect(await readHeldSymbols(database(), "BTC")).toEqual([]);
      await database().run("terms", (executor) =>
        executor.execute(sql`update schedulerx.intents set terms = ${JSON.stringify(terms)}::text::jsonb`),
      );
      expect(await readHeldSymbols(database(), "BTC")).toEqual([
        { venue: "upbit", symbol: "KRW-PEPE", multiplier: 1 },
        { venue: "bybit", symbol: "1000PEPEUSDT", multiplier: 1_000 },
      ]);
      expect(await readHeldSymbols(database(), "ETH")).toEqual([]);
    });

    test("an add-on joins the open position; exit terms stay, leverage is the larger", async () => {
      await openPosition();
      const add = intentOf({ decisionId: "tick-2", userId: 7, strategyId: 71 });
      await journal.plan(add, fence);
      await journal.move(
        { intentId: add.intentId, from: "planned", to: "domestic-sending", atMs: NOW_MS },
        fence,
      );
      await journal.move(
        { intentId: add.intentId, from: "domestic-sending", to: "domestic-done", atMs: NOW_MS },
        fence,
      );
      await journal.move(
        { intentId: add.intentId, from: "domestic-done", to: "unwinding", atMs: NOW_MS },
        fence,
      );
      const end = entryEnd({
        atMs: NOW_MS + 50,
        leverage: 3,
        exitTerms: { exitRate: "1" },
        entry: matchedOf("0.01"),
      });
      await journal.endEntry(add.intentId, end, fence);
      const open = await journal.openPositions("live");
      expect(open).toHaveLength(1);
      expect(open[0]).toMatchObject({ leverage: 3, strategyId: 70, exitTerms: { exitRate: "1390" } });
      expect(open[0]!.entries.map(({ intentId }) => intentId)).toEqual([intentId, add.intentId]);
      const { userId } = open[0]!;
      expect(await journal.openPositions("live", userId)).toEqual(open);
      expect(await journal.openPositions("live", userId + 1)).toEqual([]);
    });

    test("after another holder took the lease no write of the old one lands", async () => {
      await hedgeAll();
      const lease = createLeaseStore(database());
      await lease.release("writer", fence);
      const newer = (await lease.acquire("standby", 60_000))!.fence;
      expect(newer).toBe(fence + 1);
      const before = await journal.file(intentId);
      const { clientOrderId } = buy;
      const writes: readonly (() => Promise<unknown>)[] = [
        () => journal.plan(intentOf({ decisionId: "late", userId: 9 }), fence),
        () => journal.move({ intentId, from: "overseas-sending", to: "unwinding", atMs: NOW_MS }, fence),
        () => journal.addOrders([orderOf(intentId, "unwind")], fence),
        () => journal.recordOrder({ clientOrderId, status: "done" }, [], fence),
        () => journal.endEntry(intentId, entryEnd(), fence),
        () => journal.endExit(intentId, exitEnd(1, []), fence),
        () => journal.move({ intentId, from: "overseas-sending", to: "unwinding", atMs: NOW_MS }, newer + 1),
      ];
      for (const write of writes) await expect(write()).rejects.toBeInstanceOf(Fenced);
      expect(await journal.file(intentId)).toEqual(before);
      expect(await journal.unfinished("live")).toHaveLength(1);
      await journal.endEntry(intentId, entryEnd(), newer);
    });

    test("the checks in the tables hold exactly the domain's words", async () => {
      const found = await rows<{ name: string; text: string }>(
        database(),
        sql`select conname as name, pg_get_constraintdef(oid) as text from pg_constraint
            where contype = 'c' and connamespace = 'schedulerx'::regnamespace`,
      );
      const wordsOf = (name: string) =>
        [...found.find((row) => row.name === name)!.text.matchAll(/'([^']+)'/g)]
          .map((match) => match[1]!)
          .sort();
      expect(wordsOf("intents_kind_check")).toEqual([...INTENT_KINDS].sort());
      for (const name of ["intents_state_check", "intent_events_from_check", "intent_events_to_check"]) {
        expect(wordsOf(name)).toEqual([...INTENT_STATES].sort());
      }
      expect(wordsOf("intents_ended_check")).toEqual(INTENT_STATES.filter(isEnd).sort());
      expect(wordsOf("orders_purpose_check")).toEqual([...ORDER_PURPOSES].sort());
      expect(wordsOf("orders_status_check")).toEqual([...ORDER_STATUSES].sort());
    });
  });
}
