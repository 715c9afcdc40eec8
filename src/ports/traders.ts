// Who trades, with what, under which limits and switches. Karbit's rows are read, never changed here; what is ours
// (consent, limits, switches, incidents, rests, funding) is kept in our own schema.

import type { PairKey, Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { CoolingCause, RiskLimits } from "../domain/risk.ts";
import type { Strategy } from "../domain/strategy.ts";
import type { Fence, TradingMode } from "./journal.ts";

/** Why a user's key for a venue cannot be used; undefined: it can, as far as we know without asking the venue. */
export type KeyState = "usable" | "missing" | "switched-off" | "unreadable";

/** A user whose `active_strategy_id` points at a strategy that is active (contract 3.7). */
export interface Trader {
  readonly userId: number;
  readonly strategy: Strategy;
  readonly keys: Readonly<Record<Venue, KeyState>>;
  /** Has agreed to live trading, in our own schema. */
  readonly liveConsent: boolean;
  /** Optional exit terms of ours, off by default. */
  readonly stopRate: Decimal | undefined;
  readonly holdingMsMax: number | undefined;
}

export interface VenueCredentials {
  readonly apiKey: string;
  readonly secret: string;
}

export interface KeyOptions {
  /** Also a key that its user has switched off: what runs is brought to its end with it. Default false. */
  readonly evenSwitchedOff?: boolean;
}

export interface TraderStore {
  /**
   * All of them, at one instant. A row that cannot be traded (a division below 1, in custom mode a rate of zero, a
   * strategy of somebody else) is left out and told.
   */
  traders(): Promise<{ readonly traders: readonly Trader[]; readonly faults: readonly string[] }>;
  /** Key states of one user, whether or not a strategy is active: positions outlive strategies. */
  keysOf(userId: number): Promise<Readonly<Record<Venue, KeyState>>>;
  /** Decrypted for one use; undefined when missing, switched off or unreadable. Never logged, never kept. */
  credentials(userId: number, venue: Venue, options?: KeyOptions): Promise<VenueCredentials | undefined>;
  /** The text changes whenever anything `traders` reads may have changed; cheap enough for every second. */
  revision(): Promise<string>;
  setConsent(userId: number, consent: boolean, atMs: number): Promise<void>;
  /** RangeError for terms that are not above 0. */
  setExitTerms(
    userId: number,
    terms: { readonly stopRate: Decimal | undefined; readonly holdingMsMax: number | undefined },
    atMs: number,
  ): Promise<void>;
}

/** Entries off, and for "global" also target exits off (halt). */
export interface TradingSwitch {
  readonly scope: "global" | "user" | "coin";
  /** Empty for global, the user's id, or the coin. */
  readonly subject: string;
  readonly entriesOff: boolean;
  readonly halted: boolean;
  readonly why: string;
  readonly by: "user" | "operator" | "engine";
  readonly atMs: number;
}

export const INCIDENT_KINDS = [
  "needs-human", // an intent cannot go on by itself
  "unknown-difference", // reconciliation found what nothing explains
  "projection-failed", // Karbit's row could not be written
  "key", // a key does not do any more
  "defect", // ours
] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

export interface Incident {
  readonly incidentId: number;
  readonly mode: TradingMode;
  readonly userId: number;
  readonly kind: IncidentKind;
  /** Empty where it is about no coin or intent. */
  readonly coin: string;
  readonly intentId: string;
  readonly detail: string;
  readonly openedAtMs: number;
  readonly closedAtMs: number | undefined;
}

export interface CoolingRow {
  readonly userId: number;
  readonly coin: string;
  readonly cause: CoolingCause;
  readonly untilAtMs: number;
  /** Unwinds and guardian closes since the last clean round trip. */
  readonly troubles: number;
}

export interface FundingRow {
  readonly mode: TradingMode;
  readonly venue: Venue;
  /** Unique per mode, user and venue. */
  readonly eventId: string;
  readonly userId: number;
  readonly coin: string;
  readonly positionId: number;
  readonly amountUsdt: Decimal;
  readonly atMs: number;
  /** Came later than 60 s after the position was closed: a correction, outside its profit. */
  readonly late: boolean;
}

/** The last decision about a strategy and coin that got past screening, for the user to read. */
export interface DecisionRow {
  readonly mode: TradingMode;
  readonly userId: number;
  readonly strategyId: number;
  readonly coin: string;
  readonly pair: PairKey;
  readonly action: "enter" | "exit" | "hold";
  readonly reason: string;
  readonly context: string;
  readonly atMs: number;
}

export interface TradingStateStore {
  switches(): Promise<readonly TradingSwitch[]>;
  /**
   * Entries on and not halted removes the row. Switches work without the lease: they only ever stop. RangeError for a
   * subject of "global", none of another scope, or a halt of less than everything.
   */
  setSwitch(change: TradingSwitch): Promise<void>;
  /**
   * Whole limits: key 0, always there, is everybody's; others are of users with overrides of their own. Coins never
   * traded add up. An override that cannot be read is a StoreFault, never "no limit".
   */
  limits(defaults: RiskLimits): Promise<ReadonlyMap<number, RiskLimits>>;
  /**
   * All overrides of a user (0: everybody) at once. A name that is not there is as for everybody, one that is undefined
   * is without limit; none at all removes the row. RangeError for a value that is no limit.
   */
  setLimits(userId: number, limits: Partial<RiskLimits>, atMs: number): Promise<void>;
  /**
   * An open incident of the same mode, user, kind, coin and intent told again is the same row: it keeps its instant and
   * takes the newest detail. Returns its id.
   */
  openIncident(
    incident: Omit<Incident, "incidentId" | "closedAtMs">,
    fence: Fence,
  ): Promise<{ readonly incidentId: number; readonly isNew: boolean }>;
  /**
   * False when it is not there, or was closed before at another instant or by somebody else. The note, what was found,
   * stands in the audit trail; empty: none.
   */
  closeIncident(
    incidentId: number,
    by: "user" | "operator" | "engine",
    atMs: number,
    note?: string,
  ): Promise<boolean>;
  openIncidents(mode: TradingMode): Promise<readonly Incident[]>;
  /** Also those that are over: the next one's length depends on them. */
  cooling(mode: TradingMode): Promise<readonly CoolingRow[]>;
  setCooling(mode: TradingMode, row: CoolingRow, fence: Fence): Promise<void>;
  /** Known events are left as they are; returns how many were new. */
  addFunding(rows: readonly FundingRow[], fence: Fence): Promise<number>;
  /** Sum of what belongs to a position and is not late, USDT; positive is received. */
  fundingUsdt(positionId: number): Promise<Decimal>;
  /** Realised losses of exits and costs of unwinds since an instant, KRW, positive; by user. */
  lossesSince(mode: TradingMode, sinceMs: number): Promise<ReadonlyMap<number, Decimal>>;
  /** One per strategy and coin; an older one than is stored is passed over. */
  keepDecisions(rows: readonly DecisionRow[]): Promise<void>;
  /** Newest first, 500 at most. */
  decisions(mode: TradingMode, userId: number): Promise<readonly DecisionRow[]>;
}
