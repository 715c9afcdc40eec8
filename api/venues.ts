// What this service knows of the four venues and does with each: fixed, and the same for everybody.

import * as v from "valibot";
import { legRoleOf, PAIR_KEYS, PAIRS, VENUES, type Venue } from "../schema/vocabulary.ts";
import { Decimal } from "../src/domain/decimal.ts";
import { VENUE_WORDS } from "../src/domain/notice-words.ts";
import { RISK_LIMITS_DEFAULT } from "../src/domain/risk.ts";
import { FEE_RATIOS_DEFAULT, VENUE_LIMITS } from "../src/domain/venue-limits.ts";
import { whole } from "./whole.ts";

const ORDER_TYPES = ["limit-ioc", "market", "market-sell", "reduce-only"] as const;
const FEATURES = ["rates", "live-trading", "paper-trading", "wallet-states", "candles", "funding"] as const;

const about = <T extends v.GenericSchema>(schema: T, text: string) => v.pipe(schema, v.description(text));

export const venuesSchema = v.object({
  venues: v.array(
    v.object({
      venue: v.picklist(VENUES),
      name: v.object({ ko: v.string(), en: v.string() }),
      leg: v.picklist(["domestic", "overseas"]),
      market: v.picklist(["spot", "perpetual"]),
      quoteCurrency: v.picklist(["KRW", "USDT"]),
      feeTakerDefaultPct: about(v.string(), "Taken where neither the account nor anybody else tells."),
      orderTypes: about(
        v.array(v.picklist(ORDER_TYPES)),
        "As sent here: nothing rests in a book, and a buy in Korea always has a price.",
      ),
      leverageMax: about(v.nullable(whole), "Unless the operator set another limit; null: there is none."),
      features: about(
        v.array(v.picklist(FEATURES)),
        "wallet-states only with the operator's key of that venue.",
      ),
      publicLimit: about(
        v.object({ capacity: whole, windowMs: whole }),
        "Requests (Binance: weight) an address has for public data.",
      ),
    }),
  ),
  pairs: v.array(
    v.object({ pair: v.picklist(PAIR_KEYS), domestic: v.picklist(VENUES), overseas: v.picklist(VENUES) }),
  ),
});
export type Venues = v.InferOutput<typeof venuesSchema>;

export function venuesDocument(): Venues {
  return {
    venues: VENUES.map(venueOf),
    pairs: PAIRS.map(({ key, domestic, overseas }) => ({ pair: key, domestic, overseas })),
  };
}

function venueOf(venue: Venue): Venues["venues"][number] {
  const leg = legRoleOf(venue);
  const { capacity, windowMs } = VENUE_LIMITS[venue];
  const common = {
    ...{ venue, name: VENUE_WORDS[venue], leg, publicLimit: { capacity, windowMs } },
    feeTakerDefaultPct: Decimal.of(FEE_RATIOS_DEFAULT[venue]).times(Decimal.of(100)).toString(),
  };
  if (leg === "domestic") {
    return {
      ...common,
      ...{ market: "spot", quoteCurrency: "KRW", leverageMax: null },
      orderTypes: ["limit-ioc", "market-sell"],
      features: FEATURES.filter((feature) => feature !== "funding"),
    };
  }
  return {
    ...common,
    ...{ market: "perpetual", quoteCurrency: "USDT" },
    leverageMax: Number(RISK_LIMITS_DEFAULT.leverageMax),
    orderTypes: ["limit-ioc", "market", "reduce-only"],
    features: [...FEATURES],
  };
}
