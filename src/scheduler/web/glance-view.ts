// The strip over everything: what one wants to know first, in large figures. Red is for money at risk.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../web/dom.ts";
import { DASH, grouped, type Language, lengthText, timeKst, wholeKrw } from "../../web/format.ts";
import { KeyedList } from "../../web/keyed-list.ts";
import type { Overview } from "../overview.ts";
import type { Tone } from "./parts.ts";
import type { Words } from "./words.ts";

export interface Context {
  readonly words: Words;
  readonly language: Language;
}

interface Card {
  readonly key: string;
  readonly name: string;
  readonly value: string;
  readonly sub: string;
  readonly tone: Tone;
}

/** Three ticks without a word, as the doctor judges it. */
const SILENT_PERIODS = 3;

export class GlanceView {
  readonly #cards = new KeyedList<Card, ShownCard>(byId("glance", HTMLDListElement), {
    keyOf: ({ key }) => key,
    create: () => new ShownCard(),
  });

  render(overview: Overview, context: Context): void {
    const cards = [unhedged, incidents, role, lastTick, workers, rates].map((card) =>
      card(overview, context),
    );
    this.#cards.render(cards, (part, card) => part.render(card));
  }
}

function unhedged({ trading: { figures } }: Overview, { words, language }: Context): Card {
  const card = { key: "unhedged", name: words.unhedged };
  if (!figures) return { ...card, value: DASH, sub: words.unhedgedElsewhere, tone: "quiet" };
  if (Number(figures.unhedgedKrw) === 0) {
    return { ...card, value: words.krw("0"), sub: words.unhedgedNone, tone: "good" };
  }
  const krw = grouped(Math.max(1, Math.abs(wholeKrw(figures.unhedgedKrw))));
  const sub = words.unhedgedFor(lengthText(figures.unhedgedOldestMs, language));
  return { ...card, value: words.krw(krw), sub, tone: "bad" };
}

function incidents({ incidents: { incidents: open, incidentCount } }: Overview, { words }: Context): Card {
  const card = { key: "incidents", name: words.openIncidents, value: String(incidentCount) };
  const [first] = open;
  if (!first) return { ...card, sub: words.openIncidentsNone, tone: "good" };
  const sub = words.openIncidentsFirst(words.incidentKinds[first.kind] ?? first.kind);
  return { ...card, sub, tone: "bad" };
}

function role({ trading }: Overview, { words }: Context): Card {
  const { role: is, mode, fence } = trading;
  return {
    ...{ key: "role", name: words.role },
    value: words.roles[is] ?? is,
    sub: `${words.modes[mode] ?? mode} · ${fence === undefined ? words.leadsNot : words.leads(fence)}`,
    tone: is === "trading" ? "good" : is === "recovering" || is === "drained" ? "warn" : "quiet",
  };
}

function lastTick({ ticks, health }: Overview, { words, language }: Context): Card {
  const card = { key: "tick", name: words.lastTick };
  const { lastClosed, paused } = ticks;
  if (paused) return { ...card, value: words.tickPaused, sub: "", tone: "warn" };
  if (!lastClosed) return { ...card, value: DASH, sub: words.tickNone, tone: "quiet" };
  const { tickAtMs, closedAtMs, rowCount, missing } = lastClosed;
  return {
    ...card,
    value: lengthText(closedAtMs - tickAtMs, language),
    sub: `${timeKst(tickAtMs)} · ${words.tickSub(grouped(rowCount), grouped(missing.length))}`,
    tone: !health.ticking ? "bad" : missing.length > 0 ? "warn" : "good",
  };
}

function workers({ workers: { workers: seen }, ticks }: Overview, { words }: Context): Card {
  const living = seen.filter(({ silentMs }) => silentMs < SILENT_PERIODS * ticks.periodMs).length;
  const silent = seen.length - living;
  const value = silent === 0 ? String(living) : `${living} / ${seen.length}`;
  const tone = living === 0 ? "bad" : silent > 0 ? "warn" : "good";
  const sub = seen.length === 0 ? words.noWorkers : words.workersSub(silent);
  return { ...{ key: "workers", name: words.workersNow }, value, sub, tone };
}

function rates({ rates: byReason, ticks }: Overview, { words }: Context): Card {
  const there = byReason.none ?? 0;
  const all = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  const reference = ticks.reference ? grouped(Math.round(ticks.reference.priceKrw)) : words.noReference;
  return {
    ...{ key: "rates", name: words.ratesNow, value: grouped(there) },
    sub: `${words.ratesSub(grouped(all))} · ${words.reference} ${reference}`,
    tone: there === 0 ? "bad" : there < all * 0.8 ? "warn" : "good",
  };
}

class ShownCard {
  readonly root = document.createElement("div");
  readonly #name = appendElement(this.root, "dt");
  readonly #holder = appendElement(this.root, "dd");
  readonly #value = appendElement(this.#holder, "b");
  readonly #sub = appendElement(this.#holder, "small");

  render({ key, name, value, sub, tone }: Card): void {
    setAttribute(this.root, "class", `card ${tone}`);
    setAttribute(this.root, "data-card", key);
    setText(this.#name, name);
    setText(this.#value, value);
    setText(this.#sub, sub);
    setHidden(this.#sub, sub === "");
  }
}
