// The summary as a page of plain text, columns aligned.

import { Decimal } from "../../src/domain/decimal.ts";
import { commas, kst, lengthWords, signedWon } from "./format.ts";
import type { Summary } from "./summary.ts";

const HOLD_WORDS: Readonly<Record<string, string>> = {
  "not-recorded": "the line is missing, in a gap",
  "no-rate": "the line has no rate",
  "no-reference": "the line has no reference price",
  "rate-above-target": "the entry rate was above the target",
  "spread-too-wide": "entry and exit rate were more than 0.5 % apart",
  "division-used-up": "every part of the capital was in use",
  "average-not-allowed": "adding to a position is not allowed",
  "average-too-near": "the rate was too near the last entry's",
  "average-too-soon": "the last entry was too recent",
  "cooling-down": "resting after a close",
  "gain-below-costs": "the exit target does not pay for fees",
  "below-one-lot": "the slice buys less than one lot",
  "rate-below-target": "the exit rate was below the target",
  "no-profit": "closing would have earned nothing",
};

export function tableOf(summary: Summary): string {
  const { recording, strategy, result, trades, open } = summary;
  const targets =
    strategy.mode === "custom"
      ? `enter at ${strategy.entryRate} or below, leave at ${strategy.exitRate} or above`
      : "enter 1 % below the reference price, leave 2 % above the average entry";
  const gaps = `${recording.gapCount} gaps with ${grouped(recording.gapSampleCount)} lines missing`;
  const blocks = [
    [
      `${recording.coin}, bought on ${recording.domestic}, sold short on ${recording.overseas}: ${targets}`,
      `${at(recording.from)} to ${at(recording.to)} KST: ${grouped(recording.sampleCount)} lines, one every ` +
        `${lengthWords(recording.stepMs)}; ${recording.gapCount === 0 ? "no gaps" : gaps}`,
    ],
    ["How fills are modelled", ...summary.model.map((line) => `  ${line}`)],
    ["Trades", ...(trades.length === 0 ? ["  none"] : rows(tradeCells(summary)))],
  ];
  if (open) {
    blocks.push([
      "Still open at the end (marked at the last exit, closing costs included; not counted as a trade)",
      `  since ${at(open.openedAt)} KST (${lengthWords(open.heldMs)}), ${entries(open.entries.length)} at ` +
        `${open.entryRate}, ${open.qtyCoin} coins: ${won(open.markedKrw)} KRW, of it fees paid ` +
        `${won(open.feesKrw, false)} and funding ${won(open.fundingKrw)}`,
    ]);
  }
  blocks.push(["Result", ...rows(resultCells(summary), "left")]);
  blocks.push(holdLines("Why nothing was entered, lines", summary.entryHolds));
  if (Object.keys(summary.exitHolds).length > 0) {
    blocks.push(holdLines("Why a position was kept, lines", summary.exitHolds));
  }
  if (result.tradeCount === 0 && !open) blocks.push(["Nothing was ever entered: the reasons above say why."]);
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function tradeCells({ trades }: Summary): string[][] {
  return [
    [
      "#",
      "opened (KST)",
      "closed (KST)",
      "held",
      "entries",
      "entry",
      "exit",
      "why",
      "profit KRW",
      "%",
      "fees",
      "funding",
    ],
    ...trades.map((trade, index) => [
      String(index + 1),
      at(trade.openedAt),
      at(trade.closedAt),
      lengthWords(trade.heldMs),
      String(trade.entries.length),
      trade.entryRate,
      trade.exitRate,
      trade.cause,
      won(trade.profitKrw),
      trade.profitRatePct,
      won(trade.feesKrw, false),
      won(trade.fundingKrw),
    ]),
  ];
}

function resultCells({ result, strategy, open }: Summary): string[][] {
  const { winPct, bestKrw, worstKrw, heldMsMean } = result;
  const cells = [
    [
      "profit",
      `${won(result.profitKrw)} KRW`,
      `${result.returnPct} % of ${won(strategy.capitalKrw, false)} KRW`,
    ],
    ["  from closed trades", `${won(result.realisedKrw)} KRW`, ""],
    ...(open ? [["  still open, marked", `${won(result.openKrw)} KRW`, ""]] : []),
    ["fees", `${won(result.feesKrw, false)} KRW`, "paid; already taken off the profit"],
    ["funding", `${won(result.fundingKrw)} KRW`, "already in the profit"],
    [
      "drawdown",
      `${won(result.drawdownKrw, false)} KRW`,
      `${result.drawdownPct} % of the capital, largest fall from a peak`,
    ],
    ["time in market", lengthWords(result.inMarketMs), `${result.inMarketPct} %`],
    ["trades", String(result.tradeCount), winPct === null ? "" : `${result.wonCount} won, ${winPct} %`],
  ];
  if (bestKrw !== null && worstKrw !== null && heldMsMean !== null) {
    cells.push(["  best and worst", `${won(bestKrw)} KRW`, `${won(worstKrw)} KRW`]);
    cells.push(["  held on average", lengthWords(heldMsMean), ""]);
  }
  cells.push(["doing nothing", "0 KRW", ""]);
  if (result.holdingKrw !== null) {
    cells.push(["entering at once and holding", `${won(result.holdingKrw)} KRW`, "marked at the end"]);
  }
  return cells;
}

function holdLines(title: string, holds: Readonly<Record<string, number>>): string[] {
  const sorted = Object.entries(holds).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return [title, "  none"];
  return [
    title,
    ...rows(sorted.map(([why, times]) => [grouped(times), `${HOLD_WORDS[why] ?? why} (${why})`])),
  ];
}

/** Columns as wide as their widest cell; what looks like a figure stands to the right, the rest to the left. */
function rows(cells: string[][], align: "figures" | "left" = "figures"): string[] {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const isFigure = cells[0]!.map((_, column) =>
    align === "left"
      ? column === 1
      : cells.every(
          (row, index) =>
            (cells.length > 1 && index === 0 && row.length > 2) || /^[+-]?[\d,.]+$/.test(row[column]!),
        ),
  );
  return cells.map((row) =>
    `  ${row.map((cell, column) => (isFigure[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join("  ")}`.trimEnd(),
  );
}

function at(iso: string): string {
  return kst(Date.parse(iso));
}

function won(text: string, signed = true): string {
  return signed ? signedWon(Decimal.of(text)) : commas(Decimal.of(text), 0);
}

function grouped(value: number): string {
  return commas(Decimal.of(value), 0);
}

function entries(count: number): string {
  return count === 1 ? "one entry" : `${count} entries`;
}
