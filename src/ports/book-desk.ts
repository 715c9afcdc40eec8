// Fresh books of one coin's two legs, for decisions about money. Rechecks of one market are shared by all who need it
// at that moment; the books given out are copies and stay as they were.

import type { PairKey } from "../../schema/vocabulary.ts";
import type { OrderBook } from "../domain/order-book.ts";

export interface FreshBooks {
  readonly domestic: OrderBook;
  readonly overseas: OrderBook;
  /** When the older of the two had arrived. */
  readonly atMs: number;
}

export interface BookDesk {
  /** Undefined when either cannot be had, or is empty, crossed or malformed. Never rejects. */
  fresh(coin: string, pair: PairKey, timeoutMs: number): Promise<FreshBooks | undefined>;
}
