// What happens to accounts, told at the moment it happens to whoever watches one: the private streams. Orders and
// positions go on changing afterwards, so a watcher prints what it needs at once.

import type { Exact } from "./exact.ts";
import type { LedgerReason } from "./ledger.ts";
import type { SimFill, SimOrder } from "./orders.ts";
import type { FundingPayment } from "./perp-funding.ts";
import type { MarginFigures } from "./perp-margin.ts";
import type { SimVenue } from "./types.ts";

export type AccountEvent = { readonly atMs: number } & (
  | {
      /** Accepted and not yet matched; resting with its margin held back; done or cancelled. */
      readonly kind: "placed" | "resting" | "ended";
      readonly order: SimOrder;
    }
  | { readonly kind: "filled"; readonly order: SimOrder; readonly fill: SimFill }
  | { readonly kind: "funded"; readonly payment: FundingPayment }
  /** Money in or out that no trade moved. */
  | { readonly kind: "moved"; readonly asset: string; readonly change: Exact; readonly reason: LedgerReason }
  /** `margin.strained` are the positions it is about. */
  | { readonly kind: "margin-call"; readonly margin: MarginFigures }
  | { readonly kind: "leverage-set"; readonly symbol: string }
);

export type AccountWatcher = (event: AccountEvent) => void;

export class AccountWatchers {
  private readonly byAccount = new Map<string, Set<AccountWatcher>>();

  /** Returns what ends the watching. */
  watch(apiKey: string, venue: SimVenue, watcher: AccountWatcher): () => void {
    const key = `${venue} ${apiKey}`;
    const watchers = this.byAccount.get(key) ?? new Set();
    this.byAccount.set(key, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
    };
  }

  tell(apiKey: string, venue: SimVenue, event: AccountEvent): void {
    for (const watcher of this.byAccount.get(`${venue} ${apiKey}`) ?? []) watcher(event);
  }
}
