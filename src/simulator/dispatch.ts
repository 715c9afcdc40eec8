// From a request to what happens on the connection: limits first, then faults, then the route's answer, then the
// record and the counts. No server and no waiting in here: the same code runs under a manual clock.

import type { SimCounters } from "./counters.ts";
import { type Fault, type FaultBoard, type FaultKind, type FaultTarget, spoilBook } from "./faults.ts";
import type { ListingCache } from "./listing-cache.ts";
import type { Matching } from "./matching.ts";
import type { OrderPlan } from "./orders.ts";
import type { Recorder } from "./recorder.ts";
import type { SimListing, SimMarket, SimVenue } from "./types.ts";
import {
  type Admission,
  type Route,
  routeOf,
  type ServedBook,
  sideOf,
  symbolsOf,
  type VenueWire,
  type WireReply,
  type WireRequest,
} from "./wire.ts";

/** What the server has to do. `delayMs` comes before it. */
export type Delivery =
  | {
      readonly kind: "send";
      readonly delayMs: number;
      readonly reply: WireReply;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: "hang" }
  | { readonly kind: "reset"; readonly delayMs: number }
  /** Still on its way to the venue; what happens then follows. */
  | { readonly kind: "held"; readonly dueAtMs: number; readonly arrived: Promise<Delivery> };

/** Venues by host name: Binance has two. */
export type SimHost = SimVenue | "binanceSpot";
export const SIM_HOSTS = ["upbit", "bithumb", "bybit", "binance", "binanceSpot"] as const;

const MAINTENANCE_PAGE =
  "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>" +
  "<body><h1>We'll be back soon</h1><p>Scheduled maintenance is in progress.</p></body></html>\n";

export interface DispatcherParts {
  readonly market: SimMarket;
  readonly listings: ListingCache;
  readonly matching: Matching;
  readonly wires: Readonly<Record<SimHost, VenueWire>>;
  readonly faults: FaultBoard;
  readonly recorder: Recorder;
  readonly counters: SimCounters;
  /** Told when a request will arrive later; `arrivePending` is to be called then. */
  wake?(atMs: number): void;
}

interface Arrival {
  readonly host: SimHost;
  readonly request: WireRequest;
  readonly target: FaultTarget;
  /** Faults met so far; grows while answering. */
  readonly met: Fault[];
  readonly requestId: number;
}

export class Dispatcher {
  private readonly parts: DispatcherParts;
  private pending: { readonly dueAtMs: number; readonly run: () => void }[] = [];
  private requestId = 0;

  constructor(parts: DispatcherParts) {
    this.parts = parts;
  }

  dispatch(host: SimHost, request: WireRequest): Delivery {
    this.arrivePending(request.nowMs);
    const wire = this.parts.wires[host];
    const target: FaultTarget = {
      venue: wire.venue,
      method: request.method,
      path: request.path,
      symbols: symbolsOf(request.fields),
      sourceIndex: request.sourceIndex,
      apiKey: wire.apiKeyOf(request),
      side: sideOf(request.fields),
    };
    const met = this.parts.faults.transport(target);
    const arrival = { host, request, target, met, requestId: ++this.requestId };
    const faultOf = (kind: Fault["kind"]) => met.find((fault) => fault.kind === kind);
    const lost = faultOf("request-lost");
    if (lost !== undefined) return this.note(arrival, false, ended(lost, delayOf(met)));
    const late = faultOf("late-arrival");
    if (late !== undefined) return this.later(arrival, late.delayMs ?? 1_000);
    const delivery = this.arrive(arrival);
    const again = faultOf("duplicate-delivery");
    if (again?.delayMs) this.later({ ...arrival, met: [] }, again.delayMs);
    else if (again !== undefined) this.arrive({ ...arrival, met: [] });
    return delivery;
  }

  /** Carries out what has arrived by now, in the order of arrival. */
  arrivePending(nowMs: number): void {
    while (this.pending.length > 0) {
      const [next] = this.pending;
      if (next === undefined || next.dueAtMs > nowMs) return;
      this.pending.shift();
      next.run();
    }
  }

  private later(arrival: Arrival, delayMs: number): Delivery {
    const dueAtMs = arrival.request.nowMs + delayMs;
    const skewMs = arrival.request.clockMs - arrival.request.nowMs;
    const { promise: arrived, resolve } = Promise.withResolvers<Delivery>();
    const request = { ...arrival.request, nowMs: dueAtMs, clockMs: dueAtMs + skewMs };
    this.pending.push({ dueAtMs, run: () => resolve(this.arrive({ ...arrival, request })) });
    this.pending.sort((left, right) => left.dueAtMs - right.dueAtMs);
    this.parts.wake?.(dueAtMs);
    return { kind: "held", dueAtMs, arrived };
  }

  /** The request is at the venue. */
  private arrive(arrival: Arrival): Delivery {
    const { host, target, met } = arrival;
    const wire = this.parts.wires[host];
    const skewMs = met.reduce(
      (sum, fault) => sum + (fault.kind === "clock-skew" ? (fault.skewMs ?? 60_000) : 0),
      0,
    );
    const request = { ...arrival.request, clockMs: arrival.request.clockMs + skewMs };
    const route = routeOf(wire.routes, request);
    const admission = wire.admit(request, route);
    const delivery = this.deliver(wire, request, route, admission, target, met);
    return this.note(arrival, admission.limited === true, delivery);
  }

  private note(
    { host, request, target, met, requestId }: Arrival,
    limited: boolean,
    delivery: Delivery,
  ): Delivery {
    const wire = this.parts.wires[host];
    this.parts.counters.count(host, request.source, limited, delivery);
    const route = routeOf(wire.routes, request);
    if (route?.books === true && this.parts.recorder.on) {
      const sent = delivery.kind === "send" ? delivery.reply : undefined;
      this.parts.recorder.add({
        requestId,
        venue: wire.venue,
        target: request.query === "" ? request.path : `${request.path}?${request.query}`,
        symbols: target.symbols,
        source: request.source,
        sourceIndex: request.sourceIndex,
        atMs: request.nowMs,
        status: sent?.status ?? 0,
        body: sent?.body,
        faults: met.map((fault) => fault.kind),
      });
    }
    return delivery;
  }

  /** `met` grows by the faults met while answering. */
  private deliver(
    wire: VenueWire,
    request: WireRequest,
    route: Route | undefined,
    admission: Admission,
    target: FaultTarget,
    met: Fault[],
  ): Delivery {
    const delayMs = delayOf(met);
    const { headers } = admission;
    const answer = () => admission.refusal ?? this.answer(wire, request, route, admission, target, met);
    const send = (reply: WireReply, more: Readonly<Record<string, string>> = {}): Delivery => {
      return { kind: "send", delayMs, reply, headers: { ...headers, ...more } };
    };
    for (const fault of [...met]) {
      const { status } = fault;
      if (fault.executed === true && ENDING_FAULTS.includes(fault.kind)) answer();
      switch (fault.kind) {
        case "hang":
          return { kind: "hang" };
        case "reset":
          return { kind: "reset", delayMs };
        case "reply-lost":
          answer();
          return ended(fault, delayMs);
        case "maintenance":
          return send(wire.maintenance(request));
        case "server-error":
          return send(wire.serverError(status ?? 503, fault.executed === true));
        case "html":
          return send({
            status: status ?? 200,
            body: MAINTENANCE_PAGE,
            contentType: "text/html; charset=UTF-8",
          });
        case "answer":
          return send({ status: status ?? 200, body: fault.body ?? "" }, fault.headers);
      }
    }
    const reply = answer();
    if (!met.some((fault) => fault.kind === "truncated-json")) return send(reply, reply.headers);
    return send({ ...reply, body: reply.body.slice(0, Math.floor(reply.body.length * 0.6)) }, reply.headers);
  }

  private answer(
    wire: VenueWire,
    request: WireRequest,
    route: Route | undefined,
    admission: Admission,
    target: FaultTarget,
    met: Fault[],
  ): WireReply {
    if (route === undefined) return wire.unknownPath(request);
    const closed = route.stream === true ? this.parts.faults.handshake(target) : undefined;
    if (closed !== undefined) {
      met.push(closed);
      return wire.serverError(closed.status ?? 503, false);
    }
    const { market, matching } = this.parts;
    const { user } = admission;
    const ordered = user === undefined ? [] : this.parts.faults.order(target);
    met.push(...ordered);
    const refusing = ordered.find(({ kind }) => kind === "refusal" || kind === "insufficient-balance");
    const refusal = refusing && wire.refuse(refusing, request);
    if (refusal !== undefined && route.places !== true) return refusal;
    user?.[wire.venue].advance(request.nowMs);
    const listings = this.parts.listings.at(wire.venue, request.nowMs);
    const book = (symbol: string, levelsMax: number): ServedBook | undefined => {
      const faults = this.parts.faults.book(target, symbol);
      let printed = symbol;
      if (faults.length > 0) {
        met.push(...faults);
        if (faults.some((fault) => fault.kind === "wrong-symbol")) printed = neighbour(listings, symbol);
      }
      const found = matching.book(wire.venue, printed, request.nowMs, levelsMax);
      return found && { symbol: printed, book: faults.length > 0 ? spoilBook(found, faults) : found };
    };
    return route.answer({ request, market, listings, book, user, plan: planOf(ordered), refusal });
  }
}

/** Faults after which nothing else is sent. */
const ENDING_FAULTS: readonly FaultKind[] = [
  "hang",
  "reset",
  "server-error",
  "html",
  "answer",
  "maintenance",
];

function delayOf(met: readonly Fault[]): number {
  return met.reduce((sum, fault) => sum + (fault.kind === "delay" ? (fault.delayMs ?? 1_000) : 0), 0);
}

function ended(fault: Fault, delayMs: number): Delivery {
  return fault.by === "hang" ? { kind: "hang" } : { kind: "reset", delayMs };
}

function planOf(faults: readonly Fault[]): OrderPlan {
  const part = faults.find((fault) => fault.kind === "part-fill");
  const hidden = faults.find((fault) => fault.kind === "delayed-visibility");
  return {
    fraction: part && (part.fraction ?? 0.5),
    hiddenMs: hidden && (hidden.delayMs ?? 1_000),
    hiddenAs: hidden?.hiddenAs,
  };
}

/** The listing after `symbol`, the first after the last. */
function neighbour(listings: ReadonlyMap<string, SimListing>, symbol: string): string {
  const symbols = [...listings.keys()];
  return symbols[(symbols.indexOf(symbol) + 1) % symbols.length] ?? symbol;
}
