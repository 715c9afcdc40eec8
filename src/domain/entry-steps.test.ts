// All interleavings of an entry with up to three faults: every order refused, part-filled, lost before or after it
// took effect, or arriving late; the process dying with or without having sent. Searched exhaustively against a toy
// world, for each pair's way of forgetting requests.

import { expect, test } from "bun:test";
import { runsOf } from "../testing/runs.ts";
import { type Pick as Choose, searchAll } from "../testing/search-all.ts";
import { Decimal } from "./decimal.ts";
import { adoptPreAuthorised, type EntryView, nextEntryStep, type SendOrder } from "./entry-steps.ts";
import {
  checkMove,
  clientOrderIdOf,
  type IntentState,
  intentIdOf,
  isEnd,
  isTerminal,
  type OrderStatus,
  preAuthoriseEntry,
  SUCCESSOR_WAIT_MS,
} from "./intent.ts";
import type { OrderView, VenueTiming } from "./order-view.ts";

const d = Decimal.of;
const INTENT = intentIdOf("entry-steps.test");
const STEPS_MAX = 400;
const LATENCY_MS = 40;
const FAULTS_MAX = Number(process.env.ENTRY_FAULTS ?? runsOf(2, 3));

/** What may become of one order sent. The first costs no fault. */
const OUTCOMES = [
  "full",
  "part",
  "nothing",
  "refused",
  "lost-after",
  "lost-before",
  "late",
  "crash-sent",
  "crash-unsent",
] as const;
type Outcome = (typeof OUTCOMES)[number];

/** What may become of one look-up. An order may be missing from the venue's lists for a moment after it arrived. */
const LOOKUPS = ["truth", "crash", "lagging"] as const;
const LAG_MS_MAX = 900;

interface WorldOrder {
  readonly purpose: string;
  readonly arrivedAtMs: number;
  filled: Decimal;
}

class World {
  nowMs = 1_000_000;
  readonly orders = new Map<string, WorldOrder>();
  readonly late: { id: string; send: SendOrder; atMs: number }[] = [];

  /** The venue takes an order in; a used-up id executes nothing. */
  arrive(id: string, send: SendOrder, part: Decimal): "taken" | "duplicate" {
    if (this.orders.has(id)) return "duplicate";
    this.orders.set(id, { purpose: send.purpose, arrivedAtMs: this.nowMs, filled: send.qty.times(part) });
    return "taken";
  }

  pass(lengthMs: number): void {
    this.nowMs += lengthMs;
    for (const { id, send } of this.late.filter(({ atMs }) => atMs <= this.nowMs)) {
      this.arrive(id, send, Decimal.ONE);
    }
    this.late.splice(0, this.late.length, ...this.late.filter(({ atMs }) => atMs > this.nowMs));
  }

  filled(purpose: string): Decimal {
    return Decimal.sum(
      [...this.orders.values()].filter((order) => order.purpose === purpose).map(({ filled }) => filled),
    );
  }
}

interface Rules {
  readonly multiplier: Decimal;
  readonly lot: Decimal;
  readonly hedgeMin: Decimal;
  readonly sellMin: Decimal;
  readonly qtyCoin: Decimal;
  readonly dust: Decimal;
  readonly domestic: VenueTiming;
  readonly overseas: VenueTiming;
}

/** One life of an entry, processes dying and all; returns the world at its end. */
function runEntry(rules: Rules, pick: Choose, nextStep = nextEntryStep): World {
  const world = new World();
  const orders: Map<string, Mutable<OrderView>> = new Map();
  const adopted: Record<string, number> = {};
  const contracts = rules.qtyCoin.dividedBy(rules.multiplier, 0, "down");
  const allowed = preAuthoriseEntry(INTENT, { qtyCoin: rules.qtyCoin, qtyContracts: contracts });
  let state: IntentState = "planned";
  let domesticDoneAtMs: number | undefined;
  let committedAtMs = 0;
  const plannedAtMs = world.nowMs;
  const move = (to: IntentState) => {
    checkMove("entry", state, to);
    state = to;
    if (to === "domestic-sending") committedAtMs = world.nowMs;
    if (to === "domestic-done") domesticDoneAtMs = world.nowMs;
  };
  const view = (): EntryView => ({
    state,
    plannedAtMs,
    domesticDoneAtMs,
    qtyCoin: rules.qtyCoin,
    multiplier: rules.multiplier,
    overseasLot: rules.lot,
    hedgeMinContracts: rules.hedgeMin,
    sellMinCoin: rules.sellMin,
    dustCoin: rules.dust,
    orders: [...orders.values()],
    adopted,
    domestic: rules.domestic,
    overseas: rules.overseas,
  });

  const takeOver = () => {
    world.pass(Math.max(0, committedAtMs + SUCCESSOR_WAIT_MS - world.nowMs));
    for (const order of adoptPreAuthorised(view(), allowed, committedAtMs + SUCCESSOR_WAIT_MS)) {
      orders.set(order.clientOrderId, order);
      adopted[order.purpose] = Math.max(adopted[order.purpose] ?? 0, order.attempt);
    }
  };

  const perform = (send: SendOrder) => {
    const id = clientOrderIdOf(INTENT, send.purpose, send.attempt);
    if (orders.has(id)) throw new Error(`sent twice: ${id}`);
    const row: Mutable<OrderView> = {
      clientOrderId: id,
      purpose: send.purpose,
      attempt: send.attempt,
      qty: send.qty,
      status: "created",
      filledQty: Decimal.ZERO,
      sentAtMsMax: world.nowMs + LATENCY_MS,
      emptyLookupsAtMs: [],
      burnedAtMs: undefined,
    };
    orders.set(id, row);
    const timing = send.purpose === "hedge" ? rules.overseas : rules.domestic;
    const outcome: Outcome = OUTCOMES[pick(OUTCOMES.length)]!;
    world.pass(LATENCY_MS);
    const half = d("0.5");
    switch (outcome) {
      case "full":
      case "part":
      case "nothing": {
        const part = outcome === "full" ? Decimal.ONE : outcome === "part" ? half : Decimal.ZERO;
        world.arrive(id, send, part);
        record(row);
        break;
      }
      case "refused":
        row.status = "rejected";
        break;
      case "lost-after":
        world.arrive(id, send, half);
        row.status = "unknown";
        break;
      case "lost-before":
        row.status = "unknown";
        break;
      case "late":
        // As late as the venue would still take it.
        row.status = "unknown";
        world.late.push({
          id,
          send,
          atMs: world.nowMs + Math.min(timing.acceptWindowMs - 2 * LATENCY_MS, 60_000),
        });
        break;
      case "crash-sent":
        world.arrive(id, send, Decimal.ONE);
        takeOver();
        break;
      case "crash-unsent":
        takeOver();
        break;
    }
  };
  const record = (row: Mutable<OrderView>) => {
    const found = world.orders.get(row.clientOrderId);
    if (!found) return false;
    row.status = "done" satisfies OrderStatus;
    row.filledQty = found.filled;
    return true;
  };

  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = nextStep(view(), world.nowMs);
    switch (step.do) {
      case "move":
        move(step.to);
        if (step.send) perform(step.send);
        break;
      case "send":
        perform(step.send);
        break;
      case "lookup": {
        const row = orders.get(step.order.clientOrderId)!;
        const startedAtMs = world.nowMs;
        world.pass(LATENCY_MS);
        const outcome = LOOKUPS[pick(LOOKUPS.length)]!;
        const arrivedAtMs = world.orders.get(row.clientOrderId)?.arrivedAtMs ?? 0;
        const isHidden = outcome === "lagging" && startedAtMs - arrivedAtMs < LAG_MS_MAX;
        if (outcome === "crash") takeOver();
        else if (isHidden || !record(row)) row.emptyLookupsAtMs = [...row.emptyLookupsAtMs, startedAtMs];
        break;
      }
      case "burn": {
        const row = orders.get(step.order.clientOrderId)!;
        world.pass(LATENCY_MS);
        world.arrive(
          row.clientOrderId,
          { purpose: row.purpose, attempt: row.attempt, qty: Decimal.ZERO, atMarket: false },
          Decimal.ONE,
        );
        row.burnedAtMs = world.nowMs;
        break;
      }
      case "never-arrived":
        orders.get(step.order.clientOrderId)!.status = "never-arrived";
        break;
      case "wait":
        world.pass(Math.max(1, step.untilMs - world.nowMs));
        break;
      case "needs-human":
        move("needs-human");
        world.pass(30_000);
        break;
      case "end":
        checkMove("entry", state, step.to);
        for (const row of orders.values()) expect(isTerminal(row.status)).toBe(true);
        expect(isEnd(step.to)).toBe(true);
        // Whatever is still on the way arrives now: it must change nothing.
        world.pass(10 * 60_000);
        return world;
    }
  }
  throw new Error(`not over after ${STEPS_MAX} steps, in ${state}`);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The exposure left, in coins; throws with the choices that led there when a promise is broken. */
function checkedExposure(rules: Rules, world: World, taken: readonly number[]): Decimal {
  const bought = world.filled("buy");
  const hedgedCoin = world.filled("hedge").times(rules.multiplier);
  const exposed = bought.minus(world.filled("unwind")).minus(hedgedCoin).abs();
  const fail = (what: string) => {
    throw new Error(`${what} after choices ${taken.join(" ")}`);
  };
  if (bought.above(rules.qtyCoin)) fail(`${bought} coins bought`);
  if (hedgedCoin.above(bought.plus(rules.dust))) fail(`${hedgedCoin} coins hedged of ${bought}`);
  if (exposed.above(Decimal.max(rules.lot.times(rules.multiplier), rules.sellMin)))
    fail(`${exposed} coins exposed`);
  return exposed;
}

const RECV: VenueTiming = { acceptWindowMs: 3_000 };
const PAIR_TIMINGS: Record<string, { domestic: VenueTiming; overseas: VenueTiming }> = {
  "upbit-bybit or upbit-binance (buys never expire)": {
    domestic: { acceptWindowMs: Number.POSITIVE_INFINITY },
    overseas: RECV,
  },
  "bithumb-bybit or bithumb-binance (20 s)": { domestic: { acceptWindowMs: 20_000 }, overseas: RECV },
};

for (const [name, timings] of Object.entries(PAIR_TIMINGS)) {
  for (const [shape, sizes] of Object.entries({
    "ten lots": { qtyCoin: d("10"), multiplier: d("1"), lot: d("1"), dust: d("0") },
    "contracts of 1000 with dust": { qtyCoin: d("4000"), multiplier: d("1000"), lot: d("1"), dust: d("900") },
  })) {
    test(`with up to ${FAULTS_MAX} faults no entry of ${shape} stays exposed, on ${name}`, () => {
      const rules: Rules = {
        ...sizes,
        hedgeMin: d("1"),
        sellMin: sizes.multiplier.times(d("0.4")),
        ...timings,
      };
      let worst = Decimal.ZERO;
      const runs = searchAll(FAULTS_MAX, (pick, taken) => {
        worst = Decimal.max(worst, checkedExposure(rules, runEntry(rules, pick), taken));
      });
      console.log(`${runs} runs on ${name}, ${shape}: worst exposure ${worst} coins`);
      expect(runs).toBeGreaterThan(50);
    }, 600_000);
  }
}

/** Kernels with a defect planted into what they see. */
const PLANTED: Record<string, typeof nextEntryStep> = {
  "taking a lost reply for a refusal": (view, nowMs) =>
    nextEntryStep(
      {
        ...view,
        orders: view.orders.map((order) =>
          order.status === "unknown" ? { ...order, status: "rejected" } : order,
        ),
      },
      nowMs,
    ),
  "hedging what was asked instead of what was filled": (view, nowMs) =>
    nextEntryStep(
      {
        ...view,
        orders: view.orders.map((order) =>
          order.purpose === "buy" && order.filledQty.isPositive ? { ...order, filledQty: order.qty } : order,
        ),
      },
      nowMs,
    ),
  "believing one empty look-up": (view, nowMs) =>
    nextEntryStep(
      {
        ...view,
        orders: view.orders.map((order) =>
          order.status === "unknown" && order.emptyLookupsAtMs.length > 0
            ? { ...order, status: "never-arrived" }
            : order,
        ),
      },
      nowMs,
    ),
};

for (const [defect, planted] of Object.entries(PLANTED)) {
  test(`the search finds ${defect}`, () => {
    const { domestic, overseas } = Object.values(PAIR_TIMINGS)[1]!;
    const size = { qtyCoin: d("10"), multiplier: d("1"), lot: d("1"), dust: d("0") };
    const rules: Rules = { ...size, hedgeMin: d("1"), sellMin: d("0.4"), domestic, overseas };
    expect(() =>
      searchAll(
        FAULTS_MAX,
        (pick, taken) => void checkedExposure(rules, runEntry(rules, pick, planted), taken),
      ),
    ).toThrow();
  });
}

test("an entry sold back before its unwinding was stored ends flat, not hedged", () => {
  const done = (purpose: "buy" | "unwind"): OrderView => ({
    ...{ clientOrderId: purpose, purpose, attempt: 1, qty: d("10"), status: "done", filledQty: d("10") },
    ...{ sentAtMsMax: 0, emptyLookupsAtMs: [], burnedAtMs: undefined },
  });
  const { domestic, overseas } = Object.values(PAIR_TIMINGS)[0]!;
  const view: EntryView = {
    ...{ state: "overseas-sending", plannedAtMs: 0, domesticDoneAtMs: 0, qtyCoin: d("10") },
    ...{ multiplier: d("1"), overseasLot: d("1"), hedgeMinContracts: d("1"), sellMinCoin: d("0.4") },
    ...{ dustCoin: d("0"), orders: [done("buy"), done("unwind")], adopted: {}, domestic, overseas },
  };
  expect(nextEntryStep(view, 20_000)).toEqual({ do: "move", to: "unwinding", send: undefined });
  expect(nextEntryStep({ ...view, state: "unwinding" }, 20_000)).toMatchObject({ do: "end", to: "flat" });
});
