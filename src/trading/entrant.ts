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
  /** Something of this moment has met its target. */
  isConcerned = false;
  /** Its strategy holds all it may. */
  isFull = false;
  /** Nothing can come of it, and why has been told: no more of this moment is held against it. */
  isAside = false;
  /** When it was last told that it holds all it may, monotonic. */
  toldFullMs = Number.NEGATIVE_INFINITY;
  #candidates: Candidate[] = [];

  constructor(readonly trader: Trader) {
    this.strategy = trader.strategy;
  }

  note(candidate: Candidate): void {
    this.#candidates.push(candidate);
  }

  /** What was noted; the moment is over. */
  take(): readonly Candidate[] {
    const taken = this.#candidates;
    this.#candidates = [];
    this.isConcerned = false;
    this.isAside = false;
    return taken;
  }
}
