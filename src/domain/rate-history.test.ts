import { expect, test } from "bun:test";
import { SEED_COUNT } from "../../schema/vocabulary.ts";
import { HISTORY_JEON_MAX, sampleMinute } from "./rate-history.ts";
import { nullRow, RATES_PER_ROW, type RateRow } from "./rate-table.ts";

const MINUTE_AT_MS = 1_760_000_400_000;

function row(coin: string, entryJeonAt1m: number, changes: Partial<RateRow> = {}): RateRow {
  const ratesJeon = new Float64Array(RATES_PER_ROW).fill(Number.NaN);
  ratesJeon[0] = entryJeonAt1m;
  ratesJeon[9] = entryJeonAt1m + 9;
  ratesJeon[SEED_COUNT] = entryJeonAt1m - 100;
  ratesJeon[SEED_COUNT + 9] = entryJeonAt1m - 109;
  return {
    coin,
    pairIndex: 0,
    tickAtMs: MINUTE_AT_MS + 30_000,
    bookAgeMs: 5,
    reason: "none",
    ratesJeon,
    ...changes,
  };
}

test("A minute keeps each coin's rates at 1 and 10 million KRW", () => {
  const sample = sampleMinute({
    atMs: MINUTE_AT_MS + 59_999,
    rows: [row("BTC", 140_000)],
    reference: undefined,
  });
  expect(sample.minuteAtMs).toBe(MINUTE_AT_MS);
  expect(sample.coins).toEqual([
    {
      minuteAtMs: MINUTE_AT_MS,
      coin: "BTC",
      pairIndex: 0,
      entryJeonAt1m: 140_000,
      exitJeonAt1m: 139_900,
      entryJeonAt10m: 140_009,
      exitJeonAt10m: 139_891,
    },
  ]);
});

test("The best entry is the lowest, the best exit the highest, the median lies between, per pair", () => {
  const rows = [
    row("A", 140_001),
    row("B", 139_000),
    row("C", 150_000),
    row("D", 140_002),
    row("E", 1, { pairIndex: 3 }),
  ];
  const reference = { priceKrw: 1385.5, venue: "upbit", atMs: MINUTE_AT_MS } as const;
  const { pairs } = sampleMinute({ atMs: MINUTE_AT_MS, rows, reference });
  expect(pairs).toHaveLength(4);
  expect(pairs[0]).toEqual({
    minuteAtMs: MINUTE_AT_MS,
    pairIndex: 0,
    bestEntryJeon: 139_000,
    bestExitJeon: 149_900,
    medianEntryJeon: 140_002, // half-up from 140,001.5
    medianExitJeon: 139_902,
    referenceJeon: 138_550,
    coinCount: 4,
  });
  expect(pairs[1]).toMatchObject({ bestEntryJeon: null, medianExitJeon: null, coinCount: 0 });
  expect(pairs[3]).toMatchObject({ bestEntryJeon: 1, medianEntryJeon: 1, coinCount: 1 });
});

test("Rows of another minute, null rates and rates too large to store are left out of the best and the median", () => {
  const rows = [
    row("OLD", 1, { tickAtMs: MINUTE_AT_MS - 1 }),
    row("LATER", 1, { tickAtMs: MINUTE_AT_MS + 60_000 }),
    nullRow("NULL", 0, MINUTE_AT_MS, "thin"),
    row("HUGE", HISTORY_JEON_MAX + 200),
    row("BTC", 140_000),
  ];
  const sample = sampleMinute({ atMs: MINUTE_AT_MS, rows, reference: undefined });
  expect(sample.coins.map((coin) => coin.coin)).toEqual(["NULL", "HUGE", "BTC"]);
  expect(sample.coins[1]!.entryJeonAt1m).toBeNull();
  expect(sample.pairs[0]).toMatchObject({
    bestEntryJeon: 140_000,
    bestExitJeon: 139_900,
    coinCount: 1,
    referenceJeon: null,
  });
});
