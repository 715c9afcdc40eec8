import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "./decimal.ts";
import {
  checkMove,
  clientOrderIdOf,
  INTENT_KINDS,
  INTENT_STATES,
  type IntentState,
  intentIdOf,
  isEnd,
  isOwnOrderId,
  isPreAuthorised,
  mayMove,
  nextAttempt,
  ORDER_PURPOSES,
  PRE_AUTHORISED_MS,
  preAuthoriseEntry,
  preAuthoriseExit,
  qtyLeft,
} from "./intent.ts";

const d = Decimal.of;

test("every state that can be reached leads to an end, and ends lead nowhere", () => {
  for (const kind of INTENT_KINDS) {
    const reached = new Set<IntentState>(["planned"]);
    for (const state of reached) {
      for (const next of INTENT_STATES) if (mayMove(kind, state, next)) reached.add(next);
    }
    for (const state of reached) {
      const nexts = INTENT_STATES.filter((next) => mayMove(kind, state, next));
      expect([kind, state, nexts.length === 0]).toEqual([kind, state, isEnd(state)]);
      // Some path ends: walk greedily to the last listed move.
      const seen = new Set<IntentState>([state]);
      for (const at of seen) for (const next of INTENT_STATES) if (mayMove(kind, at, next)) seen.add(next);
      expect([...seen].some(isEnd)).toBe(true);
    }
  }
});

test("an intent that has bought can only end hedged or flat", () => {
  const seen = new Set<IntentState>(["domestic-done"]);
  for (const at of seen) {
    if (at === "needs-human") continue;
    for (const next of INTENT_STATES) if (mayMove("entry", at, next)) seen.add(next);
  }
  expect([...seen].filter(isEnd).sort()).toEqual(["flat", "hedged"]);
  expect(() => checkMove("entry", "domestic-done", "abandoned")).toThrow(RangeError);
});

test("client order ids are distinct, deterministic, and fit every venue", () => {
  const ids = new Set<string>();
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom(...ORDER_PURPOSES),
      fc.integer({ min: 1, max: 999_999 }),
      fc.nat({ max: 99 }),
      (decisionId, purpose, attempt, chunk) => {
        const id = clientOrderIdOf(intentIdOf(decisionId), purpose, attempt, chunk);
        expect(id).toMatch(/^[A-Za-z0-9_-]{1,36}$/);
        expect(isOwnOrderId(id)).toBe(true);
        expect(clientOrderIdOf(intentIdOf(decisionId), purpose, attempt, chunk)).toBe(id);
        ids.add(`${decisionId}|${purpose}|${attempt}|${chunk} -> ${id}`);
      },
    ),
  );
  const idsAlone = [...ids].map((line) => line.split(" -> ").at(-1));
  expect(new Set(idsAlone).size).toBe(ids.size);
  expect(() => clientOrderIdOf("short", "buy", 1)).toThrow(RangeError);
  expect(() => clientOrderIdOf(intentIdOf("x"), "buy", 0)).toThrow(RangeError);
});

test("the planned row allows exactly its tries, no larger, no later", () => {
  const intentId = intentIdOf("tick.1.BTC");
  const allowed = preAuthoriseEntry(intentId, { qtyCoin: d("2"), qtyContracts: d("2") });
  expect(allowed.map(({ purpose, attempt }) => `${purpose}${attempt}`)).toEqual([
    "hedge1",
    "hedge2",
    "hedge3",
    "unwind1",
    "unwind2",
    "unwind3",
    "unwind4",
  ]);
  const order = (attempt: number, qty: string) => ({
    clientOrderId: clientOrderIdOf(intentId, "hedge", attempt),
    qty: d(qty),
  });
  expect(isPreAuthorised(allowed, order(3, "2"), PRE_AUTHORISED_MS - 1)).toBe(true);
  expect(isPreAuthorised(allowed, order(3, "2"), PRE_AUTHORISED_MS)).toBe(false);
  expect(isPreAuthorised(allowed, order(4, "2"), 0)).toBe(false);
  expect(isPreAuthorised(allowed, order(1, "2.01"), 0)).toBe(false);
  expect(isPreAuthorised(allowed, order(1, "0"), 0)).toBe(false);
  expect(isPreAuthorised(allowed, order(1, "1"), Number.NaN)).toBe(false);
  expect(preAuthoriseExit(intentId, { qtyCoin: d("2"), qtyContracts: d("2") }).length).toBe(6);
});

test("no attempt follows one whose outcome is not known", () => {
  expect(nextAttempt([])).toBe(1);
  expect(
    nextAttempt([
      { attempt: 1, status: "rejected" },
      { attempt: 2, status: "never-arrived" },
    ]),
  ).toBe(3);
  for (const status of ["created", "sent", "unknown", "open"] as const) {
    expect(() => nextAttempt([{ attempt: 1, status }])).toThrow("terminal");
  }
});

test("what is left comes from fills, and more filled than wanted is a defect", () => {
  expect(qtyLeft(d("2"), [d("0.5"), d("0.25")]).toString()).toBe("1.25");
  expect(() => qtyLeft(d("1"), [d("1.1")])).toThrow(RangeError);
});
