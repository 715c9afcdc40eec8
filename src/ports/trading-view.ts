// What is shown of trading: who trades under which strategy, what is open, what was closed, and why nothing happens.
// For reading only. Amounts are decimal texts: exact where they were traded, rates and profits with two decimals.

import type { PairKey } from "../../schema/vocabulary.ts";
import type { OpenView, StoredPosition } from "../domain/position-view.ts";
import type { TradingMode } from "./journal.ts";

export type { OpenView, StoredPosition } from "../domain/position-view.ts";

export interface TradingView {
  readonly mode: TradingMode;
  /** What this process is to the trading: only "trading" opens positions; "off": it was not started, or ended. */
  readonly role: "trading" | "recovering" | "standby" | "off";
  readonly asOfMs: number;
  /** By user id, 20 at most. */
  readonly traders: readonly TraderView[];
}

export interface TraderView {
  readonly userId: number;
  readonly name: string;
  /** Null: positions are still open, but no strategy is active any more. */
  readonly strategy: StrategyView | null;
  /** Of all exits so far. */
  readonly profitKrw: string;
  readonly openCount: number;
  /** Oldest first. */
  readonly open: readonly OpenView[];
  /** Newest first, 10 at most; a position that left in parts is here once for each. */
  readonly closed: readonly ClosedView[];
  /** Newest first, 5 at most, of the last ten minutes; one per coin. */
  readonly decisions: readonly DecisionView[];
}

export interface StrategyView {
  readonly name: string;
  readonly entryRate: string;
  readonly exitRate: string;
  readonly sliceKrw: string;
  readonly division: number;
  readonly leverage: number;
  /** The rates above do not count: the targets follow the reference price and the entry. */
  readonly isAuto: boolean;
}

export interface ClosedView {
  readonly coin: string;
  readonly pair: PairKey;
  readonly profitKrw: string;
  readonly profitRatePct: string;
  readonly openedAtMs: number;
  readonly closedAtMs: number;
}

export interface DecisionView {
  readonly coin: string;
  readonly pair: PairKey;
  readonly action: "enter" | "exit" | "hold";
  /** A code, or the action itself. */
  readonly reason: string;
  readonly context: string;
  readonly atMs: number;
}

/** What the store has of one trader, all of one instant; what depends on live rates is added by whoever knows them. */
export interface StoredTrader
  extends Pick<TraderView, "userId" | "name" | "strategy" | "profitKrw" | "closed" | "decisions"> {
  readonly open: readonly StoredPosition[];
}

export interface TradingViewStore {
  /** Traders with an active strategy or an open position, and their decisions since an instant. */
  read(mode: TradingMode, decisionsSinceMs: number): Promise<readonly StoredTrader[]>;
  /** What one user has open, oldest first; what has left, or never came, is not there. */
  open(mode: TradingMode, userId: number): Promise<readonly StoredPosition[]>;
}

/** As it is handed to whoever shows it. Rejects with StoreFault. */
export interface TradingViewSource {
  read(): Promise<TradingView>;
}
