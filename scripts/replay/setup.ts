// From arguments and a recording to what a replay runs with, and the fill model in words. What is printed as the model
// is derived from the same values the fills use.

import { PAIRS, type Venue } from "../../schema/vocabulary.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import { DECISION_SETTINGS_DEFAULT } from "../../src/domain/strategy.ts";
import type { ReplayOptions } from "../../src/trading/replay-result.ts";
import type { Arguments } from "./arguments.ts";
import { commas, percentOf } from "./format.ts";
import { HISTORY_COIN_KRW, type Recording, RecordingFault } from "./recording.ts";

export interface Setup {
  readonly recording: Recording;
  readonly options: ReplayOptions;
  readonly domestic: Venue;
  readonly overseas: Venue;
  /** One sentence a line. */
  readonly model: readonly string[];
}

/** Taker fees as venues publish them, ratios; an account may have others. */
const FEES: Readonly<Record<Venue, Decimal>> = {
  upbit: Decimal.of("0.0005"),
  bithumb: Decimal.of("0.0025"),
  bybit: Decimal.of("0.00055"),
  binance: Decimal.of("0.0005"),
};
const LOT_CANDLES = Decimal.of("0.001");
const LOT_HISTORY = Decimal.of("0.00000001");

/** Throws RecordingFault when recording and arguments do not go together. */
export function setUp(args: Arguments, whole: Recording): Setup {
  const faults: string[] = [];
  const key = whole.pair ?? args.pair ?? "upbit-binance";
  if (args.pair && whole.pair && args.pair !== whole.pair) {
    faults.push(`--pair: expected ${whole.pair}, which is recorded, was ${args.pair}`);
  }
  if (!args.rates && !whole.hasReference && !args.referenceKrw) {
    const column = whole.kind === "candles" ? "usdt_krw" : "reference_jeon";
    faults.push(`expected --reference KRW with --auto, because the recording has no column ${column}`);
  }
  const { fromAtMs = Number.NEGATIVE_INFINITY, toAtMs = Number.POSITIVE_INFINITY } = args;
  const rows = whole.rows.filter(({ atMs }) => atMs >= fromAtMs && atMs < toAtMs);
  if (rows.length === 0) faults.push("expected something recorded between --from and --to, was none");
  if (faults.length > 0) throw new RecordingFault(faults);

  const recording = { ...whole, rows };
  const { domestic, overseas } = PAIRS.find((pair) => pair.key === key)!;
  const coin = args.coin ?? recording.coin ?? "coin";
  const options: ReplayOptions = {
    strategy: {
      strategyId: 0,
      userId: 0,
      seedAmountKrw: args.sliceKrw.times(Decimal.of(args.division)),
      seedDivision: args.division,
      leverage: 1,
      tradeMode: args.rates ? "custom" : "auto",
      entryRateTarget: args.rates?.entry ?? Decimal.ZERO,
      exitRateTarget: args.rates?.exit ?? Decimal.ZERO,
      coinMode: "auto",
      selectedCoins: new Set(),
      allowAverageDown: args.averageDown,
      allowAverageUp: args.averageUp,
    },
    settings: DECISION_SETTINGS_DEFAULT,
    model: {
      fees: { domestic: args.feeDomestic ?? FEES[domestic], overseas: args.feeOverseas ?? FEES[overseas] },
      slippage: args.slippage,
      fundingRatio: args.fundingRatio,
      lotCoin: args.lotCoin ?? (recording.kind === "candles" ? LOT_CANDLES : LOT_HISTORY),
    },
    coin,
    stopRate: args.stopRate,
    holdingMsMax: args.holdingMsMax,
    stepMs: recording.stepMs,
  };
  const setup = { recording, options, domestic, overseas };
  return { ...setup, model: modelWords(setup, args) };
}

function modelWords(setup: Omit<Setup, "model">, args: Arguments): string[] {
  const { recording, options, domestic, overseas } = setup;
  const { fees, slippage, fundingRatio, lotCoin } = options.model;
  const isCandles = recording.kind === "candles";
  const column = isCandles ? "usdt_krw" : "reference_jeon";
  return [
    isCandles
      ? `A price is the candle's close at each venue, taken at the time its line bears.`
      : `A rate is the one kept for the minute${sizeWords(args)}. History keeps no prices: the coin is taken to cost ` +
        `${commas(HISTORY_COIN_KRW, 0)} KRW at home all the time.`,
    `Every order fills whole and at once, at a price ${percentOf(slippage)} % worse; decisions see the rates after that.`,
    `Quantities are rounded down to ${lotCoin} coins.`,
    `Fees per order: ${percentOf(fees.domestic)} % on ${domestic}, ${percentOf(fees.overseas)} % on ${overseas}.`,
    `At 00, 08 and 16 UTC the short ${fundingRatio.isNegative ? "pays" : "receives"} ` +
      `${percentOf(fundingRatio.abs())} % of its worth at the last price known, also across gaps.`,
    args.referenceKrw
      ? `The reference price is ${commas(args.referenceKrw, 2)} KRW per USDT throughout, as given.`
      : recording.hasReference
        ? `The reference price is the recording's column ${column}.`
        : `The recording has no reference price (column ${column}): its own rate before slippage stands in.`,
    `Wallets are open, venues answer, margin suffices; the capital is the KRW side, margin overseas comes on top.`,
  ];
}

function sizeWords({ source, sliceKrw }: Arguments): string {
  if (source.kind !== "database") return "";
  const size = sizeOf(sliceKrw) === "1m" ? "1,000,000" : "10,000,000";
  const smaller = sliceKrw.above(Decimal.of(10_000_000)) ? ", smaller than the slice" : "";
  return ` at ${size} KRW${smaller}`;
}

/** Of the two sizes history keeps the one at or above the slice, else the largest. */
export function sizeOf(sliceKrw: Decimal): "1m" | "10m" {
  return sliceKrw.atMost(Decimal.of(1_000_000)) ? "1m" : "10m";
}
