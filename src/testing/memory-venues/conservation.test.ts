// Random orders under random faults: the books balance exactly, counted a second time from the executions alone.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { legRoleOf, OVERSEAS_VENUES, VENUES } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { PlaceOutcome } from "../../ports/trading-venue.ts";
import { runsOf } from "../runs.ts";
import type { Fault } from "./faults.ts";
import type { MemoryWorld } from "./world.ts";
import { COINS, kindOf, orderAt, testWorld } from "./world-testing.ts";

const RUNS = runsOf(15, 3_000);
const USERS = ["kim", "lee"] as const;

const part: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ holdMs: fc.constantFrom(0, 300, 2_500) }),
  fc.record({ request: fc.constantFrom("lost" as const, "reset" as const, "unsent" as const) }),
  fc.record({ lateMs: fc.constantFrom(500, 2_950, 2_961, 4_000, 19_970, 30_000) }),
  fc.record({ twiceAfterMs: fc.constantFrom(0, 100, 2_950, 5_000) }),
  fc.record({ reply: fc.constantFrom("lost" as const, "reset" as const) }),
  fc.record({ replyDelayMs: fc.constantFrom(200, 3_000) }),
  fc.record({ fillRatio: fc.constantFrom(0, 0.3, 0.77) }),
  fc.record({
    refuse: fc.constantFrom("funds" as const, "limited" as const, "key" as const, "closed" as const),
  }),
);
const fault: fc.Arbitrary<Fault> = fc
  .tuple(part, fc.option(part, { nil: {} }))
  .map(([one, other]) => ({ ...one, ...other }));

const action = fc.record({
  user: fc.constantFrom(...USERS),
  venue: fc.constantFrom(...VENUES),
  pepe: fc.boolean(),
  side: fc.constantFrom("buy" as const, "sell" as const),
  lots: fc.integer({ min: 0, max: 700 }),
  atMarket: fc.boolean(),
  reducesShort: fc.boolean(),
  /** Few, so that ids come again. */
  id: fc.integer({ min: 0, max: 3 }),
  fault: fc.option(fault, { freq: 2, nil: undefined }),
  waitMs: fc.constantFrom(0, 10, 100, 2_500),
  byHand: fc.boolean(),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

interface Placed {
  readonly action: Action;
  readonly clientOrderId: string;
  readonly outcome: PlaceOutcome;
}

async function play(actions: readonly Action[], hedge: boolean) {
  const t = testWorld();
  const { world, clock } = t;
  if (hedge)
    for (const user of USERS)
      for (const venue of OVERSEAS_VENUES) world.setModes(user, venue, { positionMode: "hedge" });
  const faults = new Map<number, Fault>();
  world.faults.hook = (request) => faults.get(request.index);
  const placed: Promise<Placed>[] = [];
  for (const one of actions) {
    const { user, venue, side } = one;
    const symbol = COINS[one.pepe ? 1 : 0]!.markets[venue]!.symbol;
    const { qtyStep } = world.market(venue, symbol);
    const lot = legRoleOf(venue) === "domestic" ? Decimal.of(one.pepe ? "10000.5" : "0.00100001") : qtyStep;
    const qty = lot.times(Decimal.of(one.lots));
    if (one.byHand && one.lots % 7 === 0) byHand(world, one, symbol, qty);
    const clientOrderId = `sx-00000000000000000000-b0-${one.id}`;
    const order = orderAt(venue, { clientOrderId, symbol, side, qty, reducesShort: one.reducesShort });
    const limitPrice = one.atMarket
      ? undefined
      : one.pepe
        ? world.market(venue, symbol).touch(side)
        : order.limitPrice;
    if (one.fault) faults.set(world.requestCount, one.fault);
    const place = world.venue(user, venue).place({ ...order, limitPrice }, 2_000);
    placed.push(place.then((outcome) => ({ action: one, clientOrderId, outcome })));
    if (one.waitMs > 0) await clock.advance(one.waitMs);
  }
  await clock.advance(60_000);
  return { ...t, placed: await Promise.all(placed) };
}

/** What the user and the venue do besides; refused like anybody's. */
function byHand(world: MemoryWorld, { user, venue, side, lots }: Action, symbol: string, qty: Decimal): void {
  try {
    if (legRoleOf(venue) === "overseas" && lots % 2 === 0) {
      world.payFunding(user, venue as "bybit", symbol, Decimal.of(lots - 350));
      world.takePosition(user, venue as "bybit", symbol, { reason: "liquidation" });
    } else world.tradeByHand(user, venue, { symbol, side, qty });
  } catch (fault) {
    if (!(fault instanceof RangeError)) throw fault;
  }
}

/** The world's balances and positions, counted from nothing but its executions and the transfers of funding. */
function recount(world: MemoryWorld): void {
  for (const user of USERS)
    for (const venue of VENUES) {
      const account = world.account(user, venue);
      const due = new Map(account.assets().map((asset) => [asset, world.ledger.opening(user, venue, asset)]));
      const add = (asset: string, amount: Decimal) =>
        due.set(asset, (due.get(asset) ?? Decimal.ZERO).plus(amount));
      const contracts = new Map<string, Decimal>();
      for (const done of world.executions()) {
        if (done.user !== user || done.venue !== venue) continue;
        const sign = Decimal.of(done.side === "buy" ? 1 : -1);
        add(done.feeAsset, done.fee.negated());
        if (account.isDomestic) add(world.market(venue, done.symbol).coin, done.qty.times(sign));
        else
          contracts.set(done.symbol, (contracts.get(done.symbol) ?? Decimal.ZERO).plus(done.qty.times(sign)));
        add(account.isDomestic ? "KRW" : "USDT", done.price.times(done.qty).times(sign).negated());
      }
      for (const { amountUsdt } of account.fundings) add("USDT", amountUsdt);
      // What a position cost is money a perpetual's wallet has not paid, and what a short brought not received.
      for (const { market, side, qty, cost } of account.positions?.all() ?? []) {
        add("USDT", side === "long" ? cost : cost.negated());
        const net = contracts.get(market.symbol) ?? Decimal.ZERO;
        contracts.set(market.symbol, side === "long" ? net.minus(qty) : net.plus(qty));
      }
      for (const [asset, amount] of due)
        expect(`${amount} ${asset}`).toBe(`${world.ledger.balance(user, venue, asset)} ${asset}`);
      for (const [symbol, left] of contracts) expect(`${left} ${symbol}`).toBe(`0 ${symbol}`);
    }
}

/** What is missing from the books is what users bought and sold; no book was refilled. */
function recountBooks(world: MemoryWorld): void {
  for (const { markets } of COINS)
    for (const venue of VENUES) {
      const input = markets[venue]!;
      const market = world.market(venue, input.symbol);
      const gone = (side: "bids" | "asks") =>
        Decimal.sum(input[side].map(([, qty]) => Decimal.of(String(qty)))).minus(
          Decimal.sum(market.levels(side).map(({ qty }) => qty)),
        );
      const traded = (wanted: "buy" | "sell") =>
        Decimal.sum(
          world
            .executions()
            .filter(
              ({ venue: at, symbol, side, fromBook }) =>
                at === venue && symbol === market.symbol && side === wanted && fromBook,
            )
            .map(({ qty }) => qty),
        );
      expect(`${gone("asks")} and ${gone("bids")}`).toBe(`${traded("buy")} and ${traded("sell")}`);
    }
}

test("random orders and faults keep every balance, position and book exact", async () => {
  let executed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 40, size: "max" }),
      fc.boolean(),
      async (actions, hedge) => {
        const { world } = await play(actions, hedge);
        executed += world.executions().length;
        expect(world.inFlightCount).toBe(0);
        expect(world.bookFaults()).toEqual([]);
        recount(world);
        recountBooks(world);
        const fillIds = world.executions().map(({ fillId }) => fillId);
        expect(new Set(fillIds).size).toBe(fillIds.length);
      },
    ),
    { seed: 20_261_129, numRuns: RUNS },
  );
  expect(executed).toBeGreaterThan(RUNS);
});

test("no id executes twice but at Binance, no request beyond its window, and no answer lies", async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 40, size: "max" }),
      fc.boolean(),
      async (actions, hedge) => {
        const { world, placed } = await play(actions, hedge);
        for (const { venue, arrivedCount } of world.idsExecutedTwice()) {
          expect(venue).toBe("binance");
          expect(arrivedCount).toBeGreaterThan(1);
        }
        for (const { user, venue, clientOrderId, underwayMs, atMs } of world.executions()) {
          expect(underwayMs).toBeLessThanOrEqual(world.venue(user, venue).acceptWindowMs);
          if (clientOrderId !== undefined) expect(atMs).toBeGreaterThan(0);
        }
        for (const { action: one, clientOrderId, outcome } of placed) {
          seen.set(kindOf(outcome), (seen.get(kindOf(outcome)) ?? 0) + 1);
          const alone =
            placed
              .filter((other) => other.action.user === one.user && other.action.venue === one.venue)
              .filter((other) => other.clientOrderId === clientOrderId).length === 1;
          if (!alone || one.fault?.twiceAfterMs !== undefined) continue;
          const record = world.idRecord(one.user, one.venue, clientOrderId);
          if (outcome.kind === "accepted") expect(record).toMatchObject({ orderCount: 1, refusedCount: 0 });
          if (outcome.kind === "rejected") expect(record).toMatchObject({ orderCount: 0, refusedCount: 1 });
          if (outcome.kind === "unsent") expect(record?.arrivedCount ?? 0).toBe(0);
        }
        for (const { user, venue, clientOrderId, filledQty } of world.idRecords()) {
          const own = world.executions().filter((done) => done.user === user && done.venue === venue);
          const sum = Decimal.sum(
            own.filter((done) => done.clientOrderId === clientOrderId).map(({ qty }) => qty),
          );
          expect(`${filledQty}`).toBe(`${sum}`);
        }
      },
    ),
    { seed: 20_261_130, numRuns: RUNS },
  );
  for (const kind of ["accepted", "unknown", "unsent", "duplicate", "limited", "funds", "nothing-to-reduce"])
    expect(`${kind} ${(seen.get(kind) ?? 0) > 0}`).toBe(`${kind} true`);
});
