// The replay as one SVG: equity above, its fall from the peak below, and the rates with what was done on them. Made by
// hand from the result and the summary's figures; no clock, no chance, no locale, so the same replay is the same bytes.

import { Decimal } from "../../src/domain/decimal.ts";
import type { ReplayPoint, ReplayResult } from "../../src/trading/replay-result.ts";
import { commas, kst, signedWon } from "./format.ts";
import { px, thinned, ticksOf, timeAxis } from "./scale.ts";
import type { Summary } from "./summary.ts";

const WIDTH = 1200;
const HEIGHT = 860;
const LEFT = 104;
const RIGHT = 1166;
const DATES_Y = 822;

interface Panel {
  readonly top: number;
  readonly bottom: number;
  readonly low: number;
  readonly high: number;
}

const STYLE = `
svg{--paper:#fbfaf7;--ink:#23272e;--soft:#6b7280;--grid:#e6e3dc;--gap:#c9c4b8;--line:#0f766e;--fill:#0f766e;--fall:#c2410c;
--entry:#2563eb;--exit:#b45309;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
@media (prefers-color-scheme:dark){svg{--paper:#14171c;--ink:#e7e9ee;--soft:#98a1b0;--grid:#262b34;--gap:#3d4552;
--line:#2dd4bf;--fill:#2dd4bf;--fall:#fb923c;--entry:#7aa7ff;--exit:#fbbf24}}
.paper{fill:var(--paper)}text{fill:var(--ink);font-size:13px}.soft{fill:var(--soft)}.title{font-size:22px;font-weight:650}
.head{font-size:14px;font-weight:600}.big{font-size:22px;font-weight:650}.num{font-variant-numeric:tabular-nums}
.end{text-anchor:end}.mid{text-anchor:middle}.grid{stroke:var(--grid)}.base{stroke:var(--soft);stroke-opacity:.6}
.gap{stroke:var(--gap);stroke-dasharray:2 4}.equity{fill:none;stroke:var(--line);stroke-width:1.8;stroke-linejoin:round}
.area{fill:var(--fill);fill-opacity:.16}.fall{fill:var(--fall);fill-opacity:.35;stroke:var(--fall);stroke-width:1}
.entry-rate,.exit-rate{fill:none;stroke-width:1.1;stroke-linejoin:round}.entry-rate{stroke:var(--entry);stroke-opacity:.75}
.exit-rate{stroke:var(--exit);stroke-opacity:.75}.target{stroke-width:1.4;stroke-dasharray:7 5}
.in{stroke:var(--entry)}.out{stroke:var(--exit)}.in-mark{fill:var(--entry);stroke:var(--paper);stroke-width:1.2}
.out-mark{fill:var(--exit);stroke:var(--paper);stroke-width:1.2}.in-text{fill:var(--entry)}.out-text{fill:var(--exit)}
.held{fill:var(--line);fill-opacity:.07}`.trim();

export function pictureOf(result: ReplayResult, summary: Summary): string {
  const { points } = result;
  const axis = timeAxis(
    points.map(({ atMs }) => atMs),
    summary.recording.stepMs,
    LEFT,
    RIGHT,
  );
  const capital = result.capitalKrw.toFloat();
  const equity = points.map(({ equityKrw }) => equityKrw);
  const falls = fallsOf(equity, capital);
  const equityPanel = panel(148, 430, [...extent(equity), capital], 0.08);
  const fallPanel: Panel = { top: 468, bottom: 540, low: Math.min(...extent(falls), -1), high: 0 };
  const { entryRate, exitRate } = summary.strategy;
  const targets = [entryRate, exitRate].flatMap((rate) => (rate === null ? [] : [Number(rate)]));
  const ratePanel = panel(584, 800, [...extent(ratesOf(points)), ...targets], 0.06);

  const marks = marksOf(result);
  const xAt = xFinder(points, axis.xs);
  const held = marks.spans.map(([from, to]) => {
    const [x1, x2] = [xAt(from), xAt(to ?? points.at(-1)!.atMs)];
    return [equityPanel, ratePanel].map(
      ({ top, bottom }) =>
        `<rect class="held" x="${px(x1)}" y="${px(top)}" width="${px(x2 - x1)}" height="${px(bottom - top)}"/>`,
    );
  });
  const body = [
    ...header(summary),
    ...held.flat(),
    ...axis.gapXs.map((x) => `<path class="gap" d="M${px(x)} ${equityPanel.top}V${ratePanel.bottom}"/>`),
    ...grid(equityPanel, ticksOf(equityPanel.low, equityPanel.high, 7)),
    ...grid(fallPanel, [0, fallPanel.low]),
    ...grid(ratePanel, ticksOf(ratePanel.low, ratePanel.high, 4)),
    `<text class="head" x="${LEFT}" y="${equityPanel.top - 12}">Equity, KRW</text>`,
    `<text class="head" x="${LEFT}" y="${fallPanel.top - 12}">Below the peak so far, KRW</text>`,
    ...rateHead(ratePanel, summary),
    area("area", axis.xs, equity, equityPanel, capital),
    `<path class="base" d="M${LEFT} ${px(y(equityPanel, capital))}H${RIGHT}"/>`,
    line("equity", axis.xs, equity, equityPanel, new Set()),
    area("fall", axis.xs, falls, fallPanel, 0),
    line(
      "entry-rate",
      axis.xs,
      points.map((point) => point.entryRate),
      ratePanel,
      axis.breaks,
    ),
    line(
      "exit-rate",
      axis.xs,
      points.map((point) => point.exitRate),
      ratePanel,
      axis.breaks,
    ),
    ...targetLine("in", entryRate, ratePanel),
    ...targetLine("out", exitRate, ratePanel),
    ...marks.entries.map(({ atMs, value }) => triangle("in-mark", xAt(atMs), y(ratePanel, value), 1)),
    ...marks.exits.map(({ atMs, value }) => triangle("out-mark", xAt(atMs), y(ratePanel, value), -1)),
    ...dates(points, axis.xs),
    `<text class="soft" x="${LEFT}" y="${HEIGHT - 14}">KST. Shaded: in the market.${
      axis.gapXs.length > 0 ? " Dotted: nothing recorded, time squeezed." : ""
    }</text>`,
    `<text class="soft end" x="${RIGHT}" y="${HEIGHT - 14}">${fillWords(summary)}</text>`,
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" ` +
    `aria-label="${escaped(titleOf(summary))}">\n<title>${escaped(titleOf(summary))}</title>\n<style>${STYLE}</style>\n` +
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>\n${body.join("\n")}\n</svg>\n`
  );
}

function titleOf({ recording, strategy }: Summary): string {
  const how =
    strategy.mode === "custom"
      ? `in at ${strategy.entryRate}, out at ${strategy.exitRate}`
      : "in 1 % below the reference price, out 2 % above the entry";
  return `${recording.coin} ${recording.domestic} – ${recording.overseas}: ${how}`;
}

function fillWords({ fills }: Summary): string {
  const { slippagePct, feeDomesticPct, feeOverseasPct, fundingPct } = fills;
  return `slippage ${slippagePct} %, fees ${feeDomesticPct} % and ${feeOverseasPct} %, funding ${fundingPct} % per 8 h`;
}

function header(summary: Summary): string[] {
  const { recording, strategy, result } = summary;
  const won = (text: string) => signedWon(Decimal.of(text));
  const parts = strategy.division === 1 ? "" : ` in ${strategy.division} parts`;
  const figures = [
    ["profit", `${won(result.profitKrw)}`],
    ["return", `${result.returnPct} %`],
    ["trades", String(result.tradeCount)],
    ["drawdown", commas(Decimal.of(result.drawdownKrw), 0)],
    ["in market", `${result.inMarketPct} %`],
  ];
  // Each column as wide as its figure, all of them ending where the panels end.
  const ends: number[] = [];
  let right = RIGHT;
  for (const [name, text] of figures.toReversed()) {
    ends.unshift(right);
    right -= Math.max(text!.length * 12.6, name!.length * 8) + 34;
  }
  return [
    `<text class="title" x="${LEFT}" y="46">${escaped(titleOf(summary))}</text>`,
    `<text class="soft" x="${LEFT}" y="72">${kst(Date.parse(recording.from))} to ${kst(Date.parse(recording.to))}</text>`,
    `<text class="soft" x="${LEFT}" y="92">capital ${commas(Decimal.of(strategy.capitalKrw), 0)} KRW${parts}${
      summary.open ? ", a position still open at the end" : ""
    }</text>`,
    ...figures.flatMap(([name, text], index) => [
      `<text class="soft end" x="${px(ends[index]!)}" y="80">${name}</text>`,
      `<text class="big num end" x="${px(ends[index]!)}" y="106">${text}</text>`,
    ]),
  ];
}

function rateHead({ top }: Panel, { strategy }: Summary): string[] {
  const base = top - 12;
  return [
    `<text class="head" x="${LEFT}" y="${base}">Rate, KRW per USDT</text>`,
    `<text class="in-text" x="${LEFT + 176}" y="${base}">entry${strategy.entryRate === null ? "" : ` (target ${strategy.entryRate})`} ▲</text>`,
    `<text class="out-text" x="${LEFT + 366}" y="${base}">exit${strategy.exitRate === null ? "" : ` (target ${strategy.exitRate})`} ▼</text>`,
  ];
}

function panel(top: number, bottom: number, values: readonly number[], margin: number): Panel {
  const [low, high] = extent(values);
  const room = (high - low || Math.abs(high) * 0.01 || 1) * margin;
  return { top, bottom, low: low - room, high: high + room };
}

function y({ top, bottom, low, high }: Panel, value: number): number {
  return bottom - ((value - low) / (high - low)) * (bottom - top);
}

/** Lowest and highest, NaN passed over; spread syntax would not survive a year of minutes. */
function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

function ratesOf(points: readonly ReplayPoint[]): number[] {
  return points.flatMap(({ entryRate, exitRate }) => [entryRate, exitRate]);
}

function fallsOf(equity: readonly number[], capital: number): number[] {
  let peak = capital;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return value - peak;
  });
}

function grid(where: Panel, ticks: readonly number[]): string[] {
  return ticks.flatMap((tick) => {
    const height = px(y(where, tick));
    // The fall's lowest value is no round one: whole won. Close rates have ticks below a won.
    const isFine = !Number.isInteger(tick) && where.high - where.low < 10;
    const text = commas(Decimal.ofFloat(Number(tick.toFixed(6))), isFine ? 1 : 0);
    return [
      `<path class="grid" d="M${LEFT} ${height}H${RIGHT}"/>`,
      `<text class="soft num end" x="${LEFT - 10}" y="${px(Number(height) + 4.5)}">${text}</text>`,
    ];
  });
}

/** One path; it stops and starts anew where nothing was recorded. */
function line(
  name: string,
  xs: readonly number[],
  values: readonly number[],
  where: Panel,
  breaks: ReadonlySet<number>,
): string {
  const parts: string[] = [];
  for (let start = 0; start < values.length; ) {
    let end = start;
    while (end < values.length && !Number.isNaN(values[end]!) && (end === start || !breaks.has(end))) end++;
    if (end > start) parts.push(pathOf(xs, values, where, start, end));
    start = Math.max(end, start + 1);
  }
  return `<path class="${name}" d="${parts.join("")}"/>`;
}

function pathOf(
  xs: readonly number[],
  values: readonly number[],
  where: Panel,
  from: number,
  to: number,
): string {
  const places = thinned(xs, values, from, to).map(
    (index) => `${px(xs[index]!)} ${px(y(where, values[index]!))}`,
  );
  return `M${places.join("L")}`;
}

function area(
  name: string,
  xs: readonly number[],
  values: readonly number[],
  where: Panel,
  base: number,
): string {
  const bottom = px(y(where, base));
  const path = pathOf(xs, values, where, 0, values.length).replace("M", "L");
  return `<path class="${name}" d="M${px(xs[0]!)} ${bottom}${path}L${px(xs.at(-1)!)} ${bottom}Z"/>`;
}

function targetLine(name: string, rate: string | null, where: Panel): string[] {
  return rate === null
    ? []
    : [`<path class="target ${name}" d="M${LEFT} ${px(y(where, Number(rate)))}H${RIGHT}"/>`];
}

/** Its tip touches the place: 1 points up from below, -1 down from above. */
function triangle(name: string, x: number, tip: number, direction: 1 | -1): string {
  const base = px(tip + direction * 12);
  return `<path class="${name}" d="M${px(x)} ${px(tip)}L${px(x + 6.5)} ${base}L${px(x - 6.5)} ${base}Z"/>`;
}

function marksOf({ trades, open }: ReplayResult) {
  const all = [...trades, ...(open ? [open] : [])];
  return {
    entries: all.flatMap(({ entries }) => entries.map(({ atMs, rate }) => ({ atMs, value: rate.toFloat() }))),
    exits: trades.map(({ closedAtMs, exitRate }) => ({ atMs: closedAtMs, value: exitRate.toFloat() })),
    spans: all.map((item) => [item.openedAtMs, "closedAtMs" in item ? item.closedAtMs : undefined] as const),
  };
}

function xFinder(points: readonly ReplayPoint[], xs: readonly number[]): (atMs: number) => number {
  const byTime = new Map(points.map(({ atMs }, index) => [atMs, xs[index]!]));
  return (atMs) => byTime.get(atMs)!;
}

const DATE_COUNT = 9;
const SHORT_MS = 3 * 86_400_000;

function dates(points: readonly ReplayPoint[], xs: readonly number[]): string[] {
  const isShort = points.at(-1)!.atMs - points[0]!.atMs < SHORT_MS;
  const lines: string[] = [];
  let from = 0;
  for (let tick = 0; tick < DATE_COUNT; tick++) {
    const wanted = LEFT + ((tick + 0.5) / DATE_COUNT) * (RIGHT - LEFT);
    while (from < xs.length - 1 && xs[from]! < wanted) from++;
    const text = kst(points[from]!.atMs);
    const x = px(xs[from]!);
    lines.push(`<path class="base" d="M${x} 800V806"/>`);
    lines.push(
      `<text class="soft num mid" x="${x}" y="${DATES_Y}">${isShort ? text.slice(5) : text.slice(0, 10)}</text>`,
    );
  }
  return [...new Set(lines)];
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
