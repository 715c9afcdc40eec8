import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../testing/runs.ts";
import {
  BINANCE_LIMITS,
  BITHUMB_LIMITS,
  BYBIT_ACCOUNT_LIMITS,
  BYBIT_ADDRESS_LIMITS,
  UPBIT_ADDRESS_LIMITS,
} from "./limit-rules.ts";
import { Limiter, RollingWindow } from "./limits.ts";

const START_MS = 1_790_000_000_000;

describe("RollingWindow", () => {
  test("an entry made at t counts until just before t + windowMs", () => {
    const window = new RollingWindow({ limit: 2, windowMs: 1_000 });
    expect(window.take(START_MS, 1)).toBe(true);
    expect(window.take(START_MS + 500, 1)).toBe(true);
    expect(window.take(START_MS + 999, 1)).toBe(false);
    expect(window.take(START_MS + 1_000, 1)).toBe(true);
    expect(window.take(START_MS + 1_499, 1)).toBe(false);
    expect(window.peak).toBe(2);
  });

  test("freeAtMs is the first instant at which the cost fits", () => {
    const window = new RollingWindow({ limit: 10, windowMs: 1_000 });
    window.take(START_MS, 4);
    window.take(START_MS + 100, 6);
    expect(window.freeAtMs(START_MS + 200, 3)).toBe(START_MS + 1_000);
    expect(window.freeAtMs(START_MS + 200, 5)).toBe(START_MS + 1_100);
  });

  test("no window of any start ever holds more than the limit, and nothing that fits is refused", () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(300), cost: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, (requests) => {
        const window = new RollingWindow({ limit: 10, windowMs: 1_000 });
        const passed: { atMs: number; cost: number }[] = [];
        let nowMs = START_MS;
        for (const { waitMs, cost } of requests) {
          nowMs += waitMs;
          const held = passed
            .filter(({ atMs }) => atMs > nowMs - 1_000)
            .reduce((sum, each) => sum + each.cost, 0);
          expect(window.take(nowMs, cost)).toBe(held + cost <= 10);
          if (held + cost <= 10) passed.push({ atMs: nowMs, cost });
        }
      }),
      { numRuns: runsOf(60, 2_000) },
    );
  });
});

describe("Limiter", () => {
  test("Upbit: ten a second per group and source, then 429, then a ban that doubles", () => {
    const limiter = new Limiter(UPBIT_ADDRESS_LIMITS);
    const take = (group: string, atMs: number, source = "a") =>
      limiter.take(source, group, 1, START_MS + atMs);
    for (let index = 0; index < 10; index++) expect(take("orderbook", index).remaining).toBe(9 - index);
    expect(take("ticker", 10).kind).toBe("pass");
    expect(take("orderbook", 11, "b").kind).toBe("pass");
    for (let index = 0; index < 5; index++) {
      expect(take("orderbook", 20 + index)).toMatchObject({ kind: "over", untilMs: START_MS + 1_000 });
    }
    expect(take("orderbook", 30)).toMatchObject({ kind: "banned", untilMs: START_MS + 60_030 });
    expect(take("ticker", 40).kind).toBe("banned");
    expect(take("ticker", 60_029).kind).toBe("banned");
    expect(take("ticker", 60_030).kind).toBe("pass");
    for (let index = 0; index < 16; index++) take("orderbook", 70_000);
    expect(take("orderbook", 70_001)).toMatchObject({ kind: "banned", untilMs: START_MS + 70_000 + 120_000 });
  });

  test("Bithumb: an excess closes one category and no other", () => {
    const limiter = new Limiter(BITHUMB_LIMITS, 0.01);
    for (let index = 0; index < 150; index++) {
      expect(limiter.take("a", "orderbook", 1, START_MS).kind).toBe("pass");
    }
    expect(limiter.take("a", "orderbook", 1, START_MS)).toMatchObject({
      kind: "banned",
      untilMs: START_MS + 100,
    });
    expect(limiter.take("a", "ticker", 1, START_MS).kind).toBe("pass");
    expect(limiter.take("a", "orderbook", 1, START_MS + 99).kind).toBe("banned");
    expect(limiter.take("a", "orderbook", 1, START_MS + 1_000).kind).toBe("pass");
  });

  test("Bybit: the 601st request in five seconds means ten minutes of nothing", () => {
    const limiter = new Limiter(BYBIT_ADDRESS_LIMITS);
    for (let index = 0; index < 600; index++) {
      expect(limiter.take("a", "http", 1, START_MS + index).kind).toBe("pass");
    }
    expect(limiter.take("a", "http", 1, START_MS + 4_999).kind).toBe("banned");
    expect(limiter.take("a", "http", 1, START_MS + 4_999 + 599_999).kind).toBe("banned");
    expect(limiter.take("a", "http", 1, START_MS + 4_999 + 600_000).kind).toBe("pass");
  });

  test("Bybit accounts are refused request by request, never banned", () => {
    const limiter = new Limiter(BYBIT_ACCOUNT_LIMITS);
    for (let index = 0; index < 5; index++) limiter.take("key", "asset-coin", 1, START_MS);
    for (let index = 0; index < 50; index++) {
      expect(limiter.take("key", "asset-coin", 1, START_MS + 999).kind).toBe("over");
    }
    expect(limiter.take("key", "asset-coin", 1, START_MS + 1_000).kind).toBe("pass");
  });

  test("Binance: weight adds up, a ban starts at two minutes and ends at three days", () => {
    const limiter = new Limiter(BINANCE_LIMITS);
    expect(limiter.take("a", "weight", 2_395, START_MS).used).toBe(2_395);
    expect(limiter.take("a", "weight", 10, START_MS).kind).toBe("over");
    expect(limiter.take("a", "weight", 5, START_MS).kind).toBe("pass");
    let nowMs = START_MS;
    const bansMs: number[] = [];
    for (let ban = 0; ban < 13; ban++) {
      limiter.take("a", "weight", 2_400, nowMs);
      let verdict = limiter.take("a", "weight", 1, nowMs);
      while (verdict.kind !== "banned") verdict = limiter.take("a", "weight", 1, nowMs);
      bansMs.push(verdict.untilMs - nowMs);
      nowMs = verdict.untilMs;
    }
    expect(bansMs[0]).toBe(120_000);
    expect(bansMs[1]).toBe(240_000);
    expect(bansMs.at(-1)).toBe(3 * 86_400_000);
  });

  test("an hour at exactly the allowed pace is never refused", () => {
    const limiter = new Limiter(BINANCE_LIMITS);
    for (let second = 0; second < 3_600; second++) {
      // 40 a second is 2,400 a minute.
      expect(limiter.take("a", "weight", 40, START_MS + second * 1_000).kind).toBe("pass");
    }
    expect(limiter.usage(START_MS + 3_599_000)).toEqual([
      { source: "a", group: "weight", limit: 2_400, windowMs: 60_000, used: 2_400, peak: 2_400 },
    ]);
  });

  test("reset forgets windows and bans; an unknown group is a defect", () => {
    const limiter = new Limiter(BYBIT_ADDRESS_LIMITS);
    for (let index = 0; index < 601; index++) limiter.take("a", "http", 1, START_MS);
    limiter.reset();
    expect(limiter.take("a", "http", 1, START_MS).kind).toBe("pass");
    expect(() => limiter.take("a", "nonsense", 1, START_MS)).toThrow(RangeError);
  });
});
