// A user's paper accounts as he may look at them and put money in. Body: adapters/store/paper-money.ts. Whoever trades
// reads the account anew under its lock for each order, so what is changed here is seen by the next one, in whichever
// process. Every change is a row of the account's ledger and of the audit trail.

import type { Venue } from "../../schema/vocabulary.ts";

/** Another request of the user was carried out with this ref before. */
export interface RefTaken {
  readonly refused: "ref";
}

/** Amounts are decimal texts. */
export interface OwnPaperAccount {
  readonly venue: Venue;
  readonly asset: "KRW" | "USDT";
  /** Overseas with what is margin; without profits and losses that are not realised. */
  readonly balance: string;
  /** What was put in altogether: the start, top-ups, and what resets added or took. */
  readonly putIn: string;
  /** Coins at home. */
  readonly coins: readonly { readonly coin: string; readonly amount: string }[];
  /** Contracts overseas; negative: short. */
  readonly positions: readonly { readonly symbol: string; readonly contracts: string }[];
  /** Null: it opens with the first order, or the first money put in. */
  readonly openedAtMs: number | null;
}

export interface PaperMoney {
  /** One for each venue. */
  accounts(userId: number): Promise<readonly OwnPaperAccount[]>;
  /**
   * The money of every account back to what it began with. Coins stay: they are the remains of positions that the dust
   * ledger counts on. Refused while a paper position is open or an order is under way. The
   * same request with a ref that was carried out before does nothing and is answered as then.
   */
  reset(
    userId: number,
    atMs: number,
    ref: string,
  ): Promise<"reset" | { readonly refused: "held"; readonly coins: readonly string[] } | RefTaken>;
  /** `amount` is above 0, in the account's own money. Of `ref` as above. */
  topUp(
    userId: number,
    money: { readonly venue: Venue; readonly amount: string },
    atMs: number,
    ref: string,
  ): Promise<"topped-up" | RefTaken>;
}
