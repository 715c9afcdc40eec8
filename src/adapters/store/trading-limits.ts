// Limits as `risk_limits` holds them: a text, a list of texts, or null for "without limit", by the domain's names.
// Invariant: what cannot be read is a fault and never "no limit".

import { Decimal } from "../../domain/decimal.ts";
import type { RiskLimits } from "../../domain/risk.ts";

export type LimitTexts = Readonly<Record<string, string | readonly string[] | null>>;
type Stored = LimitTexts[string];
type Readers = { readonly [Name in keyof RiskLimits]: (stored: Stored) => RiskLimits[Name] };

const amount = (stored: Stored): Decimal => {
  if (typeof stored !== "string") throw new RangeError(`expected a decimal, was ${JSON.stringify(stored)}`);
  const value = Decimal.of(stored);
  if (value.isNegative) throw new RangeError(`expected at least 0, was ${value}`);
  return value;
};
const ratio = (stored: Stored): Decimal => {
  const value = amount(stored);
  if (value.atLeast(Decimal.ONE)) throw new RangeError(`expected a ratio below 1, was ${value}`);
  return value;
};
const leverage = (stored: Stored): Decimal => {
  const value = amount(stored);
  if (value.below(Decimal.ONE)) throw new RangeError(`expected at least 1, was ${value}`);
  return value;
};
const count = (stored: Stored): number => {
  const value = Number(amount(stored).toString());
  if (!Number.isSafeInteger(value)) throw new RangeError(`expected a whole number, was ${stored}`);
  return value;
};
const coins = (stored: Stored): ReadonlySet<string> => {
  if (!Array.isArray(stored) || !stored.every((coin) => typeof coin === "string" && coin !== "")) {
    throw new RangeError(`expected coins, was ${JSON.stringify(stored)}`);
  }
  return new Set(stored);
};
const orNone =
  <T>(read: (stored: Stored) => T) =>
  (stored: Stored): T | undefined =>
    stored === null ? undefined : read(stored);

const READERS: Readers = {
  sliceKrwMax: orNone(amount),
  userNotionalKrwMax: orNone(amount),
  coinNotionalKrwMax: orNone(amount),
  serviceNotionalKrwMax: orNone(amount),
  openPositionsMax: orNone(count),
  dailyLossKrwMax: orNone(amount),
  leverageMax: leverage,
  neverCoins: coins,
  liquidationDistanceMin: ratio,
  marginReserve: amount,
};

/** Throws RangeError, naming the limit, for a value that is none or a name that is not known. */
export function limitsOf(texts: LimitTexts): Partial<RiskLimits> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, stored]) => {
      if (!Object.hasOwn(READERS, name)) throw new RangeError(`expected a known limit, was ${name}`);
      try {
        return [name, READERS[name as keyof RiskLimits](stored)];
      } catch (error) {
        throw new RangeError(`${name}: ${(error as Error).message}`);
      }
    }),
  );
}

/** The same back; throws RangeError alike. */
export function limitTexts(limits: Partial<RiskLimits>): LimitTexts {
  const texts = Object.fromEntries(
    Object.entries(limits).map(([name, value]) => {
      if (value === undefined) return [name, null];
      return [name, value instanceof Set ? [...value].sort() : String(value)];
    }),
  );
  limitsOf(texts);
  return texts;
}

/** The later one counts where it says something; coins never traded add up. */
export function limitsOver(limits: RiskLimits, own: Partial<RiskLimits>): RiskLimits {
  return { ...limits, ...own, neverCoins: new Set([...limits.neverCoins, ...(own.neverCoins ?? [])]) };
}
