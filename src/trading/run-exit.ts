// Drives one exit from its stored row to its end: two legs, each to its own end, asking the kernel after every step.
// A process that takes over does the same, after it has waited out its predecessor and added the ids that one may have
// used. What somebody else has closed meanwhile is recorded as closed outside, so that the rest can be left.

import { Decimal } from "../domain/decimal.ts";
import { adoptPreAuthorised } from "../domain/entry-steps.ts";
import { type ExitLeg, type ExitStep, nextExitStep } from "../domain/exit-steps.ts";
import {
  clientOrderIdOf,
  isTerminal,
  PLANNED_MS_MAX,
  PRE_AUTHORISED_MS,
  preAuthoriseExit,
  SUCCESSOR_WAIT_MS,
} from "../domain/intent.ts";
import { type ExitDone, type ExitOutcome, exitOutcome, takeOldest } from "../domain/intent-ends.ts";
import { type ExitTerms, exitTermsOf } from "../domain/intent-terms.ts";
import type { Trouble } from "../domain/notice-words.ts";
import { ladderPrice, qtyWorth, worstLadderPrice } from "../domain/order-bounds.ts";
import type { FreshBooks } from "../ports/book-desk.ts";
import type { ExitEnd, Fence, IntentFile, OpenPosition, OrderRow, Taken } from "../ports/journal.ts";
import {
  type CoinsShown,
  coinsAt,
  MISSING_CONFIRMED_MS,
  MissingWatch,
  recordClosedOutside,
  recordSettled,
} from "./closed-outside.ts";
import type { IntentProgress } from "./figures.ts";
import { IntentRecord } from "./intent-record.ts";
import { RefusedOrders } from "./refused-orders.ts";
import type { RunDeps } from "./run-entry.ts";
import { isOffPrice, type Legs, OrderDriver, type OrderPlan, restUntil, slowWhy } from "./run-order.ts";

export interface ExitRunDeps extends RunDeps {
  /** KRW per USDT for the settlement, the last valid one or the plan's, and in words which and how old it is. */
  readonly reference: () => { readonly priceKrw: Decimal; readonly words: string };
  /** Funding since entry that belongs to the position, USDT; positive is received. */
  readonly fundingUsdt: (position: OpenPosition, legs: Legs) => Promise<Decimal>;
}

export interface ExitResult {
  readonly kind: "exit";
  readonly to: "closed" | "parted" | "abandoned";
  readonly outcome: ExitOutcome | undefined;
  readonly closedOutside: boolean;
  readonly projectionFault: string | undefined;
}

type Purpose = ExitLeg["purpose"];

const BOOK_MS = 800;
/** As long as the tries of a leg may take: a venue that cannot be asked in between is one that does not fill. */
const UNSEEN_MS = 10_000;
/** Somebody should know when what is ours is held for so many looks. */
const HELD_LOOKS = 5;

export class ExitRun {
  readonly #record: IntentRecord;
  readonly #driver: OrderDriver;
  readonly #terms: ExitTerms;
  readonly #adopted: Record<Purpose, number> = { sell: 0, cover: 0 };
  readonly #shows: Record<Purpose, ExitLeg["venueShows"]> = { sell: undefined, cover: undefined };
  readonly #missing: Record<Purpose, MissingWatch>;
  readonly #refused: Record<Purpose, RefusedOrders>;
  readonly #held: Record<Purpose, number> = { sell: 0, cover: 0 };
  /** Since when an account is not to be read between two tries. */
  readonly #unseenSinceMs: Record<Purpose, number | undefined> = { sell: undefined, cover: undefined };
  #committedMs: number | undefined;
  #books: FreshBooks | undefined;
  #looking: Promise<void> | undefined;
  #closedOutside = false;
  #toldTrouble = false;

  constructor(
    private readonly deps: ExitRunDeps,
    private readonly legs: Legs,
    file: IntentFile,
    private readonly fence: Fence,
    private readonly position: OpenPosition,
    /** The exits in parts before this one, for the row of the whole position. */
    private readonly earlier: readonly IntentFile[],
    books: FreshBooks | undefined,
  ) {
    const { intentId, qtyCoin, qtyContracts } = file.intent;
    this.#terms = exitTermsOf(file.intent.terms);
    this.#books = books;
    this.#record = new IntentRecord(deps, fence, file);
    this.#driver = new OrderDriver(deps, {
      record: this.#record,
      legs,
      symbols: { domestic: this.#terms.domesticSymbol, overseas: this.#terms.overseasSymbol },
      allowed: preAuthoriseExit(intentId, { qtyCoin, qtyContracts }),
      committedMs: () => this.#committedMs,
      onSlow: (order) => deps.onTrouble({ intentId, kind: "slow", why: slowWhy(order, legs) }),
    });
    const watch = (purpose: Purpose) => new MissingWatch(deps.clock, this.#driver, purpose);
    this.#missing = { sell: watch("sell"), cover: watch("cover") };
    const refused = (purpose: Purpose) => new RefusedOrders(deps.clock, this.#record, this.#driver, purpose);
    this.#refused = { sell: refused("sell"), cover: refused("cover") };
  }

  progress(): IntentProgress {
    return this.#record.progress();
  }

  /** Resolves with how it ended; rejects with TermOver, or with a StoreFault before anything was sent. */
  async run(): Promise<ExitResult> {
    const isSettled = this.#terms.settled !== undefined;
    // What was closed by hand stays so: no order of it can be on its way, and no plan of it grows old.
    if (!isSettled) await this.#takeOver();
    const { intent } = this.#record;
    if (intent.state === "planned") {
      if (!isSettled && this.deps.clock.nowMs() - intent.plannedAtMs > PLANNED_MS_MAX) {
        await this.#record.begin("abandoned");
        return {
          kind: "exit",
          to: "abandoned",
          outcome: undefined,
          closedOutside: false,
          projectionFault: undefined,
        };
      }
      const committedMs = this.deps.clock.monotonicMs();
      await this.#record.begin("sending");
      this.#committedMs = committedMs;
    }
    if (isSettled) {
      await this.#recordSettled();
      return await this.#end();
    }
    // A leg that fails by a defect must not stop the other one.
    const ends = await Promise.allSettled([this.#runLeg("sell"), this.#runLeg("cover")]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return await this.#end();
  }

  async #takeOver(): Promise<void> {
    const { intent } = this.#record;
    if (intent.state === "planned" || intent.sendingAtMs === undefined) return;
    await restUntil(this.deps.clock, intent.sendingAtMs + SUCCESSOR_WAIT_MS, () => this.#driver.guard());
    // As in run-entry: beyond the predecessor's deadline nothing left.
    const sentAtMsMax = intent.sendingAtMs + PRE_AUTHORISED_MS;
    const { intentId, qtyCoin, qtyContracts, state } = intent;
    const allowed = preAuthoriseExit(intentId, { qtyCoin, qtyContracts });
    const rows = adoptPreAuthorised({ state, orders: this.#record.views() }, allowed, sentAtMsMax).map(
      (view): OrderRow => ({
        ...this.#driver.rowOf({ ...view, limitPrice: undefined }),
        adopted: true,
        sentAtMsMax,
      }),
    );
    if (rows.length > 0) await this.#record.addOrders(rows);
    for (const purpose of ["sell", "cover"] as const) {
      this.#adopted[purpose] = this.#record.orders.filter((order) => order.purpose === purpose).length;
    }
  }

  async #runLeg(purpose: Purpose): Promise<void> {
    for (;;) {
      this.#driver.guard();
      const leg = this.#leg(purpose);
      const open = leg.orders.filter(({ status }) => !isTerminal(status));
      if (open.length > 0) {
        await this.#driver.settle(open, async () => {
          await this.#look();
          return this.#books?.domestic;
        });
        continue;
      }
      const step = nextExitStep(leg, this.deps.clock.nowMs());
      if (step.do === "done") return;
      await this.#perform(purpose, step);
    }
  }

  async #perform(purpose: Purpose, step: ExitStep): Promise<void> {
    const { clock } = this.deps;
    switch (step.do) {
      case "send": {
        this.#missing[purpose].reset();
        this.#held[purpose] = 0;
        await this.#look();
        const order = this.#driver.rowOf(this.#planOf(purpose, step.attempt, step.qty));
        await this.#record.addOrders([order]);
        await this.#driver.send(order);
        return;
      }
      case "check-venue":
        return await this.#checkVenue(purpose);
      case "reconcile":
        return await this.#reconcile(purpose, step.missing);
      case "rest":
        await this.#needsHuman(purpose, purpose === "sell" ? "sale-unfilled" : "cover-unfilled");
        await restUntil(clock, step.untilMs, () => this.#driver.guard());
        if ((await this.#refused[purpose].look()) !== "revived") await this.#checkVenue(purpose);
        return;
      case "done":
        return;
      default:
        throw new RangeError(`expected no open order, was ${step.do}`);
    }
  }

  async #needsHuman(purpose: Purpose, trouble: Trouble): Promise<void> {
    if (this.#toldTrouble) return;
    this.#toldTrouble = true;
    const why = `${trouble}: ${this.#driver.venueOf(purpose).venue}`;
    const { intentId, state } = this.#record.intent;
    if (state === "sending") await this.#record.move("needs-human", { why });
    this.deps.onTrouble({ intentId, kind: "needs-human", why });
  }

  #planOf(purpose: Purpose, attempt: number, qty: Decimal): OrderPlan {
    const clientOrderId = clientOrderIdOf(this.#record.intent.intentId, purpose, attempt);
    const isSell = purpose === "sell";
    // Chunks that filled are no tries: the ladder counts what did not fill.
    const orders = this.#record.views().filter((order) => order.purpose === purpose);
    const missed = orders
      .slice(this.#adopted[purpose])
      .filter((order) => order.filledQty.below(order.qty)).length;
    const limitPrice = isOffPrice(this.#record.orders, purpose)
      ? undefined
      : ladderPrice({
          side: isSell ? "sell" : "buy",
          attempt: missed + 1,
          qty,
          book: isSell ? this.#books?.domestic : this.#books?.overseas,
          incrementAt: (price) =>
            isSell ? this.deps.incrementAt(this.legs.domestic.venue, price) : this.#terms.overseasIncrement,
        });
    return { clientOrderId, purpose, attempt, qty, limitPrice };
  }

  #leg(purpose: Purpose): ExitLeg {
    const { intent } = this.#record;
    const terms = this.#terms;
    const orders = this.#record.views().filter((order) => order.purpose === purpose);
    const own = this.#record.orders.filter((order) => order.purpose === purpose && !order.adopted);
    const ended = this.#record.orders.filter(
      (order) => order.purpose === purpose && isTerminal(order.status) && order.endedAtMs !== undefined,
    );
    const isSell = purpose === "sell";
    return {
      purpose,
      qty: isSell ? intent.qtyCoin : intent.qtyContracts,
      chunkMax: isSell
        ? terms.domesticQtyMaxMarket
        : terms.overseasQtyMaxMarket.toStep(terms.overseasLot, "down"),
      qtyMin: isSell
        ? qtyWorth(terms.domesticNotionalMinKrw, worstLadderPrice(this.#bidKrw()), terms.domesticLot)
        : Decimal.ZERO,
      orders,
      adoptedAttempts: this.#adopted[purpose],
      startedAtMs: own.length > 0 ? Math.min(...own.map(({ createdAtMs }) => createdAtMs)) : undefined,
      venueShows: this.#shows[purpose],
      lastEndedAtMs: ended.length > 0 ? Math.max(...ended.map(({ endedAtMs }) => endedAtMs!)) : undefined,
      timing: { acceptWindowMs: this.#driver.venueOf(purpose).acceptWindowMs },
    };
  }

  #bidKrw(): Decimal {
    return this.#books ? Decimal.ofFloat(this.#books.domestic.bidPrices[0]!) : this.#terms.domesticPriceKrw;
  }

  /** Both legs share a look. */
  #look(): Promise<void> {
    const { coin, pair } = this.#record.intent;
    if (this.#books && this.deps.clock.nowMs() - this.#books.atMs < BOOK_MS) return Promise.resolve();
    this.#looking ??= this.deps.books.fresh(coin, pair, BOOK_MS).then((books) => {
      this.#books = books ?? this.#books;
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #checkVenue(purpose: Purpose): Promise<void> {
    const { clock } = this.deps;
    const atMs = clock.nowMs();
    try {
      const shown =
        purpose === "sell"
          ? await coinsAt(this.legs.domestic, this.#record.intent.coin)
          : await this.#shortContracts();
      this.#shows[purpose] = { ...shown, atMs };
      this.#unseenSinceMs[purpose] = undefined;
    } catch (error) {
      // What was seen before says nothing of now: nothing may be taken for missing by it.
      this.#shows[purpose] = undefined;
      const { intentId } = this.#record.intent;
      this.deps.log.debug("venue not seen before another try", { intentId, purpose, error });
      const sinceMs = (this.#unseenSinceMs[purpose] ??= atMs);
      if (clock.nowMs() - sinceMs >= UNSEEN_MS) {
        await this.#needsHuman(purpose, "account-unseen");
      }
      await clock.sleep(BOOK_MS);
    }
  }

  async #shortContracts(): Promise<CoinsShown> {
    const positions = await this.legs.overseas.positions(this.#terms.overseasSymbol, { haste: "urgent" });
    const short = positions.find(
      ({ symbol, side }) => symbol === this.#terms.overseasSymbol && side === "short",
    );
    const qty = short?.qtyContracts ?? Decimal.ZERO;
    return { free: qty, held: qty };
  }

  /**
   * The venue holds less than our record: sold, withdrawn or bought back by somebody else, liquidated, deleveraged.
   * What is confirmed to be missing is recorded as closed outside, so that the rest can be left.
   */
  async #reconcile(purpose: Purpose, missing: Decimal): Promise<void> {
    const { clock } = this.deps;
    // All is there: what was suspected before is not half of a new suspicion.
    if (missing.isZero) this.#missing[purpose].reset();
    let found = missing.isZero ? "held" : await this.#missing[purpose].look();
    let trouble: Trouble = purpose === "sell" ? "coins-held" : "short-held";
    if (found === "confirmed") {
      const refused = await this.#refused[purpose].look();
      if (refused === "revived") return;
      if (refused === "none") return await this.#closeOutside(purpose, missing);
      // Nobody knows whether a refused order of ours took them.
      found = "held";
      trouble = "account-unseen";
    }
    if (found === "held" && ++this.#held[purpose] >= HELD_LOOKS) {
      await this.#needsHuman(purpose, trouble);
    }
    await clock.sleep(found === "held" ? MISSING_CONFIRMED_MS : MISSING_CONFIRMED_MS / 2);
    await this.#checkVenue(purpose);
  }

  async #closeOutside(purpose: Purpose, qty: Decimal): Promise<void> {
    await this.#look();
    const isSell = purpose === "sell";
    const ask = this.#books?.overseas.askPrices[0];
    const askUsdt = ask === undefined ? this.#terms.overseasPriceUsdt : Decimal.ofFloat(ask);
    this.#closedOutside = true;
    await recordClosedOutside(
      { clock: this.deps.clock, record: this.#record, driver: this.#driver },
      { purpose, qty, price: isSell ? this.#bidKrw() : askUsdt },
    );
    const { intentId } = this.#record.intent;
    const what = isSell ? "coins" : "contracts of the short";
    this.deps.onTrouble({
      ...{ intentId, kind: "closed-outside" },
      why: `${qty} ${what} were closed outside our orders`,
    });
  }

  /** Nothing is sent, and no venue is asked. */
  async #recordSettled(): Promise<void> {
    const parts = { clock: this.deps.clock, record: this.#record, driver: this.#driver };
    const { qtyCoin, qtyContracts } = this.#record.intent;
    const { domesticPriceKrw, overseasPriceUsdt } = this.#terms;
    await recordSettled(parts, { purpose: "sell", qty: qtyCoin, price: domesticPriceKrw });
    await recordSettled(parts, { purpose: "cover", qty: qtyContracts, price: overseasPriceUsdt });
    this.#closedOutside = true;
  }

  async #end(): Promise<ExitResult> {
    const { intent } = this.#record;
    const terms = this.#terms;
    const { deps } = this;
    const taken = takeOldest(this.position.entries, terms.positionCoin);
    const done: ExitDone = { taken, fills: this.#record.endFills() };
    const leftCoin = Decimal.sum(this.position.entries.map(({ qtyCoin }) => qtyCoin)).minus(
      terms.positionCoin,
    );
    const to = leftCoin.isZero ? "closed" : "parted";
    const fundingWholeUsdt = await deps.fundingUsdt(this.position, this.legs);
    const reference = deps.reference();
    const outcome = exitOutcome({
      done,
      earlier: this.earlier.map((file) => this.#doneOf(file)),
      multiplier: terms.multiplier,
      dust: { qtyCoin: terms.dustCoin, costKrw: terms.dustCostKrw },
      // Funding is the whole position's and is counted once, with its last part.
      fundingUsdt: to === "closed" ? fundingWholeUsdt : Decimal.ZERO,
      fundingWholeUsdt,
      referenceKrw: reference.priceKrw,
      placedPriceUsdt: terms.overseasPriceUsdt,
    });
    const end: ExitEnd = {
      to,
      atMs: deps.clock.nowMs(),
      positionId: this.position.positionId,
      taken,
      profitKrw: outcome.profitKrw,
      profitRatePct: outcome.profitRatePct,
      settledBy: reference.words,
      dust: outcome.dustChanged ? outcome.dust : undefined,
      closedRow:
        to === "closed" && intent.mode === "live" ? { ...outcome.row, ...this.#idsAndLeverage() } : undefined,
    };
    const projectionFault = await this.#driver.untilStored(
      async (journal) => (await journal.endExit(intent.intentId, end, this.fence)).projectionFault,
      deps.journal,
    );
    return { kind: "exit", to, outcome, closedOutside: this.#closedOutside, projectionFault };
  }

  /** An earlier part, from its own rows. */
  #doneOf(file: IntentFile): ExitDone {
    const purposes = new Map(file.orders.map((order) => [order.clientOrderId, order.purpose]));
    const isOf = (part: Taken & { readonly exitIntentId: string }) =>
      part.exitIntentId === file.intent.intentId;
    return {
      taken: this.position.parts.filter(isOf),
      fills: file.fills.map(({ clientOrderId, price, qty, feeValued }) => ({
        purpose: purposes.get(clientOrderId)!,
        price,
        qty,
        fee: feeValued,
      })),
    };
  }

  #idsAndLeverage() {
    const idOf = (purpose: Purpose) =>
      this.#record.orders.findLast((order) => order.purpose === purpose && order.venueOrderId !== undefined)
        ?.venueOrderId ?? "outside";
    return { krOrderId: idOf("sell"), frOrderId: idOf("cover"), leverage: this.position.leverage };
  }
}
