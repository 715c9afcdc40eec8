// Open positions as new rates are held against them, and what is open in all. A user's are read again after every end
// of his; what has not changed meanwhile is not computed again.

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

/** What counts of a position, also of one that is not watched. */
interface Counted {
  readonly position: OpenPosition;
  readonly worthKrw: Decimal;
  readonly watched: WatchedPosition | undefined;
}

export class Watched {
  readonly #ofUsers = new Map<number, readonly Counted[]>();
  /** By coin and pair. */
  readonly #byPlace = new Map<string, readonly WatchedPosition[]>();
  readonly #krwOfCoins = new Map<string, Decimal>();
  #allKrw = Decimal.ZERO;

  constructor(private readonly decision: DecisionSettings) {}

  /** Takes all that a user has open. A position whose terms cannot be read counts, and is not watched. */
  load(
    userId: number,
    open: readonly OpenPosition[],
    onBroken: (position: OpenPosition, why: string) => void,
  ): void {
    const before = this.#ofUsers.get(userId) ?? [];
    for (const counted of before) this.#leave(counted);
    const now = open.map((position): Counted => {
      const old = before.find((counted) => counted.position.positionId === position.positionId);
      if (old?.watched && isUnchanged(old.position, position))
        return { ...old, position, watched: { ...old.watched, position } };
      const watched = this.#watch(position, onBroken);
      return { position, worthKrw: watched?.worthKrw ?? positionTotals(position.entries).spentKrw, watched };
    });
    for (const counted of now) this.#enter(counted);
    if (now.length > 0) this.#ofUsers.set(userId, now);
    else this.#ofUsers.delete(userId);
  }

  *all(): Iterable<WatchedPosition> {
    for (const ofUser of this.#ofUsers.values()) for (const { watched } of ofUser) if (watched) yield watched;
  }

  at(coin: string, pair: PairKey): readonly WatchedPosition[] {
    return this.#byPlace.get(`${coin} ${pair}`) ?? [];
  }

  /** What is open, KRW spent. */
  notionalKrw(userId: number, coin: string): { readonly [of in "user" | "coin" | "all"]: Decimal } {
    return {
      user: Decimal.sum((this.#ofUsers.get(userId) ?? []).map(({ worthKrw }) => worthKrw)),
      coin: this.#krwOfCoins.get(coin) ?? Decimal.ZERO,
      all: this.#allKrw,
    };
  }

  #enter({ position: { coin, pair }, worthKrw, watched }: Counted): void {
    this.#krwOfCoins.set(coin, (this.#krwOfCoins.get(coin) ?? Decimal.ZERO).plus(worthKrw));
    this.#allKrw = this.#allKrw.plus(worthKrw);
    if (watched) this.#byPlace.set(`${coin} ${pair}`, [...this.at(coin, pair), watched]);
  }

  #leave({ position: { coin, pair }, worthKrw, watched }: Counted): void {
    this.#krwOfCoins.set(coin, this.#krwOfCoins.get(coin)!.minus(worthKrw));
    this.#allKrw = this.#allKrw.minus(worthKrw);
    const others = this.at(coin, pair).filter((one) => one !== watched);
    if (others.length > 0) this.#byPlace.set(`${coin} ${pair}`, others);
    else this.#byPlace.delete(`${coin} ${pair}`);
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
