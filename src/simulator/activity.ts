// How busy the market is. Wall time is cut into slots of five minutes; each slot has an activity (variance of BTC's
// return against the average slot) that clusters over hours and days and follows the hour of the day. Prices walk in
// "units", activity summed up, so calm and stormy hours come from one place. Within a block of 8,192 slots (28 days)
// the activities are one fixed set of values in a seeded order: every seed has the same volatility and tails.

import { ACTIVITY_FIT } from "./calibration.ts";
import { hash, NORMAL_COUNT, NORMAL_QUANTILES, seedOf, toNormal } from "./random.ts";

export const SLOT_MS = 300_000;
const BLOCK_SLOTS = NORMAL_COUNT;
const SLOTS_PER_HOUR = 3_600_000 / SLOT_MS;
const BLOCKS_KEPT = 24;

interface ActivityBlock {
  /** Units before each slot of the block; one more entry than slots, the last is BLOCK_SLOTS. */
  readonly unitsBefore: Float64Array;
  /** Each slot's place in the order of activity as a standard normal score. */
  readonly score: Float64Array;
}

/** Variance of the slot with the given normal score, before scaling to a mean of one. */
function rawVariance(score: number): number {
  return Math.exp(2 * ACTIVITY_FIT.logSpread * Math.min(score, ACTIVITY_FIT.scoreMax));
}

const VARIANCE_BY_RANK = scaledVariances();

function scaledVariances(): Float64Array {
  const raw = NORMAL_QUANTILES.map(rawVariance);
  const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
  return raw.map((value) => value / mean);
}

export class Activity {
  readonly #seed: number;
  readonly #blocks = new Map<number, ActivityBlock>();

  constructor(seed: number) {
    this.#seed = seedOf(seed, "activity");
  }

  /** Units since the epoch; grows with wall time, by one per slot on average. */
  unitsAt(atMs: number): number {
    const slot = Math.floor(atMs / SLOT_MS);
    const block = Math.floor(slot / BLOCK_SLOTS);
    const index = slot - block * BLOCK_SLOTS;
    const { unitsBefore } = this.#block(block);
    const before = unitsBefore[index]!;
    const share = atMs / SLOT_MS - slot;
    return block * BLOCK_SLOTS + before + (unitsBefore[index + 1]! - before) * share;
  }

  /** How busy a slot is, as a standard normal score; volumes follow it. */
  scoreOf(slot: number): number {
    const block = Math.floor(slot / BLOCK_SLOTS);
    return this.#block(block).score[slot - block * BLOCK_SLOTS]!;
  }

  #block(number: number): ActivityBlock {
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const made = makeBlock(hash(this.#seed, number), number);
    if (this.#blocks.size >= BLOCKS_KEPT) this.#blocks.delete(this.#blocks.keys().next().value!);
    this.#blocks.set(number, made);
    return made;
  }
}

/** Scores slots by slow, hourly and own noise and by the hour, then deals out the fixed variances in that order. */
function makeBlock(seed: number, number: number): ActivityBlock {
  const mixed = new Float64Array(BLOCK_SLOTS);
  const firstSlot = number * BLOCK_SLOTS;
  const { daySlots, hourSlots, dayWeight, hourWeight, slotWeight, hourlyLogVolatility } = ACTIVITY_FIT;
  const daySeed = seedOf(seed, "day");
  const hourSeed = seedOf(seed, "hour");
  const slotSeed = seedOf(seed, "slot");
  let day = toNormal(hash(daySeed, -1));
  let hours = toNormal(hash(hourSeed, -1));
  const dayKeep = Math.exp(-1 / daySlots);
  const hourKeep = Math.exp(-1 / hourSlots);
  for (let index = 0; index < BLOCK_SLOTS; index++) {
    day = dayKeep * day + Math.sqrt(1 - dayKeep ** 2) * toNormal(hash(daySeed, index));
    hours = hourKeep * hours + Math.sqrt(1 - hourKeep ** 2) * toNormal(hash(hourSeed, index));
    const hour = Math.floor((firstSlot + index) / SLOTS_PER_HOUR) % 24;
    mixed[index] =
      dayWeight * day +
      hourWeight * hours +
      slotWeight * toNormal(hash(slotSeed, index)) +
      hourlyLogVolatility[hour]!;
  }
  const order = Uint16Array.from(mixed, (_, index) => index).sort((a, b) => mixed[a]! - mixed[b]!);
  const score = new Float64Array(BLOCK_SLOTS);
  const variance = new Float64Array(BLOCK_SLOTS);
  for (let rank = 0; rank < BLOCK_SLOTS; rank++) {
    score[order[rank]!] = NORMAL_QUANTILES[rank]!;
    variance[order[rank]!] = VARIANCE_BY_RANK[rank]!;
  }
  const unitsBefore = new Float64Array(BLOCK_SLOTS + 1);
  for (let index = 0; index < BLOCK_SLOTS; index++)
    unitsBefore[index + 1] = unitsBefore[index]! + variance[index]!;
  return { unitsBefore, score };
}
