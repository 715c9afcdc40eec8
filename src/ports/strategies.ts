// A user's own strategies, as Karbit starts and stops them (contract 3.7), with exit terms and consent of ours. Body:
// adapters/store/strategies.ts. Every change is in the audit trail, and of two at once one waits for the other.

import type { ExitTerms, StrategyTerms, TermBounds, TermFault } from "../domain/strategy-terms.ts";
import type { TradingMode } from "./journal.ts";

export interface OwnStrategy extends StrategyTerms {
  readonly strategyId: number;
  readonly isActive: boolean;
  readonly createdAtMs: number | null;
}

export interface OwnStrategies {
  readonly activeStrategyId: number | null;
  readonly exitTerms: ExitTerms;
  /** Newest first, 100 at most. */
  readonly strategies: readonly OwnStrategy[];
}

export type StrategyChange = Partial<StrategyTerms & ExitTerms>;

export interface Consent {
  readonly consent: boolean;
  /** When it was last given or taken back; null: never asked. */
  readonly atMs: number | null;
}

export interface StrategyStore {
  read(userId: number): Promise<OwnStrategies>;
  /** What bounds this user's strategies: his limits, else everybody's, else those the scheduler was started with. */
  bounds(userId: number): Promise<TermBounds>;
  /** A new strategy that is the active one. Refused while another is. */
  start(
    userId: number,
    terms: StrategyTerms & ExitTerms,
    atMs: number,
  ): Promise<{ readonly strategyId: number } | { readonly refused: "active"; readonly strategyId: number }>;
  /** Positions stay, on the exit terms they were entered with. Undefined: none was active. */
  stop(userId: number, atMs: number): Promise<number | undefined>;
  /**
   * The active one stopped and a new one started with what differs. `faultsOf` judges the whole of it, and is told which
   * coins the active one has; it may be asked again. Refused while the user holds positions, in Karbit's tables or in ours of this mode, or an order is under way.
   */
  change(
    userId: number,
    change: StrategyChange,
    options: {
      readonly mode: TradingMode;
      readonly atMs: number;
      readonly faultsOf: (
        terms: StrategyTerms & ExitTerms,
        keptCoins: readonly string[],
      ) => readonly TermFault[];
    },
  ): Promise<
    | { readonly strategyId: number }
    | { readonly refused: "none" }
    | { readonly refused: "positions"; readonly coins: readonly string[] }
    | { readonly refused: "faults"; readonly faults: readonly TermFault[] }
  >;
  /** To trading with real money. */
  consent(userId: number): Promise<Consent>;
  setConsent(userId: number, consent: boolean, atMs: number): Promise<void>;
}
