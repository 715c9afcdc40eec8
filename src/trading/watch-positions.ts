// The watch over open positions (specification 6 and 7): distance to liquidation, and whether the venues still hold what
// our record says. It alerts, closes through the session, and changes no record itself.
//
// Per position: fine -> alert (under 15 %) -> close (under 7 %, only when both venues answer; else "blocked" is told, each
// time). A venue that does not show its short is judged by what it showed last and the public price. A short that is
// gone or smaller is believed when it was seen twice; then the coins are sold at once, or wait for the user where that is
// set. A short that is larger was joined by hand: automatic exits of it wait for the user. Between the rounds a market
// that has moved is looked at at once, for the distance alone: differences need the time between two rounds to be
// believed. Where a round over everybody takes longer than ten seconds, all are held against the venue's mark prices
// meanwhile (watch-marks).

import { OVERSEAS_VENUES, type OverseasVenue, PAIRS, type PairKey } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import type { Trouble } from "../domain/notice-words.ts";
import { positionTotals } from "../domain/position.ts";
import type { RateRow } from "../domain/rate-table.ts";
import { guardianVerdict, liquidationDistance } from "../domain/risk.ts";
import { isPassing } from "../domain/store-fault.ts";
import type { OpenPosition } from "../ports/journal.ts";
import type { CoinFacts } from "../ports/trading-desk.ts";
import type { ReadHaste, VenueBalance, VenuePosition } from "../ports/trading-venue.ts";
import { Compared } from "./compared.ts";
import { userCoin } from "./engine-state.ts";
import { countOne } from "./figures.ts";
import { type HeldMarket, MovedMarkets } from "./moved-markets.ts";
import type { Legs } from "./run-order.ts";
import type { Session, SessionDeps } from "./session.ts";
import { doneOrAborted } from "./term-work.ts";
import { MarkWatch } from "./watch-marks.ts";

export interface WatchSettings {
  readonly everyMs: number;
  readonly alertBelow: Decimal;
  readonly closeBelow: Decimal;
  /** Funding expected to cost more than this is told, as a ratio of the position. */
  readonly fundingCostMax: Decimal;
  /** What becomes of coins whose short is gone: sold at once, or their user is told and they wait. */
  readonly nakedSpot: "sell" | "alert";
}

export const WATCH_DEFAULT: WatchSettings = {
  everyMs: 10_000,
  alertBelow: Decimal.of("0.15"),
  closeBelow: Decimal.of("0.07"),
  fundingCostMax: Decimal.of("0.005"),
  nakedSpot: "sell",
};

/** Users looked at side by side at each venue; the venues' own budgets slow this down further. */
const SIDE_BY_SIDE = 8;
/** A difference is believed when it was seen twice, so far apart: a venue's answers may lag behind one another. */
export const SEEN_APART_MS = 1_000;
const BOOK_MS = 1_500;

export class PositionWatch {
  /** Differences seen once, by user and coin. */
  readonly #suspect = new Map<
    string,
    { readonly what: string; readonly firstMs: number; readonly isActedOn: boolean }
  >();

  /** Shorts as their venue showed them last, by position. */
  readonly #shorts = new Map<number, VenuePosition>();
  /** When the last round at a venue began, and how long the one before it took. */
  readonly #roundsMs = new Map<OverseasVenue, { begunMs: number; lastMs: number }>();
  /** Positions to be closed of which one venue did not answer. */
  readonly #blocked = new Set<number>();
  readonly #moved: MovedMarkets;
  readonly compared = new Compared();
  /** Conditions of a coin that were told and still hold. */
  readonly #told = new Set<string>();

  constructor(
    private readonly deps: SessionDeps,
    private readonly session: Session,
    private readonly settings: WatchSettings,
    /** Told whose venues a round has asked. */
    private readonly onLegs: (userId: number, legs: Legs) => void = () => undefined,
  ) {
    this.#moved = new MovedMarkets(session.known.watched, (positionId) => {
      const short = this.#shorts.get(positionId);
      if (!short?.liquidationPrice) return undefined;
      return liquidationDistance(short.markPrice, short.liquidationPrice).toFloat();
    });
  }

  /** New rates. Never waits. */
  onRows(rows: readonly RateRow[]): void {
    this.#moved.onRows(rows);
  }

  /** Until the term is over. */
  async run(): Promise<void> {
    const marks = new MarkWatch(this.deps, this.session, this, this.settings.everyMs);
    await Promise.all([
      ...OVERSEAS_VENUES.map((venue) => this.#rounds(venue)),
      this.#followMoves(),
      marks.run(),
    ]);
  }

  async #followMoves(): Promise<void> {
    const { clock, log } = this.deps;
    const { lost } = this.session.term;
    while (!lost.aborted) {
      for (const market of await this.#moved.next(clock, lost)) {
        if (lost.aborted) return;
        await this.#lookAtMarket(market).catch((error) =>
          log.error("looking at a moved market failed", { ...market, error }),
        );
      }
    }
  }

  async #lookAtMarket({ coin, pair }: HeldMarket): Promise<void> {
    const markPrice = await this.#publicPrice({ coin, pair });
    if (!markPrice) return;
    const held = this.session.known.watched.at(coin, pair).map(({ position }) => position);
    await this.guardAt(held, () => markPrice);
  }

  /** Looks at the accounts of those who are nearer to liquidation at this price than was seen there. */
  async guardAt(
    positions: readonly OpenPosition[],
    markPriceOf: (position: OpenPosition) => Decimal | undefined,
  ): Promise<void> {
    const near = positions.filter((position) => {
      const short = this.#shorts.get(position.positionId);
      const markPrice = markPriceOf(position);
      if (!short?.liquidationPrice || !markPrice) return false;
      const verdictAt = (price: Decimal) =>
        guardianVerdict(liquidationDistance(price, short.liquidationPrice!), this.settings);
      const verdict = verdictAt(markPrice);
      if (verdict === "fine") return false;
      // What has been seen of it already is the rounds' to tell again; who could not be closed is tried again at once.
      return this.#blocked.has(position.positionId) || verdict !== verdictAt(short.markPrice);
    });
    for (let from = 0; from < near.length && !this.session.term.isOver; from += SIDE_BY_SIDE) {
      await Promise.all(
        near
          .slice(from, from + SIDE_BY_SIDE)
          .map((position) => this.#apart(position.userId, () => this.#guardNow(position))),
      );
    }
  }

  async #guardNow(position: OpenPosition): Promise<void> {
    const { known, accounts } = this.session;
    const { userId, coin, pair, positionId } = position;
    const legs = await accounts.legs(userId, pair);
    // Without a key the next round tells.
    if (!legs) return;
    const [shorts, balances] = await Promise.allSettled([
      legs.overseas.positions(undefined, { haste: "urgent" }),
      legs.domestic.balances({ haste: "urgent" }),
    ]);
    const key = keyOf(position);
    if (known.running.has(key) || known.positions.get(key)?.positionId !== positionId) return;
    if (shorts.status === "rejected" || balances.status === "rejected")
      return await this.#judgeUnseen(position, shorts.status === "fulfilled" ? shorts.value : undefined);
    const symbol = this.deps.market.facts(coin, pair)?.overseasSymbol;
    const short = shorts.value.find((one) => one.symbol === symbol && one.side === "short");
    if (short) await this.#guardSeen(position, short, true);
  }

  /** What goes wrong with one user keeps no other from being looked at. */
  async #apart(userId: number, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      const said = { userId, error };
      // A store that is away keeps all of them from it, and is told of elsewhere.
      if (isPassing(error)) this.deps.log.debug("positions not looked at", said);
      else this.deps.log.error("positions of a user could not be looked at", said);
    }
  }

  /** Each venue's budget paces those who are short there, and nobody else. */
  async #rounds(venue: OverseasVenue): Promise<void> {
    const { clock, log } = this.deps;
    const { lost } = this.session.term;
    while (!lost.aborted) {
      await clock.sleep(this.settings.everyMs, lost);
      if (lost.aborted) return;
      const rounds = this.#roundsMs.get(venue) ?? { begunMs: 0, lastMs: 0 };
      this.#roundsMs.set(venue, rounds);
      rounds.begunMs = clock.monotonicMs();
      try {
        await this.#round(venue);
      } catch (error) {
        log.error("watching positions failed", { venue, error });
      }
      rounds.lastMs = clock.monotonicMs() - rounds.begunMs;
    }
  }

  /** Whether a round over all who are short at this venue takes longer than they may go unguarded. */
  isSlow(venue: OverseasVenue): boolean {
    const { everyMs } = this.settings;
    const rounds = this.#roundsMs.get(venue);
    if (!rounds) return false;
    // One that is over was slow, or this one is, with the pause before it.
    return rounds.lastMs > everyMs || this.deps.clock.monotonicMs() - rounds.begunMs > 2 * everyMs;
  }

  async lookAtAll(): Promise<void> {
    await Promise.all(OVERSEAS_VENUES.map((venue) => this.#round(venue)));
  }

  async #round(venue: OverseasVenue): Promise<void> {
    const { known, term } = this.session;
    await this.#lookAtUsersOf([...known.positions.values()].filter(({ pair }) => overseasOf(pair) === venue));
    // What was seen of a position that is gone says nothing about the next one.
    for (const key of this.#suspect.keys()) if (!known.positions.has(key)) this.#suspect.delete(key);
    const open = new Set([...known.positions.values()].map(({ positionId }) => positionId));
    if (!term.isOver) this.compared.roundEnded(open, this.deps.clock.nowMs());
    for (const positionId of this.#shorts.keys()) if (!open.has(positionId)) this.#shorts.delete(positionId);
    for (const positionId of this.#blocked) if (!open.has(positionId)) this.#blocked.delete(positionId);
  }

  async #lookAtUsersOf(ofVenue: readonly OpenPosition[]): Promise<void> {
    // Who has never been seen is guarded by nothing else.
    const isSeen = ({ positionId }: OpenPosition) => Number(this.#shorts.has(positionId));
    const unseenFirst = ofVenue.toSorted((a, b) => isSeen(a) - isSeen(b));
    const byUser = [...Map.groupBy(unseenFirst, ({ userId }) => userId)];
    const { term } = this.session;
    for (let from = 0; from < byUser.length && !term.isOver; from += SIDE_BY_SIDE) {
      const looks = byUser
        .slice(from, from + SIDE_BY_SIDE)
        .map(([userId, positions]) => this.#apart(userId, () => this.#lookAtPositions(positions, "patient")));
      // A patient read may wait for a minute, and the next term for nobody.
      await doneOrAborted(Promise.all(looks), term.lost);
    }
  }

  /** What one user holds. */
  async lookAtUser(userId: number): Promise<void> {
    const positions = [...this.session.known.positions.values()].filter((held) => held.userId === userId);
    await this.#lookAtPositions(positions, "usual");
  }

  /** All of one user. */
  async #lookAtPositions(positions: readonly OpenPosition[], haste: ReadHaste): Promise<void> {
    const { known, accounts } = this.session;
    for (const [pairKey, ofPair] of Map.groupBy(positions, ({ pair }) => pair)) {
      // One running intent per user and coin: what it does, or has done meanwhile, is no difference.
      const still = ofPair.filter((position) => !known.running.has(keyOf(position)));
      for (const position of ofPair) if (!still.includes(position)) this.#compared(position);
      if (still.length === 0) continue;
      const legs = await accounts.legs(still[0]!.userId, pairKey);
      if (!legs) {
        for (const position of still) {
          this.session.openIncident("key", position, "key-held" satisfies Trouble);
          // Said by the incident.
          this.#compared(position);
        }
        continue;
      }
      this.onLegs(still[0]!.userId, legs);
      const [shorts, balances] = await Promise.allSettled([
        legs.overseas.positions(undefined, { haste }),
        legs.domestic.balances({ haste }),
      ]);
      if (this.session.term.isOver) return;
      for (const position of still) {
        const key = keyOf(position);
        const now = known.positions.get(key);
        // What was read is of this position, as it was: another one of as many coins may be there by now.
        const isSame = now?.positionId === position.positionId && coinsOf(now).equals(coinsOf(position));
        if (known.running.has(key) || !isSame) continue;
        if (shorts.status === "fulfilled" && balances.status === "fulfilled") {
          await this.#judge(position, shorts.value, balances.value);
          this.#compared(position);
        } else await this.#judgeUnseen(position, shorts.status === "fulfilled" ? shorts.value : undefined);
      }
      for (const read of [shorts, balances]) {
        if (read.status === "rejected")
          this.deps.log.warn("positions not seen", {
            ...{ userId: still[0]!.userId, pair: pairKey },
            error: read.reason,
          });
      }
    }
  }

  #compared({ positionId }: OpenPosition): void {
    this.compared.done(positionId, this.deps.clock.nowMs());
  }

  async #judge(
    position: OpenPosition,
    shorts: readonly VenuePosition[],
    balances: readonly VenueBalance[],
  ): Promise<void> {
    const { userId, coin, pair } = position;
    const key = userCoin(userId, coin);
    const venue = overseasOf(pair);
    const facts = this.deps.market.facts(coin, pair);
    if (!facts) {
      // What it is called is read from its entry after the first asking.
      const why: Trouble = "unlisted";
      this.#confirmed(key, "unlisted", () => this.session.openIncident("unknown-difference", position, why));
      return;
    }
    this.#tellConditions(position, venue, facts);
    const held = balances.find(({ asset }) => asset === coin);
    const heldCoin = held ? held.free.plus(held.locked) : Decimal.ZERO;
    const recordedCoin = coinsOf(position);
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
      if (this.session.known.exitsWait(key)) this.session.known.heldByHand.delete(key);
    }
    if (short) await this.#guardSeen(position, short, true);
  }

  /** Not seen is not gone: nothing is sent, but how near it is to its liquidation can be told. */
  async #judgeUnseen(position: OpenPosition, shorts: readonly VenuePosition[] | undefined): Promise<void> {
    const { coin, pair, positionId } = position;
    const symbol = this.deps.market.facts(coin, pair)?.overseasSymbol;
    const seen = shorts?.find((one) => one.symbol === symbol && one.side === "short");
    if (seen) return await this.#guardSeen(position, seen, false);
    const short = this.#shorts.get(positionId);
    const markPrice = short && (await this.#publicPrice(position));
    if (markPrice) this.#guard(position, overseasOf(pair), { ...short, markPrice, isReached: false });
  }

  /** Where the venue tells no mark price it is the public one; without either nothing can be said of the distance. */
  async #guardSeen(position: OpenPosition, seen: VenuePosition, isReached: boolean): Promise<void> {
    const markPrice = seen.markPrice.isPositive ? seen.markPrice : await this.#publicPrice(position);
    if (!markPrice) return;
    const short = { ...seen, markPrice };
    this.#shorts.set(position.positionId, short);
    this.#guard(position, overseasOf(position.pair), { ...short, isReached });
  }

  /** The middle of the overseas book. */
  async #publicPrice({ coin, pair }: HeldMarket): Promise<Decimal | undefined> {
    const books = await this.deps.books.fresh(coin, pair, BOOK_MS);
    if (!books) return undefined;
    const { bidPrices, askPrices } = books.overseas;
    return Decimal.ofFloat(bidPrices[0]!)
      .plus(Decimal.ofFloat(askPrices[0]!))
      .dividedBy(Decimal.of(2), 12, "half-up");
  }

  /** What should make a user think of leaving: told once each time it begins. No entries follow by themselves. */
  #tellConditions(position: OpenPosition, venue: OverseasVenue, facts: CoinFacts): void {
    const { userId, coin, pair } = position;
    const { domestic } = PAIRS.find(({ key }) => key === pair)!;
    const cost = facts.fundingRatio.negated();
    const conditions = [
      {
        holds: facts.delistedBy !== undefined,
        notice: { kind: "delisting", coin, venue: facts.delistedBy ?? domestic },
      },
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
    const nowMs = this.deps.clock.monotonicMs();
    const seen = this.#suspect.get(key);
    if (seen?.what !== what) {
      this.#suspect.set(key, { what, firstMs: nowMs, isActedOn: false });
      countOne(this.deps.counts?.findings, `${what} seen`);
      return;
    }
    if (seen.isActedOn || nowMs - seen.firstMs < SEEN_APART_MS) return;
    this.#suspect.set(key, { ...seen, isActedOn: true });
    countOne(this.deps.counts?.findings, `${what} confirmed`);
    act();
  }

  #shortGone(position: OpenPosition, venue: OverseasVenue, shortCoin: Decimal): void {
    const { userId, coin } = position;
    const { nakedSpot } = this.settings;
    this.deps.log.error("a short is gone", {
      ...{ userId, coin, venue, nakedSpot },
      shortCoin: shortCoin.toString(),
    });
    if (nakedSpot === "sell") this.session.force(userId, coin, "short-gone");
    else this.session.known.heldByHand.set(userCoin(userId, coin), "short-gone");
    void this.#tellShortGone(position, venue, shortCoin.isZero ? "gone" : "smaller");
  }

  /** The venue does not say by whom; Karbit does, in the row of its manual close. */
  async #tellShortGone(
    { userId, coin, mode }: OpenPosition,
    venue: OverseasVenue,
    is: "gone" | "smaller",
  ): Promise<void> {
    const { known } = this.session;
    // That row may be younger than what was read last.
    await known
      .loadHandHoldings()
      .catch((error) => this.deps.log.debug("Karbit's closes not read", { error }));
    const of = { mode, coin, venue };
    const isByHand = known.closedByHand.has(userCoin(userId, coin));
    const spot = this.settings.nakedSpot === "sell" ? "selling" : "waiting";
    this.deps.notifier.tell({
      audience: { userId },
      notice: isByHand
        ? { kind: "position-changed-by-hand", ...of, change: "closed" }
        : { kind: "short-gone", ...of, is, spot },
      atMs: this.deps.clock.nowMs(),
      dedupeKey: `short-gone ${userId} ${coin}`,
    });
    // Whoever closes both legs in Karbit has said what shall become of the coins.
    if (isByHand && spot === "waiting") this.session.force(userId, coin, "short-gone");
  }

  #joined(position: OpenPosition, venue: OverseasVenue): void {
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
    this.session.openIncident("unknown-difference", { userId, coin }, "coins-missing" satisfies Trouble);
  }

  #guard(
    position: OpenPosition,
    venue: OverseasVenue,
    short: Pick<VenuePosition, "markPrice" | "liquidationPrice"> & { readonly isReached: boolean },
  ): void {
    if (!short.liquidationPrice) return;
    const distance = liquidationDistance(short.markPrice, short.liquidationPrice);
    const found = guardianVerdict(distance, this.settings);
    const verdict = found === "close" && !short.isReached ? "blocked" : found;
    if (verdict === "blocked") this.#blocked.add(position.positionId);
    else this.#blocked.delete(position.positionId);
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
      ...{ userId, coin, verdict },
      distance: distance.toString(),
    });
    if (verdict === "close") this.session.force(userId, coin, "guardian");
  }
}

function keyOf({ userId, coin }: OpenPosition): string {
  return userCoin(userId, coin);
}

function coinsOf({ entries }: OpenPosition): Decimal {
  return positionTotals(entries).qtyCoin;
}

function overseasOf(pair: PairKey): OverseasVenue {
  return PAIRS.find(({ key }) => key === pair)!.overseas;
}
