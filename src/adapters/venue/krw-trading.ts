// Orders and accounts at Upbit and Bithumb, which share an API's shape. What differs (paths, names, waits) is the
// dialect, in each venue's trading.ts.

import { randomUUID } from "node:crypto";
import type { DomesticVenue, KeyFindingCode } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { KeyFinding } from "../../domain/key-finding.ts";
import type {
  AccountNews,
  FeeRatesOfAccount,
  LookupOutcome,
  PlaceOptions,
  PlaceOutcome,
  ReadOptions,
  SymbolRules,
  TradingVenue,
  VenueBalance,
  VenueOrder,
  VenueOrderState,
} from "../../ports/trading-venue.ts";
import { VenueReadFault } from "../../ports/trading-venue.ts";
import { followAccount, type StreamParts } from "./account-stream.ts";
import type { ClockOffset } from "./clock-offset.ts";
import { notePlaced } from "./clocked-calls.ts";
import { keyEndsSoon, keyFaultsOr, withoutGaps } from "./key-words.ts";
import {
  type KrwOrder,
  parseBalances,
  parseChance,
  parseKeys,
  parseOrder,
  parseOrders,
  placedId,
} from "./krw-order-parse.ts";
import { KRW_RULES } from "./krw-refusals.ts";
import { placeOutcome, readRefusal } from "./order-answer.ts";
import { isUrgent, orderDefect } from "./order-checks.ts";
import { SharedLists } from "./shared-lists.ts";
import type { HttpRequest } from "./signed-http.ts";
import { type JwtAlgorithm, krwAuthorization, type Params, plainQuery, type VenueKey } from "./signing.ts";
import { type Call, hastily, OWN_KEY, type VenueCaller } from "./venue-caller.ts";

export interface KrwDialect {
  readonly venue: DomesticVenue;
  /** How long after sending an order may still be accepted. */
  readonly acceptWindowMs: number;
  readonly placePath: string;
  readonly orderTypeName: "ord_type" | "order_type";
  readonly idName: "identifier" | "client_order_id";
  /** Lists that would show an order the look-up by id does not find, each asked in turn. */
  readonly lists: (symbol: string, clientOrderId: string) => readonly KrwList[];
  readonly openList: (symbol: string) => KrwList;
  /** Price increment in KRW at the present price, and that price where it is known. */
  readonly increment: (
    caller: VenueCaller,
    symbol: string,
  ) => Promise<{ readonly increment: Decimal; readonly priceKrw: Decimal | undefined }>;
  /** HTTP statuses of a look-up that mean: it exists, ask again. */
  readonly notReadyStatuses: readonly number[];
  /** What of the key's permission to order can be found out without ordering; undefined: nothing amiss. */
  readonly orderFault: (caller: VenueCaller) => Promise<KeyFinding | undefined>;
}

export interface KrwList {
  readonly path: string;
  readonly params: Params;
}

export interface KrwTradingParts {
  readonly dialect: KrwDialect;
  readonly caller: VenueCaller;
  readonly offset: ClockOffset;
  readonly stream: StreamParts;
}

/** Both venues take up to eight decimals of a coin. */
const QTY_STEP = Decimal.of("0.00000001");
/** Where the venue tells no largest order, KRW. */
const NOTIONAL_MAX_KRW = Decimal.of(1_000_000_000);
const QTY_DECIMALS = 8;

export class KrwTrading implements TradingVenue {
  readonly venue: DomesticVenue;
  readonly acceptWindowMs: number;
  readonly #lists: SharedLists<readonly KrwOrder[]>;

  constructor(private readonly parts: KrwTradingParts) {
    this.#lists = new SharedLists(parts.caller.clock);
    this.venue = parts.dialect.venue;
    this.acceptWindowMs = parts.dialect.acceptWindowMs;
  }

  follow(onNews: (news: AccountNews) => void, signal: AbortSignal): Promise<void> {
    return followAccount(this.parts.stream, onNews, signal);
  }

  async place(order: VenueOrder, timeoutMs: number, options?: PlaceOptions): Promise<PlaceOutcome> {
    const { dialect, caller, offset } = this.parts;
    const defect =
      orderDefect(order) ??
      (order.side === "buy" && order.limitPrice === undefined
        ? "expected a limit price: a market buy is by money here, not by quantity"
        : undefined);
    if (defect !== undefined) return { kind: "unsent", why: defect };
    const startedAtMs = caller.clock.monotonicMs();
    await offset.ready(timeoutMs);
    const result = await caller.call(
      {
        method: "POST",
        path: dialect.placePath,
        params: orderParams(dialect, order),
        group: "order",
        addressCost: 0,
        urgent: isUrgent(options, order.side === "buy"),
        isOrder: true,
        ...(options?.mayStillSend && { mayStillSend: options.mayStillSend }),
      },
      timeoutMs - (caller.clock.monotonicMs() - startedAtMs),
    );
    if (result.kind === "unsent") return result;
    const outcome = placeOutcome(result, KRW_RULES, placedId);
    notePlaced(this.parts, order, outcome);
    return outcome;
  }

  async lookup(
    ref: { readonly symbol: string; readonly clientOrderId: string },
    timeoutMs: number,
  ): Promise<LookupOutcome> {
    const { dialect, caller } = this.parts;
    const { clock } = caller;
    const begunMs = clock.monotonicMs();
    const leftMs = () => begunMs + timeoutMs - clock.monotonicMs();
    try {
      const first = await this.#ask([[dialect.idName, ref.clientOrderId]], leftMs());
      if (first !== "none") return first === "not-ready" ? { kind: "not-ready" } : this.#found(first, ref);
      for (const list of dialect.lists(ref.symbol, ref.clientOrderId)) {
        const orders = await this.#lists.read(list.path, plainQuery(list.params), begunMs, () =>
          caller.read(reading(list.path, list.params), parseOrders, leftMs()),
        );
        const row = orders.find(({ clientOrderId }) => clientOrderId === ref.clientOrderId);
        if (row === undefined) continue;
        const whole = row.hasTrades ? row : await this.#ask([["uuid", row.venueOrderId]], leftMs());
        if (whole === "not-ready") return { kind: "not-ready" };
        return this.#found(whole === "none" ? row : whole, ref);
      }
      return { kind: "absent" };
    } catch (fault) {
      if (!(fault instanceof VenueReadFault)) throw fault;
      return { kind: "failed", why: fault.message, rejection: fault.rejection };
    }
  }

  async openOrders(symbol: string, options?: ReadOptions): Promise<readonly VenueOrderState[]> {
    const { dialect, caller } = this.parts;
    const list = dialect.openList(symbol);
    const orders = await caller.read(
      { ...reading(list.path, list.params), ...hastily(options) },
      parseOrders,
    );
    return orders.filter(({ state, symbol: market }) => state === "open" && market === symbol).map(stateOf);
  }

  balances(options?: ReadOptions): Promise<readonly VenueBalance[]> {
    return this.parts.caller.read({ ...reading("/v1/accounts", []), ...hastily(options) }, parseBalances);
  }

  async feeRates(symbol: string): Promise<FeeRatesOfAccount> {
    const chance = await this.#chance(symbol);
    return { buy: chance.buyFeeRatio, sell: chance.sellFeeRatio };
  }

  async rules(symbol: string): Promise<SymbolRules> {
    const { dialect, caller } = this.parts;
    const [chance, { increment, priceKrw }] = await Promise.all([
      this.#chance(symbol),
      dialect.increment(caller, symbol),
    ]);
    const notionalMaxKrw = chance.notionalMaxKrw ?? NOTIONAL_MAX_KRW;
    // A largest order is said in money; without a price the increment is the smallest price there can be.
    const qtyMax = notionalMaxKrw.dividedBy(priceKrw ?? increment, QTY_DECIMALS, "down");
    return {
      symbol,
      qtyStep: QTY_STEP,
      qtyMin: QTY_STEP,
      qtyMaxMarket: qtyMax,
      qtyMaxLimit: qtyMax,
      priceIncrement: increment,
      notionalMin: chance.notionalMinKrw,
      tradable: chance.tradable,
    };
  }

  clockOffsetMs(): Promise<number> {
    return this.parts.offset.measure();
  }

  keyFaults(): Promise<readonly KeyFinding[]> {
    const { caller, dialect } = this.parts;
    return keyFaultsOr(KRW_KEY_CODES, async () => {
      await this.balances();
      const keys = await caller.read({ ...reading("/v1/api_keys", []), urgent: false }, parseKeys);
      const own = keys.find(({ accessKey }) => accessKey === OWN_KEY);
      const endsSoon = own && keyEndsSoon(own.endsAtMs, caller.clock.nowMs());
      return withoutGaps([endsSoon, await dialect.orderFault(caller)]);
    });
  }

  #chance(symbol: string) {
    const call = reading("/v1/orders/chance", [["market", symbol]]);
    return this.parts.caller.read({ ...call, urgent: false }, parseChance);
  }

  /** One order by an id: the order, "none", or "not-ready". Throws VenueReadFault. */
  async #ask(params: Params, timeoutMs: number): Promise<KrwOrder | "none" | "not-ready"> {
    const { caller, dialect } = this.parts;
    const call = reading("/v1/order", params);
    const result = await caller.call(call, timeoutMs);
    if (result.kind === "unsent" || result.kind === "no-answer") throw caller.fault(call, result.why);
    if (result.kind === "not-connected") throw caller.fault(call, "no connection");
    const { status, text } = result;
    if (status === 200) {
      const parsed = parseOrder(text);
      if (parsed.ok) return parsed.value;
      throw caller.fault(call, "an order that cannot be read");
    }
    const words = KRW_RULES.wordsIn(text);
    if (words && dialect.notReadyStatuses.includes(status)) return "not-ready";
    const verdict = readRefusal(status, text, KRW_RULES);
    if (verdict.kind === "rejected" && verdict.rejection.kind === "unknown-order") return "none";
    throw caller.refused(call, result);
  }

  #found(order: KrwOrder, ref: { readonly symbol: string; readonly clientOrderId: string }): LookupOutcome {
    const isOther =
      order.symbol !== ref.symbol ||
      (order.clientOrderId !== "" && order.clientOrderId !== ref.clientOrderId);
    if (isOther) {
      const why = `expected the order ${ref.clientOrderId} of ${ref.symbol}, was another`;
      return { kind: "failed", why, rejection: undefined };
    }
    return { kind: "found", order: { ...stateOf(order), clientOrderId: ref.clientOrderId } };
  }
}

function stateOf({ hasTrades: _, ...order }: KrwOrder): VenueOrderState {
  return order;
}

/** A signed GET in the group of look-ups. */
export function reading(path: string, params: Params): Call {
  return { method: "GET", path, params, group: "default", addressCost: 0, urgent: true };
}

function orderParams(dialect: KrwDialect, order: VenueOrder): Params {
  const { orderTypeName, idName } = dialect;
  const { symbol, side, qty, limitPrice, clientOrderId } = order;
  const head = [
    ["market", symbol],
    ["side", side === "buy" ? "bid" : "ask"],
  ] as const;
  // A price on a market sell is an error: it is left out, not null.
  if (limitPrice === undefined) {
    return [...head, ["volume", qty.toString()], [orderTypeName, "market"], [idName, clientOrderId]];
  }
  return [
    ...head,
    ["volume", qty.toString()],
    ["price", limitPrice.toString()],
    [orderTypeName, "limit"],
    ["time_in_force", "ioc"],
    [idName, clientOrderId],
  ];
}

/** What a key's refusal means to its owner, by the error's name. */
export const KRW_KEY_CODES: Readonly<Record<string, KeyFindingCode>> = {
  jwt_verification: "secret-wrong",
  invalid_access_key: "key-unknown",
  expired_access_key: "key-expired",
  no_authorization_ip: "address-refused",
  no_authorization_i_p: "address-refused",
  NotAllowIP: "address-refused",
  out_of_scope: "permission-missing",
  blocked_member_id: "member-blocked",
};

/** Signs for Upbit or Bithumb; the nonce is fresh each time. */
export function krwDress(key: VenueKey, algorithm: JwtAlgorithm, timestampMs: (() => number) | undefined) {
  return (call: Call, baseUrl: string): Omit<HttpRequest, "keepAlive"> => {
    const { method, path, params } = call;
    const query = plainQuery(params);
    const url = method === "GET" && query !== "" ? `${baseUrl}${path}?${query}` : `${baseUrl}${path}`;
    const body = method === "POST" ? JSON.stringify(Object.fromEntries(params)) : undefined;
    const authorization =
      call.signed === false
        ? undefined
        : krwAuthorization(key, {
            algorithm,
            nonce: randomUUID(),
            query,
            ...(timestampMs && { timestampMs: timestampMs() }),
          });
    return {
      method,
      url,
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(body !== undefined && { "content-type": "application/json; charset=utf-8" }),
      },
      ...(body !== undefined && { body }),
    };
  };
}
