// All interleavings of one leg of an exit with up to three faults, on every way a venue forgets requests. The legs
// do not know of each other, so one leg at a time is the whole search.

import { expect, test } from "bun:test";
import { runsOf } from "../testing/runs.ts";
import { type Pick as Choose, searchAll } from "../testing/search-all.ts";
import { Decimal } from "./decimal.ts";
import { type ExitLeg, nextExitStep } from "./exit-steps.ts";
import { clientOrderIdOf, intentIdOf, preAuthoriseExit, SUCCESSOR_WAIT_MS } from "./intent.ts";
import type { OrderView } from "./order-view.ts";

const d = Decimal.of;
const INTENT = intentIdOf("exit-steps.test");
const FAULTS_MAX = runsOf(2, 4);
const LATENCY_MS = 40;
const STEPS_MAX = 400;
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

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One life of a leg; `pick` chooses among n outcomes, 0 being the good one. Returns what the venue did in all. */
function runLeg(
  shape: Pick<ExitLeg, "purpose" | "qty" | "chunkMax" | "qtyMin" | "timing">,
  pick: Choose,
  taken: { byHand: Decimal },
): { filled: Decimal; dust: Decimal; reconciled: boolean } {
  let nowMs = 1_000_000;
  const startedAtMs = nowMs;
  const venue = new Map<string, Decimal>();
  let late: { id: string; qty: Decimal; atMs: number }[] = [];
  const orders = new Map<string, Mutable<OrderView>>();
  let adoptedAttempts = 0;
  let venueShows: ExitLeg["venueShows"];
  let lastEndedAtMs: number | undefined;
  const holds = () => shape.qty.minus(taken.byHand).minus(Decimal.sum(venue.values()));
  const arrive = (id: string, qty: Decimal) => {
    // The venue executes no more than is there, and an id once.
    if (!venue.has(id)) venue.set(id, Decimal.max(Decimal.ZERO, Decimal.min(qty, holds())));
  };
  const pass = (lengthMs: number) => {
    nowMs += lengthMs;
    for (const each of late) if (each.atMs <= nowMs) arrive(each.id, each.qty);
    late = late.filter((each) => each.atMs > nowMs);
  };
  const ended = (row: Mutable<OrderView>, status: OrderView["status"]) => {
    row.status = status;
    row.filledQty = venue.get(row.clientOrderId) ?? Decimal.ZERO;
    lastEndedAtMs = nowMs;
  };
  const addRow = (attempt: number, qty: Decimal, sentAtMsMax: number): Mutable<OrderView> => {
    const clientOrderId = clientOrderIdOf(INTENT, shape.purpose, attempt);
    if (orders.has(clientOrderId)) throw new Error(`sent twice: ${clientOrderId}`);
    const row: Mutable<OrderView> = {
      clientOrderId,
      purpose: shape.purpose,
      attempt,
      qty,
      status: "created",
      filledQty: Decimal.ZERO,
      sentAtMsMax,
      emptyLookupsAtMs: [],
      burnedAtMs: undefined,
    };
    orders.set(clientOrderId, row);
    return row;
  };
  const takeOver = () => {
    pass(Math.max(0, startedAtMs + SUCCESSOR_WAIT_MS - nowMs));
    for (const allowed of preAuthoriseExit(INTENT, { qtyCoin: shape.qty, qtyContracts: shape.qty })) {
      if (allowed.purpose !== shape.purpose) continue;
      if (!orders.has(allowed.clientOrderId))
        addRow(allowed.attempt, allowed.qtyMax, startedAtMs + SUCCESSOR_WAIT_MS);
    }
    adoptedAttempts = Math.max(...[...orders.values()].map(({ attempt }) => attempt));
  };
  const perform = (attempt: number, qty: Decimal) => {
    const row = addRow(attempt, qty, nowMs + LATENCY_MS);
    const outcome = OUTCOMES[pick(OUTCOMES.length)]!;
    pass(LATENCY_MS);
    const half = qty.times(d("0.5")).toStep(d("0.1"), "down");
    if (outcome === "full" || outcome === "part" || outcome === "nothing") {
      arrive(row.clientOrderId, outcome === "full" ? qty : outcome === "part" ? half : Decimal.ZERO);
      ended(row, "done");
    } else if (outcome === "refused") ended(row, "rejected");
    else if (outcome.startsWith("crash")) {
      if (outcome === "crash-sent") arrive(row.clientOrderId, qty);
      takeOver();
    } else {
      row.status = "unknown";
      if (outcome === "lost-after") arrive(row.clientOrderId, half);
      if (outcome === "late") {
        const inMs = Math.min(shape.timing.acceptWindowMs - 2 * LATENCY_MS, 60_000);
        late.push({ id: row.clientOrderId, qty, atMs: nowMs + inMs });
      }
    }
  };

  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const leg: ExitLeg = {
      ...shape,
      orders: [...orders.values()],
      adoptedAttempts,
      startedAtMs,
      venueShows,
      lastEndedAtMs,
    };
    const step = nextExitStep(leg, nowMs);
    if (step.do === "send") perform(step.attempt, step.qty);
    else if (step.do === "lookup") {
      const row = orders.get(step.order.clientOrderId)!;
      const beganAtMs = nowMs;
      pass(LATENCY_MS);
      if (venue.has(row.clientOrderId)) ended(row, "done");
      else row.emptyLookupsAtMs = [...row.emptyLookupsAtMs, beganAtMs];
    } else if (step.do === "burn") {
      pass(LATENCY_MS);
      arrive(step.order.clientOrderId, Decimal.ZERO);
      orders.get(step.order.clientOrderId)!.burnedAtMs = nowMs;
    } else if (step.do === "never-arrived") ended(orders.get(step.order.clientOrderId)!, "never-arrived");
    else if (step.do === "wait" || step.do === "rest") pass(Math.max(1, step.untilMs - nowMs));
    else if (step.do === "check-venue") {
      pass(LATENCY_MS);
      venueShows = { free: holds(), held: holds(), atMs: nowMs };
    } else {
      const filledBefore = Decimal.sum(venue.values());
      pass(10 * 60_000);
      const filled = Decimal.sum(venue.values());
      // Whatever was still on the way must change nothing.
      expect(filled.equals(filledBefore)).toBe(true);
      if (step.do === "reconcile") return { filled, dust: Decimal.ZERO, reconciled: true };
      expect(step.filled.equals(filled)).toBe(true);
      return { filled, dust: step.dust, reconciled: false };
    }
  }
  throw new Error(`not over after ${STEPS_MAX} steps`);
}

const SHAPES = {
  "coins at Upbit": {
    purpose: "sell",
    timing: { acceptWindowMs: Number.POSITIVE_INFINITY },
    qtyMin: d("0.4"),
  },
  "coins at Bithumb": { purpose: "sell", timing: { acceptWindowMs: 20_000 }, qtyMin: d("0.4") },
  "a short at Bybit or Binance": {
    purpose: "cover",
    timing: { acceptWindowMs: 3_000 },
    qtyMin: Decimal.ZERO,
  },
} as const;

for (const [name, shape] of Object.entries(SHAPES)) {
  for (const chunkMax of [d("100"), d("4")]) {
    test(`with up to ${FAULTS_MAX} faults ${name} leave whole, once, in orders of at most ${chunkMax}`, () => {
      const qty = d("10");
      const runs = searchAll(FAULTS_MAX, (pick) => {
        const { filled, dust, reconciled } = runLeg({ ...shape, qty, chunkMax }, pick, {
          byHand: Decimal.ZERO,
        });
        expect(reconciled).toBe(false);
        expect(filled.plus(dust).equals(qty)).toBe(true);
        expect(dust.isZero || dust.below(shape.qtyMin)).toBe(true);
      });
      console.log(`${runs} runs of ${name}, orders of at most ${chunkMax}`);
    }, 600_000);
  }
}

test("when the venue holds less than our record nothing more is sent: reconcile first", () => {
  let picks = 0;
  const firstNothing = () => (picks++ === 0 ? OUTCOMES.indexOf("nothing") : 0);
  const shape = { ...SHAPES["coins at Bithumb"], qty: d("10"), chunkMax: d("100") };
  const { reconciled, filled } = runLeg(shape, firstNothing, { byHand: d("3") });
  expect([reconciled, filled.toString()]).toEqual([true, "0"]);
});
