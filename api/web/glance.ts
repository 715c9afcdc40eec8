// The market at a glance, out of the lines of the chosen pairs at the chosen size: how the premiums of all coins are
// spread, and the coins whose best entry and best exit lie furthest apart. Pure, no DOM.

import { premiumPct } from "../../src/web/format.ts";
import type { Line } from "./model.ts";

/** Axis of premiums in hundredths of a percent: bins of one width; what lies beyond counts in the first or last. */
export interface PremiumAxis {
  readonly fromBps: number;
  readonly binBps: number;
  readonly binCount: number;
}

export interface Distribution {
  readonly axis: PremiumAxis;
  /** Lines in each bin. */
  readonly entries: readonly number[];
  readonly exits: readonly number[];
}

/** A coin bought for the least and sold for the most there is now, on whichever pairs. */
export interface Spread {
  readonly entry: Line;
  readonly exit: Line;
  /** Exit over entry less one, in percent, before fees. */
  readonly pct: number;
}

const BIN_WIDTHS_BPS = [5, 10, 20, 50, 100, 200, 500, 1_000];
const BINS_MAX = 40;
/** Of the values, so many on either side may lie beyond the axis: a single stray coin must not squeeze the rest. */
const BEYOND_SHARE = 0.02;
/** An axis is kept until the values fill less of it than this, so that it does not jump to and fro. */
const FILLED_SHARE_MIN = 0.4;

/** Undefined without a reference price or without rates. `before`: the axis shown until now. */
export function distributionOf(
  lines: readonly Line[],
  referenceKrw: number | undefined,
  before?: PremiumAxis,
): Distribution | undefined {
  const valuesOf = (rateOf: (line: Line) => number) =>
    lines.map((line) => premiumBps(rateOf(line), referenceKrw)).filter((bps) => !Number.isNaN(bps));
  const entries = valuesOf(({ entryJeon }) => entryJeon);
  const exits = valuesOf(({ exitJeon }) => exitJeon);
  if (entries.length + exits.length === 0) return undefined;
  const axis = axisOf([...entries, ...exits], before);
  return { axis, entries: countsOf(entries, axis), exits: countsOf(exits, axis) };
}

/** As the table shows it, in hundredths of a percent. */
export function premiumBps(jeon: number, referenceKrw: number | undefined): number {
  return Math.round(premiumPct(jeon, referenceKrw) * 100);
}

export function axisEndBps({ fromBps, binBps, binCount }: PremiumAxis): number {
  return fromBps + binBps * binCount;
}

/** The bin a premium counts in. */
export function binOf(bps: number, { fromBps, binBps, binCount }: PremiumAxis): number {
  return Math.max(0, Math.min(binCount - 1, Math.floor((bps - fromBps) / binBps)));
}

/** Always with the reference (0) and all but the stray values inside. Sorts its argument. */
function axisOf(values: number[], before: PremiumAxis | undefined): PremiumAxis {
  values.sort((a, b) => a - b);
  const beyond = Math.floor(values.length * BEYOND_SHARE);
  const low = Math.min(0, values[beyond]!);
  const high = Math.max(0, values[values.length - 1 - beyond]!);
  if (before && before.fromBps <= low && high < axisEndBps(before)) {
    if (high - low >= FILLED_SHARE_MIN * before.binBps * before.binCount) return before;
  }
  const binBps =
    BIN_WIDTHS_BPS.find((width) => (high - low) / width <= BINS_MAX - 2) ??
    Math.ceil((high - low) / (BINS_MAX - 2));
  const first = Math.floor(low / binBps);
  return { fromBps: first * binBps, binBps, binCount: Math.floor(high / binBps) + 1 - first };
}

function countsOf(values: readonly number[], axis: PremiumAxis): number[] {
  const counts = new Array<number>(axis.binCount).fill(0);
  for (const bps of values) counts[binOf(bps, axis)]!++;
  return counts;
}

/** At most `count`, the widest first; ties by name. */
export function widestSpreads(lines: readonly Line[], count: number): Spread[] {
  const entries = new Map<string, Line>();
  const exits = new Map<string, Line>();
  for (const line of lines) {
    const { coin } = line.row;
    // NaN compares as false: a line without the rate never takes a place, and one that has it always does.
    if (line.entryJeon < (entries.get(coin)?.entryJeon ?? Number.POSITIVE_INFINITY)) entries.set(coin, line);
    if (line.exitJeon > (exits.get(coin)?.exitJeon ?? 0)) exits.set(coin, line);
  }
  const spreads: Spread[] = [];
  for (const [coin, entry] of entries) {
    const exit = exits.get(coin);
    if (exit) spreads.push({ entry, exit, pct: (exit.exitJeon / entry.entryJeon - 1) * 100 });
  }
  return spreads
    .sort((a, b) => b.pct - a.pct || (a.entry.row.coin < b.entry.row.coin ? -1 : 1))
    .slice(0, count);
}
