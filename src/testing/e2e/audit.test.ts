import { beforeEach, expect, test } from "bun:test";
import { nullRow, type RateRow } from "../../domain/rate-table.ts";
import { createExchanges, type Exchanges } from "../../simulator/exchanges.ts";
import type { FaultSpec } from "../../simulator/faults.ts";
import { referenceRateJeon } from "../reference-rate.ts";
import { ALL_SEEDS, Audit } from "./audit.ts";
import { MarketTruth } from "./market-truth.ts";
import type { PublishedTick } from "./published.ts";
import { ServedBooks } from "./served-books.ts";

const SEED = 5;
const TICK_MS = 5_000;
const TICK_AT_MS = Math.floor(Date.UTC(2026, 5, 1) / TICK_MS) * TICK_MS;
const PATHS = {
  upbit: "/v1/orderbook?markets=KRW-ETH,KRW-PEPE&count=30",
  bybit: "/v5/market/orderbook?category=linear&symbol=1000PEPEUSDT&limit=500",
} as const;

let nowMs = TICK_AT_MS;
let exchanges: Exchanges;
let served: ServedBooks;

beforeEach(() => {
  nowMs = TICK_AT_MS;
  exchanges = createExchanges({ seed: SEED, nowMs: () => nowMs });
  exchanges.control.setRecording(true);
  served = new ServedBooks();
});

function ask(venue: keyof typeof PATHS, afterMs: number): void {
  nowMs = TICK_AT_MS + afterMs;
  const request = { method: "GET", target: PATHS[venue], body: "", address: "127.0.0.1", sourceIndex: 0 };
  exchanges.handle(venue, { ...request, header: () => null });
  served.add(exchanges.control.drainRecords());
}

/** PEPE on Upbit and Bybit as it should be published, from the newest books asked for. */
function pepe(): RateRow {
  const at = (venue: string, symbol: string) =>
    served.sound(venue, symbol, TICK_AT_MS, TICK_AT_MS + TICK_MS).at(-1)!.book;
  const [korean, foreign] = [at("upbit", "KRW-PEPE"), at("bybit", "1000PEPEUSDT")];
  const row = nullRow("PEPE", 0, TICK_AT_MS, "none");
  for (const seed of ALL_SEEDS) {
    for (const [offset, direction] of [
      [0, "entry"],
      [100, "exit"],
    ] as const) {
      const rate = referenceRateJeon(direction, korean, foreign, 1_000, (seed + 1) * 1_000_000);
      row.ratesJeon[offset + seed] = rate ?? Number.NaN;
    }
  }
  return row;
}

async function audited(row: RateRow): Promise<Audit> {
  const truth = new MarketTruth(SEED, TICK_AT_MS);
  const audit = new Audit(truth, served, TICK_MS, () => ALL_SEEDS);
  const tick: PublishedTick = {
    tickAtMs: TICK_AT_MS,
    rows: new Map([[`${row.coin}|${row.pairIndex}`, [row]]]),
    firstAtMs: TICK_AT_MS,
    closedAtMs: TICK_AT_MS + 100,
  };
  await audit.take(tick);
  return audit;
}

test("a row that is what the books make of it passes, multiplier and all", async () => {
  ask("upbit", 10);
  ask("bybit", 20);
  const audit = await audited(pepe());
  expect(audit.wrong).toEqual([]);
  expect([audit.values, audit.share(0)]).toEqual([200, 1]);
  expect(audit.lost[0]!.absent).toBeGreaterThan(500);
});

test("one jeon too many, a rate too few, or one too many is found", async () => {
  ask("upbit", 10);
  ask("bybit", 20);
  for (const change of [1, Number.NaN]) {
    const row = pepe();
    row.ratesJeon[3]! += change;
    expect((await audited(row)).wrong[0]).toContain("PEPE|0");
  }
  const row = pepe();
  const end = row.ratesJeon.subarray(100).findIndex((value) => Number.isNaN(value));
  if (end >= 0) {
    row.ratesJeon[100 + end] = row.ratesJeon[100 + end - 1]!;
    expect((await audited(row)).wrong.length).toBe(1);
  }
});

test("a tick before's books are no excuse, nor are spoilt ones; of two of this tick either may be meant", async () => {
  ask("upbit", -TICK_MS + 10);
  ask("bybit", 20);
  nowMs = TICK_AT_MS - TICK_MS;
  const old = { ...nullRow("PEPE", 0, TICK_AT_MS, "none") };
  old.ratesJeon.fill(140_000);
  expect((await audited(old)).wrong[0]).toContain("no book was served");
  ask("upbit", 30);
  const early = pepe();
  ask("upbit", 1_000);
  const late = pepe();
  expect(late.ratesJeon).not.toEqual(early.ratesJeon);
  for (const [row, redelivered] of [
    [early, 0],
    [late, 1],
  ] as const) {
    const audit = await audited(row);
    expect([audit.wrong, audit.redelivered]).toEqual([[], redelivered]);
  }
});

test("a book spoilt in an answer of many is only counted out by name", async () => {
  const fault: FaultSpec = { kind: "crossed-book", venue: "upbit", symbol: "KRW-PEPE" };
  exchanges.control.setFault(fault);
  ask("upbit", 10);
  const sound = () => served.sound("upbit", "KRW-ETH", TICK_AT_MS, TICK_AT_MS + TICK_MS).length;
  const spoilt = () => served.sound("upbit", "KRW-PEPE", TICK_AT_MS, TICK_AT_MS + TICK_MS).length;
  served.spoilt.add("upbit KRW-PEPE");
  expect([sound(), spoilt()]).toEqual([1, 0]);
});

test("a row withheld with a reason is owed, not wrong; without one it is wrong", async () => {
  ask("upbit", 10);
  ask("bybit", 20);
  const withheld = await audited(nullRow("PEPE", 0, TICK_AT_MS, "stale"));
  expect([withheld.wrong, withheld.share(0)]).toEqual([[], 0]);
  expect((await audited(nullRow("PEPE", 0, TICK_AT_MS, "none"))).wrong.length).toBe(1);
});
