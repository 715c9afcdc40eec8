// Compares the simulated market with the recording its figures were fitted to, and prints both.

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runsOf } from "../testing/runs.ts";
import { RECORDED_BTC } from "./calibration.ts";
import { createMarket } from "./market.ts";

const DAY_MS = 86_400_000;
const SLOT_MS = 300_000;
const TOLERANCE = 0.2;
const SEEDS = process.env.FULL ? [1, 2, 3, 4, 5, 6, 7, 8] : [1];
/** In the ordinary run a window too short for the rate to wander as far as it did in the recording. */
const WINDOW_DAYS = runsOf(10, RECORDED_BTC.windowDays);
const RATE_FIGURES = process.env.FULL
  ? (["range", "mean", "sd", "changeSd"] as const)
  : (["mean", "changeSd"] as const);
const END_AT_MS = Date.UTC(2026, 10, 22) - 1;

interface Series {
  readonly close: readonly number[];
  readonly volume: readonly number[];
  /** Index of the first candle after a gap. */
  readonly startsAnew?: ReadonlySet<number>;
}

interface VenueFigures {
  readonly returnSd: number;
  readonly returnAbsQ99: number;
  readonly returnAbsQ999: number;
  readonly volumeMeanCoin: number;
  readonly volumeSdCoin: number;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sdOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

function returnsOf({ close, startsAnew }: Series): number[] {
  return close.flatMap((value, index) =>
    index === 0 || startsAnew?.has(index) ? [] : [Math.log(value / close[index - 1]!)],
  );
}

function venueFigures(series: Series): VenueFigures {
  const returns = returnsOf(series);
  const sizes = returns.map(Math.abs).sort((a, b) => a - b);
  return {
    returnSd: sdOf(returns),
    returnAbsQ99: sizes[Math.floor(sizes.length * 0.99)]!,
    returnAbsQ999: sizes[Math.floor(sizes.length * 0.999)]!,
    volumeMeanCoin: meanOf(series.volume),
    volumeSdCoin: sdOf(series.volume),
  };
}

function rateFigures(upbit: Series, binance: Series) {
  const close = upbit.close.map((krw, index) => krw / binance.close[index]!);
  const changeSd = sdOf(returnsOf({ ...upbit, close }));
  const [min, max] = [Math.min(...close), Math.max(...close)];
  return { min, max, range: max - min, mean: meanOf(close), sd: sdOf(close), changeSd };
}

function print(title: string, recorded: number, simulated: number): number {
  const ratio = simulated / recorded;
  const figure = (value: number) => value.toPrecision(4).padStart(10);
  console.log(
    `${title.padEnd(34)} recorded ${figure(recorded)} simulated ${figure(simulated)} ratio ${ratio.toFixed(3)}`,
  );
  return ratio;
}

test.each(SEEDS)(
  "seed %d: volatility, tails, volume and rate of BTC are within 20 % of the recording",
  (seed) => {
    const market = createMarket({ seed, startAtMs: END_AT_MS });
    const count = (WINDOW_DAYS * DAY_MS) / SLOT_MS;
    const seriesOf = (venue: "upbit" | "binance", symbol: string): Series => {
      const candles = market.candles(venue, symbol, SLOT_MS, END_AT_MS, count);
      return {
        close: candles.map((candle) => candle.close),
        volume: candles.map((candle) => candle.volumeCoin),
      };
    };
    const upbit = seriesOf("upbit", "KRW-BTC");
    const binance = seriesOf("binance", "BTCUSDT");
    const ratios: number[] = [];
    for (const [name, series] of Object.entries({ upbit, binance }) as ["upbit" | "binance", Series][]) {
      const figures = venueFigures(series);
      for (const key of Object.keys(figures) as (keyof VenueFigures)[]) {
        ratios.push(print(`seed ${seed} ${name} ${key}`, RECORDED_BTC[name][key], figures[key]));
      }
    }
    const rate = rateFigures(upbit, binance);
    const recorded = { ...RECORDED_BTC.rate, range: RECORDED_BTC.rate.max - RECORDED_BTC.rate.min };
    for (const key of RATE_FIGURES) {
      ratios.push(print(`seed ${seed} rate ${key}`, recorded[key], rate[key]));
    }
    expect(Math.min(...ratios)).toBeGreaterThan(1 - TOLERANCE);
    expect(Math.max(...ratios)).toBeLessThan(1 + TOLERANCE);
    expect(Math.abs(rate.mean / recorded.mean - 1)).toBeLessThan(0.01);
  },
  30_000,
);

const RECORDING = join(import.meta.dir, "../../../shared/data/btc-upbit-binance-5m.csv");

if (existsSync(RECORDING)) {
  test("the recorded figures are those of the recording", () => {
    const [header, ...lines] = readFileSync(RECORDING, "utf8").trim().split("\n");
    const names = header!.split(",");
    const rows = lines.map((line) => line.split(","));
    const column = (name: string) => rows.map((row) => Number(row[names.indexOf(name)]));
    const atMs = rows.map((row) => Date.parse(row[0]!));
    const startsAnew = new Set(
      atMs.flatMap((at, index) => (at - atMs[index - 1]! === SLOT_MS ? [] : [index])),
    );
    const upbit = { close: column("upbit_close_krw"), volume: column("upbit_volume_btc"), startsAnew };
    const binance = { close: column("binance_close_usdt"), volume: column("binance_volume_btc"), startsAnew };
    const expectClose = (measured: number, constant: number) =>
      expect(Math.abs(measured / constant - 1)).toBeLessThan(0.001);
    for (const [name, series] of Object.entries({ upbit, binance }) as ["upbit" | "binance", Series][]) {
      const figures = venueFigures(series);
      for (const key of Object.keys(figures) as (keyof VenueFigures)[]) {
        expectClose(figures[key], RECORDED_BTC[name][key]);
      }
    }
    const rate = rateFigures(upbit, binance);
    for (const key of ["min", "max", "mean", "sd", "changeSd"] as const)
      expectClose(rate[key], RECORDED_BTC.rate[key]);
    expect(Math.floor((atMs.at(-1)! - atMs[0]!) / DAY_MS)).toBe(RECORDED_BTC.windowDays);
  });
} else {
  console.log("calibration: ../shared/data is not there, the recorded figures are not recomputed");
}
