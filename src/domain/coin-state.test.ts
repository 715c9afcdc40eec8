import { expect, test } from "bun:test";
import { COIN_REASONS, coinReasonWords, type ListingState, pairStates } from "./coin-state.ts";

const OPEN: ListingState = { state: "active", warnings: [], delistAtMs: null, deposit: true, withdraw: true };
const ABROAD: ListingState = { ...OPEN, deposit: "unknown", withdraw: "unknown" };

test("PEPE listed on both venues of a pair and open has no reason against it; other pairs are not there", () => {
  expect(pairStates({ upbit: OPEN, bybit: ABROAD }, () => "none")).toEqual([
    { pair: "upbit-bybit", reasons: [] },
  ]);
  expect(pairStates({ upbit: OPEN, bithumb: OPEN }, () => "none")).toEqual([]);
});

test("everything that holds is told, in the order of the list", () => {
  const reasonsOf = (
    home: Partial<ListingState>,
    abroad: Partial<ListingState> = {},
    rate = "none" as const,
  ) => pairStates({ upbit: { ...OPEN, ...home }, bybit: { ...ABROAD, ...abroad } }, () => rate)[0]!.reasons;
  expect(reasonsOf({ state: "halted" })).toEqual(["not-tradable"]);
  expect(reasonsOf({}, { state: "delisted" })).toEqual(["not-tradable"]);
  expect(reasonsOf({}, { delistAtMs: 5 })).toEqual(["delisting"]);
  expect(reasonsOf({ deposit: false, withdraw: "unknown" })).toEqual(["wallet-closed"]);
  expect(reasonsOf({ withdraw: "unknown" })).toEqual(["wallet-unknown"]);
  // A warning of a venue abroad is about its own users.
  expect(reasonsOf({ warnings: ["CAUTION"] }, { warnings: ["X"] })).toEqual(["warned"]);
  expect(reasonsOf({}, { warnings: ["X"] })).toEqual([]);
  expect(reasonsOf({}, { state: "quarantined" })).toEqual(["identity-unknown"]);
  expect(reasonsOf({ state: "halted", delistAtMs: 1, withdraw: false, warnings: ["W"] })).toEqual([
    ...["not-tradable", "delisting", "wallet-closed", "warned"],
  ] as never);
});

test("a quarantine is of the pair whose rate is implausible, not of the coin", () => {
  const states = pairStates({ upbit: OPEN, bybit: ABROAD, binance: ABROAD }, (pairIndex) =>
    pairIndex === 1 ? "quarantined" : "stale",
  );
  expect(states).toEqual([
    { pair: "upbit-bybit", reasons: [] },
    { pair: "upbit-binance", reasons: ["quarantined"] },
  ]);
});

test("every reason has words of its own in both languages", () => {
  const words = COIN_REASONS.map(coinReasonWords);
  expect(new Set(words.map(({ ko }) => ko)).size).toBe(COIN_REASONS.length);
  for (const [index, { ko, en }] of words.entries()) {
    expect(ko).toMatch(/[가-힣]/);
    expect(en).not.toBe(COIN_REASONS[index]!);
  }
});
