import { expect, test } from "bun:test";
import { nullRow, type RateRow } from "../src/domain/rate-table.ts";
import type { OwnStrategy } from "../src/ports/strategies.ts";
import type { DecisionRow } from "../src/ports/traders.ts";
import { coinDecisions, type DecisionsKnown } from "./coin-decisions.ts";

const NOW_MS = 1_780_000_020_000;
const STRATEGY: OwnStrategy = {
  ...{ strategyId: 7, isActive: true, createdAtMs: 0, name: "s", seedAmountKrw: "9000000", seedDivision: 3 },
  ...{ tradeMode: "custom", entryRate: "1390", exitRate: "1410", coinMode: "auto", selectedCoins: [] },
  ...{ leverage: 1, allowAverageDown: false, allowAverageUp: false },
};

/** Quoted at 3 million, the strategy's slice, and at nothing larger. */
function row(coin: string, rateKrw: number, pairIndex = 0): RateRow {
  const made = nullRow(coin, pairIndex, NOW_MS, "none");
  made.ratesJeon.fill(rateKrw * 100 - 500, 0, 2);
  made.ratesJeon[2] = Math.round(rateKrw * 100);
  return made;
}

const storedRow = (coin: string, reason: string, changes: Partial<DecisionRow> = {}): DecisionRow => ({
  ...{
    mode: "paper",
    userId: 1,
    strategyId: 7,
    coin,
    pair: "upbit-bybit",
    action: "hold",
    reason,
    context: "",
  },
  atMs: NOW_MS - 60_000,
  ...changes,
});

const linesOf = (
  known: Partial<Omit<DecisionsKnown, "strategies">> & { readonly strategy?: Partial<OwnStrategy> | null },
): string[] => {
  const { strategy = {}, ...given } = known;
  const own = strategy && { ...STRATEGY, ...strategy };
  const found = coinDecisions({
    ...{
      userId: 1,
      mode: "paper",
      stored: [],
      hasConsent: false,
      incidents: [],
      heldCoins: new Set<string>(),
    },
    strategies: {
      activeStrategyId: own ? 7 : null,
      exitTerms: { stopRate: null, holdingMsMax: null },
      strategies: own ? [own] : [],
    },
    entries: { off: false, by: null, why: null, atMs: null, everybodysOff: false },
    ...{ rows: [], reference: { priceKrw: 1_400, venue: "upbit", atMs: NOW_MS }, sinceMs: NOW_MS - 15_000 },
    ...given,
  });
  return found.map(({ coin, pair, action, reason, context, atMs }) =>
    [coin, pair, action, reason, context, `${(atMs - NOW_MS) / 1_000}s`].filter(Boolean).join(" "),
  );
};

test("each coin of the rates has a reason with the rate's time, on its best pair, the nearest first", () => {
  const rows = [
    row("AAA", 1_395.5),
    row("BBB", 1_394),
    row("BBB", 1_392.25, 3),
    row("CCC", 1_390),
    nullRow("DDD", 0, NOW_MS - 5_000, "stale"),
    nullRow("EEE", 0, NOW_MS, "quarantined"),
    { ...row("FFF", 1_380), ratesJeon: row("FFF", 1_380).ratesJeon.with(2, Number.NaN) },
  ];
  expect(linesOf({ rows })).toEqual([
    "CCC upbit-bybit hold not-decided 0s",
    "BBB bithumb-binance hold rate-above-target rate=1392.25 target=1390 0s",
    "AAA upbit-bybit hold rate-above-target rate=1395.5 target=1390 0s",
    "DDD upbit-bybit hold no-rate stale -5s",
    "EEE upbit-bybit hold quarantined 0s",
    "FFF upbit-bybit hold no-rate too thin at this size 0s",
  ]);
});

test("what was stored stands for coins that meet the target, that are held, or that no rate is of; not for others", () => {
  const stored = [
    storedRow("MEETS", "spread-too-wide"),
    storedRow("ABOVE", "krw-short"),
    storedRow("HELD", "enter", { action: "enter", strategyId: 6 }),
    storedRow("GONE", "not-tradable", { atMs: NOW_MS - 90_000 }),
    storedRow("EARLIER", "spread-too-wide", { strategyId: 6 }),
    storedRow("JUST", "margin-short", { atMs: NOW_MS + 1_000 }),
  ];
  const rows = [row("MEETS", 1_380), row("HELD", 1_500), row("EARLIER", 1_500), row("JUST", 1_500)];
  expect(linesOf({ stored, rows: [...rows, row("ABOVE", 1_400)], heldCoins: new Set(["HELD"]) })).toEqual([
    "JUST upbit-bybit hold margin-short 1s",
    "MEETS upbit-bybit hold spread-too-wide -60s",
    "HELD upbit-bybit enter enter -60s",
    "GONE upbit-bybit hold not-tradable -90s",
    "ABOVE upbit-bybit hold rate-above-target rate=1400 target=1390 0s",
    "EARLIER upbit-bybit hold rate-above-target rate=1500 target=1390 0s",
  ]);
  expect(linesOf({ stored: stored.slice(0, 1), rows, strategy: null })).toHaveLength(1);
});

test("a strategy that holds all it may says so of each coin that meets its target", () => {
  const stored = [storedRow("AAA", "division-used-up")];
  expect(linesOf({ stored, rows: [row("AAA", 1_380), row("BBB", 1_385)] })).toEqual([
    "AAA upbit-bybit hold division-used-up -60s",
    "BBB upbit-bybit hold division-used-up 0s",
  ]);
});

test("coins that were not chosen come last; in auto mode the reference price makes the target", () => {
  const chosen = { coinMode: "custom", selectedCoins: ["AAA"] } as const;
  const rows = [row("AAA", 1_395), row("BBB", 1_300)];
  expect(linesOf({ rows, strategy: chosen }).map((line) => line.split(" ").slice(0, 4).join(" "))).toEqual([
    "AAA upbit-bybit hold rate-above-target",
    "BBB upbit-bybit hold coin-not-selected",
  ]);
  const auto = { tradeMode: "auto", entryRate: "0", exitRate: "0" } as const;
  expect(linesOf({ rows: [row("AAA", 1_386.01)], strategy: auto })).toEqual([
    "AAA upbit-bybit hold rate-above-target rate=1386.01 target=1386 0s",
  ]);
  const old = { priceKrw: 1_400, venue: "upbit", atMs: NOW_MS - 15_001 } as const;
  for (const strategy of [auto, {}]) {
    expect(linesOf({ rows: [row("AAA", 1_300)], strategy, reference: old })).toEqual([
      "AAA upbit-bybit hold no-reference 0s",
    ]);
  }
});

test("what stands against every coin is the reason of each", () => {
  const rows = [row("AAA", 1_300)];
  const reasonOf = (known: Parameters<typeof linesOf>[0]) =>
    linesOf({ rows, ...known })[0]!.replace(/^.* hold /, "");
  const entries = { off: true, by: "user", why: "away", atMs: 1, everybodysOff: false } as const;
  expect(reasonOf({ entries })).toBe("entries-off away 0s");
  expect(reasonOf({ entries: { ...entries, off: false, why: null, everybodysOff: true } })).toBe(
    "entries-off 0s",
  );
  const incident = {
    incidentId: 1,
    kind: "key",
    coin: "",
    intentId: "",
    detail: "no key",
    openedAtMs: 0,
  } as const;
  expect(reasonOf({ incidents: [incident] })).toBe("incident-open no key 0s");
  expect(reasonOf({ mode: "live" })).toBe("no-consent 0s");
  expect(reasonOf({ mode: "live", hasConsent: true })).toBe("not-decided 0s");
  expect(reasonOf({ strategy: { seedDivision: 0 } })).toBe(
    "strategy-unreadable expected a seed division of at least 1, was 0 0s",
  );
});
