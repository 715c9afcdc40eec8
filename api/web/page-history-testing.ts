// Rates of the past for the page's tests: every minute asked for, each figure a plain wave, so that the chart has
// something to draw. Same question, same answer.

import { PAIRS } from "../../schema/vocabulary.ts";
import type { HistoryRange } from "../../src/ports/store.ts";
import type { MarketDeps } from "../routes/market.ts";

const MINUTE_MS = 60_000;
const REFERENCE_JEON = 138_400;

function minutesOf({ fromAtMs, toAtMs, stepMinutes = 1 }: HistoryRange): readonly number[] {
  const stepMs = stepMinutes * MINUTE_MS;
  const count = Math.ceil((toAtMs - fromAtMs) / stepMs);
  return Array.from({ length: count }, (_, index) => fromAtMs + index * stepMs);
}

/** Jeon per USDT, `offset` above the reference and waving by 400 over three hours. */
const wave = (minuteAtMs: number, offset: number) =>
  REFERENCE_JEON + offset + Math.round(400 * Math.sin(minuteAtMs / MINUTE_MS / 28));

export const WAVING_HISTORY: MarketDeps["history"] = {
  coinHistory: async (range) =>
    minutesOf(range).map((minuteAtMs) => {
      const [entry, exit] = [wave(minuteAtMs, -300), wave(minuteAtMs, -650)];
      return {
        ...{ minuteAtMs, coin: range.coin, pairIndex: pairIndexOf(range) },
        ...{ entryJeonAt1m: entry, exitJeonAt1m: exit, entryJeonAt10m: entry + 40, exitJeonAt10m: exit - 40 },
      };
    }),
  pairHistory: async (range) =>
    minutesOf(range).map((minuteAtMs) => {
      const rate = wave(minuteAtMs, 0);
      return {
        ...{ minuteAtMs, pairIndex: pairIndexOf(range), coinCount: 131, referenceJeon: REFERENCE_JEON },
        ...{ bestEntryJeon: rate, bestExitJeon: rate, medianEntryJeon: rate, medianExitJeon: rate },
      };
    }),
};

function pairIndexOf({ pair }: HistoryRange): number {
  return PAIRS.findIndex(({ key }) => key === pair);
}
