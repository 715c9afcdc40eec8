// For each coin why it was entered or left, or why not. What got past the engine's screen it has decided and stored; about
// all others it keeps nothing, so that ten thousand strategies cost it nothing: the newest rates are asked here, on reading.
//
// A coin that is held has what was stored. Of another, what the rates say now outlasts what was stored before them.

import type { PairKey } from "../schema/vocabulary.ts";
import { Decimal } from "../src/domain/decimal.ts";
import { type RateQuestion, type RatesSeen, ratesSeen } from "../src/domain/rate-reasons.ts";
import type { RateRow, ReferencePrice } from "../src/domain/rate-table.ts";
import { DECISION_SETTINGS_DEFAULT, strategyOf } from "../src/domain/strategy.ts";
import type { TradingMode } from "../src/ports/journal.ts";
import type { OwnEntries, OwnIncident } from "../src/ports/own-safety.ts";
import type { OwnStrategies } from "../src/ports/strategies.ts";
import type { DecisionRow } from "../src/ports/traders.ts";

export interface CoinDecision {
  readonly strategyId: number;
  readonly coin: string;
  readonly pair: PairKey;
  readonly action: DecisionRow["action"];
  readonly reason: string;
  readonly context: string;
  readonly atMs: number;
}

type RatedDecision = CoinDecision & Pick<RatesSeen, "rateJeon">;

export interface DecisionsKnown {
  readonly userId: number;
  readonly mode: TradingMode;
  /** Newest first. */
  readonly stored: readonly DecisionRow[];
  readonly strategies: OwnStrategies;
  readonly hasConsent: boolean;
  readonly entries: OwnEntries;
  readonly incidents: readonly OwnIncident[];
  readonly heldCoins: ReadonlySet<string>;
  /** The live table. */
  readonly rows: readonly RateRow[];
  readonly reference: ReferencePrice | undefined;
  /** A reference price older than this counts as none, epoch ms. */
  readonly sinceMs: number;
}

/** First what is stored, newest first; then what the rates say, the lowest first, coins without one last. */
export function coinDecisions(known: DecisionsKnown): CoinDecision[] {
  const { stored, strategies, heldCoins } = known;
  const strategyId = strategies.activeStrategyId;
  if (strategyId === null) return stored.map(shownOf);
  const question = questionOf(known, strategyId);
  const ofCoins = Map.groupBy(stored, ({ coin }) => coin);
  const isAllUsed = stored.find((row) => row.strategyId === strategyId)?.reason === "division-used-up";
  const now: RatedDecision[] = [];
  for (const [coin, rows] of Map.groupBy(known.rows, (row) => row.coin)) {
    const before = ofCoins.get(coin) ?? [];
    if (heldCoins.has(coin) && before.length > 0) continue;
    const own = before.find((row) => row.strategyId === strategyId);
    const seen = ratesSeen(rows, question);
    if (own && (seen.reason === undefined || own.atMs >= seen.atMs)) {
      ofCoins.set(coin, [own]);
      continue;
    }
    ofCoins.delete(coin);
    const { pair, context, atMs, rateJeon } = seen;
    const reason = seen.reason ?? (isAllUsed ? "division-used-up" : "not-decided");
    now.push({ strategyId, coin, pair, action: "hold", reason, context, atMs, rateJeon });
  }
  const kept = [...ofCoins.values()].flat().sort((a, b) => b.atMs - a.atMs);
  return [...kept.map(shownOf), ...now.sort(byRate).map(({ rateJeon: _, ...row }) => row)];
}

function questionOf(known: DecisionsKnown, strategyId: number): RateQuestion {
  const { userId, strategies, reference, sinceMs } = known;
  const referenceKrw =
    reference && reference.atMs >= sinceMs ? Decimal.ofFloat(reference.priceKrw) : undefined;
  const market = { referenceKrw, settings: DECISION_SETTINGS_DEFAULT };
  const own = strategies.strategies.find((one) => one.strategyId === strategyId);
  try {
    if (!own) throw new RangeError("expected it among your newest strategies");
    return { ...market, strategy: strategyOf({ ...own, userId }), general: generalOf(known) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const general = { reason: "strategy-unreadable", context: error.message } as const;
    return { ...market, strategy: undefined, general };
  }
}

function generalOf({ mode, hasConsent, entries, incidents }: DecisionsKnown): RateQuestion["general"] {
  if (mode === "live" && !hasConsent) return { reason: "no-consent", context: "" };
  if (entries.off || entries.everybodysOff) return { reason: "entries-off", context: entries.why ?? "" };
  const [incident] = incidents;
  return incident && { reason: "incident-open", context: incident.detail };
}

const shownOf = ({ strategyId, coin, pair, action, reason, context, atMs }: DecisionRow): CoinDecision => {
  return { strategyId, coin, pair, action, reason, context, atMs };
};

/** By rate, then coins without one, then those that are not wanted; by name where nothing else tells. */
function byRate(a: RatedDecision, b: RatedDecision): number {
  const rankOf = ({ reason, rateJeon }: RatedDecision) =>
    reason === "coin-not-selected" ? 2 : Number.isNaN(rateJeon) ? 1 : 0;
  const rank = rankOf(a);
  return rank - rankOf(b) || (rank === 0 && a.rateJeon - b.rateJeon) || (a.coin < b.coin ? -1 : 1);
}
