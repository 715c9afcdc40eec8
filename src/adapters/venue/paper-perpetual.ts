// Bybit and Binance perpetuals on paper: one wallet in USDT, cross margin, one-way mode. What opens is refused unless
// the account can bear the margin and the fee of all of it, as it would stand after its fills; what only makes a
// position smaller is always taken. Margins and the liquidation price: paper-account.ts.

import type { OverseasVenue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { PaperAccount, PaperChange, PaperDecision } from "../../ports/paper-store.ts";
import type {
  AccountModes,
  FundingEvent,
  PerpetualVenue,
  Rejection,
  VenueBalance,
  VenuePosition,
} from "../../ports/trading-venue.ts";
import {
  balanceOf,
  dealPerpetual,
  entryPrice,
  freeUsdt,
  leverageOf,
  liquidationPrice,
  type Marks,
  USDT,
} from "./paper-account.ts";
import { rejection } from "./paper-rules.ts";
import { type Met, type PaperParts, PaperVenue } from "./paper-venue.ts";

/** A payment of a perpetual that has happened; exact decimals. */
export interface PaperFunding {
  /** Unique per symbol. */
  readonly id: string;
  /** Share of the position's worth; longs pay shorts when positive. */
  readonly rate: string;
  readonly atMs: number;
  readonly markPrice: string;
}

/** Payments of a symbol, as far back as the venue tells. */
export type FundingSource = (venue: OverseasVenue, symbol: string) => Promise<readonly PaperFunding[]>;

const LEVERAGE_MAX = Decimal.of(100);

export class PaperPerpetual extends PaperVenue<OverseasVenue> implements PerpetualVenue {
  constructor(
    venue: OverseasVenue,
    parts: PaperParts,
    private readonly funding: FundingSource | undefined,
  ) {
    super(venue, parts);
  }

  /** What is not free is margin and losses not yet realised; the two add up to the wallet. */
  async balances(): Promise<readonly VenueBalance[]> {
    const account = await this.account();
    const wallet = balanceOf(account, USDT);
    const free = Decimal.max(freeUsdt(account, await this.marks(account)), Decimal.ZERO);
    return [{ asset: USDT, free, locked: wallet.minus(free) }];
  }

  async positions(symbol?: string): Promise<readonly VenuePosition[]> {
    const account = await this.account();
    const marks = await this.marks(account);
    return [...account.positions]
      .filter(([each]) => symbol === undefined || each === symbol)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([each, position]) => {
        const markPrice = marks.get(each);
        if (markPrice === undefined) throw this.fault(`no price of ${each} to be had`);
        return {
          symbol: each,
          side: position.qty.isNegative ? "short" : "long",
          qtyContracts: position.qty.abs(),
          entryPrice: entryPrice(position),
          markPrice,
          liquidationPrice: liquidationPrice(account, each, marks),
          leverage: leverageOf(account, each),
        };
      });
  }

  modes(_symbol: string): Promise<AccountModes> {
    return Promise.resolve({ positionMode: "one-way", marginMode: "cross" });
  }

  async setLeverage(symbol: string, leverage: Decimal): Promise<void> {
    if (leverage.below(Decimal.ONE) || leverage.above(LEVERAGE_MAX)) {
      throw this.fault(`expected a leverage of 1 to ${LEVERAGE_MAX}, was ${leverage}`);
    }
    const account = await this.account();
    const { store, key } = this.parts;
    if (account.positions.has(symbol) && leverageOf(account, symbol).equals(leverage)) return;
    if (!(await this.read(store.setLeverage(key, symbol, leverage)))) {
      throw this.fault(`expected no position in ${symbol}, there is one`);
    }
  }

  /** What has fallen due is credited first; until somebody asks, the balance is without it. */
  async fundingSince(symbol: string, sinceMs: number): Promise<readonly FundingEvent[]> {
    const { store, key, clock } = this.parts;
    await this.account();
    if (this.funding !== undefined) {
      const payments = await this.read(this.funding(this.venue, symbol));
      const due = payments.filter(({ atMs }) => atMs >= sinceMs && atMs <= clock.nowMs());
      await this.read(
        store.creditFunding(
          key,
          symbol,
          due.map(({ id, atMs, rate, markPrice }) => ({
            id,
            atMs,
            perContractUsdt: Decimal.of(rate).times(Decimal.of(markPrice)),
          })),
        ),
      );
    }
    return this.read(store.fundingSince(key, symbol, sinceMs));
  }

  protected decide(account: PaperAccount, met: Met): PaperDecision<Rejection> {
    const { order, takes, marks } = met;
    const { clock, feeRatio } = this.parts;
    const held = account.positions.get(order.symbol)?.qty ?? Decimal.ZERO;
    if (order.reducesShort && held.plus(order.qty).isPositive) {
      const why = `expected a short of ${order.qty} or more, was ${held.negated()}`;
      return { kind: "refuse", why: rejection("nothing-to-reduce", why) };
    }
    const change = dealPerpetual({ account, order, takes, feeRatio, atMs: clock.nowMs() });
    const missing = this.#missingUsdt(held, change, { met, marks });
    if (missing === undefined) return { kind: "accept", change };
    return { kind: "refuse", why: rejection("funds", `expected ${missing} USDT more to be free`) };
  }

  /** What the account lacks for the order; undefined: nothing, or the order opens nothing. */
  #missingUsdt(
    held: Decimal,
    change: PaperChange,
    { met: { order }, marks }: { readonly met: Met; readonly marks: Marks },
  ): Decimal | undefined {
    const { symbol, qty, side, limitPrice } = order;
    const signedQty = side === "buy" ? qty : qty.negated();
    const closes = held.isNegative !== signedQty.isNegative && qty.atMost(held.abs());
    if (closes) return undefined;
    const filled = Decimal.sum(change.order.fills.map((fill) => fill.qty));
    // What found nothing to trade with would have had to be borne too.
    const unfilled = qty.minus(filled).times(limitPrice ?? Decimal.ZERO);
    const leverage = leverageOf(change.account, symbol);
    const reserve = unfilled.dividedBy(leverage, 12, "up").plus(unfilled.times(this.parts.feeRatio));
    const left = freeUsdt(change.account, marks).minus(reserve);
    return left.isNegative ? left.abs() : undefined;
  }

  protected async marks(account: PaperAccount): Promise<Marks> {
    const { market } = this.parts;
    const prices = await Promise.all(
      [...account.positions.keys()].map(
        async (symbol) => [symbol, await market.mid(this.venue, symbol)] as const,
      ),
    );
    return new Map(prices.flatMap(([symbol, mid]) => (mid === undefined ? [] : [[symbol, mid] as const])));
  }
}
