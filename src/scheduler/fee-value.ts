// What a fee paid in another asset than the leg's money (BNB at Binance) is worth in USDT. A fee that counts as nothing
// makes a profit too large, so every price there is does better than none: the venue's own, another's, the last one.

import { OVERSEAS_VENUES, type Venue } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import type { Log } from "../ports/telemetry.ts";
import type { BookMarket, SeenBook } from "./book-desk.ts";

export interface FeeValueDeps {
  readonly log: Log;
  readonly book: (venue: Venue, market: BookMarket, timeoutMs: number) => Promise<SeenBook | undefined>;
}

const BOOK_MS = 1_000;
const DEPTH = 5;

/** Never rejects; asks all overseas venues at once, and the others are waited for only where the own one is silent. */
export function createFeeValue({ log, book }: FeeValueDeps) {
  const lastUsdt = new Map<string, Decimal>();
  return async (venue: Venue, asset: string, fee: Decimal): Promise<Decimal> => {
    const venues = [venue, ...OVERSEAS_VENUES.filter((other) => other !== venue)];
    const market = { symbol: `${asset}USDT`, depth: DEPTH };
    const asked = venues.map((one) => book(one, market, BOOK_MS));
    // The venue's own price waits for no other venue: a leg may be open meanwhile.
    let found: SeenBook | undefined;
    for (const each of asked) found ??= await each;
    if (found) lastUsdt.set(asset, Decimal.ofFloat(found.book.askPrices[0]!));
    const priceUsdt = lastUsdt.get(asset);
    const said = { venue, asset, fee: fee.toString() };
    if (!priceUsdt) {
      // The asset it took stands in the journal.
      log.error("a fee could not be valued: it counts as nothing", said);
      return Decimal.ZERO;
    }
    if (!found) log.warn("a fee is valued at the last price seen", { ...said, priceUsdt: String(priceUsdt) });
    return fee.times(priceUsdt);
  };
}
