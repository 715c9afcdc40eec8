// What must hold of one user's money once everything is settled (specification 8.1): what the journal says is what the
// venues hold, to the last coin; nothing was executed twice or unknown to us; what is left open is dust. A user who
// trades by hand beside us keeps what he did, and loses nothing more by us.

import { Decimal } from "../../domain/decimal.ts";
import type { FillRow, IntentFile, Journal, OpenPosition } from "../../ports/journal.ts";
import type { Execution } from "../memory-venues/exchange.ts";
import { COIN, type Ground } from "./ground.ts";

const KRW_MAX = Decimal.ONE;
const USDT_MAX = Decimal.of("0.01");

/** What broke a promise; the run is over. */
export class Broken extends Error {
  override name = "Broken";
}

export interface Holder {
  readonly user: string;
  readonly userId: number;
  /** Every intent of this user. */
  readonly intentIds: readonly string[];
}

/** Of the whole world. */
export function checkWorld({ world }: Ground): void {
  const twice = world.idsExecutedTwice();
  if (twice.length > 0)
    throw new Broken(`executed twice: ${twice.map(({ clientOrderId }) => clientOrderId).join(", ")}`);
  const faults = world.bookFaults();
  if (faults.length > 0) throw new Broken(faults.join("; "));
}

export interface Held {
  readonly position: OpenPosition | undefined;
  readonly dustCoin: Decimal;
}

export async function checkHolder(ground: Ground, journal: Journal, holder: Holder): Promise<Held> {
  const { world, domestic, overseas, multiplier } = ground;
  const { user, userId, intentIds } = holder;
  const files = await Promise.all(intentIds.map(async (id) => await journal.file(id)));
  const all = files.filter((file) => file !== undefined);
  const executions = world.executions().filter((execution) => execution.user === user);
  const fills = all.flatMap((file) => file.fills);
  const real = checkFills(executions, fills);
  const position = (await journal.openPositions("live")).find((open) => open.userId === userId);
  const dust = await journal.dust({ mode: "live", userId, coin: COIN, venue: domestic });

  const heldCoin = Decimal.sum((position?.entries ?? []).map(({ qtyCoin }) => qtyCoin));
  const hand = executions.filter(({ clientOrderId }) => clientOrderId === undefined);
  const byHand = (venue: string, side: string) =>
    qtyOf(hand, (one) => one.venue === venue && one.side === side);
  const outside = all.flatMap(outsideOf);
  const outsideAt = (venue: string) => qtyOf(outside, (fill) => fill.venue === venue);
  same(
    "coins at home",
    world.ledger.balance(user, domestic, COIN),
    heldCoin
      .plus(dust.qtyCoin)
      .plus(outsideAt(domestic))
      .plus(byHand(domestic, "buy"))
      .minus(byHand(domestic, "sell")),
  );
  const shortChanged = outsideAt(overseas).plus(byHand(overseas, "sell")).minus(byHand(overseas, "buy"));
  same("coins short", shortCoin(ground, user), heldCoin.plus(shortChanged.times(multiplier)));
  atMost("coins taken for sold by hand", outsideAt(domestic), byHand(domestic, "sell"));
  atMost("contracts taken for bought back by hand", outsideAt(overseas), byHand(overseas, "buy"));
  atMost("dust", dust.qtyCoin, ground.exposureMaxCoin);
  checkMoney(ground, user, { real, hand, isFlat: shortCoin(ground, user).isZero });
  return { position, dustCoin: dust.qtyCoin };
}

/** Every execution of ours is a fill in the journal, as it was, and the other way round. */
function checkFills(executions: readonly Execution[], fills: readonly FillRow[]): readonly Execution[] {
  const ours = executions.filter(({ clientOrderId }) => clientOrderId !== undefined);
  const known = new Map(fills.map((fill) => [fill.fillId, fill]));
  for (const { fillId, clientOrderId, price, qty, fee, feeAsset } of ours) {
    const fill = known.get(fillId);
    if (!fill) throw new Broken(`expected ${qty} of ${clientOrderId} in the journal, was unknown there`);
    const isSame =
      fill.clientOrderId === clientOrderId &&
      fill.price.equals(price) &&
      fill.qty.equals(qty) &&
      fill.fee.equals(fee) &&
      fill.feeAsset === feeAsset;
    if (!isSame) throw new Broken(`expected the fill ${fillId} as it was: ${qty} at ${price}`);
  }
  const executed = new Set(ours.map(({ fillId }) => fillId));
  const made = fills.find(({ fillId }) => !isOutside(fillId) && !executed.has(fillId));
  if (made) throw new Broken(`expected no fill ${made.fillId} of ${made.clientOrderId}`);
  return ours;
}

function isOutside(fillId: string): boolean {
  return fillId.startsWith("outside-");
}

function outsideOf({ fills }: IntentFile): FillRow[] {
  return fills.filter(({ fillId }) => isOutside(fillId));
}

function shortCoin({ world, overseas, multiplier }: Ground, user: string): Decimal {
  let contracts = Decimal.ZERO;
  for (const { side, qty } of world.account(user, overseas).positions!.all()) {
    contracts = side === "short" ? contracts.plus(qty) : contracts.minus(qty);
  }
  return contracts.times(multiplier);
}

/** Before + fills - fees = after. */
function checkMoney(
  { world, domestic, overseas }: Ground,
  user: string,
  done: {
    readonly real: readonly Execution[];
    readonly hand: readonly Execution[];
    readonly isFlat: boolean;
  },
): void {
  const { ledger } = world;
  const changed = (venue: typeof domestic | typeof overseas, asset: string) =>
    ledger.balance(user, venue, asset).minus(ledger.opening(user, venue, asset));
  const all = [...done.real, ...done.hand];
  near("KRW", changed(domestic, "KRW"), flowOf(all, domestic, "KRW"), KRW_MAX);
  // The price of what is open is not in the wallet yet.
  if (done.isFlat) near("USDT", changed(overseas, "USDT"), flowOf(all, overseas, "USDT"), USDT_MAX);
}

function flowOf(executions: readonly Execution[], venue: string, asset: string): Decimal {
  return Decimal.sum(
    executions
      .filter((execution) => execution.venue === venue)
      .map(({ side, price, qty, fee, feeAsset }) => {
        const notional = price.times(qty);
        const flow = side === "sell" ? notional : notional.negated();
        return feeAsset === asset ? flow.minus(fee) : flow;
      }),
  );
}

function qtyOf<T extends { readonly qty: Decimal }>(rows: readonly T[], fits: (row: T) => boolean): Decimal {
  return Decimal.sum(rows.filter(fits).map(({ qty }) => qty));
}

function same(what: string, is: Decimal, expected: Decimal): void {
  if (!is.equals(expected)) throw new Broken(`${what}: expected ${expected.normal()}, was ${is.normal()}`);
}

function near(what: string, is: Decimal, expected: Decimal, by: Decimal): void {
  if (is.minus(expected).abs().above(by))
    throw new Broken(`${what}: expected a change of ${expected}, was ${is}`);
}

function atMost(what: string, is: Decimal, most: Decimal): void {
  if (is.above(most)) throw new Broken(`${what}: expected at most ${most}, was ${is}`);
}
