// The rate history, on whichever database: what is read back is what was recorded last, before and after an hour is
// folded, in every range and step.

import { describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { PAIR_KEYS } from "../../../schema/vocabulary.ts";
import { type CoinSample, MINUTE_MS, type MinuteSample, type PairSample } from "../../domain/rate-history.ts";
import { type Database, rowsOf } from "./database.ts";
import { createHistoryStore } from "./rate-history.ts";

const HOUR_MINUTES = 60;
/** Texts that an array literal must not trip over. */
const COINS = ["BTC", "NULL", 'Q"\\,{} '];

let dayCount = 0;
/** Every test has a day of its own, on an hour's start, in minutes since the epoch. */
function freshDay(): number {
  return (490_000 + 24 * ++dayCount) * HOUR_MINUTES;
}

type Rates = readonly [number | null, number | null, number | null, number | null];

function sampleOf(minute: number, ratesOf: (coin: string, pairIndex: number) => Rates): MinuteSample {
  const minuteAtMs = minute * MINUTE_MS;
  const coins = COINS.flatMap((coin) =>
    PAIR_KEYS.map((_, pairIndex): CoinSample => {
      const [entryJeonAt1m, exitJeonAt1m, entryJeonAt10m, exitJeonAt10m] = ratesOf(coin, pairIndex);
      return { minuteAtMs, coin, pairIndex, entryJeonAt1m, exitJeonAt1m, entryJeonAt10m, exitJeonAt10m };
    }),
  );
  const pairs = PAIR_KEYS.map((_, pairIndex): PairSample => {
    const [bestEntryJeon, bestExitJeon, medianEntryJeon, medianExitJeon] = ratesOf("pair", pairIndex);
    const rates = { bestEntryJeon, bestExitJeon, medianEntryJeon, medianExitJeon };
    return { minuteAtMs, pairIndex, ...rates, referenceJeon: 138_550, coinCount: minute % 100 };
  });
  return { minuteAtMs, pairs, coins };
}

function steadySample(minute: number, jeon: number): MinuteSample {
  return sampleOf(minute, (_, pairIndex) => [jeon + pairIndex, jeon - 1, null, 0]);
}

export function rateHistorySuite(database: () => Database): void {
  const store = () => createHistoryStore(database());
  const countOf = async (table: string, day: number) => {
    const [column, first, unit] =
      table === "coin_rates_hourly" ? ["hour", day / HOUR_MINUTES, 1] : ["minute", day, HOUR_MINUTES];
    const [row] = await database().run("count", (executor) =>
      rowsOf<{ count: number }>(
        executor,
        sql`select count(*)::int as count from ${sql.raw(`schedulerx.${table}`)}
            where ${sql.raw(String(column))} between ${first} and ${Number(first) + 24 * Number(unit) - 1}`,
      ),
    );
    return row!.count;
  };

  describe("rate history", () => {
    test("a minute recorded again replaces the minute, for coins and pairs", async () => {
      const day = freshDay();
      await store().recordMinute(steadySample(day, 140_000));
      await store().recordMinute(steadySample(day, 150_000));
      const range = {
        pair: "upbit-binance",
        fromAtMs: day * MINUTE_MS,
        toAtMs: (day + 60) * MINUTE_MS,
      } as const;
      expect(await store().coinHistory({ ...range, coin: "BTC" })).toEqual([
        {
          minuteAtMs: day * MINUTE_MS,
          coin: "BTC",
          pairIndex: 1,
          entryJeonAt1m: 150_001,
          exitJeonAt1m: 149_999,
          entryJeonAt10m: null,
          exitJeonAt10m: 0,
        },
      ]);
      expect(await store().pairHistory(range)).toEqual([steadySample(day, 150_000).pairs[1]!]);
      expect(await store().coinHistory({ ...range, coin: "ETH" })).toEqual([]);
      expect(await countOf("coin_rates_recent", day)).toBe(4);
    });

    test("the first minute of an hour folds the hour before it into one row per coin and pair", async () => {
      const day = freshDay();
      await store().recordMinute(steadySample(day + 3, 140_000));
      await store().recordMinute(steadySample(day + 59, 140_059));
      expect(await countOf("coin_rates_hourly", day)).toBe(0);
      await store().recordMinute(steadySample(day + 60, 140_060));
      expect(await countOf("coin_rates_hourly", day)).toBe(COINS.length * 4);
      expect(await countOf("coin_rates_recent", day)).toBe(4);
    });

    test("a minute that comes after its hour was folded is merged into the hour", async () => {
      const day = freshDay();
      for (const minute of [0, 1, 3, 60])
        await store().recordMinute(steadySample(day + minute, 100 + minute));
      await store().recordMinute(steadySample(day + 2, 7));
      await store().recordMinute(steadySample(day + 1, 8));
      await store().recordMinute(sampleOf(day + 3, () => [null, null, null, null]));
      const read = async () => {
        const range = {
          pair: "upbit-bybit",
          fromAtMs: day * MINUTE_MS,
          toAtMs: (day + 60) * MINUTE_MS,
        } as const;
        return (await store().coinHistory({ ...range, coin: "BTC" })).map((sample) => sample.entryJeonAt1m);
      };
      expect(await read()).toEqual([100, 8, 7]);
      await store().recordMinute(steadySample(day + 61, 161));
      expect(await countOf("coin_rates_recent", day)).toBe(8);
      expect(await read()).toEqual([100, 8, 7]);
    });

    test("what was recorded last is read back, in any range and step", async () => {
      const jeon = fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { nil: null });
      const rates = fc.tuple(jeon, jeon, jeon, jeon);
      const minute = fc.integer({ min: 0, max: 5 * HOUR_MINUTES });
      const recording = fc.record({ minute, rates: fc.array(rates, { minLength: 16, maxLength: 16 }) });
      const range = fc.record({ from: minute, length: minute, step: fc.constantFrom(1, 7, 60, 90) });
      await fc.assert(
        fc.asyncProperty(
          fc.array(recording, { minLength: 1, maxLength: 12 }),
          fc.array(range, { minLength: 1, maxLength: 4 }),
          async (recordings, ranges) => {
            const day = freshDay();
            const kept = new Map<number, MinuteSample>();
            for (const { minute: offset, rates: values } of recordings) {
              const sample = sampleOf(
                day + offset,
                (coin, pairIndex) => values[4 * (COINS.indexOf(coin) + 1) + pairIndex]!,
              );
              kept.set(offset, sample);
              await store().recordMinute(sample);
            }
            for (const { from, length, step } of ranges) {
              const options = {
                fromAtMs: (day + from) * MINUTE_MS,
                toAtMs: (day + from + length) * MINUTE_MS,
                stepMinutes: step,
              };
              const samples = [...kept.entries()]
                .filter(([offset]) => offset >= from && offset < from + length)
                .sort(([a], [b]) => a - b)
                .map(([, sample]) => sample);
              for (const [pairIndex, pair] of PAIR_KEYS.entries()) {
                const pairs = samples.map((sample) => sample.pairs[pairIndex]!);
                expect(await store().pairHistory({ ...options, pair })).toEqual(lastOfStep(pairs, step));
                for (const coin of COINS) {
                  const coins = samples.map(
                    (sample) => sample.coins.find((one) => one.coin === coin && one.pairIndex === pairIndex)!,
                  );
                  const found = await store().coinHistory({ ...options, pair, coin });
                  expect(found).toEqual(lastOfStep(coins.filter(hasRate), step));
                }
              }
            }
          },
        ),
        { numRuns: Number(process.env.FULL ? 40 : 8) },
      );
    });

    test("pruning takes the hours that are over by then, and nothing else", async () => {
      const day = freshDay();
      for (const minute of [0, 61, 125]) await store().recordMinute(steadySample(day + minute, 100 + minute));
      const deleted = await store().prune((day + 119) * MINUTE_MS);
      expect(deleted).toBeGreaterThanOrEqual(COINS.length * 4 + 4);
      expect(await countOf("coin_rates_hourly", day)).toBe(COINS.length * 4);
      expect(await countOf("pair_rates", day)).toBe(8);
      expect(await store().prune((day + 119) * MINUTE_MS)).toBe(0);
      await store().prune((day + 180) * MINUTE_MS);
      expect(await countOf("coin_rates_hourly", day)).toBe(0);
      expect(await countOf("coin_rates_recent", day)).toBe(0);
      expect(await countOf("pair_rates", day)).toBe(0);
    });

    test("a range of too many steps or a step that is no whole minute is refused", async () => {
      const range = { pair: "upbit-bybit", fromAtMs: 0, toAtMs: 20_001 * MINUTE_MS } as const;
      await expect(store().pairHistory(range)).rejects.toThrow("expected at most 20000 steps, was 20001");
      await expect(store().pairHistory({ ...range, stepMinutes: 0.5 })).rejects.toThrow("whole number");
      await expect(store().coinHistory({ ...range, coin: "A", toAtMs: Number.NaN })).rejects.toThrow(
        RangeError,
      );
      expect(await store().pairHistory({ ...range, toAtMs: -1 })).toEqual([]);
    });
  });
}

function hasRate(sample: CoinSample): boolean {
  const { entryJeonAt1m, exitJeonAt1m, entryJeonAt10m, exitJeonAt10m } = sample;
  return [entryJeonAt1m, exitJeonAt1m, entryJeonAt10m, exitJeonAt10m].some((jeon) => jeon !== null);
}

function lastOfStep<Sample extends { minuteAtMs: number }>(
  samples: readonly Sample[],
  step: number,
): Sample[] {
  const stepOf = (sample: Sample) => Math.floor(sample.minuteAtMs / MINUTE_MS / step);
  return samples.filter(
    (sample, index) => index + 1 === samples.length || stepOf(samples[index + 1]!) !== stepOf(sample),
  );
}
