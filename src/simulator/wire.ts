// What a venue sees of a request and what it answers, free of any server: a venue is a table of routes over these,
// so a test can drive it on a manual clock and the private side and streams can be added as further routes.

import type { AccountBook, SimUser } from "./accounts.ts";
import type { Fault } from "./faults.ts";
import type { Limiter, LimitVerdict } from "./limits.ts";
import type { ListingCache } from "./listing-cache.ts";
import type { Matching } from "./matching.ts";
import type { OrderPlan } from "./orders.ts";
import type { StreamOpener } from "./stream-types.ts";
import type { Switches } from "./switches.ts";
import type { SimBook, SimListing, SimMarket, SimVenue } from "./types.ts";

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** Exactly as sent, without the question mark; signatures are computed over it. */
  readonly query: string;
  readonly params: Readonly<Record<string, string>>;
  /** The same and the members of the body, be it JSON or a form. */
  readonly fields: Readonly<Record<string, string>>;
  header(name: string): string | null;
  readonly body: string;
  /** The address as limits see it. */
  readonly source: string;
  readonly sourceIndex: number;
  readonly nowMs: number;
  /** What the venue's own clock says; differs from now by a fault only. */
  readonly clockMs: number;
}

export interface WireReply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default application/json. */
  readonly contentType?: string;
  /** With status 101: what the connection becomes. */
  readonly stream?: StreamOpener;
}

/** What a route may ask while answering. Books come through here so that faults reach them. */
export interface RouteContext {
  readonly request: WireRequest;
  readonly market: SimMarket;
  readonly listings: ReadonlyMap<string, SimListing>;
  /**
   * The book to serve for a symbol and the symbol to print on it (a fault may exchange either);
   * undefined when not listed.
   */
  book(symbol: string, levelsMax: number): ServedBook | undefined;
  /** Whose key signed; undefined on public routes. */
  readonly user: SimUser | undefined;
  /** What faults do to the order placed here. */
  readonly plan: OrderPlan;
  /** Routes that place: a refusal a fault asks for, to be given once the venue has noted the request. */
  readonly refusal: WireReply | undefined;
}

export interface ServedBook {
  readonly symbol: string;
  readonly book: SimBook;
}

export interface Route {
  /** The limit group this request spends from, and how much. */
  readonly group: string;
  cost?(params: Readonly<Record<string, string>>): number;
  /** True: the request must be signed. "key": naming the key is enough. */
  readonly signed?: boolean | "key";
  /** True: the key needs the right to trade. */
  readonly trades?: boolean;
  /** True: places an order, and deals with asked-for refusals itself. */
  readonly places?: boolean;
  /** True: the handshake of a private stream. */
  readonly stream?: boolean;
  /** True: the answer carries order books and is recorded when recording is on. */
  readonly books?: boolean;
  answer(context: RouteContext): WireReply;
}

/** Keyed "GET /v1/orderbook"; "GET /ws/*" stands for any last part of the path. */
export type RouteTable = ReadonlyMap<string, Route>;

export function routeOf(routes: RouteTable, { method, path }: WireRequest): Route | undefined {
  return routes.get(`${method} ${path}`) ?? routes.get(`${method} ${path.replace(/[^/]+$/, "*")}`);
}

/** One venue as the dispatcher sees it: a table of routes and what stands before them. */
export interface VenueWire {
  readonly venue: SimVenue;
  readonly routes: RouteTable;
  /** Every budget this venue keeps, for counters and resets. */
  readonly limiters: readonly Limiter[];
  /** Spends from the budgets and checks signatures. `refusal` set: send that instead of an answer. */
  admit(request: WireRequest, route: Route | undefined): Admission;
  unknownPath(request: WireRequest): WireReply;
  /** The venue's own words for a 5xx; `executed`: for one that leaves the outcome open. */
  serverError(status: number, executed: boolean): WireReply;
  /** The key a request names, before anything is checked. */
  apiKeyOf(request: WireRequest): string | undefined;
  /** Refuses as a fault asks: with its code, or for lack of funds. */
  refuse(fault: Fault, request: WireRequest): WireReply;
  maintenance(request: WireRequest): WireReply;
}

export interface Admission {
  readonly refusal?: WireReply;
  /** True: refused because of a rate limit, whatever the HTTP status says. */
  readonly limited?: boolean;
  /** Go on whatever is sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose key signed. */
  readonly user?: SimUser | undefined;
}

/** What venues share within one simulator. */
export interface VenueEnvironment {
  readonly accounts: AccountBook;
  readonly matching: Matching;
  readonly switches: Switches;
  readonly listings: ListingCache;
  readonly banScale: number;
  nowMs(): number;
  /** Read at every request: limits can be switched while running. */
  limitsOn: boolean;
}

/** Takes from a budget, or passes everything while limits are off. */
export function spend(
  environment: VenueEnvironment,
  limiter: Limiter,
  source: string,
  group: string,
  cost: number,
  nowMs: number,
): LimitVerdict {
  if (environment.limitsOn) return limiter.take(source, group, cost, nowMs);
  const limit = limiter.limitOf(group);
  return { kind: "pass", limit, used: 0, remaining: limit, untilMs: nowMs };
}

export interface ApiKey {
  readonly apiKey: string;
  readonly secret: string;
}

export function json(value: unknown, status = 200): WireReply {
  return { status, body: JSON.stringify(value) };
}

/** Splits a raw query; the first of a repeated name wins, as it does at the venues' gateways. */
export function parseQuery(query: string): Record<string, string> {
  const params: Record<string, string> = {};
  if (query === "") return params;
  for (const part of query.split("&")) {
    const at = part.indexOf("=");
    const name = decode(at < 0 ? part : part.slice(0, at));
    if (name !== "" && !Object.hasOwn(params, name)) params[name] = at < 0 ? "" : decode(part.slice(at + 1));
  }
  return params;
}

function decode(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Every value of a repeated name ("uuids[]=a&uuids[]=b", also as one comma list). */
export function valuesOf(query: string, name: string): string[] {
  return query.split("&").flatMap((part) => {
    const at = part.indexOf("=");
    const found = decode(part.slice(0, Math.max(0, at))).replace("[]", "");
    return at > 0 && found === name ? decode(part.slice(at + 1)).split(",") : [];
  });
}

/** Members of a body, JSON or a form, as texts; none of one that is neither. */
export function parseBody(body: string): Record<string, string> {
  if (!body.trimStart().startsWith("{")) return parseQuery(body);
  try {
    const members: Record<string, unknown> = JSON.parse(body);
    const texts = Object.entries(members).filter(([, value]) => value !== null && value !== undefined);
    return Object.fromEntries(texts.map(([name, value]) => [name, String(value)]));
  } catch {
    return {};
  }
}

/** Whose request it is. Throws RangeError on a public route. */
export function userOf({ user }: RouteContext): SimUser {
  if (user === undefined) throw new RangeError("expected a signed route");
  return user;
}

/** "buy" or "sell" from any venue's spelling. */
export function sideOf(fields: Readonly<Record<string, string>>): "buy" | "sell" | undefined {
  const text = fields.side?.toLowerCase();
  if (text === "bid" || text === "buy") return "buy";
  return text === "ask" || text === "sell" ? "sell" : undefined;
}

/** The symbols a request names, for matching faults and for the record. */
export function symbolsOf(params: Readonly<Record<string, string>>): string[] {
  const text = params.markets ?? params.market ?? params.symbol ?? "";
  return text === "" ? [] : text.split(",").map((symbol) => symbol.trim());
}

/** A whole number parameter; undefined when absent, NaN when it is something else. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
