// The watch over open positions (specification 6 and 7): distance to liquidation, and whether the venues still hold what
// our record says. It alerts, closes through the session, and changes no record itself.
//
// Per position: fine -> alert (under 15 %) -> close (under 7 %, only when both venues answer). A short that is gone or
// smaller is believed when it was seen twice; then the coins are sold at once. A short that is larger was joined by
// hand: automatic exits of it wait for the user.

import { PAIRS } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { positionTotals } from "../domain/position.ts";
import { guardianVerdict, liquidationDistance } from "../domain/risk.ts";
import type { OpenPosition } from "../ports/journal.ts";
import type { CoinFacts } from "../ports/trading-desk.ts";
import type { VenuePosition } from "../ports/trading-venue.ts";
import { userCoin } from "./engine-state.ts";
import type { Session, SessionDeps } from "./session.ts";

export interface WatchSettings {
  readonly everyMs: number;
  readonly alertBelow: Decimal;
  readonly closeBelow: Decimal;
  /** Funding expected to cost more than this over 8 h is told, as a ratio of the position. */
  readonly fundingCostMax: Decimal;
}

export const WATCH_DEFAULT: WatchSettings = {
  everyMs: 10_000,
  alertBelow: Decimal.of("0.15"),
  closeBelow: Decimal.of("0.07"),
  fundingCostMax: Decimal.of("0.005"),
};

/** Users looked at side by side; the venues' own budgets slow this down further. */
const SIDE_BY_SIDE = 8;
const SEEN_TWICE = 2;

export class PositionWatch {
  /** Differences seen once, by user and coin. */
  readonly #suspect = new Map<string, { readonly what: string; readonly times: number }>();

  /** Conditions of a coin that were told and still hold. */
  readonly #told = new Set<string>();

  constructor(
    private readonly deps: SessionDeps,
    private readonly session: Session,
    private readonly settings: WatchSettings,
  ) {}

  /** Until the term is over. */
  async run(): Promise<void> {
    const { clock, log } = this.deps;
    const { lost } = this.session.term;
    while (!lost.aborted) {
      await clock.sleep(this.settings.everyMs, lost);
      if (lost.aborted) return;
      try {
        await this.lookAtAll();
      } catch (error) {
        log.error("watching positions failed", { error });
      }
    }
  }

  async lookAtAll(): Promise<void> {
    const byUser = [...Map.groupBy(this.session.known.positions.values(), ({ userId }) => userId).values()];
    for (let from = 0; from < byUser.length && !this.session.term.isOver; from += SIDE_BY_SIDE) {
      await Promise.all(
        byUser.slice(from, from + SIDE_BY_SIDE).map((positions) => this.#lookAtUser(positions)),
      );
    }
  }

  async #lookAtUser(positions: readonly OpenPosition[]): Promise<void> {
    for (const [pairKey, ofPair] of Map.groupBy(positions, ({ pair }) => pair)) {
      const { overseas } = PAIRS.find(({ key }) => key === pairKey)!;
      const legs = await this.session.accounts.legs(ofPair[0]!.userId, pairKey);
      if (!legs) continue;
      try {
        const [shorts, balances] = await Promise.all([legs.overseas.positions(), legs.domestic.balances()]);
        for (const position of ofPair) {
          const held = balances.find(({ asset }) => asset === position.coin);
          this.#judge(position, overseas, shorts, held ? held.free.plus(held.locked) : Decimal.ZERO);
        }
      } catch (error) {
        // Not seen is not gone. A position that should be closed is closed once both venues answer.
        this.deps.log.warn("positions not seen", { userId: ofPair[0]!.userId, pair: pairKey, error });
      }
    }
  }

  #judge(
    position: OpenPosition,
    venue: "bybit" | "binance",
    shorts: readonly VenuePosition[],
    heldCoin: Decimal,
  ): void {
    const { userId, coin, pair } = position;
    const key = userCoin(userId, coin);
    // One running intent per user and coin: what it does is no difference.
    if (this.session.known.running.has(key)) return;
    const facts = this.deps.market.facts(coin, pair);
    if (!facts) return;
    this.#tellConditions(position, venue, facts);
    const recordedCoin = positionTotals(position.entries).qtyCoin;
    const short = shorts.find(({ symbol, side }) => symbol === facts.overseasSymbol && side === "short");
    const shortCoin = (short?.qtyContracts ?? Decimal.ZERO).times(facts.multiplier);
    if (shortCoin.below(recordedCoin))
      this.#confirmed(key, "short-gone", () => this.#shortGone(position, venue, shortCoin));
    else if (shortCoin.above(recordedCoin))
      this.#confirmed(key, "joined", () => this.#joined(position, venue));
    else if (heldCoin.below(recordedCoin))
      this.#confirmed(key, "coins-gone", () => this.#coinsGone(position));
    else {
      this.#suspect.delete(key);
      if (this.session.known.heldByHand.get(key) === "joined") this.session.known.heldByHand.delete(key);
    }
    if (short) this.#guard(position, venue, short);
  }

  /** What should make a user think of leaving: told once each time it begins. No entries follow by themselves. */
  #tellConditions(position: OpenPosition, venue: "bybit" | "binance", facts: CoinFacts): void {
    const { userId, coin, pair } = position;
    const { domestic } = PAIRS.find(({ key }) => key === pair)!;
    const cost = facts.fundingRatio.negated();
    const conditions = [
      { holds: facts.delistAtMs !== undefined, notice: { kind: "delisting", coin, venue: domestic } },
      { holds: facts.warned, notice: { kind: "warned", coin, venue: domestic } },
      { holds: facts.walletsOpen === false, notice: { kind: "wallet-suspended", coin, venue: domestic } },
      {
        holds: cost.above(this.settings.fundingCostMax),
        notice: {
          kind: "funding-high",
          coin,
          venue,
          costPct: cost.times(Decimal.of(100)).rounded(2, "half-up"),
        },
      },
    ] as const;
    for (const { holds, notice } of conditions) {
      const key = `${notice.kind} ${userId} ${coin} ${pair}`;
      if (!holds) this.#told.delete(key);
      else if (!this.#told.has(key)) {
        this.#told.add(key);
        this.deps.notifier.tell({
          audience: { userId },
          notice,
          atMs: this.deps.clock.nowMs(),
          dedupeKey: key,
        });
        this.deps.log.warn("a held coin needs attention", { userId, coin, what: notice.kind });
      }
    }
  }

  #confirmed(key: string, what: string, act: () => void): void {
    const seen = this.#suspect.get(key);
    const times = seen?.what === what ? seen.times + 1 : 1;
    this.#suspect.set(key, { what, times });
    if (times === SEEN_TWICE) act();
  }

  #shortGone(position: OpenPosition, venue: "bybit" | "binance", shortCoin: Decimal): void {
    const { userId, coin, mode } = position;
    this.deps.notifier.tell({
      audience: { userId },
      notice: {
        ...{ kind: "liquidated", mode, coin, venue },
        how: shortCoin.isZero ? "liquidation" : "deleveraging",
        spot: "selling",
      },
      atMs: this.deps.clock.nowMs(),
      dedupeKey: `short-gone ${userId} ${coin}`,
    });
    this.deps.log.error("a short is gone: its coins are sold", {
      userId,
      coin,
      venue,
      shortCoin: shortCoin.toString(),
    });
    this.session.force(userId, coin, "short-gone");
  }

  #joined(position: OpenPosition, venue: "bybit" | "binance"): void {
    const { userId, coin, mode } = position;
    this.session.known.heldByHand.set(userCoin(userId, coin), "joined");
    this.deps.notifier.tell({
      audience: { userId },
      notice: { kind: "position-changed-by-hand", mode, coin, venue, change: "joined" },
      atMs: this.deps.clock.nowMs(),
      dedupeKey: `joined ${userId} ${coin}`,
    });
    this.deps.log.warn("a short is larger than ours: automatic exits wait", { userId, coin, venue });
  }

  #coinsGone(position: OpenPosition): void {
    const { userId, coin } = position;
    this.session.openIncident(
      "unknown-difference",
      { userId, coin },
      "fewer coins at the venue than the record says",
    );
  }

  #guard(position: OpenPosition, venue: "bybit" | "binance", short: VenuePosition): void {
    if (!short.liquidationPrice) return;
    const distance = liquidationDistance(short.markPrice, short.liquidationPrice);
    const verdict = guardianVerdict(distance, this.settings);
    if (verdict === "fine") return;
    const { userId, coin, mode } = position;
    this.deps.notifier.tell({
      audience: { userId },
      notice: {
        ...{ kind: "guardian", mode, coin, venue, verdict },
        distancePct: distance.times(Decimal.of(100)).rounded(2, "half-up"),
      },
      atMs: this.deps.clock.nowMs(),
      dedupeKey: `guardian ${verdict} ${userId} ${coin}`,
    });
    this.deps.log.warn("a short comes near its liquidation", {
      userId,
      coin,
      verdict,
      distance: distance.toString(),
    });
    if (verdict === "close") this.session.force(userId, coin, "guardian");
  }
}
