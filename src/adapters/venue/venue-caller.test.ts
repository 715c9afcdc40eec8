import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { RateGovernor, VenueAnswer } from "../../ports/rate-governor.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { systemClock } from "../clock.ts";
import { bybitRules } from "./bybit/refusals.ts";
import { PriorityBudget } from "./priority-budget.ts";
import { type Call, type CallerDeps, VenueCaller } from "./venue-caller.ts";

/** For what is to be answered, on a machine that has other things to do. */
const ANSWER_MS = 30_000;

const KEY = { apiKey: "an-access-key-of-somebody", secret: "a-secret-of-somebody" };

const served = { status: 200, body: "{}", headers: {} as Record<string, string>, count: 0 };
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => {
    served.count++;
    return new Response(served.body, { status: served.status, headers: served.headers });
  },
});
afterAll(() => server.stop(true));
beforeEach(() => Object.assign(served, { status: 200, body: "{}", headers: {}, count: 0 }));

interface Settled {
  readonly cost: number;
  readonly answer: VenueAnswer | "unsent";
}

function kit(change: Partial<CallerDeps> & { reserve?: RateGovernor["reserve"] } = {}) {
  const settled: Settled[] = [];
  const log = new RecordingLog();
  const clock = change.clock ?? systemClock;
  const budget = new PriorityBudget(clock, [{ capacity: 10, windowMs: 1_000 }]);
  const grant = {
    venues: new Set(["bybit" as const]),
    settle: (_: string, cost: number, answer: VenueAnswer | "unsent") => void settled.push({ cost, answer }),
  };
  const governor: RateGovernor = {
    reserve: change.reserve ?? (() => Promise.resolve(grant)),
    hasShare: () => true,
    readyInMs: () => 0,
  };
  const caller = new VenueCaller({
    venue: "bybit",
    baseUrl: `http://127.0.0.1:${server.port}`,
    key: KEY,
    log,
    governor,
    budgets: { order: budget },
    dress: ({ method, path }, baseUrl) => ({ method, url: `${baseUrl}${path}`, headers: {} }),
    limitedBy: (text) =>
      text.includes("10006") ? "account" : text.includes("10018") ? "address" : undefined,
    rules: bybitRules({ reducesShort: false }),
    readTimeoutMs: 1_000,
    ...change,
    clock,
  });
  return { caller, settled, log, budget, grant };
}

const call = (change: Partial<Call> = {}): Call => ({
  method: "GET",
  path: "/v5/order/realtime",
  params: [],
  group: "order",
  addressCost: 2,
  urgent: true,
  ...change,
});

describe("A request of an account", () => {
  test("spends from both budgets and tells the governor how it ended", async () => {
    const { caller, settled } = kit();
    expect(await caller.call(call(), ANSWER_MS)).toMatchObject({ kind: "answer", status: 200 });
    expect(settled).toMatchObject([{ cost: 2, answer: { status: 200 } }]);
  });

  test("that is called off last thing is not sent and costs nothing", async () => {
    const { caller, settled, budget } = kit();
    const before = served.count;
    const off = call({ mayStillSend: () => false });
    for (let count = 0; count < 20; count++) {
      expect(await caller.call(off, ANSWER_MS)).toEqual({ kind: "unsent", why: "called off" });
    }
    expect(served.count).toBe(before);
    expect(settled.every(({ answer }) => answer === "unsent")).toBe(true);
    expect(await budget.take(true, 0)).toBeDefined();
  });

  test("is called off after its waits, not before", async () => {
    const clock = new ManualClock();
    const { caller, budget } = kit({ clock });
    budget.hold(400);
    let asked = false;
    const result = caller.call(
      call({
        mayStillSend: () => {
          asked = true;
          return false;
        },
      }),
      1_000,
    );
    await clock.advance(399);
    expect(asked).toBe(false);
    await clock.advance(1);
    expect(await result).toMatchObject({ kind: "unsent" });
    expect(asked).toBe(true);
  });

  test("is not begun when what is left is too short for an answer", async () => {
    const clock = new ManualClock();
    const { caller, budget } = kit({ clock });
    budget.hold(800);
    expect(await caller.call(call(), 1_000)).toEqual({ kind: "unsent", why: "no budget of the account" });
    expect(served.count).toBe(0);
  });

  test("is not begun when a pause of the process has eaten what was left for an answer", async () => {
    class Pausing extends ManualClock {
      pausedMs = 0;
      override monotonicMs(): number {
        return super.monotonicMs() + this.pausedMs;
      }
    }
    for (const [pausedMs, begun] of [
      [30_000, 1],
      [59_900, 0],
    ] as const) {
      served.count = 0;
      const clock = new Pausing();
      const { caller, settled, grant } = kit({
        clock,
        reserve: async () => {
          clock.pausedMs = pausedMs;
          return grant;
        },
      });
      const result = await caller.call(call(), 60_000);
      expect([result.kind, served.count]).toEqual([begun ? "answer" : "unsent", begun]);
      if (!begun) expect(settled).toEqual([{ cost: 2, answer: "unsent" }]);
    }
  });

  test("without a grant of the address is not sent, and its place in the account's budget is free again", async () => {
    const { caller, budget, grant } = kit({
      reserve: () => Promise.resolve({ ...grant, venues: new Set<"bybit">() }),
    });
    for (let count = 0; count < 20; count++) {
      expect(await caller.call(call(), 1_000)).toEqual({ kind: "unsent", why: "no budget of the address" });
    }
    expect(await budget.take(true, 0)).toBeDefined();
  });

  test("does not wait behind others' reservations beyond its time; a grant that comes late is given back", async () => {
    const clock = new ManualClock();
    const late = Promise.withResolvers<void>();
    const { caller, settled, grant } = kit({ clock, reserve: () => late.promise.then(() => grant) });
    const result = caller.call(call(), 1_000);
    await clock.advance(1_000);
    expect(await result).toEqual({ kind: "unsent", why: "no budget of the address" });
    late.resolve();
    await clock.advance(0);
    expect(settled).toEqual([{ cost: 2, answer: "unsent" }]);
  });

  test("to nobody costs nothing", async () => {
    const { caller, settled, budget } = kit({ baseUrl: "http://127.0.0.1:1" });
    for (let count = 0; count < 12; count++) {
      expect(await caller.call(call(), ANSWER_MS)).toEqual({ kind: "not-connected" });
    }
    expect(settled.every(({ answer }) => answer === "unsent")).toBe(true);
    expect(await budget.take(true, 0)).toBeDefined();
  });
});

describe("A refusal for limits", () => {
  test("of the account holds the account and does not silence the address", async () => {
    served.body = '{"retCode":10006,"retMsg":"Too many visits!"}';
    const { caller, settled, budget } = kit();
    await caller.call(call(), ANSWER_MS);
    expect(settled).toMatchObject([{ answer: { status: 200, limited: false } }]);
    expect(await budget.take(true, 0)).toBeUndefined();
  });

  test("of the address goes to the governor", async () => {
    served.body = '{"retCode":10018,"retMsg":"Exceeded the IP Rate Limit."}';
    const { caller, settled, budget } = kit();
    await caller.call(call(), ANSWER_MS);
    expect(settled).toMatchObject([{ answer: { limited: true } }]);
    expect(await budget.take(true, 0)).toBeDefined();
  });

  test("by status reaches the governor with what the body says", async () => {
    Object.assign(served, { status: 403, body: "access too frequent" });
    const { caller, settled } = kit();
    await caller.call(call(), ANSWER_MS);
    expect(settled).toMatchObject([{ answer: { status: 403, text: "access too frequent" } }]);
  });

  test("where the venue counts by account holds the account", async () => {
    Object.assign(served, { status: 429, body: "" });
    const { caller, budget, log } = kit();
    await caller.call(call({ addressCost: 0 }), ANSWER_MS);
    expect(await budget.take(true, 0)).toBeUndefined();
    expect(log.said("warn")).toEqual(["venue refused an account because of its limit"]);
  });
});

describe("A read", () => {
  const parsed = () => ({ ok: true as const, value: 7, skipped: 0, issues: [] });

  test("gives the value", async () => {
    expect(await kit().caller.read(call(), parsed)).toBe(7);
  });

  test.each([
    [200, '{"retCode":10005,"retMsg":"Permission denied"}', "key"],
    [429, "", "limited"],
    [500, "", undefined],
    [404, "<html>", undefined],
  ])("of %s %s is a fault with the refusal, if it is one", async (status, body, kind) => {
    Object.assign(served, { status, body });
    const refusing = () => ({
      ok: false as const,
      issues: [{ path: "", kind: "refused", expected: "0", received: "10005" }],
    });
    const fault = await kit()
      .caller.read(call(), refusing)
      .catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(VenueReadFault);
    expect((fault as VenueReadFault).rejection?.kind).toBe(kind as never);
    expect((fault as VenueReadFault).message).toStartWith("bybit GET /v5/order/realtime: ");
  });

  test("whose text repeats the key does not hand it on", async () => {
    served.body = JSON.stringify({
      retCode: 10004,
      retMsg: `error sign! origin_string[1${KEY.apiKey}5000 ${KEY.secret}]`,
    });
    const { caller, log } = kit();
    const result = await caller.call(call(), ANSWER_MS);
    expect(result).toMatchObject({ text: expect.stringContaining("origin_string[1(key)5000 (secret)]") });
    expect(JSON.stringify([result, log.lines])).not.toContain(KEY.apiKey);
    expect(JSON.stringify([result, log.lines])).not.toContain(KEY.secret);
  });
});
