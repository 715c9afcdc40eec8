// Open positions as new rates are held against them, and what is open in all. All of them are read again after every
// end; what has not changed meanwhile is not computed again.

import type { PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { exitPolicyOf } from "../domain/intent-terms.ts";
import { averageEntryRate, positionTotals } from "../domain/position.ts";
import { type DecisionSettings, exitRateTargetOf } from "../domain/strategy.ts";
import type { OpenPosition } from "../ports/journal.ts";

/** A position as new rates are held against it: computed once, compared often. */
export interface WatchedPosition {
  readonly position: OpenPosition;
  readonly worthKrw: Decimal;
  readonly targetJeon: number;
  readonly stopJeon: number | undefined;
  readonly leaveAtMs: number | undefined;
}

export class Watched {
  #byId: ReadonlyMap<number, WatchedPosition> = new Map();
  /** By coin and pair. */
  #byPlace = new Map<string, WatchedPosition[]>();
  readonly #ofUsers = new Map<number, Decimal>();
  readonly #ofCoins = new Map<string, Decimal>();
  #allKrw = Decimal.ZERO;

  constructor(private readonly decision: DecisionSettings) {}

  /** Takes all that is open. A position whose terms cannot be read counts, and is not watched. */
  load(open: readonly OpenPosition[], onBroken: (position: OpenPosition, why: string) => void): void {
    const before = this.#byId;
    const byId = new Map<number, WatchedPosition>();
    this.#byPlace = new Map();
    this.#ofUsers.clear();
    this.#ofCoins.clear();
    this.#allKrw = Decimal.ZERO;
    for (const position of open) {
      const watched = before.get(position.positionId);
      const next =
        watched && isUnchanged(watched.position, position)
          ? { ...watched, position }
          : this.#watch(position, onBroken);
      this.#count(position, next?.worthKrw ?? positionTotals(position.entries).spentKrw);
      if (!next) continue;
      byId.set(position.positionId, next);
      const place = `${position.coin} ${position.pair}`;
      const others = this.#byPlace.get(place);
      if (others) others.push(next);
      else this.#byPlace.set(place, [next]);
    }
    this.#byId = byId;
  }

  all(): Iterable<WatchedPosition> {
    return this.#byId.values();
  }

  at(coin: string, pair: PairKey): readonly WatchedPosition[] {
    return this.#byPlace.get(`${coin} ${pair}`) ?? [];
  }

  /** What is open, KRW spent. */
  notionalKrw(userId: number, coin: string): { readonly [of in "user" | "coin" | "all"]: Decimal } {
    return {
      user: this.#ofUsers.get(userId) ?? Decimal.ZERO,
      coin: this.#ofCoins.get(coin) ?? Decimal.ZERO,
      all: this.#allKrw,
    };
  }

  #count({ userId, coin }: OpenPosition, worthKrw: Decimal): void {
    this.#ofUsers.set(userId, (this.#ofUsers.get(userId) ?? Decimal.ZERO).plus(worthKrw));
    this.#ofCoins.set(coin, (this.#ofCoins.get(coin) ?? Decimal.ZERO).plus(worthKrw));
    this.#allKrw = this.#allKrw.plus(worthKrw);
  }

  #watch(
    position: OpenPosition,
    onBroken: (position: OpenPosition, why: string) => void,
  ): WatchedPosition | undefined {
    try {
      const { exitRateTarget, tradeMode, stopRate, holdingMsMax } = exitPolicyOf(position.exitTerms);
      const totals = positionTotals(position.entries);
      const average = averageEntryRate(totals, 8);
      const target = exitRateTargetOf({ exitRateTarget, tradeMode }, average, this.decision);
      return {
        position,
        worthKrw: totals.spentKrw,
        targetJeon: target.toFloat() * 100,
        stopJeon: stopRate && stopRate.toFloat() * 100,
        leaveAtMs: holdingMsMax === undefined ? undefined : position.openedAtMs + holdingMsMax,
      };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      onBroken(position, error.message);
      return undefined;
    }
  }
}

/** Entries are added and taken from, never edited; whatever is taken is coins. */
function isUnchanged(before: OpenPosition, now: OpenPosition): boolean {
  if (before.entries.length !== now.entries.length || before.parts.length !== now.parts.length) return false;
  for (const [index, { intentId, qtyCoin }] of now.entries.entries()) {
    const entry = before.entries[index]!;
    if (entry.intentId !== intentId || !entry.qtyCoin.equals(qtyCoin)) return false;
  }
  const names = Object.keys(now.exitTerms);
  return (
    names.length === Object.keys(before.exitTerms).length &&
    names.every((name) => before.exitTerms[name] === now.exitTerms[name])
  );
}
