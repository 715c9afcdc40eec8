// Price grids. A grid is a run of bands, each with one increment; a price on the grid is a band and a whole number
// of its increments, so levels are walked and printed in integers and never gather binary dust.

export interface Band {
  /** Lowest price of the band. */
  readonly from: number;
  /** Increment = units x 10^-decimals. */
  readonly units: number;
  readonly decimals: number;
  readonly increment: number;
  /** Whole increments at the band's lowest price and at the next band's lowest price. */
  readonly stepsFrom: number;
  readonly stepsTo: number;
}

export type PriceGrid = readonly Band[];

/** Rows [lowest price, increment], ascending. */
function gridOf(rows: readonly (readonly [number, number])[]): PriceGrid {
  return rows.map(([from, increment], index) => {
    const decimals = Math.max(0, Math.ceil(-Math.log10(increment) - 1e-9));
    const next = rows[index + 1];
    return {
      from,
      increment,
      decimals,
      units: Math.round(increment * 10 ** decimals),
      stepsFrom: Math.round(from / increment),
      stepsTo: next === undefined ? Number.MAX_SAFE_INTEGER : Math.round(next[0] / increment),
    };
  });
}

/** Upbit, KRW market, from 2025-07-31. */
export const UPBIT_KRW_GRID = gridOf([
  [0, 0.00000001],
  [0.00001, 0.0000001],
  [0.0001, 0.000001],
  [0.001, 0.00001],
  [0.01, 0.0001],
  [0.1, 0.001],
  [1, 0.01],
  [10, 0.1],
  [100, 1],
  [1_000, 1],
  [5_000, 5],
  [10_000, 10],
  [50_000, 50],
  [100_000, 100],
  [500_000, 500],
  [1_000_000, 1_000],
]);

/** Bithumb, KRW market, 2026. */
export const BITHUMB_KRW_GRID = gridOf([
  [0, 0.0001],
  [1, 0.001],
  [10, 0.01],
  [100, 1],
  [5_000, 5],
  [10_000, 10],
  [50_000, 50],
  [100_000, 100],
  [500_000, 500],
  [1_000_000, 1_000],
]);

/** A perpetual's grid: one increment at every price. */
export function flatGrid(increment: number): PriceGrid {
  return gridOf([[0, increment]]);
}

/** Index of the band a price lies in. */
export function bandAt(grid: PriceGrid, price: number): number {
  let index = grid.length - 1;
  while (index > 0 && price < grid[index]!.from) index--;
  return index;
}

/** The price increment at `price`. */
export function incrementAt(grid: PriceGrid, price: number): number {
  return grid[bandAt(grid, price)]!.increment;
}

/** The grid price nearest to `price`, at least one increment. */
export function nearestOnGrid(grid: PriceGrid, price: number): number {
  const band = grid[bandAt(grid, price)]!;
  const steps = Math.max(1, Math.round(price / band.increment));
  return band.decimals === 0 ? steps * band.units : (steps * band.units) / 10 ** band.decimals;
}

/** A whole number of `decimals`-th decimal places as text: (1205, 2) -> "12.05". */
export function fixedText(units: number, decimals: number): string {
  const digits = String(units);
  if (decimals === 0) return digits;
  const whole = digits.length - decimals;
  if (whole > 0) return `${digits.slice(0, whole)}.${digits.slice(whole)}`;
  return `0.${ZEROS[-whole]!}${digits}`;
}

const ZEROS = Array.from({ length: 20 }, (_, count) => "0".repeat(count));
