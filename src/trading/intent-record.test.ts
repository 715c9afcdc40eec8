import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "../domain/decimal.ts";
import { clientOrderIdOf, intentIdOf, type OrderPurpose } from "../domain/intent.ts";
import { StoreFault } from "../domain/store-fault.ts";
import { Fenced, type FillRow, type IntentFile, type IntentRow, type OrderRow } from "../ports/journal.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { runsOf } from "../testing/runs.ts";
import { MemoryJournal } from "../testing/simulation/memory-journal.ts";
import { IntentRecord } from "./intent-record.ts";

const d = Decimal.of;
const FENCE = 7;
const INTENT_ID = intentIdOf("recorded");

/** How the store answers; "lost": it has done it, and the answer does not come back. */
type Road = "ok" | "away" | "lost" | "slow" | "defect";
const SLOW_MS = 2_000;

function stage() {
  const clock = new ManualClock();
  const journal = new MemoryJournal();
  journal.fence = FENCE;
  const state = { road: "ok" as Road, calls: [] as string[], done: [] as string[] };
  const away = () => new StoreFault("passing", "ECONNRESET", "the store is away");
  const store = new Proxy(journal, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const told = tellOf(String(name), args[0]);
        state.calls.push(told);
        const { road } = state;
        if (road === "away") throw away();
        if (road === "defect") throw new RangeError("expected better");
        if (road === "slow") await clock.sleep(SLOW_MS);
        const answer = await method.apply(target, args);
        state.done.push(told);
        if (road === "lost") throw away();
        return answer;
      };
    },
  });
  const intent: IntentRow = {
    intentId: INTENT_ID,
    decisionId: "recorded",
    kind: "entry",
    mode: "live",
    state: "planned",
    userId: 1,
    strategyId: 1,
    coin: "XRP",
    pair: "upbit-bybit",
    qtyCoin: d("10"),
    qtyContracts: d("10"),
    terms: {},
    reason: "why",
    plannedAtMs: clock.nowMs(),
    sendingAtMs: undefined,
    domesticDoneAtMs: undefined,
    endedAtMs: undefined,
    needsHumanWhy: undefined,
  };
  journal.intents.set(INTENT_ID, intent);
  const file: IntentFile = { intent, orders: [], fills: [] };
  const record = new IntentRecord({ journal: store, clock }, FENCE, file);
  return { clock, journal, state, record };
}

function tellOf(name: string, arg: unknown): string {
  const ofMove = arg as { readonly to?: string };
  const ofOrders = arg as readonly OrderRow[];
  const ofNews = arg as { readonly clientOrderId?: string; readonly status?: string };
  if (name === "move") return `move ${ofMove.to}`;
  if (name === "addOrders") return `add ${ofOrders.map(({ clientOrderId }) => clientOrderId.slice(24))}`;
  return `news ${ofNews.clientOrderId?.slice(24)} ${ofNews.status}`;
}

function orderOf(purpose: OrderPurpose, attempt = 1): OrderRow {
  const isOverseas = purpose === "hedge" || purpose === "cover";
  return {
    clientOrderId: clientOrderIdOf(INTENT_ID, purpose, attempt),
    intentId: INTENT_ID,
    venue: isOverseas ? "bybit" : "upbit",
    symbol: isOverseas ? "XRPUSDT" : "KRW-XRP",
    purpose,
    attempt,
    side: purpose === "buy" || purpose === "cover" ? "buy" : "sell",
    qty: d("10"),
    limitPrice: d("2800"),
    status: "created",
    venueOrderId: undefined,
    adopted: false,
    createdAtMs: 0,
    sentAtMsMax: 3_000,
    emptyLookupsAtMs: [],
    burnedAtMs: undefined,
    endedAtMs: undefined,
    refusal: undefined,
  };
}

function fillOf(order: OrderRow, fillId: string, qty: string): FillRow {
  return {
    venue: order.venue,
    fillId,
    clientOrderId: order.clientOrderId,
    price: d("2790"),
    qty: d(qty),
    fee: d("0.001"),
    feeAsset: "BNB",
    feeValued: d("1.395"),
    realisedUsdt: undefined,
    atMs: 1,
  };
}

const BUY = orderOf("buy");
const HEDGE = orderOf("hedge");

/** Lets time pass until the work is over; tells how long that took. */
async function lasting(clock: ManualClock, work: Promise<unknown>): Promise<number> {
  const begunMs = clock.monotonicMs();
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  await clock.advance(0);
  if (!isOver) await clock.advanceUntil(() => isOver);
  return clock.monotonicMs() - begunMs;
}

const never = new AbortController().signal;

test("what happened is known at once and written in order; with a store at hand nothing waits", async () => {
  const { clock, journal, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  await clock.advance(10);
  await record.news(BUY.clientOrderId, { status: "sent", venueOrderId: "v-1" });
  await record.news(BUY.clientOrderId, { status: "done", endedAtMs: 5 }, [fillOf(BUY, "f-1", "10")]);
  await record.move("domestic-done");
  await record.move("overseas-sending", { order: HEDGE });
  expect(state.done).toEqual([
    "move domestic-sending",
    "news b0-1 sent",
    "news b0-1 done",
    "move domestic-done",
    "move overseas-sending",
  ]);
  expect(record.isStored).toBe(true);
  const stored = (await journal.file(INTENT_ID))!;
  expect(record.intent).toEqual(stored.intent);
  expect(record.orders).toEqual(stored.orders);
  expect([record.intent.sendingAtMs, record.intent.domesticDoneAtMs]).toEqual([
    record.intent.plannedAtMs,
    record.intent.plannedAtMs + 10,
  ]);
  expect(record.order(BUY.clientOrderId)).toMatchObject({
    status: "done",
    venueOrderId: "v-1",
    endedAtMs: 5,
    sentAtMsMax: 3_000,
  });
});

test("the first commit rejects while the store is away, and nothing is as if it had happened", async () => {
  for (const road of ["away", "lost"] as const) {
    const { clock, state, record } = stage();
    state.road = road;
    const begun = record.begin("domestic-sending", BUY);
    expect(begun).rejects.toBeInstanceOf(StoreFault);
    await lasting(clock, begun);
    expect([record.intent.state, record.orders.length, record.isStored]).toEqual(["planned", 0, true]);
  }
});

test("fills told twice count once; quantities and valued fees are those of the fills", async () => {
  const { record } = stage();
  await record.begin("domestic-sending", BUY);
  await record.news(BUY.clientOrderId, { status: "open" }, [fillOf(BUY, "f-1", "4")]);
  await record.news(BUY.clientOrderId, { status: "open" }, [
    fillOf(BUY, "f-1", "4"),
    fillOf(BUY, "f-2", "3.5"),
  ]);
  await record.addOrders([HEDGE]);
  // The same id at another venue is another fill.
  await record.news(HEDGE.clientOrderId, { status: "open" }, [fillOf(HEDGE, "f-1", "2")]);
  expect(record.views().map(({ purpose, filledQty }) => [purpose, filledQty.toString()])).toEqual([
    ["buy", "7.5"],
    ["hedge", "2"],
  ]);
  expect(record.endFills().map(({ purpose, qty, fee }) => [purpose, String(qty), String(fee)])).toEqual([
    ["buy", "4", "1.395"],
    ["buy", "3.5", "1.395"],
    ["hedge", "2", "1.395"],
  ]);
});

test("a record made from the journal's file knows what the one before knew", async () => {
  const { clock, journal, record } = stage();
  await record.begin("domestic-sending", BUY);
  await record.news(BUY.clientOrderId, { status: "done" }, [fillOf(BUY, "f-1", "4")]);
  const again = new IntentRecord({ journal, clock }, FENCE, (await journal.file(INTENT_ID))!);
  expect([again.intent, again.orders, again.views(), again.endFills()]).toEqual([
    record.intent,
    record.orders,
    record.views(),
    record.endFills(),
  ]);
});

test("writes wait while the store is away, each tried before what follows it, and land in order once it is back", async () => {
  const { clock, journal, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  state.road = "away";
  expect(await lasting(clock, record.news(BUY.clientOrderId, { status: "sent" }))).toBe(0);
  expect(await lasting(clock, record.news(BUY.clientOrderId, { status: "done" }))).toBe(0);
  await record.move("domestic-done");
  expect([record.isStored, record.intent.state]).toEqual([false, "domestic-done"]);
  expect(state.calls.slice(1)).toEqual(["news b0-1 sent", "news b0-1 sent", "news b0-1 sent"]);
  expect(journal.orders.get(BUY.clientOrderId)!.status).toBe("created");
  let isStored = false;
  const stored = record.stored(never).then(() => {
    isStored = true;
  });
  await clock.advance(1_000);
  expect(isStored).toBe(false);
  state.road = "ok";
  expect(await lasting(clock, stored)).toBeLessThanOrEqual(250);
  expect(state.done.slice(1)).toEqual(["news b0-1 sent", "news b0-1 done", "move domestic-done"]);
  expect(journal.intents.get(INTENT_ID)!.state).toBe("domestic-done");
  expect(record.isStored).toBe(true);
});

test("a write whose answer was lost is made again, and is the same row", async () => {
  const { journal, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  state.road = "lost";
  await record.addOrders([HEDGE]);
  await record.news(HEDGE.clientOrderId, { status: "done" }, [fillOf(HEDGE, "f-1", "2")]);
  state.road = "ok";
  await record.stored(never);
  expect(state.done.slice(1)).toEqual(["add h0-1", "add h0-1", "add h0-1", "news h0-1 done"]);
  expect([journal.orders.size, journal.fills.size]).toEqual([2, 1]);
});

test("a slow store is waited for 700 ms and not asked twice; what is under way is not stored yet", async () => {
  const { clock, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  state.road = "slow";
  expect(await lasting(clock, record.addOrders([HEDGE]))).toBe(700);
  expect([record.isStored, record.order(HEDGE.clientOrderId) === HEDGE]).toEqual([false, true]);
  expect(await lasting(clock, record.news(HEDGE.clientOrderId, { status: "sent" }))).toBe(700);
  expect(state.calls.slice(1)).toEqual(["add h0-1"]);
  state.road = "ok";
  expect(await lasting(clock, record.stored(never))).toBe(SLOW_MS - 1_400);
  expect(state.done.slice(1)).toEqual(["add h0-1", "news h0-1 sent"]);
});

test("a newer writer ends all writing: nothing rejects, nothing is stored, and nothing more is asked", async () => {
  const { journal, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  journal.fence = FENCE + 1;
  await record.news(BUY.clientOrderId, { status: "sent" });
  expect([record.isFenced, record.isStored]).toEqual([true, false]);
  const { length } = state.calls;
  await record.move("domestic-done");
  await record.stored(never);
  expect([state.calls.length, record.isStored, record.intent.state]).toEqual([
    length,
    false,
    "domestic-done",
  ]);
});

test("the first commit of one who is fenced rejects as such", async () => {
  const { journal, record } = stage();
  journal.fence = FENCE + 1;
  await expect(record.begin("domestic-sending", BUY)).rejects.toBeInstanceOf(Fenced);
});

test("a defect rejects, then and ever after, and what follows it is not written", async () => {
  const { clock, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  state.road = "defect";
  const moved = record.move("domestic-done");
  expect(moved).rejects.toThrow("expected better");
  await lasting(clock, moved);
  state.road = "ok";
  await expect(record.addOrders([HEDGE])).rejects.toThrow("expected better");
  await expect(record.stored(never)).rejects.toThrow("expected better");
  expect([record.isStored, state.done]).toEqual([false, ["move domestic-sending"]]);
});

test("who waits for the store is let go when the term ends", async () => {
  const { clock, state, record } = stage();
  await record.begin("domestic-sending", BUY);
  state.road = "away";
  await record.addOrders([HEDGE]);
  const term = new AbortController();
  const waiting = record.stored(term.signal);
  await clock.advance(900);
  term.abort();
  expect(await lasting(clock, waiting)).toBe(0);
  expect(record.isStored).toBe(false);
});

test("news of an order that is not the intent's is a defect", async () => {
  const { record } = stage();
  await expect(record.news("sx-other", { status: "done" })).rejects.toThrow(
    `expected an order of ${INTENT_ID}, was sx-other`,
  );
});

test("a reason for needing a human stays until the intent goes on", async () => {
  const { record } = stage();
  await record.begin("domestic-sending", BUY);
  await record.news(BUY.clientOrderId, { status: "done" });
  await record.move("domestic-done");
  await record.move("unwinding");
  await record.move("needs-human", { why: "cannot be sold" });
  expect(record.intent.needsHumanWhy).toBe("cannot be sold");
  await record.move("unwinding");
  expect(record.intent.needsHumanWhy).toBeUndefined();
});

const STATUSES = ["sent", "unknown", "open", "done"] as const;

test("whatever the store does, once it is back the journal holds what the record knows, every write in its order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom<Road>("ok", "away", "lost", "slow"), { minLength: 12, maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 12, maxLength: 12 }),
      async (roads, pauses) => {
        const { clock, journal, state, record } = stage();
        await record.begin("domestic-sending", BUY);
        const wanted = ["move domestic-sending"];
        const steps = [
          ...STATUSES.map((status, index) => {
            wanted.push(`news b0-1 ${status}`);
            return () => record.news(BUY.clientOrderId, { status }, [fillOf(BUY, `b-${index % 3}`, "2")]);
          }),
          () => record.move("domestic-done"),
          () => record.move("overseas-sending", { order: HEDGE }),
          ...STATUSES.map(
            (status) => () => record.news(HEDGE.clientOrderId, { status }, [fillOf(HEDGE, status, "1")]),
          ),
          () => record.addOrders([orderOf("hedge", 2)]),
        ];
        wanted.push("move domestic-done", "move overseas-sending");
        wanted.push(...STATUSES.map((status) => `news h0-1 ${status}`), "add h0-2");
        for (const [index, step] of steps.entries()) {
          state.road = roads[index]!;
          expect(await lasting(clock, step())).toBeLessThanOrEqual(700);
          await clock.advance(pauses[index]!);
        }
        state.road = "ok";
        await lasting(clock, record.stored(never));
        const file = (await journal.file(INTENT_ID))!;
        expect([record.intent, record.orders]).toEqual([file.intent, file.orders as OrderRow[]]);
        expect(record.endFills()).toHaveLength(file.fills.length);
        // A write made again is the same one told once more, right after itself.
        const once = state.done.filter((told, index) => told !== state.done[index - 1]);
        expect(once).toEqual(wanted);
      },
    ),
    { numRuns: runsOf(25, 2_000) },
  );
}, 60_000);
