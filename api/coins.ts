// Coins with their state: where each is listed, and on which pairs it may be entered now, or why not.

import * as v from "valibot";
import { PAIR_KEYS, REASONS, VENUES } from "../schema/vocabulary.ts";
import { COIN_REASONS, coinReasonWords, pairStates } from "../src/domain/coin-state.ts";
import type { CoinListing } from "../src/ports/store.ts";
import { type LiveFrames, WHOLE_TABLE } from "./live-frames.ts";
import { whole } from "./whole.ts";

/** What is gone from a venue is told for so long. */
const DELISTED_SHOWN_MS = 7 * 86_400_000;

const about = <T extends v.GenericSchema>(schema: T, text: string) => v.pipe(schema, v.description(text));
const wallet = v.union([v.boolean(), v.literal("unknown")]);

export const coinsSchema = v.object({
  asOfMs: whole,
  coins: v.array(
    v.object({
      coin: about(v.string(), "Ticker of the Korean market."),
      listings: v.array(
        v.object({
          venue: v.picklist(VENUES),
          symbol: about(v.string(), "As the venue names it."),
          multiplier: about(v.number(), "Coins per unit of the venue's price and quantity."),
          state: v.picklist(["active", "halted", "quarantined", "delisted"]),
          why: about(v.nullable(v.string()), "Why it is quarantined."),
          warnings: about(v.array(v.string()), "The venue's own flags."),
          delistAtMs: v.nullable(whole),
          deposit: wallet,
          withdraw: wallet,
          lastSeenAtMs: about(whole, "When it was last on the venue's list, to the hour."),
        }),
      ),
      pairs: v.array(
        v.object({
          pair: v.picklist(PAIR_KEYS),
          tradable: about(v.boolean(), "Whether it may be entered, as far as the venues go."),
          reasons: about(
            v.array(
              v.object({
                code: v.picklist(COIN_REASONS),
                words: v.object({ ko: v.string(), en: v.string() }),
              }),
            ),
            "Why not: everything that holds.",
          ),
          rate: about(
            v.nullable(v.picklist(REASONS)),
            "Why there is no rate now; none: there is one; null: nothing has been heard of the pair.",
          ),
        }),
      ),
    }),
  ),
});
export type CoinsDocument = v.InferOutput<typeof coinsSchema>;

export function coinsDocument(
  listings: readonly CoinListing[],
  live: Pick<LiveFrames, "rowsSince">,
  nowMs: number,
): CoinsDocument {
  const rates = new Map(
    live.rowsSince(WHOLE_TABLE).map((row) => [`${row.coin} ${row.pairIndex}`, row.reason]),
  );
  const shown = listings.filter(
    ({ state, lastSeenAtMs }) => state !== "delisted" || nowMs - lastSeenAtMs < DELISTED_SHOWN_MS,
  );
  const coins = [...Map.groupBy(shown, ({ coin }) => coin)].map(([coin, all]) => {
    const byVenue = Object.fromEntries(all.toSorted(delistedFirst).map((one) => [one.venue, one]));
    const rateOf = (pairIndex: number) => rates.get(`${coin} ${pairIndex}`);
    return {
      coin,
      listings: all.map(({ coin: _, warnings, ...one }) => ({ ...one, warnings: [...warnings] })),
      pairs: pairStates(byVenue, rateOf).map(({ pair, reasons }) => ({
        pair,
        tradable: reasons.length === 0,
        reasons: reasons.map((code) => ({ code, words: { ...coinReasonWords(code) } })),
        rate: rateOf(PAIR_KEYS.indexOf(pair)) ?? null,
      })),
    };
  });
  return { asOfMs: nowMs, coins };
}

/** Of several listings of a coin at one venue the one that is alive counts. */
function delistedFirst(a: CoinListing, b: CoinListing): number {
  return Number(b.state === "delisted") - Number(a.state === "delisted");
}
