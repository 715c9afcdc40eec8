// Looking into accounts and meddling with them: what users do by hand, what venues do to them, and what tests ask
// afterwards. Amounts go in and out as decimal texts. Whatever is named wrongly throws RangeError.

import type { AccountBook, AccountSpec, KeyState, SimUser } from "./accounts.ts";
import { type Exact, exact, floorTo, parseExact, sizeOf, times } from "./exact.ts";
import type { LedgerEntry, LedgerReason } from "./ledger.ts";
import { lotOf } from "./listing-steps.ts";
import type { ClientIdRecord, SimFill, SimOrder } from "./orders.ts";
import type { PerpAccount } from "./perp-account.ts";
import type { FundingPayment } from "./perp-funding.ts";
import type { ClosedPnl, PositionIndex } from "./perp-positions.ts";
import { type Plain, plain } from "./plain.ts";
import type { SimListing, SimMarket, SimVenue } from "./types.ts";

const VENUES: readonly SimVenue[] = ["upbit", "bithumb", "bybit", "binance"];

interface Place {
  readonly apiKey: string;
  readonly venue: SimVenue;
}
interface PerpPlace {
  readonly apiKey: string;
  readonly venue: "bybit" | "binance";
  readonly symbol: string;
  /** Default: the one that is open. */
  readonly positionIndex?: PositionIndex;
}

export interface HandTrade extends Place {
  readonly symbol: string;
  readonly side: "buy" | "sell";
  /** One of the two; money only to buy on a KRW venue. */
  readonly qty?: string;
  readonly money?: string;
  /** A limit order that rests; without it a market order. */
  readonly price?: string;
  /** Perpetuals in hedge mode: 1 long, 2 short. */
  readonly positionIndex?: PositionIndex;
}

export interface PositionRow {
  readonly symbol: string;
  readonly positionIndex: PositionIndex;
  /** Short is negative. */
  readonly size: string;
  readonly averagePrice: string;
  readonly markPrice: string;
  readonly liquidationPrice: string;
  readonly leverage: string;
  readonly isolated: boolean;
  readonly unrealised: string;
}

export interface AccountSummary {
  readonly apiKey: string;
  readonly uid: number;
  readonly venues: Readonly<
    Record<
      SimVenue,
      { readonly key: KeyState; readonly balances: Record<string, string>; readonly openOrders: number }
    >
  >;
}

export interface AccountControl {
  list(): AccountSummary[];
  add(spec: AccountSpec): AccountSummary;
  /** Every change of every balance, oldest first. */
  ledger(apiKey: string, venue: SimVenue): Plain<LedgerEntry>[];
  balances(apiKey: string, venue: SimVenue): Record<string, string>;
  orders(apiKey: string, venue: SimVenue): Plain<SimOrder>[];
  fills(apiKey: string, venue: SimVenue): Plain<SimFill>[];
  /** How often each client's own id was asked for, accepted and executed. */
  clientIds(apiKey: string, venue: SimVenue): ClientIdRecord[];
  positions(apiKey: string, venue: "bybit" | "binance"): PositionRow[];
  closedPnl(apiKey: string, venue: "bybit" | "binance"): Plain<ClosedPnl>[];
  funding(apiKey: string, venue: "bybit" | "binance"): Plain<FundingPayment>[];
  deposit(place: Place & { asset: string; amount: string }): void;
  withdraw(place: Place & { asset: string; amount: string }): void;
  setBalance(place: Place & { asset: string; amount: string }): void;
  /** Throws RangeError with the reason when the account cannot. */
  trade(trade: HandTrade): Plain<SimOrder>;
  liquidate(place: PerpPlace & { price?: string }): Plain<SimOrder>;
  /** Takes `qty`, or `fraction` of the position, at `price` (default the mark), without a fee. */
  deleverage(place: PerpPlace & { qty?: string; fraction?: number; price?: string }): Plain<SimOrder>;
  setPositionMode(place: {
    apiKey: string;
    venue: "bybit" | "binance";
    hedge: boolean;
    symbol?: string;
  }): void;
  setMarginMode(place: {
    apiKey: string;
    venue: "bybit" | "binance";
    isolated: boolean;
    symbol?: string;
  }): void;
  setLeverage(place: { apiKey: string; venue: "bybit" | "binance"; symbol: string; leverage: string }): void;
  /** At one venue, or at all. */
  setKey(change: Partial<KeyState> & { apiKey: string; venue?: SimVenue }): void;
  /** Ratios as texts: taker (or the one rate of a KRW venue) and maker; fees in BNB on Binance. */
  setFees(change: Place & { taker?: string; maker?: string; inBnb?: boolean }): void;
}

export interface AccountControlParts {
  readonly accounts: AccountBook;
  readonly market: SimMarket;
  nowMs(): number;
  /** Requests still on their way come first. */
  arrivePending(): void;
}

export function createAccountControl(parts: AccountControlParts): AccountControl {
  /** The account as it stands now. */
  const at = <Venue extends SimVenue>(apiKey: string, venue: Venue): SimUser[Venue] => {
    if (!VENUES.includes(venue)) throw new RangeError(`expected a venue, was ${venue}`);
    parts.arrivePending();
    const account = parts.accounts.get(apiKey)[venue];
    account.advance(parts.nowMs());
    return account;
  };
  const perpAt = (apiKey: string, venue: SimVenue): PerpAccount => {
    if (venue !== "bybit" && venue !== "binance")
      throw new RangeError(`expected bybit or binance, was ${venue}`);
    return at(apiKey, venue);
  };
  const move = (place: Place & { asset: string }, reason: LedgerReason, change: (held: Exact) => Exact) => {
    if (!/^[A-Z0-9]{1,20}$/.test(place.asset ?? ""))
      throw new RangeError(`expected an asset, was ${place.asset}`);
    const account = at(place.apiKey, place.venue);
    const { ledger } = account;
    const amount = change(ledger.total(place.asset));
    if (ledger.available(place.asset) + amount < 0n) {
      throw new RangeError(`expected at most the ${place.asset} available, was ${place.venue}'s ${reason}`);
    }
    account.move(place.asset, amount, reason, parts.nowMs());
  };
  const summary = (user: SimUser): AccountSummary => ({
    apiKey: user.apiKey,
    uid: user.uid,
    venues: Object.fromEntries(
      VENUES.map((venue) => {
        const { ledger, orders } = at(user.apiKey, venue);
        return [venue, { key: user.keys[venue], balances: ledger.texts(), openOrders: orders.open().length }];
      }),
    ) as AccountSummary["venues"],
  });
  const found = (place: PerpPlace) => {
    const account = perpAt(place.apiKey, place.venue);
    const position = account.positions
      .open(place.symbol)
      .find(({ index }) => place.positionIndex === undefined || index === place.positionIndex);
    if (position === undefined)
      throw new RangeError(`expected an open position, was none in ${place.symbol}`);
    return { account, position };
  };
  return {
    list: () => parts.accounts.all().map(summary),
    add: (spec) => summary(parts.accounts.add(readSpec(spec))),
    ledger: (apiKey, venue) => plain(at(apiKey, venue).ledger.entries),
    balances: (apiKey, venue) => at(apiKey, venue).ledger.texts(),
    orders: (apiKey, venue) => plain(at(apiKey, venue).orders.all),
    fills: (apiKey, venue) => plain(at(apiKey, venue).orders.fills),
    clientIds: (apiKey, venue) =>
      at(apiKey, venue)
        .orders.clientIds()
        .map((record) => ({ ...record })),
    positions: (apiKey, venue) => positionRows(perpAt(apiKey, venue), parts.nowMs()),
    closedPnl: (apiKey, venue) => plain(perpAt(apiKey, venue).positions.closed),
    funding: (apiKey, venue) => plain(perpAt(apiKey, venue).funding),
    deposit: (place) => move(place, "deposit", () => amountOf(place.amount)),
    withdraw: (place) => move(place, "withdrawal", () => -amountOf(place.amount)),
    setBalance: (place) => move(place, "set", (held) => amountOf(place.amount) - held),
    trade: (trade) => plain(tradeByHand(at(trade.apiKey, trade.venue), trade, parts)),
    liquidate: (place) => {
      const { account, position } = found(place);
      const price = place.price === undefined ? undefined : amountOf(place.price);
      return plain(account.liquidate(place.symbol, position.index, parts.nowMs(), price)!);
    },
    deleverage: (place) => {
      const { account, position } = found(place);
      const size = sizeOf(position.size);
      const listing = parts.market
        .listings(place.venue, parts.nowMs())
        .find(({ symbol }) => symbol === place.symbol);
      const part = times(size, exact((place.fraction ?? 1).toFixed(6)));
      const share = listing === undefined ? part : floorTo(part, lotOf(listing));
      const qty = place.qty === undefined ? share : amountOf(place.qty);
      const price = place.price === undefined ? undefined : amountOf(place.price);
      const how = { qty, price };
      return plain(account.closeByVenue(place.symbol, position.index, "deleveraging", parts.nowMs(), how)!);
    },
    setPositionMode: ({ apiKey, venue, hedge, symbol }) => {
      perpAt(apiKey, venue).settings.setHedge(hedge === true, symbol);
    },
    setMarginMode: ({ apiKey, venue, isolated, symbol }) => {
      perpAt(apiKey, venue).settings.setIsolated(isolated === true, symbol);
    },
    setLeverage: ({ apiKey, venue, symbol, leverage }) => {
      perpAt(apiKey, venue).settings.setLeverage(symbol, amountOf(leverage), parts.nowMs());
    },
    setKey: ({ apiKey, venue, ...change }) => {
      const { keys } = parts.accounts.get(apiKey);
      for (const name of venue === undefined ? VENUES : [venue]) {
        if (keys[name] === undefined) throw new RangeError(`expected a venue, was ${name}`);
        Object.assign(keys[name], change);
      }
    },
    setFees: ({ apiKey, venue, taker, maker, inBnb }) => {
      const account = at(apiKey, venue);
      if ("feeRate" in account) {
        if (taker !== undefined) account.feeRate = exact(taker);
        return;
      }
      if (taker !== undefined) account.takerRate = exact(taker);
      if (maker !== undefined) account.makerRate = exact(maker);
      if (inBnb !== undefined) account.feesInBnb = inBnb;
    },
  };
}

function readSpec(spec: AccountSpec): AccountSpec {
  if (typeof spec.apiKey !== "string" || typeof spec.secret !== "string" || spec.apiKey === "") {
    throw new RangeError("expected an account with apiKey and secret");
  }
  return spec;
}

function amountOf(text: string): Exact {
  const amount = parseExact(String(text));
  if (amount === undefined || amount < 0n) throw new RangeError(`expected an amount, was ${text}`);
  return amount;
}

function tradeByHand(account: SimUser[SimVenue], trade: HandTrade, parts: AccountControlParts): SimOrder {
  const nowMs = parts.nowMs();
  const listing = parts.market.listings(trade.venue, nowMs).find(({ symbol }) => symbol === trade.symbol);
  if (listing === undefined) throw new RangeError(`expected a listed symbol, was ${trade.symbol}`);
  if (trade.side !== "buy" && trade.side !== "sell") {
    throw new RangeError(`expected buy or sell, was ${String(trade.side)}`);
  }
  const price = trade.price === undefined ? undefined : amountOf(trade.price);
  const qty = trade.qty === undefined ? undefined : amountOf(trade.qty);
  const shared = { listing, side: trade.side, price, origin: "hand" } as const;
  const timeInForce = price === undefined ? "ioc" : "gtc";
  const kind = price === undefined ? "market" : "limit";
  if ("feeRate" in account) return spotTrade(account, { ...shared, qty, kind, timeInForce }, trade, nowMs);
  if (qty === undefined) throw new RangeError("expected a qty on a perpetual venue");
  const positionIndex = trade.positionIndex ?? openIndex(account, listing);
  const order = account.place({ ...shared, qty, kind, timeInForce, positionIndex }, nowMs);
  if (typeof order === "string") throw new RangeError(`expected a trade the account can make: ${order}`);
  return order;
}

type SpotAccountOf = SimUser["upbit"];

function spotTrade(
  account: SpotAccountOf,
  request: Parameters<SpotAccountOf["place"]>[0],
  trade: HandTrade,
  nowMs: number,
): SimOrder {
  const cash = trade.money === undefined ? undefined : amountOf(trade.money);
  if ((cash === undefined) === (request.qty === undefined)) throw new RangeError("expected qty or money");
  const byMoney = cash !== undefined;
  if (!byMoney && request.kind === "market" && request.side === "buy") {
    throw new RangeError("expected money (or a price beside qty) to buy on a KRW venue");
  }
  const order = account.place(byMoney ? { ...request, kind: "money", money: cash } : request, nowMs);
  if (order === undefined) throw new RangeError("expected a trade the account can pay for");
  return order;
}

function openIndex(account: PerpAccount, { symbol }: SimListing): PositionIndex {
  if (!account.settings.isHedge(symbol)) return 0;
  const open = account.positions.open(symbol);
  if (open.length !== 1) throw new RangeError("expected a positionIndex in hedge mode");
  return open[0]!.index;
}

function positionRows(account: PerpAccount, nowMs: number): PositionRow[] {
  return account.margin(nowMs).positions.map(({ position, mark, leverage, isolated, ...figures }) => ({
    symbol: position.symbol,
    positionIndex: position.index,
    ...plain({
      size: position.size,
      averagePrice: figures.averagePrice,
      markPrice: mark,
      liquidationPrice: figures.liquidationPrice,
      leverage,
      unrealised: figures.unrealised,
    }),
    isolated,
  }));
}
