// The trade journal: intents, orders, fills, positions, dust, and who may write them. Truth lives here; Karbit's
// `positions` rows are a projection of it.
//
// Every write of trading state carries the writer's fencing number and fails with Fenced when somebody newer holds the
// lease, so a frozen and resumed process can change nothing. Every write may be repeated: ids are functions of what
// they record, and a repeated write of the same values is the same row. All fail with a StoreFault otherwise.

import type { PairKey, Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { IntentKind, IntentState, OrderPurpose, OrderStatus } from "../domain/intent.ts";
import type { Dust, MatchedEntry } from "../domain/position.ts";
import type { Approved } from "../domain/risk.ts";
import type { ClosedRow } from "../domain/settlement.ts";

/** Grows with every change of the lease's holder. */
export type Fence = number;

/** A newer writer holds the lease: stop at once, send nothing. */
export class Fenced extends Error {
  override name = "Fenced";
}

export interface LeaseStore {
  /**
   * Takes the lease when it is free or has run out, or renews it for the same holder. Undefined while another holds
   * it. Lengths are judged by the database's clock alone. A holder is one start of one process: a name used again
   * would inherit the fence of its predecessor.
   */
  acquire(
    holder: string,
    lengthMs: number,
  ): Promise<{ readonly fence: Fence; readonly expiresInMs: number } | undefined>;
  /** Lets go early; harmless when not held. */
  release(holder: string, fence: Fence): Promise<void>;
}

export type TradingMode = "paper" | "live";

export interface IntentRow {
  readonly intentId: string;
  readonly decisionId: string;
  readonly kind: IntentKind;
  readonly mode: TradingMode;
  readonly state: IntentState;
  readonly userId: number;
  readonly strategyId: number;
  readonly coin: string;
  readonly pair: PairKey;
  /** Entry: the size wanted; exit: what leaves. Coins, and overseas contracts. */
  readonly qtyCoin: Decimal;
  readonly qtyContracts: Decimal;
  /** What the kernels and the settlement need later and must not read again: lots, minimums, caps, targets. */
  readonly terms: Readonly<Record<string, string>>;
  /** Why: the decision's context, or the exit's cause. */
  readonly reason: string;
  readonly plannedAtMs: number;
  /** When `domestic-sending` (entry) or `sending` (exit) was committed. */
  readonly sendingAtMs: number | undefined;
  readonly domesticDoneAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  readonly needsHumanWhy: string | undefined;
}

export interface OrderRow {
  readonly clientOrderId: string;
  readonly intentId: string;
  readonly venue: Venue;
  readonly symbol: string;
  readonly purpose: OrderPurpose;
  readonly attempt: number;
  readonly side: "buy" | "sell";
  readonly qty: Decimal;
  /** Undefined: at market. */
  readonly limitPrice: Decimal | undefined;
  readonly status: OrderStatus;
  readonly venueOrderId: string | undefined;
  /** True for a row a successor added because its predecessor was allowed to send it. */
  readonly adopted: boolean;
  readonly createdAtMs: number;
  readonly sentAtMsMax: number;
  readonly emptyLookupsAtMs: readonly number[];
  readonly burnedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** The venue's code and words of a refusal. */
  readonly refusal: string | undefined;
}

export interface FillRow {
  readonly venue: Venue;
  /** Unique per venue. */
  readonly fillId: string;
  readonly clientOrderId: string;
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  /** The fee in the leg's money (KRW or USDT); the same as `fee` unless it was paid in another asset. */
  readonly feeValued: Decimal;
  readonly realisedUsdt: Decimal | undefined;
  readonly atMs: number;
}

/** An intent with all that hangs on it, as the kernels want it. */
export interface IntentFile {
  readonly intent: IntentRow;
  readonly orders: readonly OrderRow[];
  readonly fills: readonly FillRow[];
}

export interface OpenPosition {
  readonly positionId: number;
  readonly mode: TradingMode;
  readonly userId: number;
  readonly strategyId: number;
  readonly coin: string;
  readonly pair: PairKey;
  /** When its first entry began to send: funding counts from there, however late that entry ended. */
  readonly openedAtMs: number;
  readonly leverage: number;
  /** Exit terms of the strategy, copied when the position was opened. */
  readonly exitTerms: Readonly<Record<string, string>>;
  /** What is left of each entry, oldest first; entries of which nothing is left are not here. */
  readonly entries: readonly (MatchedEntry & {
    readonly intentId: string;
    /** Of this entry: another than the position's when its user has changed strategies since. */
    readonly strategyId: number;
    readonly atMs: number;
  })[];
  /** What earlier exits in parts took; with what is left it adds up to what was entered. Oldest first. */
  readonly parts: readonly (Taken & { readonly exitIntentId: string; readonly atMs: number })[];
}

/** A position that is gone: what is needed to ask for funding that belongs to it. */
export interface ClosedPosition
  extends Pick<OpenPosition, "positionId" | "userId" | "coin" | "pair" | "openedAtMs"> {
  readonly closedAtMs: number;
  readonly overseasSymbol: string;
}

/** A share of one entry: coins, and their share of its cost and proceeds; its last coins take all that is left. */
export interface Taken extends MatchedEntry {
  readonly entryIntentId: string;
}

/** What Karbit's OPEN row needs beyond the matched entry (contract 3.6); texts as its columns take them. */
export interface OpenRow {
  readonly krOrderId: string;
  readonly frOrderId: string;
  readonly leverage: number;
  readonly krPrice: string;
  readonly krVolume: string;
  readonly krFunds: string;
  readonly krFee: string;
  readonly frPrice: string;
  readonly frOriginalPrice: string;
  readonly frVolume: string;
  readonly frFunds: string;
  readonly frFee: string;
  readonly frSlippage: string;
  readonly entryRate: string;
  readonly usdtPrice: string;
}

export interface EntryEnd {
  readonly to: "hedged" | "flat" | "abandoned";
  readonly atMs: number;
  /** Undefined when nothing was hedged. */
  readonly entry: MatchedEntry | undefined;
  readonly exitTerms: Readonly<Record<string, string>>;
  readonly leverage: number;
  /** Dust of this user, coin and venue after it; undefined: unchanged. */
  readonly dust: Dust | undefined;
  /** Live only: the row for Karbit, in the same transaction under a savepoint. */
  readonly openRow: OpenRow | undefined;
}

export interface ExitEnd {
  readonly to: "closed" | "parted";
  readonly atMs: number;
  readonly positionId: number;
  /** What of the position this exit took, per entry; "closed" takes all that is left, to the last digit. */
  readonly taken: readonly Taken[];
  readonly profitKrw: Decimal | undefined;
  readonly profitRatePct: Decimal | undefined;
  /** By which price it was settled and how old that was, in words; kept with the end among the intent's events. */
  readonly settledBy?: string;
  readonly dust: Dust | undefined;
  /** Live only, when the position is gone. */
  readonly closedRow:
    | (ClosedRow & { readonly krOrderId: string; readonly frOrderId: string; readonly leverage: number })
    | undefined;
}

export interface Journal {
  /**
   * Stores a planned intent. "exists": this decision has its intent already, from an earlier call; "busy": another
   * intent of this user and coin runs, or (entries) another entry of this user.
   */
  plan(intent: Approved<IntentRow>, fence: Fence): Promise<"planned" | "exists" | "busy">;
  /**
   * Moves an intent and, in the same transaction, stores an order that is about to be sent. Of the ends only
   * "abandoned" is reached so, the others by endEntry and endExit. RangeError: no such move, or not from where the
   * intent is (the last move repeated is fine).
   */
  move(
    move: {
      readonly intentId: string;
      readonly from: IntentState;
      readonly to: IntentState;
      readonly atMs: number;
      readonly why?: string;
      readonly order?: OrderRow;
    },
    fence: Fence,
  ): Promise<void>;
  /** Stores orders before they are sent, or that a predecessor may have sent. Known ids are left as they are. */
  addOrders(orders: readonly OrderRow[], fence: Fence): Promise<void>;
  /**
   * What became of an order, with the fills seen so far; fills are unique, so telling them twice is harmless, and so
   * is an older, open status after a terminal one: it is passed over. RangeError: an unknown order, more filled than
   * ordered, another terminal status than stored, a fill known otherwise, other words about what never changes.
   */
  recordOrder(
    order: Pick<OrderRow, "clientOrderId" | "status"> & Partial<OrderRow>,
    fills: readonly FillRow[],
    fence: Fence,
  ): Promise<void>;
  /**
   * Ends an entry with all that hangs on it in one transaction. A fault of Karbit's part is told and keeps nothing of
   * ours back; none is told when the user or the strategy is gone there. RangeError: as for move, or orders are open.
   */
  endEntry(
    intentId: string,
    end: EntryEnd,
    fence: Fence,
  ): Promise<{ readonly projectionFault: string | undefined }>;
  /** The same for an exit. RangeError also when it took more than is left, or "closed" leaves something. */
  endExit(
    intentId: string,
    end: ExitEnd,
    fence: Fence,
  ): Promise<{ readonly projectionFault: string | undefined }>;
  /** Tries Karbit's rows that failed once more, oldest first, 100 at most; tells those that failed again. */
  retryProjections(fence: Fence): Promise<{ readonly intentId: string; readonly projectionFault: string }[]>;
  /** Everything not ended, oldest first: what recovery works on. */
  unfinished(mode: TradingMode): Promise<IntentFile[]>;
  file(intentId: string): Promise<IntentFile | undefined>;
  /** Everybody's, or one user's. */
  openPositions(mode: TradingMode, userId?: number): Promise<OpenPosition[]>;
  /** Closed at this instant or later, oldest first. */
  closedSince(mode: TradingMode, sinceMs: number): Promise<ClosedPosition[]>;
  /** Entries ended at this instant or later that sold something back, counted by coin over all users. */
  unwindsSince(mode: TradingMode, sinceMs: number): Promise<ReadonlyMap<string, number>>;
  dust(options: {
    readonly mode: TradingMode;
    readonly userId: number;
    readonly coin: string;
    readonly venue: Venue;
  }): Promise<Dust>;
}
