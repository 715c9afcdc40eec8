// One venue with one user's key, as the engine sees it: orders, look-ups, balances, positions. Amounts are exact
// decimals end to end, in the venue's own units (overseas: contracts); the engine converts with the multiplier.
//
// What an answer means is decided here and nowhere else: "rejected" is only what the venue has definitely refused,
// "unknown" is everything whose effect is not known. A caller never resends after "unknown"; it looks up.

import type { Venue } from "../../schema/vocabulary.ts";
import type { Decimal } from "../domain/decimal.ts";
import type { KeyFinding } from "../domain/key-finding.ts";

export type OrderSide = "buy" | "sell";

export interface VenueOrder {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  /** Coins (domestic) or contracts (overseas). */
  readonly qty: Decimal;
  /** Limit price of an immediate-or-cancel order; undefined: at market. */
  readonly limitPrice: Decimal | undefined;
  /** Overseas: this order may only make the short smaller. Ignored at home. */
  readonly reducesShort: boolean;
}

/**
 * - funds: balance or margin too low; minimum: below the smallest order; price, quantity: breaks a filter
 * - duplicate: this client order id is used up (which says nothing about what the first one did)
 * - nothing-to-reduce: the short is gone or smaller
 * - key: bad signature, expired, revoked, address or permission missing (never burns an identifier)
 * - clock: our time is off; limited: too many requests (neither burns an identifier)
 * - closed: not tradable now (delisting, suspended, reduce-only, maintenance said in words)
 * - unknown-order, mode: position mode or side does not fit; other: the venue's code says more
 */
export const REJECT_KINDS = [
  "funds",
  "minimum",
  "price",
  "quantity",
  "duplicate",
  "nothing-to-reduce",
  "key",
  "clock",
  "limited",
  "closed",
  "unknown-order",
  "mode",
  "other",
] as const;
export type RejectKind = (typeof REJECT_KINDS)[number];

export interface Rejection {
  readonly kind: RejectKind;
  /** The venue's own code or name, kept for the journal. */
  readonly code: string;
  readonly message: string;
  /** Whether the client order id is certainly not used up by this refusal. */
  readonly idStillFree: boolean;
}

export type PlaceOutcome =
  | { readonly kind: "accepted"; readonly venueOrderId: string }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  /** Sent, and whether it took effect is not known: time-out, reset, 5xx, an unreadable answer. */
  | { readonly kind: "unknown"; readonly why: string }
  /** Not sent at all: the deadline had passed, the budget or the connection was not there, or it was called off. */
  | { readonly kind: "unsent"; readonly why: string };

export interface VenueFill {
  /** The venue's own id of the execution, unique per venue. */
  readonly fillId: string;
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly fee: Decimal;
  /** "KRW", "USDT", "BNB". */
  readonly feeAsset: string;
  /** Overseas: gross realised PnL of this execution in USDT, where the venue states it. */
  readonly realisedUsdt: Decimal | undefined;
  readonly atMs: number;
}

export interface VenueOrderState {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  /** "closed" says nothing about how much was filled: judge by the fills. */
  readonly state: "open" | "closed";
  readonly filledQty: Decimal;
  /** Complete once `fillsComplete`; a venue may show the order before its executions. */
  readonly fills: readonly VenueFill[];
  readonly fillsComplete: boolean;
}

export type LookupOutcome =
  | { readonly kind: "found"; readonly order: VenueOrderState }
  /** The venue has been asked everywhere it could be and knows no such order. */
  | { readonly kind: "absent" }
  /** It exists but is still being accepted (Bithumb's 422). */
  | { readonly kind: "not-ready" }
  | { readonly kind: "failed"; readonly why: string; readonly rejection: Rejection | undefined };

export interface VenueBalance {
  readonly asset: string;
  readonly free: Decimal;
  readonly locked: Decimal;
}

/** A short at one venue. Quantities are positive. */
export interface VenuePosition {
  readonly symbol: string;
  readonly side: "long" | "short";
  readonly qtyContracts: Decimal;
  readonly entryPrice: Decimal;
  readonly markPrice: Decimal;
  /** Undefined when the venue states none (far away). */
  readonly liquidationPrice: Decimal | undefined;
  readonly leverage: Decimal | undefined;
}

export interface AccountModes {
  readonly positionMode: "one-way" | "hedge";
  readonly marginMode: "cross" | "isolated" | "other";
}

export interface SymbolRules {
  readonly symbol: string;
  readonly qtyStep: Decimal;
  readonly qtyMin: Decimal;
  /** Largest order at market, and with a limit. */
  readonly qtyMaxMarket: Decimal;
  readonly qtyMaxLimit: Decimal;
  readonly priceIncrement: Decimal;
  readonly notionalMin: Decimal;
  readonly tradable: boolean;
}

export interface FeeRatesOfAccount {
  readonly buy: Decimal;
  readonly sell: Decimal;
}

export interface FundingEvent {
  readonly id: string;
  readonly symbol: string;
  /** USDT; positive is received. */
  readonly amountUsdt: Decimal;
  readonly atMs: number;
}

/** A read that did not succeed; nothing is known. Reads may be repeated. */
export class VenueReadFault extends Error {
  override name = "VenueReadFault";
  constructor(
    message: string,
    readonly rejection: Rejection | undefined,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export interface PlaceOptions {
  /** May use the part of the budgets that is kept back for exits. Default: everything but a domestic buy may. */
  readonly urgent?: boolean;
  /** Asked last thing before the bytes leave, after every wait (lease, deadline); false: nothing is sent. */
  readonly mayStillSend?: () => boolean;
}

/**
 * - urgent: may use the part of the budgets that is kept back; for whoever leaves, hedges or guards
 * - usual: what is not kept back, within a read's usual time
 * - patient: the same, and waits for as long as the budget takes; for rounds over everybody
 */
export type ReadHaste = "urgent" | "usual" | "patient";

export interface ReadOptions {
  /** Default: usual. */
  readonly haste?: ReadHaste;
}

/**
 * What a venue tells of an account by itself. It says that something happened, never what is recorded: that is read.
 * - connected: from now on everything is told; what happened before may not have been
 * - lost: nothing is told until it is connected again
 * - order: something happened to this order; its id is undefined where the venue does not say
 * - account: balances or positions are not what they were
 */
export type AccountNews =
  | { readonly kind: "connected" | "lost" }
  | { readonly kind: "order"; readonly clientOrderId: string | undefined }
  | { readonly kind: "account" };

export interface TradingVenue {
  readonly venue: Venue;
  /** Never rejects; `timeoutMs` bounds the whole call. The caller has written the order's row before. */
  place(order: VenueOrder, timeoutMs: number, options?: PlaceOptions): Promise<PlaceOutcome>;
  /** Looks everywhere the venue keeps orders (open, history, executions). Never rejects. */
  lookup(
    ref: { readonly symbol: string; readonly clientOrderId: string },
    timeoutMs: number,
  ): Promise<LookupOutcome>;
  openOrders(symbol: string, options?: ReadOptions): Promise<readonly VenueOrderState[]>;
  balances(options?: ReadOptions): Promise<readonly VenueBalance[]>;
  /** Fees as the account has them; the configured ones where the venue does not tell. */
  feeRates(symbol: string): Promise<FeeRatesOfAccount>;
  rules(symbol: string): Promise<SymbolRules>;
  /** Milliseconds the venue's clock is ahead of ours. */
  clockOffsetMs(): Promise<number>;
  /** How long after sending a request may still be accepted by the venue; Infinity: for ever (Upbit). */
  readonly acceptWindowMs: number;
  /** What the key lacks or has too much of: permissions, allow-list, validity; empty when it will do. */
  keyFaults(): Promise<readonly KeyFinding[]>;
  /**
   * Has the venue tell what happens in the account until `signal` is aborted, then resolves. Connects again by itself;
   * never rejects. Left out where there is nothing to be told (paper).
   */
  follow?(onNews: (news: AccountNews) => void, signal: AbortSignal): Promise<void>;
}

/** What an overseas venue has beyond that. */
export interface PerpetualVenue extends TradingVenue {
  readonly venue: "bybit" | "binance";
  /** Where the leverage is told elsewhere (Binance) only a usual read asks for it: entries alone need it. */
  positions(symbol?: string, options?: ReadOptions): Promise<readonly VenuePosition[]>;
  modes(symbol: string): Promise<AccountModes>;
  /** Only while no position exists in the symbol; an unchanged value is success. */
  setLeverage(symbol: string, leverage: Decimal): Promise<void>;
  fundingSince(symbol: string, sinceMs: number): Promise<readonly FundingEvent[]>;
}
