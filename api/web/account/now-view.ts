// What is going on now: what needs a look, profit in short, whether new entries are made, and the latest news.

import { Decimal } from "../../../src/domain/decimal.ts";
import { reasonWords } from "../../../src/domain/notice-words.ts";
import { appendElement, byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { dayTimeKst, gainMoneyText, moneyText, timeKst } from "../../../src/web/format.ts";
import { KeyedList } from "../../../src/web/keyed-list.ts";
import { change, type Part, unreadText, type ViewContext } from "./context.ts";
import { FigureRow, toneOf } from "./figures.ts";
import { type NewsItem, newsText } from "./news.ts";
import { OpenTable } from "./open-table.ts";
import { positionLines } from "./position-rows.ts";

type Incident = Part<"incidents">[number];

export class NowView {
  readonly #context: () => ViewContext;
  readonly #figures = new FigureRow(byId("now-figures", HTMLElement));
  readonly #open: OpenTable;
  readonly #incidentList = byId("incidents", HTMLUListElement);
  readonly #incidents: KeyedList<Incident, IncidentCard>;
  readonly #entriesWords = byId("entries-words", HTMLParagraphElement);
  readonly #entriesSwitch = byId("entries-switch", HTMLButtonElement);
  readonly #news: KeyedList<NewsItem, NewsLine>;
  readonly #noNews = byId("activity-none", HTMLParagraphElement);

  constructor(context: () => ViewContext) {
    this.#context = context;
    this.#open = new OpenTable(context);
    this.#incidents = new KeyedList(this.#incidentList, {
      keyOf: ({ incidentId }) => String(incidentId),
      create: () => new IncidentCard((incident) => this.#closeIncident(incident)),
    });
    this.#news = new KeyedList(byId("activity", HTMLOListElement), {
      keyOf: ({ key }) => key,
      create: () => new NewsLine(),
      flashOf: () => "new",
    });
    this.#entriesSwitch.addEventListener("click", () => this.#switchEntries());
  }

  render(news: readonly NewsItem[]): void {
    const context = this.#context();
    const { data } = context;
    const open = data.get("open");
    const active = data.get("active");
    this.#renderFigures(context);
    this.#open.render(open && active && positionLines(open, active), unreadText(context, "open"));
    this.#renderEntries(context);
    const incidents = data.get("incidents") ?? [];
    setHidden(this.#incidentList, incidents.length === 0);
    this.#incidents.render(incidents, (card, incident) => card.render(incident, context));
    setHidden(this.#noNews, news.length > 0);
    this.#news.render(news, (line, item) => line.render(item, context));
  }

  #renderFigures({ words, language, data }: ViewContext): void {
    const known = data.get("open");
    const open = known ?? [];
    const statistics = data.get("statistics");
    const quoted = open.filter(({ profitNowKrw }) => profitNowKrw !== null);
    const sum = sumText(quoted.map(({ profitNowKrw }) => profitNowKrw!));
    const spent = sumText(open.map(({ spentKrw }) => spentKrw));
    const gain = (krw: string) => words.krw(gainMoneyText(krw, language));
    const unquoted = open.length - quoted.length;
    this.#figures.render([
      {
        name: words.profitNow,
        text: quoted.length === 0 ? "—" : gain(sum),
        tone: toneOf(quoted.length === 0 ? null : sum),
        sub: unquoted > 0 ? words.unquoted(unquoted) : "",
        title: words.openProfitHint,
      },
      {
        name: words.profitToday,
        text: statistics ? gain(statistics.profitTodayKrw) : "—",
        tone: toneOf(statistics?.profitTodayKrw ?? null),
      },
      {
        name: words.profitAll,
        text: statistics ? gain(statistics.profitKrw) : "—",
        tone: toneOf(statistics?.profitKrw ?? null),
        sub: statistics ? words.wins(statistics.wins, statistics.losses) : "",
      },
      {
        name: words.openCount,
        text: known ? words.positions(open.length, moneyText(spent, language)) : "—",
      },
    ]);
  }

  #renderEntries(context: ViewContext): void {
    const { words, data } = context;
    const entries = data.get("entries");
    setHidden(this.#entriesSwitch, !entries);
    if (!entries) {
      setText(this.#entriesWords, unreadText(context, "entries") ?? "");
      return;
    }
    const { off, by, why, atMs, everybodysOff } = entries;
    const isHeld = off && by !== null && by !== "user";
    const own = off
      ? words.entriesOff(words.by[by ?? "user"], why ?? "", atMs === null ? "" : dayTimeKst(atMs))
      : words.entriesOn;
    const further = [everybodysOff ? words.everybodysOff : "", isHeld ? words.onlyOperator : ""];
    setText(this.#entriesWords, [own, ...further].filter(Boolean).join(" "));
    setText(this.#entriesSwitch, off ? words.entriesStart : words.entriesStop);
    this.#entriesSwitch.disabled = isHeld;
    setAttribute(byId("entries", HTMLElement), "data-off", String(off || everybodysOff));
  }

  #switchEntries(): void {
    const context = this.#context();
    const { words, language, data, dialog } = context;
    const put = (body: unknown, done: string) =>
      change(context, { method: "PUT", path: "api/entries", body, done, parts: ["entries"] });
    if (data.get("entries")?.off) {
      void put({ off: false }, words.entriesStarted).then((refusal) => {
        // Somebody else holds them off by now: the words beside the switch say so.
        if (refusal) void data.load("entries");
      });
      return;
    }
    dialog.open({
      ...{ title: words.entriesStopTitle, words: words.entriesStopWords, yes: words.entriesStop, language },
      fields: [{ name: "why", label: words.entriesWhy, value: words.entriesWhyDefault, charsMax: 200 }],
      onYes: ({ why }) => put({ off: true, why }, words.entriesStopped),
    });
  }

  #closeIncident({ incidentId, kind }: Incident): void {
    const context = this.#context();
    const { words, language, dialog } = context;
    dialog.open({
      title: words.incidentCloseTitle,
      words: `${words.incidentKinds[kind]}. ${words.incidentCloseWords}`,
      ...{ yes: words.incidentClose, language },
      onYes: () =>
        change(context, {
          ...{ method: "POST", path: `api/incidents/${incidentId}/close`, body: {} },
          ...{ done: words.incidentClosed, parts: ["incidents"] },
        }),
    });
  }
}

const sumText = (amounts: readonly string[]) => Decimal.sum(amounts.map((krw) => Decimal.of(krw))).toString();

class IncidentCard {
  readonly root = document.createElement("li");
  readonly #words = appendElement(this.root, "div");
  readonly #title = appendElement(this.#words, "strong");
  readonly #todo = appendElement(this.#words, "p");
  readonly #detail = appendElement(this.#words, "small");
  readonly #close = appendElement(this.root, "button");
  #incident: Incident | undefined;

  constructor(onClose: (incident: Incident) => void) {
    this.#close.type = "button";
    this.#close.addEventListener("click", () => this.#incident && onClose(this.#incident));
  }

  render(incident: Incident, { words, language }: ViewContext): void {
    this.#incident = incident;
    const { kind, coin, detail, openedAtMs, closable } = incident;
    setText(this.#title, [words.incidentKinds[kind], coin].filter(Boolean).join(" · "));
    setText(this.#todo, words.incidentTodo[kind]);
    setText(
      this.#detail,
      [dayTimeKst(openedAtMs), reasonWords(detail, language)].filter(Boolean).join(" · "),
    );
    setText(this.#close, words.incidentClose);
    setHidden(this.#close, !closable);
  }
}

class NewsLine {
  readonly root = document.createElement("li");
  readonly #time = appendElement(this.root, "time");
  readonly #text = appendElement(this.root, "span");

  render(item: NewsItem, { words, language }: ViewContext): void {
    setText(this.#time, timeKst(item.atMs));
    const { text, tone } = newsText(item, words, language);
    setText(this.#text, text);
    setAttribute(this.#text, "class", tone);
  }
}
