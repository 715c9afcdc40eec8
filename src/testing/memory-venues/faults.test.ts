import { describe, expect, test } from "bun:test";
import { DOMESTIC_VENUES, OVERSEAS_VENUES, VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { LookupOutcome, PlaceOutcome } from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import { type Fault, partsOfId, type VenueRequest } from "./faults.ts";
import { kindOf, orderAt, placed, settled, type TestWorld, testWorld } from "./world-testing.ts";

/** Places one order under a fault; what the caller saw, when, and what was executed by then and in the end. */
async function underFault(venue: Venue, fault: Fault, timeoutMs = 2_000, t: TestWorld = testWorld()) {
  t.world.faults.arm({ call: "place" }, fault);
  const order = orderAt(venue);
  const startMs = t.clock.monotonicMs();
  const outcome = await placed(t, t.world.venue("kim", venue), {}, timeoutMs);
  const afterMs = t.clock.monotonicMs() - startMs;
  const executedThen = t.world.executions().length;
  await t.clock.advance(100_000);
  const executed = t.world.executions().length;
  const record = t.world.idRecord("kim", venue, order.clientOrderId);
  return { ...t, outcome, seen: kindOf(outcome), afterMs, executedThen, executed, record };
}

async function lookedUp(t: TestWorld, venue: Venue, timeoutMs = 2_000): Promise<LookupOutcome> {
  return settled(t.clock, t.world.venue("kim", venue).lookup(orderAt(venue), timeoutMs));
}

describe("an order's way", () => {
  test("takes 40 ms there and 40 ms back", async () => {
    for (const venue of VENUES)
      expect(await underFault(venue, {})).toMatchObject({ seen: "accepted", afterMs: 80, executed: 1 });
  });

  test("a lost reply leaves an execution nobody saw", async () => {
    expect(await underFault("upbit", { reply: "lost" })).toMatchObject({
      seen: "unknown",
      afterMs: 2_000,
      executedThen: 1,
      executed: 1,
    });
    expect(await underFault("upbit", { reply: "reset" })).toMatchObject({
      seen: "unknown",
      afterMs: 80,
      executed: 1,
    });
  });

  test("a lost request has no effect, which nobody saw either", async () => {
    expect(await underFault("bybit", { request: "lost" })).toMatchObject({
      seen: "unknown",
      afterMs: 2_000,
      executed: 0,
      record: { askedCount: 1, arrivedCount: 0 },
    });
    expect(await underFault("bybit", { request: "reset" })).toMatchObject({
      seen: "unknown",
      afterMs: 40,
      executed: 0,
    });
    expect(await underFault("bybit", { request: "unsent" })).toMatchObject({
      seen: "unsent",
      record: undefined,
    });
  });

  test("a late request is judged when it arrives", async () => {
    const t = testWorld();
    const late = await underFault("upbit", { lateMs: 60_000 }, 2_000, t);
    expect(late).toMatchObject({ seen: "unknown", afterMs: 2_000, executedThen: 0, executed: 1 });
    expect(t.world.executions()[0]!.underwayMs).toBe(60_040);
  });

  test("a request later than its window never executes", async () => {
    for (const venue of ["bithumb", "bybit", "binance"] as const) {
      const windowMs = testWorld().world.venue("kim", venue).acceptWindowMs;
      expect(windowMs).toBe(venue === "bithumb" ? 20_000 : 3_000);
      expect(await underFault(venue, { lateMs: windowMs - 40 })).toMatchObject({ executed: 1 });
      expect(await underFault(venue, { lateMs: windowMs - 39 })).toMatchObject({
        executed: 0,
        record: { arrivedCount: 1, refusedCount: 1 },
      });
    }
    expect(testWorld().world.venue("kim", "upbit").acceptWindowMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("a request delivered twice executes twice at Binance only, and there within its window only", async () => {
    for (const venue of VENUES) {
      const soon = await underFault(venue, { twiceAfterMs: 500 });
      expect(soon).toMatchObject({ seen: "accepted", record: { askedCount: 1, arrivedCount: 2 } });
      expect(soon.world.idsExecutedTwice().length).toBe(venue === "binance" ? 1 : 0);
      const later = await underFault(venue, { twiceAfterMs: 3_000 });
      expect(later.world.idsExecutedTwice()).toEqual([]);
    }
  });

  test("a slow acknowledgement is waited for up to the time-out", async () => {
    const slow = await underFault("binance", { replyDelayMs: 1_000 });
    expect(slow).toMatchObject({ seen: "accepted", afterMs: 1_080 });
    expect(await underFault("binance", { replyDelayMs: 2_000 })).toMatchObject({
      seen: "unknown",
      afterMs: 2_000,
      executed: 1,
    });
  });

  test("an order in flight takes effect although nobody waits for it", async () => {
    const t = testWorld();
    void t.world.venue("kim", "upbit").place(orderAt("upbit"), 2_000);
    expect(t.world.inFlightCount).toBe(1);
    expect(t.world.executions()).toEqual([]);
    await t.clock.advance(40);
    expect(t.world.inFlightCount).toBe(0);
    expect(t.world.executions().length).toBe(1);
  });

  test("whether it may still be sent is asked after every wait, and then nothing is sent", async () => {
    const t = testWorld();
    t.world.faults.arm({}, { holdMs: 500 });
    let askedAtMs = -1;
    const mayStillSend = () => {
      askedAtMs = t.clock.monotonicMs();
      return false;
    };
    const upbit = t.world.venue("kim", "upbit");
    const outcome = await settled(t.clock, upbit.place(orderAt("upbit"), 2_000, { mayStillSend }));
    expect([kindOf(outcome), askedAtMs]).toEqual(["unsent", 500]);
    const failing = {
      mayStillSend: (): boolean => {
        throw new Error("the lease is unreadable");
      },
    };
    expect(kindOf(await settled(t.clock, upbit.place(orderAt("upbit"), 2_000, failing)))).toBe("unsent");
    await t.clock.advance(1_000);
    expect(t.world.idRecord("kim", "upbit", orderAt("upbit").clientOrderId)).toBeUndefined();
  });

  test("held back past the deadline it is not sent", async () => {
    expect(await underFault("bybit", { holdMs: 3_000 })).toMatchObject({
      seen: "unsent",
      afterMs: 2_000,
      executed: 0,
    });
    expect(await underFault("bybit", {}, 0)).toMatchObject({ seen: "unsent", executed: 0 });
  });
});

describe("outcomes", () => {
  test("a share is filled and the rest cancelled, or nothing", async () => {
    for (const venue of VENUES) {
      const part = await underFault(venue, { fillRatio: 0.4 });
      // The overseas lot is the whole order: 0.4 of it is nothing.
      const filled = venue === "upbit" || venue === "bithumb" ? "0.0004" : "0";
      expect([part.seen, part.record?.filledQty.toString()]).toEqual(["accepted", filled]);
      const none = await underFault(venue, { fillRatio: 0 });
      expect([none.seen, none.executed]).toEqual(["accepted", 0]);
      const found = await lookedUp(none, venue);
      expect(found).toMatchObject({
        kind: "found",
        order: { state: "closed", fills: [], fillsComplete: true },
      });
    }
  });

  test("every kind of refusal can be asked for", async () => {
    for (const venue of VENUES)
      for (const refuse of ["funds", "closed", "other", "key", "clock", "limited"] as const) {
        const refusal = await underFault(venue, { refuse, twiceAfterMs: 100 });
        expect([refusal.seen, refusal.executed]).toEqual([refuse, 0]);
        const { outcome } = refusal as { outcome: Extract<PlaceOutcome, { kind: "rejected" }> };
        const atGate = ["key", "clock", "limited"].includes(refuse);
        expect(outcome.rejection.idStillFree).toBe(atGate || venue === "binance");
      }
  });

  test("standing conditions refuse, or cut off, until they are lifted or over", async () => {
    for (const kind of ["key", "clock", "limited", "closed", "funds"] as const) {
      const t = testWorld();
      const lift = t.world.impose({ user: "kim", venue: "bybit", kind });
      const [kim, lee] = [t.world.venue("kim", "bybit"), t.world.venue("lee", "bybit")];
      expect(kindOf(await placed(t, kim, { clientOrderId: "a" }))).toBe(kind);
      expect(kindOf(await placed(t, lee, { clientOrderId: "a" }))).toBe("accepted");
      lift();
      expect(kindOf(await placed(t, kim, { clientOrderId: "b" }))).toBe("accepted");
    }
    const t = testWorld();
    t.world.impose({ venue: "bybit", kind: "silent", forMs: 3_000 });
    t.world.impose({ venue: "upbit", kind: "unsent", forMs: 3_000 });
    const [bybit, upbit] = [t.world.venue("kim", "bybit"), t.world.venue("kim", "upbit")];
    expect(kindOf(await placed(t, bybit))).toBe("unknown");
    expect(kindOf(await placed(t, upbit))).toBe("unsent");
    await t.clock.advance(1_000);
    expect([kindOf(await placed(t, bybit)), kindOf(await placed(t, upbit))]).toEqual([
      "accepted",
      "accepted",
    ]);
  });

  test("what was sent before a key is revoked is judged when it arrives", async () => {
    const t = testWorld();
    const answer = t.world.venue("kim", "bybit").place(orderAt("bybit"), 2_000);
    t.world.impose({ venue: "bybit", kind: "key" });
    expect(kindOf(await settled(t.clock, answer))).toBe("key");
  });
});

describe("look-ups", () => {
  test("know nothing of what never arrived, and everything of what did", async () => {
    for (const venue of VENUES) {
      const lost = await underFault(venue, { request: "lost" });
      expect((await lookedUp(lost, venue)).kind).toBe("absent");
      const found = await lookedUp(await underFault(venue, { reply: "lost" }), venue);
      expect(found).toMatchObject({ kind: "found", order: { state: "closed", fillsComplete: true } });
    }
  });

  test("of a lagging order show it late", async () => {
    const views = [
      ["absent", { kind: "absent" }],
      ["not-ready", { kind: "not-ready" }],
      ["early", { kind: "found", order: { state: "open", fills: [], filledQty: Decimal.ZERO } }],
      ["open", { kind: "found", order: { state: "open", fills: [], fillsComplete: false } }],
      ["fills", { kind: "found", order: { state: "closed", fills: [], fillsComplete: false } }],
    ] as const;
    for (const [as, shown] of views) {
      const t = testWorld();
      t.world.faults.arm({ purpose: "buy" }, { lag: { as, forMs: 1_000 } });
      await placed(t, t.world.venue("kim", "bithumb"));
      expect(await lookedUp(t, "bithumb")).toMatchObject(shown);
      const open = await settled(t.clock, t.world.venue("kim", "bithumb").openOrders("KRW-BTC"));
      expect(open.length).toBe(as === "early" || as === "open" ? 1 : 0);
      await t.clock.advance(1_000);
      expect(await lookedUp(t, "bithumb")).toMatchObject({ kind: "found", order: { fillsComplete: true } });
    }
  });

  test("fail, are refused, or stay silent until their time-out", async () => {
    const t = await underFault("binance", {});
    const { faults } = t.world;
    faults.arm({ call: "lookup" }, { read: "fails" });
    expect(await lookedUp(t, "binance")).toMatchObject({ kind: "failed", rejection: undefined });
    faults.arm({ call: "lookup" }, { refuse: "limited" });
    expect(await lookedUp(t, "binance")).toMatchObject({ kind: "failed", rejection: { kind: "limited" } });
    faults.arm({ call: "lookup" }, { view: "absent" });
    expect((await lookedUp(t, "binance")).kind).toBe("absent");
    faults.arm({ call: "lookup" }, { read: "hangs" });
    const startMs = t.clock.monotonicMs();
    expect((await lookedUp(t, "binance", 700)).kind).toBe("failed");
    expect(t.clock.monotonicMs() - startMs).toBe(700);
    expect((await lookedUp(t, "binance")).kind).toBe("found");
  });
});

describe("reads", () => {
  test("fail as VenueReadFault, at once or at their time-out", async () => {
    for (const venue of VENUES) {
      const t = testWorld();
      const handle = t.world.venue("kim", venue);
      for (const fault of [{ read: "fails" }, { read: "hangs" }, { refuse: "limited" }] as const) {
        t.world.faults.arm({ call: "balances" }, fault);
        const startMs = t.clock.monotonicMs();
        const failed = settled(t.clock, handle.balances());
        await expect(failed).rejects.toBeInstanceOf(VenueReadFault);
        expect(t.clock.monotonicMs() - startMs).toBe("read" in fault && fault.read === "hangs" ? 5_000 : 80);
      }
      expect((await settled(t.clock, handle.balances())).length).toBeGreaterThan(0);
    }
  });

  test("without a right key only public ones are answered, and the key's faults in words", async () => {
    const t = testWorld();
    for (const venue of [...DOMESTIC_VENUES, ...OVERSEAS_VENUES]) {
      const handle = t.world.venue("kim", venue);
      expect(await settled(t.clock, handle.keyFaults())).toEqual([]);
      t.world.impose({ venue, kind: "key" });
      await expect(settled(t.clock, handle.balances())).rejects.toMatchObject({ rejection: { kind: "key" } });
      await settled(t.clock, handle.rules(orderAt(venue).symbol));
      expect(await settled(t.clock, handle.keyFaults())).toEqual([{ code: "key-unknown", detail: "" }]);
    }
  });
});

test("the hook is told enough to choose, and goes before what is armed", async () => {
  const t = testWorld();
  const requests: VenueRequest[] = [];
  t.world.faults.hook = (request) => {
    requests.push(request);
    return request.call === "place" && request.attempt === 1 ? { fillRatio: 0 } : undefined;
  };
  t.world.faults.arm({ purpose: "unwind", skip: 1, times: 1 }, { refuse: "closed" });
  const upbit = t.world.venue("kim", "upbit");
  const id = (end: string) => `sx-0123456789abcdefghjk-${end}`;
  await placed(t, upbit, { clientOrderId: id("u0-1") });
  await placed(t, upbit, { clientOrderId: id("u0-2") });
  expect(t.world.faults.armedCount).toBe(1);
  expect(kindOf(await placed(t, upbit, { clientOrderId: id("u12-3") }))).toBe("closed");
  expect(t.world.faults.armedCount).toBe(0);
  await settled(t.clock, upbit.balances());
  expect(
    requests.map(({ index, call, purpose, chunk, attempt }) => [index, call, purpose, chunk, attempt]),
  ).toEqual([
    [0, "place", "unwind", 0, 1],
    [1, "place", "unwind", 0, 2],
    [2, "place", "unwind", 12, 3],
    [3, "balances", undefined, undefined, undefined],
  ]);
  expect(t.world.executions().map(({ clientOrderId }) => clientOrderId)).toEqual([id("u0-2")]);
  expect(partsOfId("by-hand-1")).toEqual({ purpose: undefined, chunk: undefined, attempt: undefined });
});
