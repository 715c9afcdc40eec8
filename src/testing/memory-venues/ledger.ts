// Every balance of the in-memory venues, and every change of one with its reason. The only place a balance is kept.
// Invariant: opening + sum of the entries = balance, and what accounts gain their counter-parties lose.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";

/** fill: spot coins and money; realised: profit of a perpetual's execution, gross of fees. */
export type LedgerReason = "fill" | "fee" | "realised" | "funding" | "deposit" | "withdrawal";

export interface LedgerEntry {
  readonly user: string;
  readonly venue: Venue;
  readonly asset: string;
  /** Positive is received. */
  readonly amount: Decimal;
  readonly reason: LedgerReason;
  /** The client order id; "hand", "liquidation" or "deleveraging"; an id of the funding event or transfer. */
  readonly ref: string;
  readonly atMs: number;
}

interface Row {
  readonly user: string;
  readonly venue: Venue;
  readonly asset: string;
  opening: Decimal;
  balance: Decimal;
}

export class Ledger {
  readonly entries: LedgerEntry[] = [];
  readonly #rows = new Map<string, Row>();
  /** What the other side of all entries holds, per venue and asset: the market, the venue, the world outside. */
  readonly #counterParties = new Map<string, Decimal>();

  /** A balance from before the first entry. */
  open(user: string, venue: Venue, asset: string, amount: Decimal): void {
    const row = this.#row(user, venue, asset);
    row.opening = row.opening.plus(amount);
    row.balance = row.balance.plus(amount);
  }

  post(entry: LedgerEntry): void {
    if (entry.amount.isZero) return;
    const row = this.#row(entry.user, entry.venue, entry.asset);
    row.balance = row.balance.plus(entry.amount);
    const key = `${entry.venue}/${entry.asset}`;
    this.#counterParties.set(
      key,
      (this.#counterParties.get(key) ?? Decimal.ZERO).minus(entry.amount).normal(),
    );
    this.entries.push(entry);
  }

  balance(user: string, venue: Venue, asset: string): Decimal {
    return this.#rows.get(keyOf(user, venue, asset))?.balance ?? Decimal.ZERO;
  }

  opening(user: string, venue: Venue, asset: string): Decimal {
    return this.#rows.get(keyOf(user, venue, asset))?.opening ?? Decimal.ZERO;
  }

  /** What everybody on the other side of this venue's accounts has gained in the asset. */
  counterParty(venue: Venue, asset: string): Decimal {
    return this.#counterParties.get(`${venue}/${asset}`) ?? Decimal.ZERO;
  }

  assets(user: string, venue: Venue): string[] {
    const assets: string[] = [];
    for (const row of this.#rows.values())
      if (row.user === user && row.venue === venue) assets.push(row.asset);
    return assets;
  }

  sum(user: string, venue: Venue, asset: string, reason?: LedgerReason): Decimal {
    let sum = Decimal.ZERO;
    for (const entry of this.entries) {
      if (entry.user !== user || entry.venue !== venue || entry.asset !== asset) continue;
      if (reason === undefined || entry.reason === reason) sum = sum.plus(entry.amount);
    }
    return sum.normal();
  }

  /** In words, every account whose entries do not explain its balance, and every asset that is not conserved. */
  faults(): string[] {
    const faults: string[] = [];
    const gained = new Map<string, Decimal>();
    const sums = new Map<string, Decimal>();
    for (const { user, venue, asset, amount } of this.entries) {
      const key = keyOf(user, venue, asset);
      sums.set(key, (sums.get(key) ?? Decimal.ZERO).plus(amount));
    }
    for (const { user, venue, asset, opening, balance } of this.#rows.values()) {
      const due = opening.plus(sums.get(keyOf(user, venue, asset)) ?? Decimal.ZERO);
      if (!due.equals(balance))
        faults.push(`expected ${due} ${asset} of ${user} at ${venue}, was ${balance}`);
      const key = `${venue}/${asset}`;
      gained.set(key, (gained.get(key) ?? Decimal.ZERO).plus(balance).minus(opening));
    }
    for (const [key, amount] of gained) {
      const total = amount.plus(this.#counterParties.get(key) ?? Decimal.ZERO);
      if (!total.isZero) faults.push(`expected ${key} to be conserved, was off by ${total}`);
    }
    return faults;
  }

  #row(user: string, venue: Venue, asset: string): Row {
    const key = keyOf(user, venue, asset);
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { user, venue, asset, opening: Decimal.ZERO, balance: Decimal.ZERO };
      this.#rows.set(key, row);
    }
    return row;
  }
}

function keyOf(user: string, venue: Venue, asset: string): string {
  return `${user}/${venue}/${asset}`;
}
