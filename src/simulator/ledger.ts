// Money of one account at one venue. A balance changes only by an entry with its reason, so the entries of an asset
// always sum up to its balance; what open orders hold back is kept apart and changes no balance.

import { type Exact, textOf } from "./exact.ts";

export type LedgerReason =
  | "opening"
  | "deposit"
  | "withdrawal"
  | "set"
  | "fill"
  | "fee"
  | "realised-pnl"
  | "funding"
  /** What the venue's insurance fund makes good after a liquidation. */
  | "insurance";

export interface LedgerEntry {
  readonly sequence: number;
  readonly atMs: number;
  readonly asset: string;
  readonly change: Exact;
  readonly reason: LedgerReason;
  /** Symbol and order the change belongs to, where there is one. */
  readonly symbol: string | undefined;
  readonly orderId: string | undefined;
  readonly fillId: string | undefined;
  readonly balance: Exact;
}

export type LedgerCause = Partial<Pick<LedgerEntry, "symbol" | "orderId" | "fillId">>;

export class Ledger {
  readonly entries: LedgerEntry[] = [];
  private readonly balances = new Map<string, Exact>();
  private readonly held = new Map<string, Exact>();

  /** Books a change; one of zero is not written. */
  book(
    asset: string,
    change: Exact,
    reason: LedgerReason,
    atMs: number,
    { symbol, orderId, fillId }: LedgerCause = {},
  ): void {
    if (change === 0n) return;
    const balance = this.total(asset) + change;
    this.balances.set(asset, balance);
    const sequence = this.entries.length + 1;
    this.entries.push({ sequence, atMs, asset, change, reason, symbol, orderId, fillId, balance });
  }

  /** Available and held together. */
  total(asset: string): Exact {
    return this.balances.get(asset) ?? 0n;
  }

  locked(asset: string): Exact {
    return this.held.get(asset) ?? 0n;
  }

  available(asset: string): Exact {
    return this.total(asset) - this.locked(asset);
  }

  /** Holds back more (or, below zero, less) of an asset. */
  hold(asset: string, change: Exact): void {
    this.held.set(asset, this.locked(asset) + change);
  }

  /** Assets ever held, in the order they came. */
  assets(): string[] {
    return [...this.balances.keys()];
  }

  /** Balances as decimal texts. */
  texts(): Record<string, string> {
    return Object.fromEntries(this.assets().map((asset) => [asset, textOf(this.total(asset))]));
  }
}
