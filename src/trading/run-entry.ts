// Drives one entry from its stored row to its end, asking the kernel after every step. A running process and one that
// takes over do the same; the latter first waits until its predecessor can send nothing any more, and adds a row for
// every id that one was allowed to use.

import { Decimal } from "../domain/decimal.ts";
import {
  adoptPreAuthorised,
  type EntryStep,
  type EntryView,
  nextEntryStep,
  type SendOrder,
} from "../domain/entry-steps.ts";
import {
  clientOrderIdOf,
  isTerminal,
  type OrderPurpose,
  PRE_AUTHORISED_MS,
  preAuthoriseEntry,
  SUCCESSOR_WAIT_MS,
} from "../domain/intent.ts";
import { type EntryOutcome, entryOutcome, openRowFigures } from "../domain/intent-ends.ts";
import { carriedExitPolicy, type EntryTerms, entryTermsOf } from "../domain/intent-terms.ts";
import { hedgeBound, ladderPrice, qtyWorth, worstLadderPrice } from "../domain/order-bounds.ts";
import type { BookDesk, FreshBooks } from "../ports/book-desk.ts";
import type { Fence, IntentFile, Journal, OrderRow } from "../ports/journal.ts";
import { coinsAt, MissingWatch, recordClosedOutside } from "./closed-outside.ts";
import type { IntentProgress } from "./figures.ts";
import { IntentRecord } from "./intent-record.ts";
import { isRefusedAtGate, RefusedOrders } from "./refused-orders.ts";
import {
  isOffPrice,
  type Legs,
  type OrderDeps,
  OrderDriver,
  type OrderPlan,
  restUntil,
  slowWhy,
} from "./run-order.ts";

export interface RunDeps extends OrderDeps {
  readonly journal: Journal;
  readonly books: BookDesk;
  /**
   * An intent that cannot go on by itself, or that a venue keeps waiting: alert, and this user's entries off. What was
   * closed outside our orders is only told.
   */
  readonly onTrouble: (trouble: {
    readonly intentId: string;
    readonly kind: "needs-human" | "slow" | "closed-outside";
    readonly why: string;
  }) => void;
  /** Asked last thing before the first order of an entry leaves. Left out: it may. */
  readonly mayBuy?: () => boolean;
  /** The kernel; tests hand in defective ones. */
  readonly nextEntryStep?: typeof nextEntryStep;
}

export interface EntryResult {
  readonly kind: "entry";
  readonly to: "hedged" | "flat" | "abandoned";
  readonly outcome: EntryOutcome;
  readonly projectionFault: string | undefined;
  readonly wasUnwound: boolean;
}

const BOOK_MS = 800;
const CAREFUL_PAUSE_MS = 30_000;
/** A copy of a request comes within this; a later one nobody looks for. */
const COPY_MS = 2_000;
/** Where nothing was told the look is repeated. */
const COPY_LOOKS = 3;

export class EntryRun {
  readonly #record: IntentRecord;
  readonly #driver: OrderDriver;
  readonly #terms: EntryTerms;
  readonly #missing: MissingWatch;
  readonly #refused: RefusedOrders;
  readonly #refusedBuy: RefusedOrders;
  readonly #adopted: Partial<Record<OrderPurpose, number>> = {};
  #committedMs: number | undefined;
  #books: FreshBooks | undefined;
  #restUntilMs = 0;
  #wasUnwound = false;

  constructor(
    private readonly deps: RunDeps,
    private readonly legs: Legs,
    file: IntentFile,
    private readonly fence: Fence,
    /** The books it was planned on, for the first orders. */
    books: FreshBooks | undefined,
  ) {
    const { intentId, qtyCoin, qtyContracts } = file.intent;
    this.#terms = entryTermsOf(file.intent.terms);
    this.#books = books;
    this.#record = new IntentRecord(deps, fence, file);
    this.#driver = new OrderDriver(deps, {
      record: this.#record,
      legs,
      symbols: { domestic: this.#terms.domesticSymbol, overseas: this.#terms.overseasSymbol },
      allowed: preAuthoriseEntry(intentId, { qtyCoin, qtyContracts }),
      committedMs: () => this.#committedMs,
      onSlow: (order) => deps.onTrouble({ intentId, kind: "slow", why: slowWhy(order, legs) }),
      mayBuy: deps.mayBuy,
    });
    this.#missing = new MissingWatch(deps.clock, this.#driver, "unwind");
    this.#refused = new RefusedOrders(deps.clock, this.#record, this.#driver, "unwind");
    this.#refusedBuy = new RefusedOrders(deps.clock, this.#record, this.#driver, "buy");
  }

  progress(): IntentProgress {
    return this.#record.progress();
  }

  /** Resolves with how it ended; rejects with TermOver, or with a StoreFault before anything was sent. */
  async run(): Promise<EntryResult> {
    await this.#takeOver();
    for (;;) {
      this.#driver.guard();
      const result = await this.#step();
      if (result) return result;
    }
  }

  /** What a predecessor may have sent is waited out, then looked for like what we sent ourselves. */
  async #takeOver(): Promise<void> {
    const { intent } = this.#record;
    const { clock } = this.deps;
    if (intent.state === "planned" || intent.sendingAtMs === undefined) return;
    await restUntil(clock, intent.sendingAtMs + SUCCESSOR_WAIT_MS, () => this.#driver.guard());
    // The predecessor asked last thing before the bytes left; beyond its deadline nothing left.
    const sentAtMsMax = intent.sendingAtMs + PRE_AUTHORISED_MS;
    const { intentId, qtyCoin, qtyContracts, state } = intent;
    const allowed = preAuthoriseEntry(intentId, { qtyCoin, qtyContracts });
    const views = adoptPreAuthorised({ state, orders: this.#record.views() }, allowed, sentAtMsMax);
    const rows = views.map(
      (view): OrderRow => ({
        ...this.#driver.rowOf({ ...view, limitPrice: undefined }),
        adopted: true,
        sentAtMsMax,
      }),
    );
    // Ids it may have used before it died count as its tries, those with a row as well.
    for (const { purpose, attempt } of this.#record.orders.concat(rows)) {
      this.#adopted[purpose] = Math.max(this.#adopted[purpose] ?? 0, attempt);
    }
    if (rows.length > 0) await this.#record.addOrders(rows);
  }

  async #step(): Promise<EntryResult | undefined> {
    const { clock } = this.deps;
    const open = this.#record.views().filter(({ status }) => !isTerminal(status));
    if (open.length > 0) {
      await this.#driver.settle(open, async () => {
        await this.#look();
        return this.#books?.domestic;
      });
      return undefined;
    }
    const needsPrices =
      this.#record.intent.state !== "planned" && this.#record.intent.state !== "domestic-sending";
    if (needsPrices) await this.#look();
    const next = this.deps.nextEntryStep ?? nextEntryStep;
    const step = next(this.#view(), clock.nowMs());
    return await this.#perform(step);
  }

  async #perform(step: EntryStep): Promise<EntryResult | undefined> {
    switch (step.do) {
      case "move": {
        if (step.to === "unwinding") this.#wasUnwound = true;
        if (step.to === "domestic-sending") {
          await this.#begin(step.send!);
          return undefined;
        }
        const order = step.send && this.#driver.rowOf(this.#planOf(step.send));
        await this.#record.move(step.to, order ? { order } : {});
        if (order) await this.#driver.send(order);
        return undefined;
      }
      case "send": {
        if (this.#record.intent.state === "needs-human") {
          await restUntil(this.deps.clock, this.#restUntilMs, () => this.#driver.guard());
          this.#restUntilMs = this.deps.clock.nowMs() + CAREFUL_PAUSE_MS;
          await this.#look();
          if (step.send.purpose === "unwind" && (await this.#isSold(step.send.qty))) return undefined;
        }
        const order = this.#driver.rowOf(this.#planOf(step.send));
        await this.#record.addOrders([order]);
        await this.#driver.send(order);
        return undefined;
      }
      case "needs-human": {
        await this.#record.move("needs-human", { why: step.why });
        const { intentId } = this.#record.intent;
        this.deps.onTrouble({ intentId, kind: "needs-human", why: step.why });
        this.#restUntilMs = this.deps.clock.nowMs() + CAREFUL_PAUSE_MS;
        return undefined;
      }
      case "end":
        if (step.to === "abandoned" && (await this.#hasBoughtLate())) return undefined;
        return await this.#end(step.to);
      default:
        throw new RangeError(`expected no open order, was ${step.do}`);
    }
  }

  /**
   * A buy refused at the gate that its network brought once more, a moment later, and that was carried out then: an order
   * of ours, to be hedged like any. Nobody else would look for these coins.
   */
  async #hasBoughtLate(): Promise<boolean> {
    const buy = this.#record.orders.find((order) => order.purpose === "buy" && isRefusedAtGate(order));
    if (!buy) return false;
    for (let look = 1; look <= COPY_LOOKS; look++) {
      await restUntil(this.deps.clock, (buy.endedAtMs ?? 0) + look * COPY_MS, () => this.#driver.guard());
      const found = await this.#refusedBuy.look();
      if (found !== "unseen") return found === "revived";
    }
    // A key that is refused for the buy is refused for this as well.
    this.deps.log.warn("nobody tells what became of a refused buy", { clientOrderId: buy.clientOrderId });
    return false;
  }

  /**
   * A try that was refused may have sold the coins late, or the human who was called by hand: then they are not tried
   * for ever, and nobody's own are sold.
   */
  async #isSold(qty: Decimal): Promise<boolean> {
    const { deps } = this;
    const { coin, intentId } = this.#record.intent;
    const refused = await this.#refused.look();
    if (refused === "revived") {
      // Its rest, if any, need not wait.
      this.#restUntilMs = deps.clock.nowMs();
      return true;
    }
    const shown = await coinsAt(this.legs.domestic, coin).catch(() => undefined);
    if (shown === undefined || shown.held.atLeast(qty)) {
      this.#missing.reset();
      // What an order of his holds is there: it is waited for.
      return shown?.free.below(qty) ?? false;
    }
    if (refused === "unseen" || (await this.#missing.look()) !== "confirmed") return true;
    const missing = qty.minus(shown.held);
    const { clock } = deps;
    await recordClosedOutside(
      { clock, record: this.#record, driver: this.#driver },
      { purpose: "unwind", qty: missing, price: this.#bidKrw() },
    );
    deps.onTrouble({
      ...{ intentId, kind: "closed-outside" },
      why: `${missing} coins were closed outside our orders`,
    });
    return true;
  }

  #bidKrw(): Decimal {
    return this.#books ? Decimal.ofFloat(this.#books.domestic.bidPrices[0]!) : this.#terms.domesticPriceKrw;
  }

  /** The one commit that must be there before anything leaves: a store that is away ends the run here. */
  async #begin(send: SendOrder): Promise<void> {
    const order = this.#driver.rowOf(this.#planOf(send));
    const committedMs = this.deps.clock.monotonicMs();
    await this.#record.begin("domestic-sending", order);
    this.#committedMs = committedMs;
    await this.#driver.send(order);
  }

  /** The books as they are now; what is not to be had leaves the last ones, which only bound. */
  async #look(): Promise<void> {
    const { coin, pair } = this.#record.intent;
    const { clock } = this.deps;
    if (this.#books && clock.nowMs() - this.#books.atMs < BOOK_MS) return;
    this.#books = (await this.deps.books.fresh(coin, pair, BOOK_MS)) ?? this.#books;
  }

  #planOf({ purpose, attempt, qty, atMarket }: SendOrder): OrderPlan {
    const clientOrderId = clientOrderIdOf(this.#record.intent.intentId, purpose, attempt);
    return {
      clientOrderId,
      purpose,
      attempt,
      qty,
      limitPrice: this.#limitOf({ purpose, attempt, qty, atMarket }),
    };
  }

  #limitOf({ purpose, attempt, qty, atMarket }: SendOrder): Decimal | undefined {
    const terms = this.#terms;
    if (purpose === "buy") return terms.capKrw;
    if (purpose === "hedge") {
      const bought = this.#record.endFills().filter((fill) => fill.purpose === "buy");
      const coins = bought.reduce((sum, fill) => sum + fill.qty.toFloat(), 0);
      return hedgeBound({
        qtyContracts: qty,
        multiplier: terms.multiplier,
        paidKrwPerCoin: coins > 0 ? this.#paidPerCoin() : terms.domesticPriceKrw,
        domestic: this.#books?.domestic,
        overseas: this.#books?.overseas,
        priceUsdt: terms.overseasPriceUsdt,
        referenceKrw: terms.referenceKrw,
        increment: terms.overseasIncrement,
      });
    }
    if (atMarket || isOffPrice(this.#record.orders, purpose)) return undefined;
    const tries = attempt - (this.#adopted[purpose] ?? 0);
    return ladderPrice({
      side: "sell",
      attempt: tries,
      qty,
      book: this.#books?.domestic,
      incrementAt: (price) => this.deps.incrementAt(this.legs.domestic.venue, price),
    });
  }

  #paidPerCoin(): Decimal {
    const { boughtKrw } = entryOutcome({
      fills: this.#record.endFills().filter((fill) => fill.purpose === "buy"),
      multiplier: this.#terms.multiplier,
      dust: { qtyCoin: this.#terms.dustCoin, costKrw: this.#terms.dustCostKrw },
    });
    const coins = this.#record.views().filter(({ purpose }) => purpose === "buy");
    return boughtKrw.dividedBy(coins[0]!.filledQty, 12, "up");
  }

  #timingOf(purpose: OrderPurpose) {
    return { acceptWindowMs: this.#driver.venueOf(purpose).acceptWindowMs };
  }

  #view(): EntryView {
    const { intent } = this.#record;
    const terms = this.#terms;
    return {
      state: intent.state,
      plannedAtMs: intent.plannedAtMs,
      domesticDoneAtMs: intent.domesticDoneAtMs,
      qtyCoin: intent.qtyCoin,
      multiplier: terms.multiplier,
      overseasLot: terms.overseasLot,
      hedgeMinContracts: qtyWorth(
        terms.overseasNotionalMinUsdt,
        terms.overseasPriceUsdt,
        terms.overseasLot,
        terms.overseasQtyMin,
      ),
      sellMinCoin: qtyWorth(
        terms.domesticNotionalMinKrw,
        worstLadderPrice(this.#bidKrw()),
        terms.domesticLot,
      ),
      dustCoin: terms.dustCoin,
      orders: this.#record.views(),
      adopted: this.#adopted,
      domestic: this.#timingOf("buy"),
      overseas: this.#timingOf("hedge"),
    };
  }

  async #end(to: EntryResult["to"]): Promise<EntryResult> {
    const { intent } = this.#record;
    const terms = this.#terms;
    const { clock } = this.deps;
    const outcome = entryOutcome({
      fills: this.#record.endFills(),
      multiplier: terms.multiplier,
      dust: { qtyCoin: terms.dustCoin, costKrw: terms.dustCostKrw },
    });
    const wasUnwound =
      this.#record.endFills().some(({ purpose }) => purpose === "unwind") || this.#wasUnwound;
    const { entry, dust, dustChanged } = outcome;
    const end = {
      atMs: clock.nowMs(),
      entry: to === "hedged" ? entry : undefined,
      exitTerms: carriedExitPolicy(intent.terms),
      leverage: Number(terms.leverage.toString()),
      dust: dustChanged ? dust : undefined,
      openRow: entry && intent.mode === "live" ? this.#openRow(entry) : undefined,
    };
    const projectionFault = await this.#driver.untilStored(async (journal) => {
      if (to === "abandoned") {
        await journal.move(
          { intentId: intent.intentId, from: intent.state, to, atMs: clock.nowMs() },
          this.fence,
        );
        return undefined;
      }
      return (await journal.endEntry(intent.intentId, { ...end, to }, this.fence)).projectionFault;
    }, this.deps.journal);
    return { kind: "entry", to, outcome, projectionFault, wasUnwound };
  }

  #openRow(entry: NonNullable<EntryOutcome["entry"]>) {
    const terms = this.#terms;
    const idOf = (purpose: OrderPurpose) =>
      this.#record.orders.findLast((order) => order.purpose === purpose && order.venueOrderId !== undefined)
        ?.venueOrderId ?? "";
    return {
      krOrderId: idOf("buy"),
      frOrderId: idOf("hedge"),
      leverage: Number(terms.leverage.toString()),
      ...openRowFigures({
        entry,
        multiplier: terms.multiplier,
        placedPriceUsdt: terms.overseasPriceUsdt,
        referenceKrw: terms.referenceKrw,
      }),
    };
  }
}
