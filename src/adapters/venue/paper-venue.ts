// What the paper venues at home and overseas have in common: how an order is taken, and looked up.
//
// Invariants: an order is carried out at most once, by its client order id; it is accepted only under the account's
// lock and within ACCEPT_MS of being sent, and a look-up waits for that lock, so one that begins after
// `acceptWindowMs` is final. What a look-up does not find was not carried out.

import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Listing } from "../../domain/instrument.ts";
import type { KeyFinding } from "../../domain/key-finding.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  PaperAccount,
  PaperDecision,
  PaperKey,
  PaperOrder,
  PaperStore,
} from "../../ports/paper-store.ts";
import type { Log } from "../../ports/telemetry.ts";
import type {
  FeeRatesOfAccount,
  LookupOutcome,
  PlaceOptions,
  PlaceOutcome,
  Rejection,
  SymbolRules,
  VenueOrder,
  VenueOrderState,
} from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import type { Marks, Take } from "./paper-account.ts";
import { bestPrice, midPrice, type PaperBook } from "./paper-book.ts";
import type { PaperMarket } from "./paper-market.ts";
import { boundOf, paperDefect, refusalByRules, rejection, rulesOf } from "./paper-rules.ts";

export interface PaperParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: PaperStore;
  readonly market: PaperMarket;
  readonly listing: (venue: Venue, symbol: string) => Listing | undefined;
  readonly key: PaperKey;
  readonly feeRatio: Decimal;
  readonly opening: ReadonlyMap<string, Decimal>;
}

/** An order with everything it meets. */
export interface Met {
  readonly order: VenueOrder;
  readonly listing: Listing;
  readonly takes: readonly Take[];
  readonly marks: Marks;
}

const ACCEPT_MS = 2_000;

export abstract class PaperVenue<V extends Venue> {
  /** As overseas: a second above what is accepted, for clocks that differ. */
  readonly acceptWindowMs = ACCEPT_MS + 1_000;

  constructor(
    readonly venue: V,
    protected readonly parts: PaperParts,
  ) {}

  /** What the order does to the account, or why the account refuses it. Pure. */
  protected abstract decide(account: PaperAccount, met: Met): PaperDecision<Rejection>;
  /** Prices of what the account holds, as far as `decide` needs them. */
  protected abstract marks(account: PaperAccount): Promise<Marks>;

  async place(order: VenueOrder, timeoutMs: number, options?: PlaceOptions): Promise<PlaceOutcome> {
    const { clock } = this.parts;
    const defect = paperDefect(this, order);
    if (defect !== undefined) return { kind: "unsent", why: defect };
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const ready = await this.#within(timeoutMs, this.#prepare(order));
    if (ready.kind !== "done") return { kind: "unsent", why: `it could not be prepared: ${ready.why}` };
    if (ready.value.kind !== "ready") return ready.value;
    const { listing, book, marks } = ready.value;
    const price = bestPrice(book, order.side);
    const refusal = refusalByRules(listing, order, price);
    if (refusal !== undefined) return { kind: "rejected", rejection: refusal };
    const { takes, release } = this.parts.market.taken.take(
      { venue: this.venue, symbol: order.symbol, side: order.side },
      book,
      { qty: order.qty, bound: boundOf(this, order, price) },
    );
    const acceptedUntilMs = Math.min(deadlineMs, clock.monotonicMs() + ACCEPT_MS);
    const mayStillSend = () => clock.monotonicMs() <= acceptedUntilMs && (options?.mayStillSend?.() ?? true);
    // Also when its time is up here it goes on, and what it did not take is put back.
    const carriedOut = this.#carryOut({ order, listing, takes, marks }, mayStillSend).then((outcome) => {
      if (outcome.kind !== "accepted") release();
      return outcome;
    });
    const outcome = await this.#within(deadlineMs - clock.monotonicMs(), carriedOut);
    if (outcome.kind === "done") return outcome.value;
    const { clientOrderId, symbol } = order;
    this.parts.log.warn("order outcome unknown", {
      venue: this.venue,
      symbol,
      clientOrderId,
      why: outcome.why,
    });
    return { kind: "unknown", why: outcome.why };
  }

  async lookup(
    ref: { readonly symbol: string; readonly clientOrderId: string },
    timeoutMs: number,
  ): Promise<LookupOutcome> {
    const { store, key } = this.parts;
    const found = await this.#within(timeoutMs, store.order(key, ref.clientOrderId));
    if (found.kind !== "done") return { kind: "failed", why: found.why, rejection: undefined };
    if (found.value === undefined) return { kind: "absent" };
    if (found.value.symbol !== ref.symbol) {
      const why = `expected the order ${ref.clientOrderId} of ${ref.symbol}, was of ${found.value.symbol}`;
      return { kind: "failed", why, rejection: undefined };
    }
    return { kind: "found", order: stateOf(key, found.value) };
  }

  openOrders(_symbol: string): Promise<readonly VenueOrderState[]> {
    return Promise.resolve([]);
  }

  feeRates(_symbol: string): Promise<FeeRatesOfAccount> {
    const { feeRatio } = this.parts;
    return Promise.resolve({ buy: feeRatio, sell: feeRatio });
  }

  async rules(symbol: string): Promise<SymbolRules> {
    const listing = this.parts.listing(this.venue, symbol);
    const mid = await this.parts.market.mid(this.venue, symbol);
    const rules = listing && mid && rulesOf(listing, mid);
    if (rules === undefined) throw this.fault(`expected ${symbol} to be listed with its rules and a book`);
    return rules;
  }

  clockOffsetMs(): Promise<number> {
    return Promise.resolve(0);
  }

  keyFaults(): Promise<readonly KeyFinding[]> {
    return Promise.resolve([]);
  }

  protected fault(what: string, cause?: unknown): VenueReadFault {
    return new VenueReadFault(`paper ${this.venue}: ${what}`, undefined, { cause });
  }

  /** A read of the store. Rejects with VenueReadFault. */
  protected async read<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw this.fault(messageOf(error), error);
    }
  }

  protected account(): Promise<PaperAccount> {
    const { store, key, opening, clock } = this.parts;
    return this.read(store.open(key, opening, clock.nowMs()));
  }

  async #prepare(
    order: VenueOrder,
  ): Promise<
    | { readonly kind: "ready"; readonly listing: Listing; readonly book: PaperBook; readonly marks: Marks }
    | PlaceOutcome
  > {
    const { symbol } = order;
    const listing = this.parts.listing(this.venue, symbol);
    if (listing === undefined) {
      return { kind: "rejected", rejection: rejection("closed", `${symbol} is not listed`) };
    }
    const others = await this.marks(await this.account());
    // Last, so that nothing is waited for between the book and the walk.
    const book = await this.parts.market.book(this.venue, symbol);
    if (book === undefined) return { kind: "unsent", why: `no book of ${symbol} to be had` };
    return { kind: "ready", listing, book, marks: new Map([...others, [symbol, midPrice(book)]]) };
  }

  async #carryOut(met: Met, mayStillSend: () => boolean): Promise<PlaceOutcome> {
    const { store, key } = this.parts;
    const { clientOrderId } = met.order;
    const result = await store.place<PlaceOutcome>(key, clientOrderId, (account) => {
      if (!mayStillSend()) return { kind: "refuse", why: { kind: "unsent", why: "it was too late to send" } };
      const decision = this.decide(account, met);
      if (decision.kind === "accept") return decision;
      return { kind: "refuse", why: { kind: "rejected", rejection: decision.why } };
    });
    if (result.kind === "refused") return result.why;
    if (result.kind === "stored") return { kind: "accepted", venueOrderId: venueOrderIdOf(clientOrderId) };
    return { kind: "rejected", rejection: rejection("duplicate", `${clientOrderId} is used up`, false) };
  }

  /** Waits `lengthMs` at most for work that goes on by itself afterwards. Never rejects. */
  async #within<T>(
    lengthMs: number,
    work: Promise<T>,
  ): Promise<
    { readonly kind: "done"; readonly value: T } | { readonly kind: "not-done"; readonly why: string }
  > {
    const over = new AbortController();
    const done = work.then(
      (value) => ({ kind: "done", value }) as const,
      (error: unknown) => ({ kind: "not-done", why: messageOf(error) }) as const,
    );
    const late = this.parts.clock
      .sleep(lengthMs, over.signal)
      .then(() => ({ kind: "not-done", why: `no answer within ${Math.round(lengthMs)} ms` }) as const);
    const first = await Promise.race([done, late]);
    over.abort();
    return first;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const venueOrderIdOf = (clientOrderId: string) => `paper-${clientOrderId}`;

function stateOf({ userId }: PaperKey, order: PaperOrder): VenueOrderState {
  const { clientOrderId, symbol, side, atMs } = order;
  return {
    clientOrderId,
    venueOrderId: venueOrderIdOf(clientOrderId),
    symbol,
    side,
    state: "closed",
    filledQty: Decimal.sum(order.fills.map(({ qty }) => qty)),
    // Unique per venue, over all users.
    fills: order.fills.map((fill, level) => ({
      fillId: `paper-${userId}-${clientOrderId}-${level}`,
      ...fill,
      atMs,
    })),
    fillsComplete: true,
  };
}
