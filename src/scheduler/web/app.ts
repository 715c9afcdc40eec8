// The operator's page: asks for the token, then reads the scheduler every two seconds and shows it. Everything it may do
// goes through the question of ask-dialog.ts. A hidden tab asks nothing.

import { byId, setAttribute, setHidden, setText } from "../../web/dom.ts";
import { type Language, secondsText, timeKst } from "../../web/format.ts";
import { applyWords } from "../../web/look.ts";
import { findingsOf } from "../doctor.ts";
import { DOCTOR_WORDS } from "../doctor-words.ts";
import type { Overview } from "../overview.ts";
import { ActionBar } from "./action-bar.ts";
import type { ActionCall } from "./actions.ts";
import { AskDialog } from "./ask-dialog.ts";
import { ControlClient, Refusal } from "./client.ts";
import { FindingsView } from "./findings-view.ts";
import { FleetPanels } from "./fleet-panels.ts";
import { GlanceView } from "./glance-view.ts";
import { localized } from "./localized.ts";
import { Settings } from "./settings.ts";
import { TickPanel } from "./tick-panel.ts";
import { TradingPanel } from "./trading-panel.ts";
import { WORDS } from "./words.ts";

const READ_EVERY_MS = 2_000;

const settings = new Settings();
const client = new ControlClient();
const login = byId("login", HTMLFormElement);
const board = byId("board", HTMLDivElement);
const tokenInput = byId("token", HTMLInputElement);
const loginRefused = byId("login-refused", HTMLParagraphElement);
const silent = byId("silent", HTMLParagraphElement);
const leave = byId("leave", HTMLButtonElement);
const theme = byId("theme", HTMLButtonElement);
const languages = [...document.querySelectorAll<HTMLButtonElement>("[data-language]")];

const ask = (call: ActionCall) => dialog.open(call);
const glance = new GlanceView();
const findings = new FindingsView();
const bar = new ActionBar(ask);
const trading = new TradingPanel(ask);
const fleet = new FleetPanels();
const ticks = new TickPanel();
const dialog = new AskDialog(client, {
  language: () => settings.language,
  words,
  onAnswer(told) {
    bar.tell(told);
    readSoon();
  },
});

let overview: Overview | undefined;
/** By this browser's clock, when it came. */
let readAtMs = 0;
let isSilent = false;
let why: "token" | "silence" | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Counts the reads begun: the answer to an older one is passed over. */
let reads = 0;

function words() {
  return WORDS[settings.language];
}

function readSoon(): void {
  clearTimeout(timer);
  void read();
}

async function read(): Promise<void> {
  if (!client.hasToken) return;
  const turn = ++reads;
  try {
    const answer = await client.overview();
    if (turn !== reads) return;
    // A page of the version before shows what is no more there: its token stays with the tab.
    if (overview && overview.version !== answer.version) return location.reload();
    overview = answer;
    readAtMs = Date.now();
    isSilent = false;
    why = undefined;
  } catch (error) {
    if (turn !== reads) return;
    if (error instanceof Refusal && error.status === 401) return lock("token");
    isSilent = true;
    why = "silence";
  }
  render();
  if (document.visibilityState === "visible") timer = setTimeout(read, READ_EVERY_MS);
}

function lock(reason: typeof why): void {
  reads++;
  clearTimeout(timer);
  client.setToken("");
  overview = undefined;
  isSilent = false;
  why = reason;
  tokenInput.value = "";
  render();
  tokenInput.focus();
}

function render(): void {
  const isIn = overview !== undefined;
  setHidden(login, isIn);
  setHidden(board, !isIn);
  setHidden(leave, !isIn);
  setHidden(loginRefused, why === undefined || isIn);
  setText(loginRefused, why === "token" ? words().tokenRefused : why === "silence" ? words().notReached : "");
  if (overview) renderBoard(overview);
  else renderState("locked", client.hasToken && !isSilent ? words().connecting : words().locked, "");
}

function renderBoard(read: Overview): void {
  const context = { words: words(), language: settings.language };
  const shown = localized(read, settings.language);
  const found = findingsOf(shown, shown.atMs, DOCTOR_WORDS[settings.language]);
  glance.render(shown, context);
  findings.render(found);
  bar.render(shown, context);
  trading.render(shown, context);
  fleet.render(shown, context);
  ticks.render(shown, context);
  const isWrong = found.some(({ level }) => level === "wrong");
  const [state, word] = isSilent
    ? (["silent", words().isSilent] as const)
    : isWrong
      ? (["wrong", words().isWrong] as const)
      : found.length > 0
        ? (["look", words().toLookAt] as const)
        : (["well", words().isWell] as const);
  renderState(state, word, words().asOf(timeKst(shown.atMs)));
  setHidden(silent, !isSilent);
  setText(silent, words().silentSince(secondsText(Date.now() - readAtMs, settings.language)));
  document.documentElement.toggleAttribute("data-silent", isSilent);
  setText(byId("version", HTMLParagraphElement), words().versionText(shown.version));
  document.title = `${found.length > 0 ? `(${found.length}) ` : ""}${words().title}`;
}

function renderState(state: string, word: string, time: string): void {
  setAttribute(byId("state", HTMLDivElement), "data-state", state);
  setText(byId("state-word", HTMLSpanElement), word);
  setText(byId("state-time", HTMLSpanElement), time);
}

function showLook(): void {
  const { language, theme: chosen } = settings;
  document.documentElement.lang = language;
  document.documentElement.dataset.theme = chosen;
  document.title = words().title;
  applyWords(words());
  for (const button of languages) {
    setAttribute(button, "aria-pressed", String(button.dataset.language === language));
  }
  const themeWords = chosen === "dark" ? words().toLight : words().toDark;
  setAttribute(theme, "aria-label", themeWords);
  setAttribute(theme, "title", themeWords);
  render();
}

login.addEventListener("submit", (event) => {
  event.preventDefault();
  client.setToken(tokenInput.value.trim());
  why = undefined;
  isSilent = false;
  render();
  readSoon();
});
leave.addEventListener("click", () => lock(undefined));
theme.addEventListener("click", () => {
  settings.theme = settings.theme === "dark" ? "light" : "dark";
  showLook();
});
for (const button of languages) {
  button.addEventListener("click", () => {
    settings.language = button.dataset.language as Language;
    showLook();
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showLook);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.visibilityState === "visible") readSoon();
});

showLook();
if (client.hasToken) readSoon();
else tokenInput.focus();
