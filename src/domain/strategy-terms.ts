// What a user sets a strategy to, and whether that makes sense: what Karbit's columns hold, and what could never trade.

import { Decimal } from "./decimal.ts";
import type { RiskLimits } from "./risk.ts";
import { sliceKrw } from "./strategy.ts";

/** Amounts and rates are plain decimal texts. */
export interface StrategyTerms {
  readonly name: string;
  readonly seedAmountKrw: string;
  /** Entries the seed is cut into. */
  readonly seedDivision: number;
  readonly tradeMode: "custom" | "auto";
  /** KRW per USDT; without meaning in auto mode. */
  readonly entryRate: string;
  readonly exitRate: string;
  readonly coinMode: "custom" | "auto";
  readonly selectedCoins: readonly string[];
  readonly leverage: number;
  readonly allowAverageDown: boolean;
  readonly allowAverageUp: boolean;
}

/** When a position is left besides at its target; of new positions, for those open carry their own. */
export interface ExitTerms {
  /** KRW per USDT; left at an exit rate at or below it. Null: never. */
  readonly stopRate: string | null;
  readonly holdingMsMax: number | null;
}

export interface TermFault {
  readonly parameter: keyof StrategyTerms | keyof ExitTerms;
  readonly expected: string;
  readonly received: string;
}

/** Above both venues' minimum sizes with room for rounding. */
export const SLICE_KRW_MIN = Decimal.of(10_000);
/** numeric(18,8). */
const COLUMN = /^\d{1,10}(\.\d{1,8})?$/;
const INTEGER_MAX = 2_147_483_647;

/** What bounds a user's strategies where he trades. */
export interface TermBounds {
  readonly limits: RiskLimits;
  /** Coins that are listed in Korea and overseas; undefined: nobody has looked yet. */
  readonly listedCoins: ReadonlySet<string> | undefined;
}

/**
 * Everything that keeps these terms from being stored or from ever trading; empty: nothing. `keptCoins` were chosen
 * before and stay, though they may have been delisted since.
 */
export function termFaults(
  terms: StrategyTerms & ExitTerms,
  { limits, listedCoins }: TermBounds,
  keptCoins: readonly string[] = [],
): readonly TermFault[] {
  const faults: TermFault[] = [];
  const fault = (parameter: TermFault["parameter"], expected: string, received: unknown) =>
    void faults.push({ parameter, expected, received: String(received).slice(0, 60) });
  const { seedAmountKrw, seedDivision, leverage } = terms;
  for (const name of ["seedAmountKrw", "entryRate", "exitRate"] as const) {
    if (!COLUMN.test(terms[name])) fault(name, "a decimal below 10^10 with at most 8 decimals", terms[name]);
  }
  const wholes = { seedDivision, leverage } as const;
  for (const name of ["seedDivision", "leverage"] as const) {
    if (!(Number.isInteger(wholes[name]) && wholes[name] >= 1 && wholes[name] <= INTEGER_MAX))
      fault(name, "a whole number of at least 1", wholes[name]);
  }
  if (faults.length > 0) return faults;

  const slice = sliceKrw({ seedAmountKrw: Decimal.of(seedAmountKrw), seedDivision });
  if (slice.below(SLICE_KRW_MIN)) {
    fault("seedDivision", `a seed of at least ${SLICE_KRW_MIN} KRW for each entry`, `${slice} KRW`);
  }
  const sliceKrwMax = largestSlice(limits);
  if (sliceKrwMax && slice.above(sliceKrwMax)) {
    fault("seedAmountKrw", `at most ${sliceKrwMax} KRW for each entry, a limit here`, `${slice} KRW`);
  }
  if (Decimal.of(leverage).above(limits.leverageMax)) {
    fault("leverage", `at most ${limits.leverageMax}, a limit here`, leverage);
  }
  rateFaults(terms, fault);
  if (terms.coinMode === "custom" && terms.selectedCoins.length === 0) {
    fault("selectedCoins", "at least one coin where coinMode is custom", "none");
  }
  const never = terms.selectedCoins.filter((coin) => limits.neverCoins.has(coin));
  if (never.length > 0) fault("selectedCoins", "no coin that is never traded here", never.join(", "));
  const unlisted = listedCoins
    ? terms.selectedCoins.filter((coin) => !listedCoins.has(coin) && !keptCoins.includes(coin))
    : [];
  if (unlisted.length > 0) {
    fault("selectedCoins", "coins that are listed both in Korea and overseas", unlisted.join(", "));
  }
  return faults;
}

/** A first entry is the least that counts against each of them; undefined: no limit. */
function largestSlice(limits: RiskLimits): Decimal | undefined {
  const all = [
    ...[limits.sliceKrwMax, limits.userNotionalKrwMax],
    ...[limits.coinNotionalKrwMax, limits.serviceNotionalKrwMax],
  ].filter((one) => one !== undefined);
  return all.length > 0 ? all.reduce((least, one) => Decimal.min(least, one)) : undefined;
}

function rateFaults(
  { tradeMode, stopRate, ...terms }: StrategyTerms & ExitTerms,
  fault: (parameter: TermFault["parameter"], expected: string, received: unknown) => void,
): void {
  const stop = stopRate === null ? undefined : COLUMN.test(stopRate) ? Decimal.of(stopRate) : Decimal.ZERO;
  if (stop?.isZero) fault("stopRate", "a decimal above 0 and below 10^10 with at most 8 decimals", stopRate);
  if (tradeMode === "auto") return;
  const [entry, exit] = [Decimal.of(terms.entryRate), Decimal.of(terms.exitRate)];
  if (entry.isZero) fault("entryRate", "a rate above 0 where tradeMode is custom", entry);
  if (exit.atMost(entry)) fault("exitRate", `a rate above the entry rate, ${entry}: any other loses`, exit);
  if (stop?.atLeast(entry)) {
    fault("stopRate", `a rate below the entry rate, ${entry}: any other leaves at once`, stop);
  }
}
