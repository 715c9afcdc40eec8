// Exact decimals for orders, fills, fees and balances: an integer count of 10^-scale. Addition, subtraction and
// multiplication are exact; what must round says how and to what. Money never passes through a float.

export type Rounding = "down" | "up" | "half-up";

const TEXT = /^([+-])?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const SCALE_MAX = 400;

function pow10(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

export class Decimal {
  static readonly ZERO = new Decimal(0n, 0);
  static readonly ONE = new Decimal(1n, 0);

  private constructor(
    private readonly units: bigint,
    private readonly scale: number,
  ) {}

  /** "12.50", "-3", "1e-8". Throws RangeError on anything else. */
  static of(text: string | number | bigint): Decimal {
    if (typeof text === "bigint") return new Decimal(text, 0);
    if (typeof text === "number") {
      // Counts and settings only: a fraction in a float is not a decimal any more.
      if (!Number.isSafeInteger(text)) throw new RangeError(`expected a whole number or a text, was ${text}`);
      return new Decimal(BigInt(text), 0);
    }
    const match = TEXT.exec(text.trim());
    if (match === null) throw new RangeError(`expected a decimal, was ${JSON.stringify(text.slice(0, 60))}`);
    const fraction = match[3] ?? "";
    const shift = fraction.length - Number(match[4] ?? "0");
    if (shift > SCALE_MAX || shift < -SCALE_MAX)
      throw new RangeError(`expected a decimal of sane size, was ${text}`);
    const digits = BigInt(match[2]! + fraction) * (match[1] === "-" ? -1n : 1n);
    return shift >= 0 ? new Decimal(digits, shift) : new Decimal(digits * pow10(-shift), 0);
  }

  /** The shortest decimal of a double, for prices from books that only bound an order. */
  static ofFloat(value: number): Decimal {
    if (!Number.isFinite(value)) throw new RangeError(`expected a finite number, was ${value}`);
    return Decimal.of(String(value));
  }

  static sum(values: Iterable<Decimal>): Decimal {
    let sum = Decimal.ZERO;
    for (const value of values) sum = sum.plus(value);
    return sum;
  }

  static min(a: Decimal, b: Decimal): Decimal {
    return a.atMost(b) ? a : b;
  }

  static max(a: Decimal, b: Decimal): Decimal {
    return a.atMost(b) ? b : a;
  }

  #unitsAt(scale: number): bigint {
    return scale === this.scale ? this.units : this.units * pow10(scale - this.scale);
  }

  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#unitsAt(scale) + other.#unitsAt(scale), scale);
  }

  minus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#unitsAt(scale) - other.#unitsAt(scale), scale);
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.units * other.units, this.scale + other.scale).normal();
  }

  /** The quotient to `decimals` places. Throws RangeError on division by zero. */
  dividedBy(other: Decimal, decimals: number, rounding: Rounding): Decimal {
    if (other.units === 0n) throw new RangeError("expected a divisor other than 0");
    const shift = decimals + other.scale - this.scale;
    const numerator = shift >= 0 ? this.units * pow10(shift) : this.units;
    const denominator = shift >= 0 ? other.units : other.units * pow10(-shift);
    return new Decimal(divide(numerator, denominator, rounding), decimals);
  }

  negated(): Decimal {
    return new Decimal(-this.units, this.scale);
  }

  abs(): Decimal {
    return this.units < 0n ? this.negated() : this;
  }

  /** To `decimals` places; "down" and "up" are toward and away from zero, "half-up" away from zero at the half. */
  rounded(decimals: number, rounding: Rounding): Decimal {
    if (decimals >= this.scale) return this;
    return new Decimal(divide(this.units, pow10(this.scale - decimals), rounding), decimals);
  }

  /** The nearest multiple of `step` in the given direction. Throws RangeError for a step that is not above 0. */
  toStep(step: Decimal, rounding: Rounding): Decimal {
    if (step.units <= 0n) throw new RangeError(`expected a step above 0, was ${step}`);
    const scale = Math.max(this.scale, step.scale);
    const count = divide(this.#unitsAt(scale), step.#unitsAt(scale), rounding);
    return new Decimal(count * step.#unitsAt(scale), scale).normal();
  }

  compare(other: Decimal): -1 | 0 | 1 {
    const scale = Math.max(this.scale, other.scale);
    const [a, b] = [this.#unitsAt(scale), other.#unitsAt(scale)];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  equals(other: Decimal): boolean {
    return this.compare(other) === 0;
  }
  below(other: Decimal): boolean {
    return this.compare(other) < 0;
  }
  atMost(other: Decimal): boolean {
    return this.compare(other) <= 0;
  }
  above(other: Decimal): boolean {
    return this.compare(other) > 0;
  }
  atLeast(other: Decimal): boolean {
    return this.compare(other) >= 0;
  }

  get isZero(): boolean {
    return this.units === 0n;
  }
  get isPositive(): boolean {
    return this.units > 0n;
  }
  get isNegative(): boolean {
    return this.units < 0n;
  }

  /** Without trailing zeros after the point. */
  normal(): Decimal {
    let { units, scale } = this;
    while (scale > 0 && units % 10n === 0n) {
      units /= 10n;
      scale--;
    }
    return scale === this.scale ? this : new Decimal(units, scale);
  }

  /** Plain digits, never an exponent, without trailing zeros: what venues and PostgreSQL take. */
  toString(): string {
    const { units, scale } = this.normal();
    const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
    const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    return units < 0n ? `-${text}` : text;
  }

  /** With exactly `decimals` places; rounds half-up, away from zero. */
  toFixed(decimals: number): string {
    const { units, scale } = this.rounded(decimals, "half-up");
    const shifted = scale < decimals ? units * pow10(decimals - scale) : units;
    const digits = (shifted < 0n ? -shifted : shifted).toString().padStart(decimals + 1, "0");
    const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
    return shifted < 0n ? `-${text}` : text;
  }

  /** For screening and display only. */
  toFloat(): number {
    return Number(this.toString());
  }

  toJSON(): string {
    return this.toString();
  }
}

function divide(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const a = numerator < 0n ? -numerator : numerator;
  const b = denominator < 0n ? -denominator : denominator;
  let quotient = a / b;
  const rest = a % b;
  if (rest !== 0n && (rounding === "up" || (rounding === "half-up" && rest * 2n >= b))) quotient += 1n;
  return negative ? -quotient : quotient;
}
