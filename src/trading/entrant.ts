// A strategy as rates are screened for it, and what of the rates of one moment concerns it.

import type { PairKey } from "../../schema/vocabulary.ts";
import type { RateRow } from "../domain/rate-table.ts";
import type { Strategy } from "../domain/strategy.ts";
import type { Trader } from "../ports/traders.ts";

export interface Candidate {
  readonly row: RateRow;
  readonly pair: PairKey;
  readonly rateJeon: number;
}

export class Entrant {
  readonly strategy: Strategy;
  /** Of a strategy that holds all it may the best one of each pair: they tell why nothing came of it. */
  #candidates: Candidate[] = [];
  #isFull = false;
  /** When it was last told that it holds all it may, monotonic. */
  toldFullMs = Number.NEGATIVE_INFINITY;

  constructor(readonly trader: Trader) {
    this.strategy = trader.strategy;
  }

  get isConcerned(): boolean {
    return this.#candidates.length > 0;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** The first of a moment. */
  begin(isFull: boolean): void {
    this.#isFull = isFull;
  }

  /** Called for every row that meets the target, by the hundred thousand when many hold all they may. */
  note(row: RateRow, pair: PairKey, rateJeon: number): void {
    const candidates = this.#candidates;
    const held = this.#isFull ? candidates.findIndex((one) => one.row.pairIndex === row.pairIndex) : -1;
    if (held < 0) candidates.push({ row, pair, rateJeon });
    else if (rateJeon < candidates[held]!.rateJeon) candidates[held] = { row, pair, rateJeon };
  }

  take(): readonly Candidate[] {
    const taken = this.#candidates;
    this.#candidates = [];
    return taken;
  }
}
