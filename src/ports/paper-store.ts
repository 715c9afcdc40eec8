// The accounts of the paper venues. An order, its fills, the account and the ledger are one transaction; the client
// order id is the key, so no order is carried out twice, whoever dies when. Bodies: adapters/store (PostgreSQL and
// PGlite). All fail with a StoreFault: then nothing is known, and the order is looked up.

import type { Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { FundingEvent, OrderSide } from "./trading-venue.ts";

export interface PaperKey {
  readonly userId: number;
  readonly venue: Venue;
}

export interface PaperPosition {
  /** Contracts; negative: short. Never zero. */
  readonly qty: Decimal;
  /** Sum of price x signed quantity of what is open: negative for a short. */
  readonly costUsdt: Decimal;
}

export interface PaperAccount {
  /** By asset; what is left out is zero. */
  readonly balances: ReadonlyMap<string, Decimal>;
  /** By symbol. */
  readonly positions: ReadonlyMap<string, PaperPosition>;
  /** By symbol, where one was set. */
  readonly leverages: ReadonlyMap<string, Decimal>;
}

export interface PaperFill {
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  /** Gross; undefined at home. */
  readonly realisedUsdt: Decimal | undefined;
}

/** An order that was accepted, and done at that moment. */
export interface PaperOrder {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly qty: Decimal;
  readonly limitPrice: Decimal | undefined;
  /** Best level first. */
  readonly fills: readonly PaperFill[];
  readonly atMs: number;
}

export interface PaperEntry {
  readonly asset: string;
  /** What the balance changes by. */
  readonly amount: Decimal;
  readonly reason: "trade" | "fee" | "realised";
}

/** What an order does: the account after it, and why its balances changed. They must agree. */
export interface PaperChange {
  readonly account: PaperAccount;
  readonly order: PaperOrder;
  readonly entries: readonly PaperEntry[];
}

export type PaperDecision<R> =
  | { readonly kind: "accept"; readonly change: PaperChange }
  | { readonly kind: "refuse"; readonly why: R };

export interface PaperPayment {
  /** The venue's own id of the payment, unique per symbol. */
  readonly id: string;
  readonly atMs: number;
  /** What a long of one contract pays. */
  readonly perContractUsdt: Decimal;
}

export interface PaperStore {
  /** The account; made with these balances when there is none. */
  open(key: PaperKey, opening: ReadonlyMap<string, Decimal>, atMs: number): Promise<PaperAccount>;
  /**
   * Hands the account to `decide` while nobody else can change it, and stores what it accepts. `decide` is not asked
   * when the id is used up ("exists"); it may be asked again after a lost connection, so it must not do anything.
   * Nothing is kept of a refused order. RangeError: the account is not open, or the entries do not explain the change.
   */
  place<R>(
    key: PaperKey,
    clientOrderId: string,
    decide: (account: PaperAccount) => PaperDecision<R>,
  ): Promise<{ readonly kind: "stored" | "exists" } | { readonly kind: "refused"; readonly why: R }>;
  /** Waits for a `place` of this account that is under way: one that has begun is seen, or has failed. */
  order(key: PaperKey, clientOrderId: string): Promise<PaperOrder | undefined>;
  /** False: not set, there is a position in the symbol. The same leverage again is set. */
  setLeverage(key: PaperKey, symbol: string, leverage: Decimal): Promise<boolean>;
  /** Credits each payment once, by what was held before its instant; what was paid on nothing leaves no row. */
  creditFunding(key: PaperKey, symbol: string, payments: readonly PaperPayment[]): Promise<void>;
  /** What was credited, oldest first. */
  fundingSince(key: PaperKey, symbol: string, sinceMs: number): Promise<readonly FundingEvent[]>;
}
