// What the engine says of itself in numbers: counts that outlive a term, and what is known now. Read by whoever asks;
// trading only adds to the counts.

import { Decimal } from "../domain/decimal.ts";
import type { IntentKind, IntentState } from "../domain/intent.ts";
import type { EndFill } from "../domain/intent-ends.ts";
import { legTermsOf } from "../domain/intent-terms.ts";
import { unhedgedKrw } from "../domain/unhedged.ts";
import type { IntentRow } from "../ports/journal.ts";
import { INCIDENT_KINDS, type IncidentKind, type TradingSwitch } from "../ports/traders.ts";
import type { EngineState as Known } from "./engine-state.ts";

/** Since the start of the process, over all its terms. */
export interface TradingCounts {
  /** By "action reason"; the same about a coin counts once a minute. */
  readonly decisions: Map<string, number>;
  /** By "kind state". */
  readonly ended: Map<string, number>;
  /**
   * What comparing with the venues found, by "kind state": seen, the first sight of a difference, and confirmed by the
   * second. What was seen and is never confirmed has healed by itself.
   */
  readonly findings: Map<string, number>;
}

export function countOne(counts: Map<string, number> | undefined, key: string): void {
  counts?.set(key, (counts.get(key) ?? 0) + 1);
}

/** An intent as the process that runs it knows it, also before that is stored. */
export interface IntentProgress {
  readonly intent: IntentRow;
  readonly fills: readonly EndFill[];
}

/** Of the one who trades. */
export interface TradingFigures {
  readonly traders: number;
  readonly positions: number;
  readonly incidents: Readonly<Record<IncidentKind, number>>;
  readonly running: readonly {
    readonly kind: IntentKind;
    readonly state: IntentState;
    readonly unhedgedKrw: Decimal;
    /** When its first order was committed; undefined: it has sent nothing. */
    readonly sendingAtMs: number | undefined;
  }[];
  /** How many switches of each scope hold entries back now, and whether exits at targets are held too. */
  readonly entriesOff: Readonly<Record<TradingSwitch["scope"], number>>;
  readonly halted: boolean;
  /** Since when everybody's entries are off, epoch ms. */
  readonly entriesOffSinceMs: number | undefined;
  /** When the position that was longest not compared with its venues was, epoch ms. */
  readonly comparedAtMs: number | undefined;
  /** Accounts followed by their venues' private streams, by "venue connected" and "venue waiting". */
  readonly streams: ReadonlyMap<string, number>;
}

export function figuresOf(
  known: Known,
  streams: ReadonlyMap<string, number>,
  comparedAtMs: number | undefined,
): TradingFigures {
  const off = known.switches.filter(({ entriesOff }) => entriesOff);
  const offCount = (of: TradingSwitch["scope"]) => off.filter(({ scope }) => scope === of).length;
  const ofKind = (kind: IncidentKind) => known.incidents.filter((open) => open.kind === kind).length;
  return {
    traders: known.traders.length,
    positions: known.positions.size,
    incidents: Object.fromEntries(INCIDENT_KINDS.map((kind) => [kind, ofKind(kind)])) as Record<
      IncidentKind,
      number
    >,
    running: [...known.running.values()].map((planned) => {
      const { intent, fills } = known.progress.get(planned.intentId)?.() ?? { intent: planned, fills: [] };
      const { kind, state, sendingAtMs } = intent;
      return { kind, state, sendingAtMs, unhedgedKrw: unhedgedOf({ intent, fills }) };
    }),
    entriesOff: { global: offCount("global"), user: offCount("user"), coin: offCount("coin") },
    halted: known.switches.some(({ halted }) => halted),
    entriesOffSinceMs: off.find(({ scope }) => scope === "global")?.atMs,
    comparedAtMs,
    streams,
  };
}

/** What runs now, all together. */
export interface RunningSum {
  readonly unhedgedKrw: Decimal;
  /** For how long the oldest of those with a leg alone has been under way, ms; 0: both legs of all agree. */
  readonly unhedgedOldestMs: number;
  /** By "kind state". */
  readonly counts: ReadonlyMap<string, number>;
}

export function sumRunning({ running }: TradingFigures, nowMs: number): RunningSum {
  const counts = new Map<string, number>();
  for (const { kind, state } of running) countOne(counts, `${kind} ${state}`);
  const begunAtMs = running.flatMap(({ unhedgedKrw, sendingAtMs }) =>
    unhedgedKrw.isZero ? [] : (sendingAtMs ?? []),
  );
  return {
    unhedgedKrw: Decimal.sum(running.map(({ unhedgedKrw }) => unhedgedKrw)),
    unhedgedOldestMs: Math.max(0, ...begunAtMs.map((atMs) => nowMs - atMs)),
    counts,
  };
}

function unhedgedOf({ intent: { terms }, fills }: IntentProgress): Decimal {
  if (fills.length === 0) return Decimal.ZERO;
  try {
    const { multiplier, domesticPriceKrw } = legTermsOf(terms);
    return unhedgedKrw({ multiplier, priceKrw: domesticPriceKrw, fills });
  } catch (error) {
    // Terms that cannot be read: its run fails by them too, and opens an incident.
    if (!(error instanceof RangeError)) throw error;
    return Decimal.ZERO;
  }
}
