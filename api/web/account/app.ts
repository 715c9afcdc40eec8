// The account page's beginning: who is logged in, which view is shown, and what has to be read for it. All numbers come
// from the api; the session is a cookie that no script can read.

import type { UserEvent } from "../../../schema/messages/user-event.ts";
import { byId, setAttribute, setHidden, setText } from "../../../src/web/dom.ts";
import { timeKst } from "../../../src/web/format.ts";
import { applyWords } from "../../../src/web/look.ts";
import { type About, fetchAbout, TICK_INTERVAL_MS_DEFAULT } from "../about.ts";
import { ChartView } from "../chart-view.ts";
import { BrowserClock } from "../clock.ts";
import { loadSettings } from "../settings.ts";
import type { LinkState } from "../status-view.ts";
import { Switches } from "../switches.ts";
import { AccountsView } from "./accounts-view.ts";
import { ask } from "./ask.ts";
import { AskDialog } from "./ask-dialog.ts";
import type { ChartOf, ViewContext } from "./context.ts";
import { AccountData, type PartName } from "./data.ts";
import { EventFeed } from "./event-feed.ts";
import { type NewsItem, withNews } from "./news.ts";
import { NowView } from "./now-view.ts";
import { pairIndexOf, readOwnMarks } from "./own-marks.ts";
import { daysQuery } from "./profit-data.ts";
import { type ProfitChoice, ProfitView } from "./profit-view.ts";
import { type Me, SignInView } from "./sign-in-view.ts";
import { StrategyView } from "./strategy-view.ts";
import { ACCOUNT_WORDS } from "./words.ts";

const VIEWS = ["now", "profit", "strategy", "accounts"] as const;
type ViewName = (typeof VIEWS)[number];

const PARTS: Readonly<Record<ViewName, readonly PartName[]>> = {
  now: ["open", "active", "statistics", "entries", "incidents"],
  profit: ["statistics", "daily", "history"],
  strategy: ["strategies", "decisions"],
  accounts: ["paper", "balances", "keys", "telegram", "consent"],
};
/** What an event of a kind may have changed. */
const TOUCHED: Readonly<Record<UserEvent["kind"], readonly PartName[]>> = {
  decision: ["decisions"],
  order: ["balances", "paper"],
  fill: ["balances", "paper"],
  position: ["open", "active", "statistics", "daily", "history", "paper", "balances"],
  alert: ["entries", "incidents", "keys"],
  reset: Object.values(PARTS).flat(),
};
const AGAIN_MS_MIN = 2_000;
const AGAIN_MS_MAX = 10_000;
const AWAY_MS = 5_000;
const TOLD_MS = 8_000;
/** A burst of events is one reading. */
const GATHER_MS = 150;

const settings = loadSettings();
const clock = new BrowserClock();
const dialog = new AskDialog();
const toldLine = byId("told", HTMLParagraphElement);

let about: About | undefined;
/** Undefined: not known yet; null: nobody. */
let me: Me | null | undefined;
let note: "signedOut" | "away" | undefined;
let view: ViewName = "now";
let link: LinkState = "connecting";
let heardAtMs = 0;
let news: readonly NewsItem[] = [];
let profitChoice: ProfitChoice = { rangeDays: 30, historyPage: 1 };
let chartSizeKrw = 0;
let paintQueued = false;
let toldTimer: ReturnType<typeof setTimeout> | undefined;
const touched = new Set<PartName>();

const switches = new Switches(settings, show);
const data = new AccountData({
  wanted: () => ({
    daily: daysQuery(profitChoice.rangeDays, clock.nowMs()),
    historyPage: profitChoice.historyPage,
  }),
  onChange: queuePaint,
  onSignedOut: () => signedOut("signedOut"),
});
const feed = new EventFeed({
  url: new URL("api/events", document.baseURI).href,
  onEvent(event) {
    heardAtMs = clock.nowMs();
    news = withNews(news, event);
    touch(TOUCHED[event.kind]);
  },
  onLink(state) {
    link = state;
    if (state === "live") heardAtMs = clock.nowMs();
    queuePaint();
  },
  onSignedOut: () => signedOut("signedOut"),
});
const chartView = new ChartView(() => {
  const { language } = switches;
  return { words: words(), language, sizeKrw: chartSizeKrw, nowMs: clock.nowMs(), marks: readOwnMarks };
});
const nowView = new NowView(context);
const profitView = new ProfitView(context, () => profitChoice, choose);
const strategyView = new StrategyView(context);
const accountsView = new AccountsView(context);
const signInView = new SignInView(
  () => ({
    ...{ words: words(), language: switches.language, signUp: about?.accounts?.signUp === true },
    note: note && words()[note],
  }),
  (account) => signedIn(account),
);

function words() {
  return ACCOUNT_WORDS[switches.language];
}

function context(): ViewContext {
  const mode = about?.accounts?.mode ?? "paper";
  const { language } = switches;
  return { words: words(), language, mode, data, dialog, nowMs: clock.nowMs(), chartOf, tell };
}

/** At the remembered size that is nearer to the position's. */
function chartOf({ coin, domestic, overseas, sizeKrw }: ChartOf): (() => void) | undefined {
  const pairIndex = pairIndexOf(domestic, overseas);
  if (about?.charts !== true || pairIndex === undefined) return undefined;
  return () => {
    chartSizeKrw = Number(sizeKrw);
    chartView.open({ coin, pairIndex });
  };
}

function tell(text: string): void {
  setText(toldLine, text);
  setHidden(toldLine, false);
  clearTimeout(toldTimer);
  toldTimer = setTimeout(() => setHidden(toldLine, true), TOLD_MS);
}

function choose(choice: Partial<ProfitChoice>): void {
  profitChoice = { ...profitChoice, ...choice };
  queuePaint();
  void data.load(choice.rangeDays === undefined ? "history" : "daily");
}

/** Parts of the view that is shown; those of the others are read when they are. Live balances cost requests at the venues. */
function partsOf(name: ViewName): readonly PartName[] {
  const unused = context().mode === "paper" ? "balances" : "paper";
  return PARTS[name].filter((part) => part !== unused);
}

function touch(parts: readonly PartName[]): void {
  queuePaint();
  if (touched.size === 0) setTimeout(readTouched, GATHER_MS);
  for (const part of parts) touched.add(part);
}

function readTouched(): void {
  const parts = partsOf(view).filter((part) => touched.has(part));
  touched.clear();
  if (me) void data.load(...parts);
}

function queuePaint(): void {
  if (paintQueued) return;
  paintQueued = true;
  requestAnimationFrame(paint);
}

function paint(): void {
  paintQueued = false;
  setHidden(byId("sign-in", HTMLElement), me !== null);
  setHidden(byId("signed-in", HTMLElement), !me);
  setHidden(byId("who", HTMLElement), !me);
  setHidden(byId("state", HTMLElement), !me);
  if (me === null) signInView.render();
  if (!me) return;
  setText(byId("who-name", HTMLElement), me.name ?? me.email);
  setAttribute(byId("who-name", HTMLElement), "title", me.email);
  for (const name of VIEWS) setHidden(byId(`view-${name}`, HTMLElement), name !== view);
  for (const anchor of document.querySelectorAll<HTMLAnchorElement>(".views a")) {
    if (anchor.hash === `#${view}`) setAttribute(anchor, "aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  if (view === "now") nowView.render(news);
  else if (view === "profit") profitView.render();
  else if (view === "strategy") strategyView.render();
  else accountsView.render();
  paintLink();
}

function paintLink(): void {
  setAttribute(byId("state", HTMLElement), "data-state", link);
  setAttribute(document.documentElement, "data-fresh", String(link === "live"));
  setText(byId("state-word", HTMLElement), words()[link]);
  const time = heardAtMs === 0 ? "" : timeKst(heardAtMs);
  const isLive = link === "live";
  setText(
    byId("state-at", HTMLElement),
    time && (isLive ? words().eventsHere(time) : words().eventsAway(time)),
  );
}

/** Everything anew, in the language and the colours of now. */
function show(): void {
  switches.render(words());
  applyWords(words());
  const simulated = about?.simulated === true;
  setHidden(byId("simulated", HTMLElement), !simulated);
  document.title = `${simulated ? `[${words().simulatedTag}] ` : ""}SchedulerX · ${words().myTrading}`;
  const mode = about?.accounts?.mode;
  setText(byId("mode", HTMLElement), mode ? words().modes[mode] : "");
  setAttribute(byId("mode", HTMLElement), "data-mode", mode ?? "");
  chartView.render();
  queuePaint();
}

function follow(): void {
  view = VIEWS.find((name) => location.hash === `#${name}`) ?? "now";
  queuePaint();
  if (me) void data.load(...partsOf(view));
}

function signedIn(account: Me): void {
  me = account;
  note = undefined;
  feed.want(true);
  follow();
}

function signedOut(why: typeof note): void {
  me = null;
  note = why;
  news = [];
  data.forget();
  accountsView.forget();
  feed.want(false);
  for (const open of document.querySelectorAll<HTMLDialogElement>("dialog[open]")) open.close();
  queuePaint();
}

async function signOut(): Promise<void> {
  const answer = await ask<undefined>("DELETE", "api/session");
  if ("refusal" in answer && answer.refusal.status !== 401) return tell(words().away);
  signedOut(undefined);
}

/** Asks who is logged in until that is known. */
async function begin(): Promise<void> {
  about = (await fetchAbout(new URL("api/about", document.baseURI).href, clock)) ?? about;
  show();
  const answer = await ask<Me>("GET", "api/me");
  if ("value" in answer) return signedIn(answer.value);
  signedOut(answer.refusal.status === 401 ? undefined : "away");
  if (answer.refusal.status !== 401) setTimeout(() => void begin(), AWAY_MS);
}

/** Rates move without an event: what hangs on them is read anew with about every tick, while somebody looks. */
function readRates(): void {
  const tickMs = about?.tickIntervalMs ?? TICK_INTERVAL_MS_DEFAULT;
  setTimeout(readRates, Math.min(AGAIN_MS_MAX, Math.max(AGAIN_MS_MIN, tickMs)));
  if (!me || document.visibilityState !== "visible") return;
  if (view === "now") void data.load("open");
  else if (view === "strategy") void data.load("decisions");
  else if (accountsView.isWaitingForChat) void data.load("telegram");
}

byId("sign-out", HTMLButtonElement).addEventListener("click", () => void signOut());
addEventListener("hashchange", () => {
  follow();
  byId("main", HTMLElement).focus({ preventScroll: true });
});

show();
follow();
void begin();
readRates();
