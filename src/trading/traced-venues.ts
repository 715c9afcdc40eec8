// Users' venues with every order sent and every look-up as a span of the trace of its intent, which the order's id names.

import { intentIdOfOrder } from "../domain/intent.ts";
import { SPANS, type Span, type Tracer } from "../ports/tracing.ts";
import type { UserVenues } from "../ports/trading-desk.ts";
import type { LookupOutcome, PlaceOutcome, TradingVenue } from "../ports/trading-venue.ts";

/** An order that is looked up for hours is told of so often, and then no more until it has an outcome. */
const LOOKUPS_MAX = 50;
const ORDERS_MAX = 2_000;

export class TracedVenues implements UserVenues {
  /** The same object for the same venue: it knows its account's budget. */
  readonly #traced = new WeakMap<TradingVenue, TradingVenue>();
  readonly #lookups = new Map<string, number>();

  constructor(
    private readonly venues: UserVenues,
    private readonly tracer: Tracer,
  ) {}

  async domestic(...asked: Parameters<UserVenues["domestic"]>) {
    return this.#wrap(await this.venues.domestic(...asked));
  }

  async overseas(...asked: Parameters<UserVenues["overseas"]>) {
    return this.#wrap(await this.venues.overseas(...asked));
  }

  #wrap<V extends TradingVenue>(venue: V | undefined): V | undefined {
    if (!venue) return undefined;
    const held = this.#traced.get(venue) as V | undefined;
    if (held) return held;
    const own: Pick<TradingVenue, "place" | "lookup"> = {
      place: (...sent) => this.#place(venue, ...sent),
      lookup: (...asked) => this.#lookup(venue, ...asked),
    };
    const wrapped = new Proxy(venue, {
      get(target, name) {
        if (name === "place" || name === "lookup") return own[name];
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    this.#traced.set(venue, wrapped);
    return wrapped;
  }

  async #place(venue: TradingVenue, ...sent: Parameters<TradingVenue["place"]>): Promise<PlaceOutcome> {
    const [{ clientOrderId, limitPrice }] = sent;
    const span = this.#begin("place order", venue, clientOrderId);
    const outcome = await venue.place(...sent);
    span?.end({
      attributes: {
        "schedulerx.outcome": outcome.kind,
        "schedulerx.order.at_market": limitPrice === undefined,
        ...(outcome.kind === "rejected" ? { "schedulerx.rejection.code": outcome.rejection.code } : {}),
      },
      fault: placeFault(outcome),
    });
    return outcome;
  }

  async #lookup(venue: TradingVenue, ...asked: Parameters<TradingVenue["lookup"]>): Promise<LookupOutcome> {
    const [{ clientOrderId }] = asked;
    const count = (this.#lookups.get(clientOrderId) ?? 0) + 1;
    if (this.#lookups.size >= ORDERS_MAX) this.#lookups.clear();
    this.#lookups.set(clientOrderId, count);
    const span = count > LOOKUPS_MAX ? undefined : this.#begin("look up order", venue, clientOrderId);
    const outcome = await venue.lookup(...asked);
    span?.end({
      attributes: {
        "schedulerx.outcome": outcome.kind,
        "schedulerx.lookup": count,
        ...(outcome.kind === "found" ? { "schedulerx.order.state": outcome.order.state } : {}),
      },
      fault: outcome.kind === "failed" ? "failed" : undefined,
    });
    return outcome;
  }

  #begin(name: string, { venue }: TradingVenue, clientOrderId: string): Span | undefined {
    const intentId = intentIdOfOrder(clientOrderId);
    if (intentId === undefined) return undefined;
    return this.tracer.intent(intentId).begin({
      name,
      kind: "client",
      parent: SPANS.order(clientOrderId),
      attributes: { "schedulerx.venue": venue, "schedulerx.order.client_id": clientOrderId },
    });
  }
}

function placeFault(outcome: PlaceOutcome): string | undefined {
  if (outcome.kind === "accepted") return undefined;
  return outcome.kind === "rejected" ? outcome.rejection.kind : outcome.kind;
}
