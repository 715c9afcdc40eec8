// Faults on request: which requests they hit and what they do to a book. Chances come from a seeded generator, so the
// same requests in the same order fail alike. A fault with a count is spent as it hits; without one it stays until
// cleared.

import type { SimBook, SimVenue } from "./types.ts";

/** What happens to the connection or to the text of the answer. */
export const TRANSPORT_FAULTS = [
  "delay", // the answer comes `delayMs` later
  "hang", // no answer until the client gives up or the simulator stops
  "reset", // the connection is closed without an answer
  "server-error", // `status` (503) in the venue's words
  "html", // a maintenance page with `status` (200)
  "truncated-json", // the text ends part-way
  "answer", // `status`, `headers` and `body` as given: any refusal a test needs
] as const;

/** What happens to order books within an otherwise normal answer. */
export const BOOK_FAULTS = [
  "crossed-book", // best bid above best ask
  "empty-book", // no level on either side
  "stale-book", // made `ageMs` (60,000) ago by its own timestamps
  "unsorted-book", // the first two levels of each side exchanged
  "zero-quantity", // the best level of each side has quantity 0
  "wrong-symbol", // another listing's book, under that listing's name where the venue prints one
] as const;

/** What happens to a request on its way, and to a venue's clock. */
export const REQUEST_FAULTS = [
  "request-lost", // it never reaches the venue; the connection ends as `by` says
  "reply-lost", // it is carried out, its answer is lost; the connection ends as `by` says
  "late-arrival", // it reaches the venue `delayMs` later, even when the client has given up by then
  "duplicate-delivery", // it reaches the venue twice, the second time `delayMs` (0) later; the first answer counts
  "maintenance", // refused in the way the venue closes for maintenance
  "clock-skew", // the venue's clock is `skewMs` ahead of ours for this request
] as const;

/** What happens to signed requests: refusals, and what orders meet in the market. */
export const ORDER_FAULTS = [
  "refusal", // refused with `code` in the venue's words, or with `message` and `status`
  "insufficient-balance", // an order is refused for lack of funds
  "part-fill", // at most `fraction` of an order fills, the rest is cancelled
  "delayed-visibility", // lookups do not find an order for `delayMs`, or find it unfilled (`hiddenAs` "open")
] as const;

/** What happens to private streams. The last three hit each message about an account; `symbol`, `side`, `count` count. */
export const STREAM_FAULTS = [
  "stream-refused", // the handshake is answered with `status` (503) in the venue's words
  "stream-silent", // connected, pings answered, but what happened is not told
  "stream-delay", // told `delayMs` (1,000) later, and what follows not before it
  "stream-duplicate", // told twice
] as const;

export const FAULT_KINDS = [
  ...TRANSPORT_FAULTS,
  ...REQUEST_FAULTS,
  ...ORDER_FAULTS,
  ...BOOK_FAULTS,
  ...STREAM_FAULTS,
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Everything but `kind` is optional; what is left out matches all. */
export interface FaultSpec {
  readonly kind: FaultKind;
  readonly venue?: SimVenue;
  /** Start of the path, e.g. "/v1/orderbook" or "/fapi/v1/depth"; with "$" at its end the whole path. */
  readonly path?: string;
  readonly method?: string;
  /** The API key a request names, valid or not. */
  readonly apiKey?: string;
  /** "buy" or "sell" of an order. */
  readonly side?: "buy" | "sell";
  /** A symbol the request names; for book faults only that symbol's book is touched. */
  readonly symbol?: string;
  /** Index of the pretended source address. */
  readonly source?: number;
  /** Chance per request (or per book), 0 to 1; default 1. */
  readonly probability?: number;
  /** How often it hits before it is gone. */
  readonly count?: number;
  /** Lets so many pass first. */
  readonly skip?: number;
  /** Transport faults: true: the request is carried out all the same, only its answer suffers. */
  readonly executed?: boolean;
  /** How a lost request or reply shows. Default "reset". */
  readonly by?: "reset" | "hang";
  readonly delayMs?: number;
  readonly skewMs?: number;
  readonly fraction?: number;
  readonly hiddenAs?: "absent" | "open";
  readonly code?: string | number;
  readonly message?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly ageMs?: number;
}

export interface Fault extends FaultSpec {
  readonly id: number;
  /** How often it has hit. */
  hits: number;
  /** How many it has yet to let pass. */
  toSkip: number;
}

export interface FaultTarget {
  readonly venue: SimVenue;
  readonly method: string;
  readonly path: string;
  readonly symbols: readonly string[];
  readonly sourceIndex: number;
  readonly apiKey: string | undefined;
  readonly side: "buy" | "sell" | undefined;
}

const CONNECTION_FAULTS: readonly FaultKind[] = [...TRANSPORT_FAULTS, ...REQUEST_FAULTS];

function pathMatches(wanted: string, path: string): boolean {
  return wanted.endsWith("$") ? path === wanted.slice(0, -1) : path.startsWith(wanted);
}

/** The faults in force. */
export class FaultBoard {
  private faults: Fault[] = [];
  private nextId = 1;
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Throws RangeError on a kind that does not exist, or a chance or fraction outside 0 to 1. */
  set(spec: FaultSpec): Fault {
    if (!FAULT_KINDS.includes(spec.kind)) {
      throw new RangeError(`expected a fault of ${FAULT_KINDS.join(", ")}, was ${spec.kind}`);
    }
    const probability = spec.probability ?? 1;
    if (!(probability >= 0 && probability <= 1)) {
      throw new RangeError(`expected a probability from 0 to 1, was ${probability}`);
    }
    const fraction = spec.fraction ?? 0;
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new RangeError(`expected a fraction from 0 to 1, was ${fraction}`);
    }
    const fault = { ...spec, id: this.nextId++, hits: 0, toSkip: spec.skip ?? 0 };
    this.faults.push(fault);
    return fault;
  }

  list(): readonly Fault[] {
    return this.faults;
  }

  /** All of them without an id. Returns how many went. */
  clear(id?: number): number {
    const before = this.faults.length;
    this.faults = id === undefined ? [] : this.faults.filter((fault) => fault.id !== id);
    return before - this.faults.length;
  }

  /** Transport and request faults this request meets; each returned one counts as a hit. */
  transport(target: FaultTarget): Fault[] {
    return this.drawFor(target, CONNECTION_FAULTS);
  }

  /** What an accepted signed request meets. */
  order(target: FaultTarget): Fault[] {
    return this.drawFor(target, ORDER_FAULTS);
  }

  /** What the handshake of a stream meets beside the transport faults. */
  handshake(target: FaultTarget): Fault | undefined {
    return this.drawFor(target, ["stream-refused"])[0];
  }

  /** What one message about an account meets. */
  told(target: FaultTarget): Fault[] {
    return this.drawFor(target, ["stream-silent", "stream-delay", "stream-duplicate"]);
  }

  /** Book faults the book of `symbol` meets in this answer. */
  book(target: FaultTarget, symbol: string): Fault[] {
    if (this.faults.length === 0) return [];
    return this.draw(target, BOOK_FAULTS, (fault) => fault.symbol === undefined || fault.symbol === symbol);
  }

  private drawFor(target: FaultTarget, kinds: readonly FaultKind[]): Fault[] {
    if (this.faults.length === 0) return [];
    return this.draw(target, kinds, ({ symbol }) => symbol === undefined || target.symbols.includes(symbol));
  }

  private draw(target: FaultTarget, kinds: readonly FaultKind[], names: (fault: Fault) => boolean): Fault[] {
    const drawn: Fault[] = [];
    for (const fault of this.faults) {
      if (!kinds.includes(fault.kind) || !names(fault)) continue;
      if (fault.venue !== undefined && fault.venue !== target.venue) continue;
      if (fault.path !== undefined && !pathMatches(fault.path, target.path)) continue;
      if (fault.method !== undefined && fault.method !== target.method) continue;
      if (fault.apiKey !== undefined && fault.apiKey !== target.apiKey) continue;
      if (fault.side !== undefined && fault.side !== target.side) continue;
      if (fault.source !== undefined && fault.source !== target.sourceIndex) continue;
      if (fault.probability !== undefined && this.random() >= fault.probability) continue;
      if (fault.toSkip > 0) {
        fault.toSkip--;
        continue;
      }
      fault.hits++;
      drawn.push(fault);
    }
    if (drawn.length > 0) {
      this.faults = this.faults.filter((fault) => fault.count === undefined || fault.hits < fault.count);
    }
    return drawn;
  }
}

/** The book after the faults that keep its symbol. */
export function spoilBook(book: SimBook, faults: readonly Fault[]): SimBook {
  let spoilt = book;
  for (const fault of faults) spoilt = spoil(spoilt, fault);
  return spoilt;
}

type Level = readonly [string, string];

function spoil(book: SimBook, fault: Fault): SimBook {
  const [ask, bid] = [book.asks[0], book.bids[0]];
  switch (fault.kind) {
    case "crossed-book": {
      if (ask === undefined || bid === undefined) return book;
      // Still sorted: the new best bid is the second ask's price (or the best ask's, when there is one only).
      const price = (book.asks[1] ?? ask)[0];
      return { ...book, bids: [[price, bid[1]], ...book.bids.slice(1)] };
    }
    case "empty-book":
      return { ...book, asks: [], bids: [] };
    case "stale-book":
      return { ...book, atMs: book.atMs - (fault.ageMs ?? 60_000) };
    case "unsorted-book":
      return { ...book, asks: swapped(book.asks), bids: swapped(book.bids) };
    case "zero-quantity":
      return { ...book, asks: zeroed(book.asks), bids: zeroed(book.bids) };
    default:
      return book;
  }
}

function swapped(levels: readonly Level[]): readonly Level[] {
  const [first, second, ...rest] = levels;
  return first === undefined || second === undefined ? levels : [second, first, ...rest];
}

function zeroed(levels: readonly Level[]): readonly Level[] {
  const [first, ...rest] = levels;
  return first === undefined ? levels : [[first[0], "0"], ...rest];
}

/** Small seeded generator (mulberry32): uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
