// Exact decimals for balances, prices and quantities: whole numbers of 10^-18. Sums, and products of what venues
// print (at most eight decimals each), are exact; what must be rounded is rounded by name.

export type Exact = bigint;

const DECIMALS = 18;
export const ONE: Exact = 10n ** BigInt(DECIMALS);
/** What venues keep money in: one hundred-millionth. */
export const MONEY_STEP: Exact = 10n ** BigInt(DECIMALS - 8);

/** A decimal text, an exponent allowed ("1e-8"); undefined when it is none or finer than 10^-18. */
export function parseExact(text: string | undefined): Exact | undefined {
  const parts = text?.trim().match(/^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?(?:e([+-]?\d{1,2}))?$/i);
  if (parts === undefined || parts === null) return undefined;
  const [, sign, whole = "", decimals = "", exponent = "0"] = parts;
  if (whole + decimals === "") return undefined;
  const shift = DECIMALS + Number(exponent) - decimals.length;
  const digits = BigInt(whole + decimals);
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n;
  if (digits % divisor !== 0n) return undefined;
  const value = shift < 0 ? digits / divisor : digits * 10n ** BigInt(shift);
  return sign === "-" ? -value : value;
}

/** Throws RangeError on anything but a decimal. Numbers are taken as they print. */
export function exact(value: string | number): Exact {
  const parsed = parseExact(String(value));
  if (parsed === undefined) throw new RangeError(`expected a decimal number, was ${value}`);
  return parsed;
}

/** The nearest decimal with that many decimals to a float. */
export function exactOf(value: number, decimals: number): Exact {
  return exact(value.toFixed(decimals));
}

/** Product, cut towards zero where it has more than 18 decimals. */
export function times(left: Exact, right: Exact): Exact {
  return (left * right) / ONE;
}

/** Quotient, cut towards zero. Throws RangeError on a zero divisor. */
export function over(left: Exact, right: Exact): Exact {
  return (left * ONE) / right;
}

/** The multiple of `step` nearest to zero's side of `value`. */
export function floorTo(value: Exact, step: Exact): Exact {
  return value - (value % step);
}

export function ceilTo(value: Exact, step: Exact): Exact {
  return value % step === 0n ? value : floorTo(value, step) + (value < 0n ? -step : step);
}

/** Nearest multiple of `step`, half away from zero. */
export function roundTo(value: Exact, step: Exact): Exact {
  const half = value < 0n ? -step : step;
  return floorTo(2n * value + half, 2n * step) / 2n;
}

/** Money to eight decimals, half away from zero. */
export function money(value: Exact): Exact {
  return roundTo(value, MONEY_STEP);
}

/** As short as it can be: "0", "1.5", "-0.00000001". */
export function textOf(value: Exact): string {
  const [sign, size] = value < 0n ? ["-", -value] : ["", value];
  const digits = size.toString().padStart(DECIMALS + 1, "0");
  const decimals = digits.slice(-DECIMALS).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -DECIMALS)}${decimals === "" ? "" : `.${decimals}`}`;
}

/** Rounded half away from zero to exactly that many decimals: "1.50". */
export function fixed(value: Exact, decimals: number): string {
  const step = 10n ** BigInt(DECIMALS - decimals);
  const units = roundTo(value, step) / step;
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const sign = units < 0n ? "-" : "";
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** For figures that are not booked (comparisons, ratios). */
export function floatOf(value: Exact): number {
  return Number(textOf(value));
}

export function smaller(left: Exact, right: Exact): Exact {
  return left < right ? left : right;
}

export function larger(left: Exact, right: Exact): Exact {
  return left > right ? left : right;
}

export function sizeOf(value: Exact): Exact {
  return value < 0n ? -value : value;
}
