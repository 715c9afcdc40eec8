// Rates of a pair: 100 sizes in both directions, over books that differ from pair to pair and from tick to tick, beside
// a plain loop per size and beside the floor (each touched level read once, 200 divisions and stores). Then the same
// rates against exact decimal arithmetic, value by value.

import { DOMESTIC_VENUES, PAIRS, SEED_COUNT, SEED_KRW_MAX, SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import type { OrderBook } from "../../src/domain/order-book.ts";
import { createDomesticSweep, ratesOfPair, sweepDomestic } from "../../src/domain/sweep.ts";
import { referenceRateJeon } from "../../src/testing/reference-rate.ts";
import { type BenchTick, marketTicks, PAIRS_PER_TICK } from "./books.ts";
import { type BenchLine, type BenchOptions, elapsedMs, grouped, round, undisturbed } from "./line.ts";
import { floorPlan, runFloor } from "./sweep-floor.ts";

const TICKS = 4;
/** The compiler works beside: on a busy machine its last word comes late. */
const WARM_UP_ROUNDS = 2_000;
const MEASURED_ROUNDS = 1_000;
const PLAIN_ROUNDS = 30;
const TARGET_US = 1;
const TARGET_RATIO = 2.4;
const EXACT_VALUES = 300_000;
const EXACT_VALUES_ALL = 10_000_000;
const PROGRESS_VALUES = 1_000_000;

const sweep = createDomesticSweep();
const jeon = new Float64Array(2 * SEED_COUNT);

/** A domestic book with the overseas ones it makes pairs with, found beforehand: looking them up is no part of it. */
interface SweepTask {
  readonly domestic: OrderBook;
  readonly overseas: readonly { readonly book: OrderBook; readonly multiplier: number }[];
}

function tasksOf({ coins }: BenchTick): SweepTask[] {
  return coins.flatMap(({ legs }) =>
    DOMESTIC_VENUES.map((venue) => ({
      domestic: legs[venue].book,
      overseas: PAIRS.filter((pair) => pair.domestic === venue).map(({ overseas }) => legs[overseas]),
    })),
  );
}

function sweepAll(tasks: readonly SweepTask[]): void {
  for (const { domestic, overseas } of tasks) {
    sweepDomestic(domestic, sweep);
    for (const { book, multiplier } of overseas) ratesOfPair(sweep, domestic, book, multiplier, jeon);
  }
}

/** As one would write it first: for every size both books from their beginning. */
function plainAll(tasks: readonly SweepTask[]): void {
  for (const { domestic, overseas } of tasks) {
    for (const { book, multiplier } of overseas) {
      for (let seed = 0; seed < SEED_COUNT; seed++) {
        const seedKrw = (seed + 1) * SEED_STEP_KRW;
        jeon[seed] = plainRate(domestic, book, multiplier, seedKrw, true);
        jeon[SEED_COUNT + seed] = plainRate(domestic, book, multiplier, seedKrw, false);
      }
    }
  }
}

function plainRate(
  domestic: OrderBook,
  overseas: OrderBook,
  multiplier: number,
  seedKrw: number,
  entry: boolean,
): number {
  const prices = entry ? domestic.askPrices : domestic.bidPrices;
  const qtys = entry ? domestic.askQtys : domestic.bidQtys;
  const count = entry ? domestic.askCount : domestic.bidCount;
  let leftKrw = seedKrw;
  let coins = 0;
  for (let level = 0; level < count && leftKrw > 0; level++) {
    const levelKrw = Math.min(leftKrw, prices[level]! * qtys[level]!);
    coins += levelKrw / prices[level]!;
    leftKrw -= levelKrw;
  }
  if (leftKrw > 0) return Number.NaN;
  const overseasPrices = entry ? overseas.bidPrices : overseas.askPrices;
  const overseasQtys = entry ? overseas.bidQtys : overseas.askQtys;
  const overseasCount = entry ? overseas.bidCount : overseas.askCount;
  let leftQty = coins / multiplier;
  let usdt = 0;
  for (let level = 0; level < overseasCount && leftQty > 0; level++) {
    const qty = Math.min(leftQty, overseasQtys[level]!);
    usdt += qty * overseasPrices[level]!;
    leftQty -= qty;
  }
  return leftQty > 0 ? Number.NaN : Math.round((seedKrw / usdt) * 100);
}

interface Timing {
  readonly sweepUs: number;
  readonly floorUs: number;
  readonly ratio: number;
  readonly plainUs: number;
}

/** Sweep and floor take turns, so that what else the machine does meets both alike. */
function timeTicks(ticks: readonly BenchTick[]): Timing {
  const tasks = ticks.map(tasksOf);
  const plans = ticks.map(floorPlan);
  const usPerPair = (work: () => unknown) => (elapsedMs(work) * 1000) / PAIRS_PER_TICK;
  const sweepUs: number[] = [];
  const floorUs: number[] = [];
  for (let turn = 0; turn < WARM_UP_ROUNDS + MEASURED_ROUNDS; turn++) {
    sweepUs.push(usPerPair(() => sweepAll(tasks[turn % TICKS]!)));
    floorUs.push(usPerPair(() => runFloor(plans[turn % TICKS]!, jeon)));
  }
  const plainUs = Array.from({ length: PLAIN_ROUNDS }, (_, turn) =>
    usPerPair(() => plainAll(tasks[turn % TICKS]!)),
  );
  const sweepBestUs = undisturbed(sweepUs.slice(WARM_UP_ROUNDS));
  const floorBestUs = undisturbed(floorUs.slice(WARM_UP_ROUNDS));
  return {
    sweepUs: sweepBestUs,
    floorUs: floorBestUs,
    ratio: round(sweepBestUs / floorBestUs, 2),
    plainUs: undisturbed(plainUs),
  };
}

/** Compares at least `valuesMin` rates with the reference; whole ticks, spread over days of the market. */
function countDifferences(valuesMin: number, options: BenchOptions): { values: number; differences: number } {
  let values = 0;
  let differences = 0;
  let toldValues = 0;
  for (let first = 0; values < valuesMin; first += 97) {
    for (const { coins } of marketTicks(1, first)) {
      for (const { legs } of coins) {
        for (const { domestic, overseas } of PAIRS) {
          const { text, multiplier, book } = legs[overseas];
          sweepDomestic(legs[domestic].book, sweep);
          ratesOfPair(sweep, legs[domestic].book, book, multiplier, jeon);
          for (let seed = 0; seed < SEED_COUNT; seed++) {
            const seedKrw = (seed + 1) * SEED_STEP_KRW;
            const entry = referenceRateJeon("entry", legs[domestic].text, text, multiplier, seedKrw);
            const exit = referenceRateJeon("exit", legs[domestic].text, text, multiplier, seedKrw);
            if (!Object.is(jeon[seed], entry ?? Number.NaN)) differences++;
            if (!Object.is(jeon[SEED_COUNT + seed], exit ?? Number.NaN)) differences++;
          }
          values += 2 * SEED_COUNT;
          if (values >= valuesMin) return { values, differences };
        }
      }
    }
    if (values - toldValues < PROGRESS_VALUES) continue;
    toldValues = values;
    options.progress(`${grouped(values)} of ${grouped(valuesMin)} values compared`);
  }
  return { values, differences };
}

export async function benchSweep(options: BenchOptions): Promise<BenchLine[]> {
  options.progress(`books of ${TICKS} ticks`);
  const ticks = [...marketTicks(TICKS)];
  const { sweepUs, floorUs, ratio, plainUs } = timeTicks(ticks);
  const valuesMin = options.all ? EXACT_VALUES_ALL : EXACT_VALUES;
  options.progress(`${grouped(valuesMin)} values against exact arithmetic`);
  const { values, differences } = countDifferences(valuesMin, options);
  return [
    {
      name: `rates of a pair, ${SEED_COUNT} sizes to ${SEED_KRW_MAX / 1e6}M KRW both ways, ${PAIRS_PER_TICK} pairs`,
      figure: round(sweepUs, 2),
      unit: "us",
      comparison: `a plain loop per size ${round(plainUs, 1)} us, ${round(plainUs / sweepUs, 0)}x`,
      target: `at most ${TARGET_US}`,
      ok: sweepUs <= TARGET_US,
    },
    {
      name: "the same beside its floor",
      figure: ratio,
      unit: "x",
      comparison: `touched levels read once, 200 divisions and stores: ${round(floorUs, 2)} us`,
      target: `at most ${TARGET_RATIO}`,
      ok: ratio <= TARGET_RATIO,
    },
    {
      name: "rates unlike exact decimal half-up",
      figure: differences,
      unit: `of ${grouped(values)}`,
      comparison: options.all ? "the BigInt reference" : "the BigInt reference; 10,000,000 with --all",
      target: "none",
      ok: differences === 0,
    },
  ];
}
