// From a request to what happens on the connection: limits first, then faults, then the route's answer, then the
// record and the counts. No server and no waiting in here: the same code runs under a manual clock.

import type { SimCounters } from "./counters.ts";
import { type Fault, type FaultBoard, type FaultTarget, spoilBook } from "./faults.ts";
import type { Recorder } from "./recorder.ts";
import type { SimListing, SimMarket, SimVenue } from "./types.ts";
import {
  type Admission,
  type Route,
  type ServedBook,
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
  | { readonly kind: "reset"; readonly delayMs: number };

/** Venues by host name: Binance has two. */
export type SimHost = SimVenue | "binanceSpot";
export const SIM_HOSTS = ["upbit", "bithumb", "bybit", "binance", "binanceSpot"] as const;

const LISTINGS_AGE_MS_MAX = 1_000;

const MAINTENANCE_PAGE =
  "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>" +
  "<body><h1>We'll be back soon</h1><p>Scheduled maintenance is in progress.</p></body></html>\n";

export interface DispatcherParts {
  readonly market: SimMarket;
  readonly wires: Readonly<Record<SimHost, VenueWire>>;
  readonly faults: FaultBoard;
  readonly recorder: Recorder;
  readonly counters: SimCounters;
}

export class Dispatcher {
  private readonly parts: DispatcherParts;
  private readonly listed = new Map<SimVenue, { atMs: number; bySymbol: Map<string, SimListing> }>();
  private requestId = 0;

  constructor(parts: DispatcherParts) {
    this.parts = parts;
  }

  dispatch(host: SimHost, request: WireRequest): Delivery {
    const wire = this.parts.wires[host];
    const route = wire.routes.get(`${request.method} ${request.path}`);
    const requestId = ++this.requestId;
    const admission = wire.admit(request, route);
    const symbols = symbolsOf(request.params);
    const target: FaultTarget = {
      venue: wire.venue,
      path: request.path,
      symbols,
      sourceIndex: request.sourceIndex,
    };
    const met = this.parts.faults.transport(target);
    const delivery = this.deliver(wire, request, route, admission, target, met);
    this.parts.counters.count(host, request.source, admission.limited === true, delivery);
    if (route?.books === true && this.parts.recorder.on) {
      const sent = delivery.kind === "send" ? delivery.reply : undefined;
      this.parts.recorder.add({
        requestId,
        venue: wire.venue,
        target: request.query === "" ? request.path : `${request.path}?${request.query}`,
        symbols,
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

  /** `met` grows by the book faults met while answering. */
  private deliver(
    wire: VenueWire,
    request: WireRequest,
    route: Route | undefined,
    admission: Admission,
    target: FaultTarget,
    met: Fault[],
  ): Delivery {
    const delayMs = met.reduce(
      (sum, fault) => sum + (fault.kind === "delay" ? (fault.delayMs ?? 1_000) : 0),
      0,
    );
    const { headers } = admission;
    for (const fault of met) {
      const { status } = fault;
      switch (fault.kind) {
        case "hang":
          return { kind: "hang" };
        case "reset":
          return { kind: "reset", delayMs };
        case "server-error":
          return { kind: "send", delayMs, headers, reply: wire.serverError(status ?? 503) };
        case "html":
          return {
            kind: "send",
            delayMs,
            headers,
            reply: { status: status ?? 200, body: MAINTENANCE_PAGE, contentType: "text/html; charset=UTF-8" },
          };
        case "answer":
          return {
            kind: "send",
            delayMs,
            headers: { ...headers, ...fault.headers },
            reply: { status: status ?? 200, body: fault.body ?? "" },
          };
      }
    }
    let reply = admission.refusal ?? this.answer(wire, request, route, target, met);
    if (met.some((fault) => fault.kind === "truncated-json")) {
      reply = { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length * 0.6)) };
    }
    return { kind: "send", delayMs, headers, reply };
  }

  private answer(
    wire: VenueWire,
    request: WireRequest,
    route: Route | undefined,
    target: FaultTarget,
    met: Fault[],
  ): WireReply {
    if (route === undefined) return wire.unknownPath(request);
    const { market } = this.parts;
    const listings = this.listings(wire.venue, request.nowMs);
    const book = (symbol: string, levelsMax: number): ServedBook | undefined => {
      const faults = this.parts.faults.book(target, symbol);
      let printed = symbol;
      if (faults.length > 0) {
        met.push(...faults);
        if (faults.some((fault) => fault.kind === "wrong-symbol")) printed = neighbour(listings, symbol);
      }
      const found = market.book(wire.venue, printed, request.nowMs, levelsMax);
      return found && { symbol: printed, book: faults.length > 0 ? spoilBook(found, faults) : found };
    };
    return route.answer({ request, market, listings, book });
  }

  private listings(venue: SimVenue, nowMs: number): ReadonlyMap<string, SimListing> {
    const held = this.listed.get(venue);
    if (held !== undefined && nowMs >= held.atMs && nowMs - held.atMs < LISTINGS_AGE_MS_MAX)
      return held.bySymbol;
    const listings = this.parts.market.listings(venue, nowMs);
    const bySymbol = new Map(listings.map((listing) => [listing.symbol, listing]));
    this.listed.set(venue, { atMs: nowMs, bySymbol });
    return bySymbol;
  }
}

/** The listing after `symbol`, the first after the last. */
function neighbour(listings: ReadonlyMap<string, SimListing>, symbol: string): string {
  const symbols = [...listings.keys()];
  return symbols[(symbols.indexOf(symbol) + 1) % symbols.length] ?? symbol;
}
