// Holds the journal against the venues' own books, user by user: every order on the wire has its row, no id was executed
// twice, every fill is known on both sides, coins are position and dust, the short is the position, and what a balance
// changed by is what the journal's fills, fees and funding make of it. Returns what does not fit, in words.

import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { LedgerEntry } from "../../simulator/ledger.ts";
import type { Plain } from "../../simulator/plain.ts";
import { COIN_KRW, marketSymbol, THOUSANDS_COIN } from "./steered-market.ts";
import type { TestTrader } from "./test-traders.ts";
import type { TradingFleet } from "./trading-fleet.ts";

interface JournalFill {
  readonly clientOrderId: string;
  readonly venue: string;
  readonly side: "buy" | "sell";
  readonly price: string;
  readonly qty: string;
  readonly fee: string;
  readonly feeAsset: string;
}

const KRW_TOLERANCE = Decimal.ONE;
const USDT_TOLERANCE = Decimal.of("0.01");
/** Less than a domestic minimum and a lot together can stay unhedged, at the lowest price a sale is bounded by. */
const DUST_KRW_MAX = Decimal.of(7_000);
const { of } = Decimal;
const sumOf = <T>(items: readonly T[], value: (item: T) => Decimal) => Decimal.sum(items.map(value));

export async function auditTrader(fleet: TradingFleet, trader: TestTrader): Promise<string[]> {
  const wrong: string[] = [];
  const { userId, coin, domestic, overseas, apiKey } = trader;
  const { accounts } = fleet.simulator.control;
  const say = (what: string) => wrong.push(`user ${userId} (${coin} on ${trader.pair}): ${what}`);
  const same = (what: string, told: Decimal, expected: Decimal, tolerance = Decimal.ZERO) => {
    if (told.minus(expected).abs().above(tolerance)) say(`expected ${what} of ${expected}, was ${told}`);
  };

  const orders = await fleet.rows<{ clientOrderId: string; status: string }>(
    sql`select o.client_order_id as "clientOrderId", o.status from schedulerx.orders o
        join schedulerx.intents i using (intent_id) where i.user_id = ${userId}`,
  );
  const fills = await fleet.rows<JournalFill>(
    sql`select f.client_order_id as "clientOrderId", f.venue, o.side, f.price::text, f.qty::text, f.fee::text,
          f.fee_asset as "feeAsset"
        from schedulerx.fills f join schedulerx.orders o using (client_order_id)
        join schedulerx.intents i using (intent_id) where i.user_id = ${userId} order by f.at`,
  );
  const known = new Set(orders.map(({ clientOrderId }) => clientOrderId));
  for (const venue of [domestic, overseas] as const) {
    for (const { clientId, executed } of accounts.clientIds(apiKey, venue)) {
      if (!known.has(clientId)) say(`${clientId} reached ${venue} without a row`);
      if (executed > 1) say(`${clientId} was executed ${executed} times at ${venue}`);
    }
    const here = accounts.fills(apiKey, venue);
    const noted = fills.filter((fill) => fill.venue === venue);
    const bySide = (side: "buy" | "sell") => {
      const told = sumOf(
        noted.filter((fill) => fill.side === side),
        ({ qty }) => of(qty),
      );
      const done = sumOf(
        here.filter((fill) => fill.side === side),
        ({ qty }) => of(qty),
      );
      same(`a journal with ${side} fills at ${venue}`, told, done);
      return done;
    };
    const [bought, sold] = [bySide("buy"), bySide("sell")];
    if (venue === overseas) {
      const short = accounts
        .positions(apiKey, overseas)
        .filter(({ symbol, size }) => symbol === marketSymbol(overseas, coin) && size.startsWith("-"));
      same("a short", Decimal.sum(short.map(({ size }) => of(size).abs())), sold.minus(bought));
    }
  }

  const [held] = await fleet.rows<{ position: string; dust: string }>(
    sql`select
      (select coalesce(sum(e.qty_coin), 0) - coalesce((select sum(t.qty_coin) from schedulerx.position_takes t
          join schedulerx.position_exits x on x.intent_id = t.exit_intent_id
          join schedulerx.hedged_positions q on q.position_id = x.position_id
          where q.user_id = ${userId} and q.coin = ${coin}), 0)
        from schedulerx.position_entries e join schedulerx.hedged_positions p using (position_id)
        where p.user_id = ${userId} and p.coin = ${coin})::text as position,
      coalesce((select qty_coin from schedulerx.dust_events
        where user_id = ${userId} and coin = ${coin} and venue = ${domestic} order by seq desc limit 1), 0)::text as dust`,
  );
  const position = of(held!.position);
  const multiplier = of(coin === THOUSANDS_COIN ? 1_000 : 1);
  const shortNow = Decimal.sum(
    accounts.positions(apiKey, overseas).map(({ size }) => of(size).abs().times(multiplier)),
  );
  same("a short that is the position", shortNow, position);
  const coins = of(accounts.balances(apiKey, domestic)[coin] ?? "0");
  same("coins that are position and dust", coins, position.plus(of(held!.dust)));

  const priceKrw = of(coin === THOUSANDS_COIN ? COIN_KRW / 1_000 : COIN_KRW);
  if (of(held!.dust).times(priceKrw).above(DUST_KRW_MAX))
    say(`expected dust worth little, was ${held!.dust}`);

  const ledger = (venue: typeof domestic | typeof overseas, asset: string) =>
    accounts.ledger(apiKey, venue).filter((entry) => entry.asset === asset && entry.reason !== "opening");
  const changeOf = (entries: readonly Plain<LedgerEntry>[]) => sumOf(entries, ({ change }) => of(change));
  const home = fills.filter((fill) => fill.venue === domestic);
  const won = home.map(({ side, price, qty, fee }) => {
    const worth = of(price).times(of(qty));
    return (side === "buy" ? worth.negated() : worth).minus(of(fee));
  });
  same("KRW changed by what fills say", changeOf(ledger(domestic, "KRW")), Decimal.sum(won), KRW_TOLERANCE);
  const abroad = fills.filter((fill) => fill.venue === overseas);
  const fees = abroad.filter(({ feeAsset }) => feeAsset === "USDT").map(({ fee }) => of(fee));
  const earned = realisedUsdt(abroad).minus(Decimal.sum(fees));
  const byReason = Map.groupBy(ledger(overseas, "USDT"), ({ reason }) => reason === "funding");
  same("USDT changed by what fills say", changeOf(byReason.get(false) ?? []), earned, USDT_TOLERANCE);
  // What is open is asked for its funding now and then only.
  if (position.isZero) {
    const [paid] = await fleet.rows<{ usdt: string }>(
      sql`select coalesce(sum(amount_usdt), 0)::text as usdt from schedulerx.funding_events
          where user_id = ${userId} and venue = ${overseas}`,
    );
    same("USDT changed by funding", changeOf(byReason.get(true) ?? []), of(paid!.usdt), USDT_TOLERANCE);
  }
  return wrong;
}

/** Gross of fees, by the venues' way: what is bought back leaves the short at its average price. */
function realisedUsdt(fills: readonly JournalFill[]): Decimal {
  let short = Decimal.ZERO;
  let proceeds = Decimal.ZERO;
  let earned = Decimal.ZERO;
  for (const { side, price, qty } of fills) {
    const [amount, worth] = [of(qty), of(price).times(of(qty))];
    if (side === "sell") {
      short = short.plus(amount);
      proceeds = proceeds.plus(worth);
    } else {
      const share = proceeds.times(amount).dividedBy(short, 18, "half-up");
      earned = earned.plus(share).minus(worth);
      short = short.minus(amount);
      proceeds = proceeds.minus(share);
    }
  }
  return earned;
}

/** The same of everybody; nothing may be open. */
export async function auditAll(fleet: TradingFleet): Promise<string[]> {
  const wrong = await Promise.all(fleet.traders.map((trader) => auditTrader(fleet, trader)));
  return wrong.flat();
}
