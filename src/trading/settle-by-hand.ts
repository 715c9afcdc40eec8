// A position whose market is gone has no price to be left at: its user closes both legs at the venues himself, and the
// operator records what he got. Invariants: it is an exit like any other in the journal, so that one way leads to its
// profit, its rows and its notices; nothing of it is ever sent; it is refused while the venues still show the legs.

import { PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { intentIdOf } from "../domain/intent.ts";
import { type ExitTerms, legTermsOf, termTexts } from "../domain/intent-terms.ts";
import { SETTLED_BY_HAND } from "../domain/notice.ts";
import { averageEntryRate, positionTotals } from "../domain/position.ts";
import { approvedFromJournal } from "../domain/risk.ts";
import type { Clock } from "../ports/clock.ts";
import type { IntentRow, Journal, OpenPosition, TradingMode } from "../ports/journal.ts";
import type { MarketView } from "../ports/trading-desk.ts";
import { type TradingVenue, VenueReadFault } from "../ports/trading-venue.ts";
import { coinsAt } from "./closed-outside.ts";
import { userCoin } from "./engine-state.ts";
import type { Legs } from "./run-order.ts";
import type { Runner, TermParts } from "./runner.ts";

export interface SettleWish {
  readonly userId: number;
  readonly coin: string;
  /** Got at home, KRW per coin, net of fees. */
  readonly priceKrw: Decimal;
  /** Paid for the short, USDT per coin (not per contract), fees within. */
  readonly priceUsdt: Decimal;
  /** Also when an account cannot be read. */
  readonly unseen: boolean;
  /** Also when the user still has coins at home: they are others of his. */
  readonly ownCoins: boolean;
  /** Also when the two prices make a rate far from the one at entry. */
  readonly oddRate: boolean;
}

export type Settled =
  /** running: stored, and it will be ended, by another process if need be. */
  | { readonly outcome: "settled" | "running" }
  | { readonly outcome: "no-position" | "refused"; readonly why: string };

export interface SettleDeps {
  readonly clock: Clock;
  readonly mode: TradingMode;
  readonly journal: Pick<Journal, "file" | "dust">;
  readonly market: Pick<MarketView, "facts">;
}

/** Its answer must not be waited for longer than the control port's callers do. */
const WAIT_MS = 8_000;
const RATE_FACTOR_MIN = Decimal.of("0.5");
const RATE_FACTOR_MAX = Decimal.of("1.5");

const refused = (why: string): Settled => ({ outcome: "refused", why });

/** Rejects with StoreFault: whether it is stored is not known then. */
export async function settleByHand(
  deps: SettleDeps,
  { known, accounts, reference, work }: TermParts,
  runner: Pick<Runner, "begin">,
  wish: SettleWish,
): Promise<Settled> {
  const { userId, coin } = wish;
  if (deps.mode !== "live") return refused("On paper nothing can be closed by hand at a venue.");
  const key = userCoin(userId, coin);
  const position = known.positions.get(key);
  if (!position) return { outcome: "no-position", why: `User ${userId} holds no ${coin}.` };
  const busy = refused(`Something of ${coin} still runs for user ${userId}: see positions, and try again.`);
  if (known.running.has(key)) return busy;
  const { pair } = position;
  if (deps.market.facts(coin, pair)?.tradable) {
    return refused(`${coin} is on the lists of its venues: force-close ${userId} ${coin} leaves it.`);
  }
  const odd = oddPrices(position, wish);
  if (odd) return refused(odd);
  const ends = known.endsOf(key);
  const file = await deps.journal.file(position.entries.at(-1)!.intentId);
  if (!file) throw new RangeError(`expected the entries of position ${position.positionId} to be stored`);
  const named = legTermsOf(file.intent.terms);
  const legs = await accounts.legs(userId, pair, { evenSwitchedOff: true });
  const { domestic } = PAIRS.find((one) => one.key === pair)!;
  const dust = await deps.journal.dust({ mode: deps.mode, userId, coin, venue: domestic });
  // Less than a lot beside the dust is what nobody could hedge.
  const restMax = dust.qtyCoin.plus(named.overseasLot.times(named.multiplier));
  const shown = await stillShown(legs, position, { overseasSymbol: named.overseasSymbol, restMax }, wish);
  if (shown) return refused(shown);
  const { qtyCoin } = positionTotals(position.entries);
  const qtyContracts = qtyCoin.dividedBy(named.multiplier, 18, "down");
  if (!qtyContracts.times(named.multiplier).equals(qtyCoin)) {
    throw new RangeError(`expected whole contracts of ${named.multiplier} coins, was ${qtyCoin}`);
  }
  const terms: ExitTerms = {
    ...named,
    referenceKrw: reference.lastValid() ?? named.referenceKrw,
    leverage: Decimal.of(position.leverage),
    domesticPriceKrw: wish.priceKrw,
    overseasPriceUsdt: wish.priceUsdt.times(named.multiplier),
    dustCoin: dust.qtyCoin,
    dustCostKrw: dust.costKrw,
    positionId: Decimal.of(position.positionId),
    positionCoin: qtyCoin,
    settled: "by-hand",
  };
  const nowMs = deps.clock.nowMs();
  const decisionId = `${deps.mode} ${nowMs} settle ${position.positionId}`;
  const intent: IntentRow = {
    ...{ intentId: intentIdOf(decisionId), decisionId, kind: "exit", mode: deps.mode, state: "planned" },
    ...{ userId, strategyId: position.strategyId, coin, pair, qtyCoin, qtyContracts },
    ...{ terms: termTexts(terms), reason: SETTLED_BY_HAND, plannedAtMs: nowMs, sendingAtMs: undefined },
    ...{ domesticDoneAtMs: undefined, endedAtMs: undefined, needsHumanWhy: undefined },
  };
  // What was read may be of before something that has run meanwhile.
  const isSame = known.positions.get(key)?.positionId === position.positionId && known.endsOf(key) === ends;
  if (!isSame || known.running.has(key) || !work.term.holds()) return busy;
  const ended = work.track(runner.begin(approvedFromJournal(intent), undefined));
  const enough = new AbortController();
  const late = deps.clock.sleep(WAIT_MS, enough.signal).then(() => "late" as const);
  const begun = await Promise.race([ended, late]).finally(() => enough.abort());
  if (begun === false) return busy;
  return { outcome: begun === "late" || known.positions.has(key) ? "running" : "settled" };
}

/** A slip of the finger would be in the user's profit for ever. */
function oddPrices({ entries }: OpenPosition, wish: SettleWish): string | undefined {
  const { priceKrw, priceUsdt, oddRate } = wish;
  if (!priceKrw.isPositive || !priceUsdt.isPositive) return "Expected prices above 0.";
  const entryRate = averageEntryRate(positionTotals(entries), 8);
  const rate = priceKrw.dividedBy(priceUsdt, 8, "half-up");
  const isNear =
    rate.atLeast(entryRate.times(RATE_FACTOR_MIN)) && rate.atMost(entryRate.times(RATE_FACTOR_MAX));
  if (isNear || oddRate) return undefined;
  const rates = `These prices make ${rate.toFixed(2)} KRW a USDT; it was entered at ${entryRate.toFixed(2)}.`;
  return `${rates} Both are per coin, not per contract. Where they are right all the same, add --odd-rate.`;
}

/** What the venues still show of it, in words that say what to do; undefined: nothing. */
async function stillShown(
  legs: Legs | undefined,
  position: OpenPosition,
  { overseasSymbol, restMax }: { readonly overseasSymbol: string; readonly restMax: Decimal },
  { unseen, ownCoins }: SettleWish,
): Promise<string | undefined> {
  const hasTo = "Look at the venues' own pages that both legs are gone, then add --unseen.";
  if (!legs) return unseen ? undefined : `User ${position.userId} has no usable API key. ${hasTo}`;
  const { coin, entries } = position;
  const [shorts, coins] = await Promise.all([
    readOf(async () => await legs.overseas.positions(undefined, { haste: "urgent" })),
    readOf(async () => await coinsAt(legs.domestic, coin)),
  ]);
  const short = shorts?.find(({ symbol, side }) => symbol === overseasSymbol && side === "short");
  if (short?.qtyContracts.isPositive) {
    return `${legs.overseas.venue} still shows a short of ${short.qtyContracts} ${overseasSymbol}: its user closes it first.`;
  }
  const { qtyCoin } = positionTotals(entries);
  if (!ownCoins && coins?.held.above(restMax)) {
    const has = `${legs.domestic.venue} still shows ${coins.held} ${coin}, and ${qtyCoin} were the position's:`;
    return `${has} its user sells all of them first. Where they are others of his own, add --own-coins.`;
  }
  if ((shorts && coins) || unseen) return undefined;
  const away = [...(coins ? [] : [legs.domestic.venue]), ...(shorts ? [] : [legs.overseas.venue])];
  return `The user's account cannot be read at ${away.join(" and ")}. ${hasTo}`;
}

async function readOf<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof VenueReadFault) return undefined;
    throw error;
  }
}

/**
 * Legs for the run of such an exit: whatever would reach a venue fails but one, the funding paid until the close, which
 * is read where there still is a key.
 */
export function silentLegs(pair: PairKey, known: Legs | undefined): Legs {
  const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
  const fault = () => new VenueReadFault("nothing is asked for what was closed by hand", undefined);
  const never = async () => {
    throw fault();
  };
  const silent = {
    acceptWindowMs: 0,
    place: async () => ({ kind: "unsent" as const, why: "closed by hand: nothing is ever sent" }),
    lookup: async () => ({ kind: "absent" as const }),
    ...{ openOrders: never, balances: never, feeRates: never, rules: never, clockOffsetMs: never },
    keyFaults: never,
  } satisfies Omit<TradingVenue, "venue">;
  return {
    domestic: { ...silent, venue: domestic },
    overseas: {
      ...silent,
      ...{ venue: overseas, positions: never, modes: never, setLeverage: never },
      fundingSince: async (symbol, sinceMs) => {
        if (!known) throw fault();
        return await known.overseas.fundingSince(symbol, sinceMs);
      },
    },
  };
}
