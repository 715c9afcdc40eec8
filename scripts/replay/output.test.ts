import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Decimal } from "../../src/domain/decimal.ts";
import { replay } from "../../src/trading/replay.ts";
import { readArguments } from "./arguments.ts";
import { commas, kst, lengthWords, signedWon } from "./format.ts";
import { pictureOf } from "./picture.ts";
import { createProgress } from "./progress.ts";
import { RecordingFault, readCandles, readHistory, samplesOf } from "./recording.ts";
import { thinned, ticksOf, timeAxis } from "./scale.ts";
import { setUp } from "./setup.ts";
import { summaryOf } from "./summary.ts";
import { tableOf } from "./table.ts";

/** A day of five-minute candles whose rate swings between 1355 and 1395, with an hour missing and one empty line. */
function candles(): string {
  const lines = ["time_utc,upbit_close_krw,upbit_volume_btc,binance_close_usdt"];
  for (let index = 0; index < 288; index++) {
    if (index >= 100 && index < 112) continue;
    const time = new Date(Date.UTC(2025, 5, 1) + index * 300_000).toISOString();
    const rate = 1375 + ((index % 60) - 30) * (index % 120 < 60 ? -0.66 : 0.66);
    lines.push(index === 200 ? `${time},,1,100000` : `${time},${Math.round(rate * 100_000)},1,100000`);
  }
  return lines.join("\n");
}

function outputOf(text: string, line: string, read = readCandles) {
  const args = readArguments(`--candles x ${line}`.split(" "));
  if (args.kind !== "run") throw new Error(`expected arguments that fit, was ${JSON.stringify(args)}`);
  const setup = setUp(args.run, read(text));
  const result = replay(samplesOf(setup.recording, args.run.referenceKrw), setup.options);
  const summary = summaryOf(result, setup);
  return { summary, json: JSON.stringify(summary), table: tableOf(summary), svg: pictureOf(result, summary) };
}

describe("the output of a replay", () => {
  test("is the same bytes twice: JSON, table and picture", () => {
    const line = "--entry 1365 --exit 1385";
    expect(outputOf(candles(), line)).toEqual(outputOf(candles(), line));
    expect(outputOf(candles(), line).summary.result.tradeCount).toBeGreaterThan(1);
  });

  test("has columns that are aligned, the model in words and the reasons counted", () => {
    const { table, summary } = outputOf(candles(), "--entry 1365 --exit 1385");
    const lines = table.split("\n");
    const head = lines.find((line) => line.includes("profit KRW"))!;
    const first = lines[lines.indexOf(head) + 1]!;
    expect(first).toHaveLength(head.length);
    expect(table).toContain("at a price 0.05 % worse");
    expect(table).toContain("its own rate before slippage stands in");
    expect(table).toContain("the line is missing, in a gap (not-recorded)");
    expect(summary.entryHolds["not-recorded"]).toBe(12);
    expect(summary.entryHolds["no-rate"]).toBe(1);
    expect(Object.keys(summary.entryHolds)).toEqual(Object.keys(summary.entryHolds).sort());
    for (const [why, text] of [
      ["--entry 1300 --exit 1301", "Nothing was ever entered"],
      ["--entry 1365 --exit 1395", "Still open at the end"],
    ] as const) {
      expect(outputOf(candles(), why).table).toContain(text);
    }
  });

  test("draws a well-formed picture without a coordinate that is no number", () => {
    for (const line of ["--entry 1365 --exit 1385", "--entry 1300 --exit 1301", "--auto --reference 1380"]) {
      const { svg } = outputOf(candles(), line);
      expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
      const opened = svg.match(/<[a-z]+[ >]/g)!.length;
      expect(opened).toBe(svg.match(/<\/[a-z]+>|\/>/g)!.length);
      expect(svg).toContain("prefers-color-scheme:dark");
    }
    const { svg, summary } = outputOf(candles(), "--entry 1365 --exit 1385");
    expect(svg.match(/class="out-mark"/g)).toHaveLength(summary.result.tradeCount);
    expect(svg.match(/class="gap"/g)).toHaveLength(1);
    // One line alone, and one without any rate.
    const single = candles().split("\n").slice(0, 2).join("\n");
    expect(outputOf(single, "--entry 1300 --exit 1301").svg).not.toContain("NaN");
    const blank = single.replace(/\d+,1,100000$/, ",1,");
    expect(outputOf(blank, "--entry 1300 --exit 1301").svg).not.toContain("NaN");
  });

  test("of rates from our own history names the size of a coin it assumes", () => {
    const history =
      "time_utc,entry_jeon,exit_jeon\n2025-06-01T00:00Z,136500,136400\n2025-06-01T00:01Z,138700,138600\n";
    const { summary, table } = outputOf(
      history,
      "--entry 1366 --exit 1385 --slippage 0 --coin XRP",
      readHistory,
    );
    expect(table).toContain("the coin is taken to cost 1,000,000 KRW");
    expect(summary.recording).toMatchObject({ kind: "history", coin: "XRP", stepMs: 60_000 });
    expect(summary.trades[0]).toMatchObject({ entryRate: "1365.00", exitRate: "1386.00" });
  });

  test("is refused where recording and options do not go together", () => {
    expect(() => outputOf(candles(), "--auto")).toThrow("expected --reference KRW with --auto");
    expect(() => outputOf(candles(), "--entry 1 --exit 2 --pair upbit-bybit")).toThrow(RecordingFault);
    expect(() => outputOf(candles(), "--entry 1 --exit 2 --from 2026-01-01")).toThrow(
      "between --from and --to",
    );
  });
});

test("figures are written with commas, signs and Korean time", () => {
  expect(commas(Decimal.of("-1234567.895"), 2)).toBe("-1,234,567.90");
  expect(commas(Decimal.of("-0.4"), 0)).toBe("0");
  expect(["0.4", "999.5", "-1000"].map((text) => signedWon(Decimal.of(text)))).toEqual([
    "0",
    "+1,000",
    "-1,000",
  ]);
  expect(kst(Date.UTC(2025, 11, 31, 15))).toBe("2026-01-01 00:00");
  expect([60_000, 3_660_000, 90_000_000].map(lengthWords)).toEqual(["1 min", "1 h 1 min", "1 d 1 h"]);
});

test("progress is a bar on a terminal, and elsewhere a line each tenth once the work is long", () => {
  let nowMs = 0;
  const told = (isTTY: boolean) => {
    const written: string[] = [];
    const progress = createProgress({ isTTY, write: (text) => written.push(text) }, 1_000, () => nowMs);
    return { written, progress };
  };
  const bar = told(true);
  for (const done of [500, 501, 1_000]) bar.progress.at(done);
  bar.progress.end();
  expect(bar.written.map((text) => text.trim())).toEqual([
    `${"█".repeat(16)}${"░".repeat(16)}  50 %  500 of 1000 lines`,
    `${"█".repeat(32)} 100 %  1000 of 1000 lines`,
    "\x1b[K",
  ]);
  const lines = told(false);
  lines.progress.at(500);
  nowMs = 3_000;
  for (const done of [550, 650, 660]) lines.progress.at(done);
  lines.progress.end();
  expect(lines.written).toEqual(["50 % of 1000 lines\n", "60 % of 1000 lines\n"]);
});

test("an axis has round ticks, squeezes gaps, and thinning keeps the extremes", () => {
  expect(ticksOf(9_871_234, 10_402_345, 6)).toEqual([
    9_900_000, 10_000_000, 10_100_000, 10_200_000, 10_300_000, 10_400_000,
  ]);
  const axis = timeAxis([0, 1, 2, 1_002, 1_003], 1, 0, 110);
  expect(axis.xs).toEqual([0, 10, 20, 100, 110]);
  expect(axis.gapXs).toEqual([60]);
  expect(thinned([0, 0.1, 0.2, 0.3, 0.4, 1], [1, 5, 2, 0, 3, 9], 0, 6)).toEqual([0, 1, 3, 4, 5]);
});

const RECORDING = join(import.meta.dir, "../../../shared/data/btc-upbit-binance-5m.csv");

if (existsSync(RECORDING)) {
  test("three recorded months between 1365 and 1385 end with the figures of docs/replay.md", () => {
    const { summary, table } = outputOf(readFileSync(RECORDING, "utf8"), "--entry 1365 --exit 1385");
    console.log(table);
    expect(summary.recording).toMatchObject({ sampleCount: 5_200, gapCount: 26, coin: "BTC" });
    expect(summary.result).toMatchObject({ tradeCount: 2, profitKrw: "353578.37", feesKrw: "40616.98" });
    const profits = summary.trades.map(({ profitKrw }) => Decimal.of(profitKrw));
    expect(
      Decimal.sum(profits).minus(Decimal.of(summary.result.profitKrw)).abs().atMost(Decimal.of("0.01")),
    ).toBe(true);
    const held = Object.values(summary.entryHolds).reduce((sum, times) => sum + times, 0);
    expect(held + 2).toBe(summary.recording.sampleCount + summary.recording.gapSampleCount);
  });
} else {
  console.log("replay: ../shared/data is not there, the recorded months are not replayed");
}
