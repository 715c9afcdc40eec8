// Events as news: the few kinds that say something to their user, the newest first. Orders, fills and decisions are seen
// in the tables they change.

import type { UserEvent } from "../../../schema/messages/user-event.ts";
import { gainMoneyText, type Language } from "../../../src/web/format.ts";
import { toneOf } from "./figures.ts";
import { type AccountWords, venueName } from "./words.ts";

type Told = Extract<UserEvent, { kind: "position" | "alert" }>;

export interface NewsItem {
  readonly key: string;
  readonly atMs: number;
  readonly event: Told;
}

const ITEMS_MAX = 12;

/** With the event before the others, when it is news. */
export function withNews(news: readonly NewsItem[], event: UserEvent): readonly NewsItem[] {
  if (event.kind !== "position" && event.kind !== "alert") return news;
  const about = event.kind === "position" ? `${event.intentId} ${event.state}` : event.notice;
  const item = { key: `${event.atMs} ${event.kind} ${about}`, atMs: event.atMs, event };
  return [item, ...news.filter(({ key }) => key !== item.key)].slice(0, ITEMS_MAX);
}

export function newsText(
  { event }: NewsItem,
  words: AccountWords,
  language: Language,
): { readonly text: string; readonly tone: string } {
  if (event.kind === "alert") {
    return { text: event[language], tone: event.level === "alert" ? "warned" : "" };
  }
  const { coin, pair, state, profitKrw } = event;
  const [domestic, overseas] = pair.split("-").map((venue) => venueName(venue, words));
  const profit = profitKrw === null ? "" : ` · ${words.krw(gainMoneyText(profitKrw, language))}`;
  const text = `${coin} ${words.pairName(domestic!, overseas!)} · ${words[state]}${profit}`;
  return { text, tone: toneOf(profitKrw) };
}
