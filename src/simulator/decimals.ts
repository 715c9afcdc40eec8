// Printing numbers the way venues do: fixed decimals taken from the increment, never an exponent.

const DECIMALS_MAX = 14;

/** Decimals needed to print multiples of `step`: 0.001 -> 3, 10 -> 0. */
export function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < DECIMALS_MAX; decimals++) {
    const scaled = step * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 && Math.round(scaled) >= 1) return decimals;
  }
  return DECIMALS_MAX;
}

/** `value` rounded to the nearest multiple of `step`, as text with that step's decimals. */
export function stepText(value: number, step: number): string {
  return (Math.round(value / step) * step).toFixed(decimalsOf(step));
}

/** The same as a number, free of binary dust. */
export function stepNumber(value: number, step: number): number {
  return Number(stepText(value, step));
}

/** At most `decimals` decimals, trailing zeros removed: 1.50000000 -> "1.5". */
export function plainText(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return decimals === 0 ? text : text.replace(/\.?0+$/, "");
}

export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** Book levels as perpetual venues print them: [["price","qty"],...]. */
export function levelsText(levels: readonly (readonly [string, string])[]): string {
  if (levels.length === 0) return "[]";
  let text = "[";
  for (const [price, qty] of levels) text += `["${price}","${qty}"],`;
  return `${text.slice(0, -1)}]`;
}
