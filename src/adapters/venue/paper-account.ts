// What orders make of a paper account, exactly: money and coins at home; overseas one wallet in USDT, cross margin,
// one position a symbol. Pure. Every change of a balance has its entry, and the two always agree.
//
// Overseas, simply: margin of a position is its cost at entry / leverage; free is the wallet less all margins and less
// losses not yet realised (profits not yet realised do not count). A short is liquidated at the price where the whole
// account's equity is down to 0.5 % of what its positions are worth, the others staying where they are.

import { Decimal } from "../../domain/decimal.ts";
import type {
  PaperAccount,
  PaperChange,
  PaperEntry,
  PaperFill,
  PaperOrder,
  PaperPosition,
} from "../../ports/paper-store.ts";
import type { VenueOrder } from "../../ports/trading-venue.ts";

/** One level taken from a book. */
export interface Take {
  readonly price: Decimal;
  readonly qty: Decimal;
}

/** Prices that positions are valued at, by symbol; without one a position counts as worth its cost. */
export type Marks = ReadonlyMap<string, Decimal>;

export const KRW = "KRW";
export const USDT = "USDT";
/** Before any is set. */
export const LEVERAGE_DEFAULT = Decimal.ONE;

const DECIMALS = 12;
const MAINTENANCE_RATIO = Decimal.of("0.005");

export function balanceOf(account: PaperAccount, asset: string): Decimal {
  return account.balances.get(asset) ?? Decimal.ZERO;
}

interface Dealt {
  readonly account: PaperAccount;
  readonly order: VenueOrder;
  readonly takes: readonly Take[];
  readonly feeRatio: Decimal;
  readonly atMs: number;
}

/** The order's takes bought or sold for KRW, with the fee on top. */
export function dealSpot(deal: Dealt & { readonly coin: string }): PaperChange {
  const { account, order, takes, feeRatio, coin } = deal;
  const buys = order.side === "buy";
  const fills = takes.map(
    ({ price, qty }): PaperFill => ({
      price,
      qty,
      fee: price.times(qty).times(feeRatio),
      feeAsset: KRW,
      realisedUsdt: undefined,
    }),
  );
  const krw = Decimal.sum(takes.map(({ price, qty }) => price.times(qty)));
  const coins = Decimal.sum(takes.map(({ qty }) => qty));
  const entries: PaperEntry[] = [
    { asset: KRW, amount: buys ? krw.negated() : krw, reason: "trade" },
    { asset: coin, amount: buys ? coins : coins.negated(), reason: "trade" },
    { asset: KRW, amount: Decimal.sum(fills.map(({ fee }) => fee)).negated(), reason: "fee" },
  ];
  return changeOf(deal, { fills, entries, positions: account.positions });
}

/** The order's takes on the symbol's one position: what closes first, what is left opens the other side. */
export function dealPerpetual(deal: Dealt): PaperChange {
  const { account, order, takes, feeRatio } = deal;
  let position = account.positions.get(order.symbol);
  const fills: PaperFill[] = [];
  for (const { price, qty } of takes) {
    const traded = trade(position, price, order.side === "buy" ? qty : qty.negated());
    position = traded.position;
    const fee = price.times(qty).times(feeRatio);
    fills.push({ price, qty, fee, feeAsset: USDT, realisedUsdt: traded.realisedUsdt });
  }
  const positions = new Map(account.positions);
  if (position === undefined) positions.delete(order.symbol);
  else positions.set(order.symbol, position);
  const entries: PaperEntry[] = [
    { asset: USDT, amount: Decimal.sum(fills.map(({ realisedUsdt }) => realisedUsdt!)), reason: "realised" },
    { asset: USDT, amount: Decimal.sum(fills.map(({ fee }) => fee)).negated(), reason: "fee" },
  ];
  return changeOf(deal, { fills, entries, positions });
}

/** `signedQty` at `price`: the share of the cost that closes is rounded, and what is cut off stays with the rest. */
function trade(
  before: PaperPosition | undefined,
  price: Decimal,
  signedQty: Decimal,
): { readonly position: PaperPosition | undefined; readonly realisedUsdt: Decimal } {
  const cost = price.times(signedQty);
  if (before === undefined)
    return { position: { qty: signedQty, costUsdt: cost }, realisedUsdt: Decimal.ZERO };
  const after = before.qty.plus(signedQty);
  if (before.qty.isNegative === signedQty.isNegative) {
    return { position: { qty: after, costUsdt: before.costUsdt.plus(cost) }, realisedUsdt: Decimal.ZERO };
  }
  if (after.isZero) return { position: undefined, realisedUsdt: before.costUsdt.plus(cost).negated() };
  if (after.isNegative === before.qty.isNegative) {
    const share = before.costUsdt.times(signedQty.abs()).dividedBy(before.qty.abs(), DECIMALS, "half-up");
    return {
      position: { qty: after, costUsdt: before.costUsdt.minus(share) },
      realisedUsdt: share.plus(cost).negated(),
    };
  }
  const closing = price.times(before.qty.negated());
  return {
    position: { qty: after, costUsdt: price.times(after) },
    realisedUsdt: before.costUsdt.plus(closing).negated(),
  };
}

function changeOf(
  { account, order, atMs }: Dealt,
  made: {
    readonly fills: readonly PaperFill[];
    readonly entries: readonly PaperEntry[];
    readonly positions: PaperAccount["positions"];
  },
): PaperChange {
  const entries = made.entries.filter(({ amount }) => !amount.isZero);
  const balances = new Map(account.balances);
  for (const { asset, amount } of entries) {
    balances.set(asset, (balances.get(asset) ?? Decimal.ZERO).plus(amount));
  }
  const { clientOrderId, symbol, side, qty, limitPrice } = order;
  const placed: PaperOrder = { clientOrderId, symbol, side, qty, limitPrice, fills: made.fills, atMs };
  return { account: { ...account, balances, positions: made.positions }, order: placed, entries };
}

export function entryPrice({ qty, costUsdt }: PaperPosition): Decimal {
  return costUsdt.dividedBy(qty, DECIMALS, "half-up").normal();
}

export function leverageOf(account: PaperAccount, symbol: string): Decimal {
  return account.leverages.get(symbol) ?? LEVERAGE_DEFAULT;
}

/** USDT free for new margin; below zero when the account is short of it. */
export function freeUsdt(account: PaperAccount, marks: Marks): Decimal {
  const margins = [...account.positions].map(([symbol, { costUsdt }]) =>
    costUsdt.abs().dividedBy(leverageOf(account, symbol), DECIMALS, "up"),
  );
  const open = Decimal.sum(
    [...account.positions].map(([symbol, each]) => unrealised(each, marks.get(symbol))),
  );
  const losses = open.isNegative ? open : Decimal.ZERO;
  return balanceOf(account, USDT).plus(losses).minus(Decimal.sum(margins));
}

/** Undefined: at no price above zero. */
export function liquidationPrice(account: PaperAccount, symbol: string, marks: Marks): Decimal | undefined {
  const own = account.positions.get(symbol);
  if (own === undefined) return undefined;
  let cushion = balanceOf(account, USDT);
  for (const [other, position] of account.positions) {
    if (other === symbol) continue;
    const mark = marks.get(other) ?? entryPrice(position);
    const maintenance = position.qty.abs().times(mark).times(MAINTENANCE_RATIO);
    cushion = cushion.plus(unrealised(position, mark)).minus(maintenance);
  }
  // cushion + qty x price - cost = ratio x |qty| x price
  const slope = own.qty.abs().times(MAINTENANCE_RATIO).minus(own.qty);
  const price = cushion.minus(own.costUsdt).dividedBy(slope, DECIMALS, "half-up").normal();
  return price.isPositive ? price : undefined;
}

function unrealised({ qty, costUsdt }: PaperPosition, mark: Decimal | undefined): Decimal {
  return mark === undefined ? Decimal.ZERO : qty.times(mark).minus(costUsdt);
}
