// The overview in the reader's language: what the port says by code, and in English beside it, in his words. What users,
// operators and other programs wrote stays as it came.

import { PAIRS } from "../../../schema/vocabulary.ts";
import { linkWords } from "../../domain/link-said.ts";
import { reasonWords } from "../../domain/notice-words.ts";
import type { Language } from "../../web/format.ts";
import { pairText } from "../../web/market-words.ts";
import type { Overview } from "../overview.ts";
import { NO_WHY } from "../unsaid.ts";

type Links = Overview["health"]["links"];
type Link = Links["bus"];

export function localized(overview: Overview, language: Language): Overview {
  const { health, incidents, ticks, trading } = overview;
  const link = (state: Link): Link => {
    return state.said ? { ...state, detail: linkWords(state.said, language) } : state;
  };
  const { bus, database, redis } = health.links;
  return {
    ...overview,
    health: {
      ...health,
      links: { bus: link(bus), database: link(database), ...(redis && { redis: link(redis) }) },
    },
    ticks: {
      ...ticks,
      lastClosed: ticks.lastClosed && {
        ...ticks.lastClosed,
        missing: ticks.lastClosed.missing.map((name) => rowText(name, language)),
      },
    },
    incidents: {
      ...incidents,
      incidents: incidents.incidents.map((one) => {
        return { ...one, detail: reasonWords(one.detail, language) };
      }),
    },
    trading: {
      ...trading,
      // Who did it stands beside it.
      switches: trading.switches.map((one) => {
        return { ...one, why: one.why === NO_WHY ? "" : reasonWords(one.why, language) };
      }),
    },
  };
}

/** "BTC upbit-bybit" by the exchanges' names. */
function rowText(name: string, language: Language): string {
  const [coin, key] = name.split(" ");
  const pair = PAIRS.find((known) => known.key === key);
  return pair ? `${coin} ${pairText(pair.key, language)}` : name;
}
