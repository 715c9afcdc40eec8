// Upbit and Bithumb on paper: coins for KRW. An order is refused unless all of it could be paid, as there: a buy at
// its limit with the fee on top.

import type { DomesticVenue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { PaperAccount, PaperDecision } from "../../ports/paper-store.ts";
import type { Rejection, TradingVenue, VenueBalance } from "../../ports/trading-venue.ts";
import { balanceOf, dealSpot, KRW, type Marks } from "./paper-account.ts";
import { rejection } from "./paper-rules.ts";
import { type Met, PaperVenue } from "./paper-venue.ts";

export class PaperSpot extends PaperVenue<DomesticVenue> implements TradingVenue {
  async balances(): Promise<readonly VenueBalance[]> {
    const { balances } = await this.account();
    return [...balances]
      .filter(([asset, amount]) => asset === KRW || !amount.isZero)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([asset, free]) => ({ asset, free, locked: Decimal.ZERO }));
  }

  protected decide(account: PaperAccount, { order, listing, takes }: Met): PaperDecision<Rejection> {
    const { clock, feeRatio } = this.parts;
    const { side, qty, limitPrice } = order;
    const { coin } = listing;
    const [asset, needed] =
      side === "buy" ? [KRW, qty.times(limitPrice!).times(Decimal.ONE.plus(feeRatio))] : [coin, qty];
    const free = balanceOf(account, asset);
    if (needed.above(free)) {
      return { kind: "refuse", why: rejection("funds", `expected ${needed} ${asset} free, was ${free}`) };
    }
    const change = dealSpot({ account, order, takes, feeRatio, coin, atMs: clock.nowMs() });
    return { kind: "accept", change };
  }

  protected marks(): Promise<Marks> {
    return Promise.resolve(new Map());
  }
}
