// Decisions a second on one core: entries and exits decided about facts that all differ, most of which go through every
// check to the last, as those do that get past the screen.

import { Decimal } from "../../src/domain/decimal.ts";
import { decideEntry, decideExit, type EntryFacts, type ExitFacts } from "../../src/domain/decision.ts";
import { DECISION_SETTINGS_DEFAULT, type Strategy } from "../../src/domain/strategy.ts";
import { seededRandom } from "./books.ts";
import {
  type BenchLine,
  type BenchOptions,
  elapsedMs,
  grouped,
  quantile,
  round,
  undisturbed,
} from "./line.ts";

const CASES = 20_000;
const WARM_UP_ROUNDS = 5;
const ROUNDS = 40;
const NOW_MS = 1_780_000_000_000;

interface Case {
  readonly strategy: Strategy;
  readonly entry: EntryFacts;
  readonly exit: ExitFacts;
}

function casesOf(): Case[] {
  const random = seededRandom(3);
  const decimal = (from: number, to: number, decimals = 2) =>
    Decimal.of((from + random() * (to - from)).toFixed(decimals));
  return Array.from({ length: CASES }, (_, index): Case => {
    const coin = `C${index % 131}`;
    const entryRate = decimal(1_360, 1_400);
    return {
      strategy: {
        ...{ strategyId: index, userId: index, leverage: 2, allowAverageDown: true, allowAverageUp: true },
        seedAmountKrw: Decimal.of(1_000_000 + index),
        seedDivision: 5,
        tradeMode: index % 4 === 0 ? "auto" : "custom",
        entryRateTarget: decimal(1_375, 1_410),
        exitRateTarget: decimal(1_400, 1_440),
        coinMode: index % 3 === 0 ? "auto" : "custom",
        selectedCoins: new Set([coin, "BTC", "ETH"]),
      },
      entry: {
        ...{ nowMs: NOW_MS + index, coin, entriesOff: false, incidentOpen: false, coolingUntilMs: undefined },
        ...{ tradable: true, walletsOpen: true, warned: false, quarantined: false, identityKnown: true },
        ...{ heldOnOtherPair: false, heldByHand: false, openEntryCount: index % 5 },
        entryRate,
        exitRate: entryRate.plus(decimal(-5, 5)),
        referenceKrw: decimal(1_380, 1_420),
        lastEntry: index % 5 === 0 ? undefined : { rate: decimal(1_380, 1_400), atMs: NOW_MS - 120_000 },
        breakEven: decimal(0.001, 0.004, 6),
        projectedProfitKrw: decimal(-1_000, 20_000),
      },
      exit: {
        ...{ nowMs: NOW_MS + index, forced: false, halted: false, openedAtMs: NOW_MS - 3_600_000 },
        exitRate: decimal(1_380, 1_450),
        averageEntryRate: decimal(1_360, 1_400, 8),
        projectedProfitKrw: decimal(-1_000, 20_000),
        stopRate: index % 2 === 0 ? decimal(1_300, 1_340) : undefined,
        holdingMsMax: index % 3 === 0 ? 86_400_000 : undefined,
      },
    };
  });
}

export async function benchDecisions({ progress }: BenchOptions): Promise<BenchLine[]> {
  progress(`${grouped(CASES)} different facts, ${ROUNDS} rounds`);
  const cases = casesOf();
  const acted = { entry: 0, exit: 0 };
  const decideAll = {
    entry: () => {
      for (const { strategy, entry } of cases)
        if (decideEntry(strategy, entry, DECISION_SETTINGS_DEFAULT).action === "enter") acted.entry++;
    },
    exit: () => {
      for (const { strategy, exit } of cases)
        if (decideExit(strategy, exit, DECISION_SETTINGS_DEFAULT).action === "exit") acted.exit++;
    },
  };
  const tookMs = { entry: [] as number[], exit: [] as number[] };
  for (let count = 0; count < WARM_UP_ROUNDS + ROUNDS; count++) {
    for (const kind of ["entry", "exit"] as const) {
      const roundMs = elapsedMs(decideAll[kind]);
      if (count >= WARM_UP_ROUNDS) tookMs[kind].push(roundMs);
    }
  }
  return (["entry", "exit"] as const).map((kind) => {
    const perSecond = (ms: number) => Math.round((CASES / ms) * 1_000);
    const sharePct = round((acted[kind] / (CASES * (WARM_UP_ROUNDS + ROUNDS))) * 100, 0);
    return {
      name: `${kind} decisions on one core`,
      figure: perSecond(undisturbed(tookMs[kind])),
      unit: "a second",
      comparison:
        `median ${grouped(perSecond(quantile(tookMs[kind], 0.5)))}; ` +
        `${grouped(CASES)} different facts, ${sharePct} % of which end in an ${kind}`,
      target: "none",
      ok: true,
    };
  });
}
