// Order books: sorted levels on the venue's price grid around the listing's middle price. What stands at a grid price
// depends on the price, the side and a stretch of time that is one step near the touch and longer further away, so
// most of a book lasts from one step to the next and its best levels never do. A short book is the beginning of the
// long one. Quantities follow the listing's shape, so a book holds about what it holds at any time.

import { type MarketListing, weightOfLevel } from "./listings.ts";
import { hash, seedOf, toUnit } from "./random.ts";
import { type Band, bandAt, fixedText, type PriceGrid } from "./ticks.ts";

/** Books change on this grid of time, ms. */
export const BOOK_STEP_MS = { upbit: 200, bithumb: 250, bybit: 100, binance: 100 } as const;
export const DOMESTIC_LEVELS_MAX = 30;
export const OVERSEAS_LEVELS_MAX = 1_000;

const LEVEL_WEIGHTS = evenedWeights();
/** Mean of the noise on a level's notional, before scaling. */
const NOISE_MEAN = 0.25 + 0.5 + 0.03 * 2;
const DEPTH_WAVE_STEPS = 1_024;
const DOMESTIC_DECIMALS = 8;

/** Where a level stands: a band of the grid and a number of its increments. */
interface GridPlace {
  band: number;
  steps: number;
}

export type Level = readonly [string, string];

export interface Sides {
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
}

/** Both sides of the book around `middle` at time step `step`, best first, at most `levelsMax` a side. */
export function makeBook(
  listing: MarketListing,
  marketSeed: number,
  request: { readonly middle: number; readonly step: number; readonly levelsMax: number },
): Sides {
  const { middle, step, levelsMax } = request;
  const seed = hash(listing.seed, marketSeed);
  const wobble = 0.6 + 0.8 * toUnit(hash(seed, step));
  const half = listing.shape.halfSpreadRatio * wobble;
  const { grid } = listing;
  // Down for the bid and up for the ask: half a spread either side of the middle, they cannot meet.
  const bestBid = floorPlace(grid, middle * (1 - half));
  const bestAsk = ceilPlace(grid, middle * (1 + half));
  return {
    asks: walk(listing, { seed: seedOf(seed, "ask"), start: bestAsk, up: true, step, levelsMax }),
    bids: walk(listing, { seed: seedOf(seed, "bid"), start: bestBid, up: false, step, levelsMax }),
  };
}

interface Walk {
  readonly seed: number;
  readonly start: GridPlace;
  readonly up: boolean;
  readonly step: number;
  readonly levelsMax: number;
}

function walk(listing: MarketListing, { seed, start, up, step, levelsMax }: Walk): Level[] {
  const { grid, domestic, qtyDecimals } = listing;
  const { qtyStep } = listing.listing;
  const density = Math.round(listing.shape.density * 256);
  const notional = (listing.shape.levelNotional * depthWave(seed, step)) / NOISE_MEAN;
  const levels: Level[] = [];
  const place = start;
  let band: Band = grid[place.band]!;
  for (let distance = 0; levels.length < levelsMax && place.steps > 0; distance++) {
    const bits = hash(
      seed ^ Math.imul(stretchOf(step, place.steps, distance), 0x632be5ab),
      place.steps + place.band,
    );
    if (distance === 0 || (bits & 255) < density) {
      const roll = (bits >>> 8) / 16_777_216;
      const noise = 0.25 + 1.5 * roll * roll + (roll > 0.97 ? 2 : 0);
      const price = place.steps * band.increment;
      const qty = (notional * LEVEL_WEIGHTS[levels.length]! * noise) / price;
      levels.push([
        fixedText(place.steps * band.units, band.decimals),
        domestic ? domesticQty(qty) : fixedText(...overseasQty(qty, qtyStep, qtyDecimals)),
      ]);
    }
    if (up) stepUp(grid, place);
    else stepDown(grid, place);
    band = grid[place.band]!;
  }
  return levels;
}

/** Number of the stretch of time in which what stands at a grid price stays the same. */
function stretchOf(step: number, steps: number, distance: number): number {
  if (distance < 3) return step;
  const length = distance < 12 ? 5 : distance < 60 ? 20 : 60;
  return Math.floor(step / length + (hash(7, steps) & 63) / 64);
}

/** Depth swells and ebbs by a few per cent every few minutes. */
function depthWave(seed: number, step: number): number {
  return 0.92 + 0.16 * toUnit(hash(seed, Math.floor(step / DEPTH_WAVE_STEPS)));
}

/** Weights by level, level over runs of levels that lengthen with depth: a level more in front changes few of them. */
function evenedWeights(): Float64Array {
  const weights = new Float64Array(OVERSEAS_LEVELS_MAX);
  for (let from = 0; from < weights.length; ) {
    const to = Math.min(weights.length, from + Math.max(1, 2 ** Math.floor(Math.log2(from + 1) - 1)));
    let sum = 0;
    for (let index = from; index < to; index++) sum += weightOfLevel(index);
    weights.fill(sum / (to - from), from, to);
    from = to;
  }
  return weights;
}

/** Quantity as whole units of the last printed decimal, at least one step. */
function overseasQty(qty: number, qtyStep: number, decimals: number): [number, number] {
  const steps = Math.max(1, Math.round(qty / qtyStep));
  return [qtyStep > 1 ? steps * qtyStep : steps, decimals];
}

/** Up to eight decimals, fewer for huge quantities (a double cannot carry them), no trailing zeros. */
function domesticQty(qty: number): string {
  const decimals = qty < 1e6 ? DOMESTIC_DECIMALS : qty < 1e10 ? 4 : 0;
  const units = Math.max(1, Math.round(qty * 10 ** decimals));
  const text = fixedText(units, decimals);
  if (decimals === 0 || text.charCodeAt(text.length - 1) !== 48) return text;
  return text.replace(/\.?0+$/, "");
}

function floorPlace(grid: PriceGrid, price: number): GridPlace {
  const band = bandAt(grid, price);
  const { increment, stepsFrom } = grid[band]!;
  return { band, steps: Math.max(stepsFrom, 1, Math.floor(price / increment)) };
}

function ceilPlace(grid: PriceGrid, price: number): GridPlace {
  const place = floorPlace(grid, price);
  const { increment } = grid[place.band]!;
  if (place.steps * increment < price) stepUp(grid, place);
  return place;
}

function stepUp(grid: PriceGrid, place: GridPlace): void {
  place.steps++;
  if (place.steps < grid[place.band]!.stepsTo) return;
  place.band++;
  place.steps = grid[place.band]!.stepsFrom;
}

/** Below the lowest increment of the lowest band the place has zero steps: the walk ends. */
function stepDown(grid: PriceGrid, place: GridPlace): void {
  place.steps--;
  if (place.steps >= grid[place.band]!.stepsFrom || place.band === 0) return;
  place.band--;
  place.steps = grid[place.band]!.stepsTo - 1;
}
