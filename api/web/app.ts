// The page's beginning: builds the parts, hands each what it needs, and paints at most once per animation frame.
// Numbers come from the stream alone; nothing here computes a rate.

import { SEED_STEP_KRW } from "../../schema/vocabulary.ts";
import type { TradingView } from "../../src/ports/trading-view.ts";
import { byId, setHidden, setText } from "../../src/web/dom.ts";
import type { Language } from "../../src/web/format.ts";
import { applyWords } from "../../src/web/look.ts";
import { type About, fetchAbout, TICK_INTERVAL_MS_DEFAULT } from "./about.ts";
import { marksOf } from "./chart-data.ts";
import { ChartView } from "./chart-view.ts";
import { BrowserClock } from "./clock.ts";
import { Controls } from "./controls.ts";
import { Feed } from "./feed.ts";
import { premiumBps } from "./glance.ts";
import { GlanceView } from "./glance-view.ts";
import { type Overview, PremiumModel } from "./model.ts";
import { OverviewView } from "./overview-view.ts";
import { loadSettings, saveSettings } from "./settings.ts";
import { type LinkState, lateAfterMs, StatusView } from "./status-view.ts";
import { Switches } from "./switches.ts";
import { TableView } from "./table-view.ts";
import { TradingFeed } from "./trading-feed.ts";
import { TradingPanel } from "./trading-view.ts";
import { WORDS } from "./words.ts";

const settings = loadSettings();
const clock = new BrowserClock();
const model = new PremiumModel(settings.sizeIndex);
const overviewView = new OverviewView();
const statusView = new StatusView();
const chartView = new ChartView(() => {
  const sizeKrw = (settings.sizeIndex + 1) * SEED_STEP_KRW;
  return {
    ...{ words: words(), language: language(), sizeKrw, nowMs: clock.nowMs() },
    marks: async (subject) => marksOf(trading, subject),
  };
});
const tableView = new TableView(byId("rates", HTMLTableElement), byId("rows", HTMLTableSectionElement), {
  onChoose(row) {
    if (about?.charts) chartView.open(row);
  },
});
const glanceView = new GlanceView({
  onCoin(row) {
    if (about?.charts) chartView.open(row);
    else controls.searchFor(row.coin);
  },
  onBar(side, fromBps, toBps) {
    const referenceKrw = model.reference?.priceKrw;
    controls.sortBy({ key: side, descending: side === "exit" });
    paint();
    tableView.reveal(({ entryJeon, exitJeon }) =>
      side === "entry"
        ? premiumBps(entryJeon, referenceKrw) >= fromBps
        : premiumBps(exitJeon, referenceKrw) < toBps,
    );
  },
});
const tradingPanel = new TradingPanel();
const tradingFeed = new TradingFeed(new URL("api/trading", document.baseURI).href, (view) => {
  trading = view;
  paintTrading();
});
const emptyNote = byId("empty", HTMLParagraphElement);

let about: About | undefined;
let trading: TradingView | undefined;
let link: LinkState = "connecting";
let overview: Overview = model.overview(settings.pairs);
let paintQueued = false;

const controls = new Controls(settings, {
  onChoice() {
    model.setSize(settings.sizeIndex);
    saveSettings(settings);
    controls.render(words(), language());
    queuePaint();
  },
});
const switches = new Switches(settings, show);

function language(): Language {
  return switches.language;
}

function words() {
  return WORDS[language()];
}

function tickIntervalMs(): number {
  return about?.tickIntervalMs ?? TICK_INTERVAL_MS_DEFAULT;
}

function queuePaint(): void {
  if (paintQueued) return;
  paintQueued = true;
  requestAnimationFrame(paint);
}

function paint(): void {
  paintQueued = false;
  overview = model.overview(settings.pairs);
  const lines = model.select({ pairs: settings.pairs, query: controls.query, sort: settings.sort });
  tableView.render(lines, {
    words: words(),
    language: language(),
    referenceKrw: model.reference?.priceKrw,
  });
  model.settle();
  overviewView.render(overview, model.reference, words());
  glanceView.render(model.linesOf(settings.pairs), model.reference?.priceKrw, words());
  setHidden(emptyNote, lines.length > 0);
  setText(emptyNote, model.size === 0 ? words().waiting : words().nothingFound(controls.query.trim()));
  paintStatus();
}

function paintStatus(): void {
  const nowMs = clock.nowMs();
  const silenceMs = model.tickAtMs > 0 ? nowMs - model.tickAtMs : 0;
  const late = link === "live" && silenceMs > lateAfterMs(tickIntervalMs());
  const shown = {
    link: late ? "late" : link,
    tickAtMs: model.tickAtMs,
    nowMs,
    bookAgeMedianMs: overview.bookAgeMedianMs,
  } as const;
  statusView.render(shown, words(), language());
}

function paintTrading(): void {
  tradingPanel.render(trading, { words: words(), language: language() });
}

async function learnAbout(): Promise<void> {
  about = (await fetchAbout(new URL("api/about", document.baseURI).href, clock)) ?? about;
  showAbout();
  const showsTrading = about?.trading === true;
  tradingFeed.want(showsTrading);
  if (!showsTrading) trading = undefined;
  paintTrading();
}

function showAbout(): void {
  const simulated = about?.simulated === true;
  document.documentElement.toggleAttribute("data-charts", about?.charts === true);
  setHidden(byId("to-account", HTMLAnchorElement), about?.accounts === undefined);
  setHidden(byId("simulated", HTMLElement), !simulated);
  document.documentElement.toggleAttribute("data-simulated", simulated);
  setText(byId("version", HTMLElement), about?.version ? words().version(about.version) : "");
  document.title = `${simulated ? `[${words().simulatedTag}] ` : ""}SchedulerX · ${words().title}`;
}

/** Everything anew, in the language and the colours of now. */
function show(): void {
  switches.render(words());
  applyWords(words());
  controls.render(words(), language());
  showAbout();
  paintTrading();
  chartView.render();
  queuePaint();
}

setInterval(paintStatus, 1_000);

show();
void learnAbout();
new Feed({
  url: new URL("api/premium/stream", document.baseURI).href,
  onRows(rows, { reference }) {
    model.merge(rows, reference, tickIntervalMs());
    queuePaint();
  },
  onLink(state) {
    if (state === "live" && link !== "live") void learnAbout();
    link = state;
    paintStatus();
  },
});
