// Random orders of two users on random books, with answers lost, ids used again and processes restarted: whatever
// happens, the look-ups tell what the accounts hold, to the last digit.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "../../domain/decimal.ts";
import type { PlaceOutcome, TradingVenue, VenueFill, VenueOrder } from "../../ports/trading-venue.ts";
import { runsOf } from "../../testing/runs.ts";
import { MemoryPaperStore, paperKit, paperListing, type Rows } from "./paper-testing.ts";

const TIMEOUT_MS = 3_000;
const START = Decimal.of(100_000);
const VENUES = ["upbit", "bybit"] as const;

interface Step {
  readonly do: "order" | "restart" | "wait" | "lose-before" | "lose-after" | "twice";
  readonly venue: (typeof VENUES)[number];
  readonly userId: number;
  readonly id: number;
  readonly side: "buy" | "sell";
  readonly qty: number;
  /** Steps from the middle; undefined: at market. */
  readonly limit: number | undefined;
  readonly reducesShort: boolean;
  readonly mid: number;
  readonly levels: readonly number[];
}

const stepOf = fc.record<Step>({
  do: fc.constantFrom(
    "order",
    "order",
    "order",
    "order",
    "restart",
    "wait",
    "lose-before",
    "lose-after",
    "twice",
  ),
  venue: fc.constantFrom(...VENUES),
  userId: fc.constantFrom(1, 2),
  id: fc.integer({ min: 0, max: 30 }),
  side: fc.constantFrom("buy", "sell"),
  qty: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 900_000 })),
  limit: fc.option(fc.integer({ min: -8, max: 8 }), { nil: undefined }),
  reducesShort: fc.boolean(),
  mid: fc.integer({ min: 150, max: 400 }),
  levels: fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 }),
});

/** Tenths of a dollar from the middle; quantities in thousandths. */
function rowsOf({ mid, levels }: Step): Rows {
  const rows = (sign: 1 | -1) =>
    levels.map((qty, level) => [(mid * 10 + sign * (level + 1)) / 10, qty / 1_000] as const);
  return { asks: rows(1), bids: rows(-1) };
}

function orderOf(step: Step): VenueOrder {
  const { venue, id, side, qty, limit, mid, reducesShort } = step;
  return {
    clientOrderId: `o-${id}`,
    symbol: venue === "upbit" ? "KRW-BTC" : "BTCUSDT",
    side,
    qty: Decimal.of(`${qty}e-3`),
    limitPrice: limit === undefined ? undefined : Decimal.of(`${mid * 10 + limit}e-1`),
    reducesShort: reducesShort && side === "buy",
  };
}

async function fillsIn(venue: TradingVenue, order: VenueOrder): Promise<readonly VenueFill[] | undefined> {
  const found = await venue.lookup(order, TIMEOUT_MS);
  if (found.kind === "absent") return undefined;
  if (found.kind !== "found") throw new Error(`expected an answer, was ${found.kind}`);
  return found.order.fills;
}

const sum = (fills: readonly VenueFill[], read: (fill: VenueFill) => Decimal) => Decimal.sum(fills.map(read));

/** One run; tells how many orders filled something. */
async function run(steps: readonly Step[]): Promise<number> {
  const store = new MemoryPaperStore();
  const kit = paperKit({ store });
  const rows = new Map<string, Rows>();
  const open = () => {
    const next = paperKit({ store, clock: kit.clock, startBalances: { upbit: START, bybit: START } });
    next.setListing(paperListing("upbit", "BTC", { priceIncrement: "0.1", notionalMin: "50" }));
    for (const [symbol, each] of rows) next.setBook(symbol === "KRW-BTC" ? "upbit" : "bybit", symbol, each);
    return next;
  };
  let process = open();
  const done = new Map<string, { step: Step; order: VenueOrder; fills: string }>();

  for (const step of steps) {
    const order = orderOf(step);
    rows.set(order.symbol, rowsOf(step));
    process.setBook(step.venue, order.symbol, rowsOf(step));
    const venue = process.venues.open(step.venue, step.userId);
    if (step.do === "wait") await kit.clock.advance(1_001);
    if (step.do === "restart") process = open();
    if (step.do === "lose-before" || step.do === "lose-after")
      store.lose = step.do === "lose-before" ? "before" : "after";
    const name = `${step.venue} ${step.userId} ${order.clientOrderId}`;
    const known = done.get(name);
    const sending = [venue.place(order, TIMEOUT_MS)];
    if (step.do === "twice") sending.push(venue.place(order, TIMEOUT_MS));
    const outcomes: PlaceOutcome[] = await Promise.all(sending);
    store.lose = undefined;
    for (const outcome of outcomes) {
      if (known !== undefined) expect(outcome.kind).not.toBe("accepted");
      if (outcome.kind === "accepted") expect(await fillsIn(venue, order)).toBeDefined();
    }
    expect(outcomes.filter(({ kind }) => kind === "accepted").length).toBeLessThan(2);
    const fills = await fillsIn(venue, known?.order ?? order);
    if (known !== undefined) expect(JSON.stringify(fills)).toBe(known.fills);
    else if (fills !== undefined) {
      done.set(name, { step, order, fills: JSON.stringify(fills) });
      expect(sum(fills, ({ qty }) => qty).atMost(order.qty)).toBe(true);
      for (const { price } of fills) {
        const limit = order.limitPrice ?? price;
        expect(order.side === "buy" ? price.atMost(limit) : price.atLeast(limit)).toBe(true);
      }
    }
  }

  let filledCount = 0;
  for (const userId of [1, 2]) {
    const [home, abroad] = [process.venues.open("upbit", userId), process.venues.open("bybit", userId)];
    const all = async (venue: TradingVenue, side: "buy" | "sell") => {
      const own = [...done.values()].filter(
        ({ step, order }) => step.venue === venue.venue && step.userId === userId && order.side === side,
      );
      return (await Promise.all(own.map(({ order }) => fillsIn(venue, order)))).flatMap((fills) => fills!);
    };
    const notional = ({ price, qty }: VenueFill) => price.times(qty);
    const free = new Map((await home.balances()).map((each) => [each.asset, each.free]));
    const [bought, sold] = [await all(home, "buy"), await all(home, "sell")];
    const fees = sum([...bought, ...sold], ({ fee }) => fee);
    const krw = START.minus(sum(bought, notional)).plus(sum(sold, notional)).minus(fees);
    expect(String(free.get("KRW"))).toBe(String(krw));
    const coins = sum(bought, ({ qty }) => qty).minus(sum(sold, ({ qty }) => qty));
    expect(String(free.get("BTC") ?? Decimal.ZERO)).toBe(String(coins));
    expect([krw, coins].some(({ isNegative }) => isNegative)).toBe(false);

    const [longs, shorts] = [await all(abroad, "buy"), await all(abroad, "sell")];
    const realised = sum([...longs, ...shorts], ({ realisedUsdt }) => realisedUsdt!);
    const [wallet] = await abroad.balances();
    expect(wallet!.free.isNegative).toBe(false);
    expect(String(wallet!.free.plus(wallet!.locked))).toBe(
      String(START.plus(realised).minus(sum([...longs, ...shorts], ({ fee }) => fee))),
    );
    const held = sum(longs, ({ qty }) => qty).minus(sum(shorts, ({ qty }) => qty));
    const position = store.kept({ userId, venue: "bybit" }).account.positions.get("BTCUSDT");
    expect(String(position?.qty ?? Decimal.ZERO)).toBe(String(held));
    // What is open cost what was paid and has not been realised.
    const cost = sum(longs, notional).minus(sum(shorts, notional)).plus(realised);
    expect(String(position?.costUsdt ?? Decimal.ZERO)).toBe(String(cost));
    for (const name of VENUES) {
      const { account, opening, ledger } = store.kept({ userId, venue: name });
      for (const [asset, balance] of account.balances) {
        const told = Decimal.sum(ledger.filter((entry) => entry.asset === asset).map(({ amount }) => amount));
        expect(String(balance)).toBe(String((opening.get(asset) ?? Decimal.ZERO).plus(told)));
      }
    }
    filledCount += [bought, sold, longs, shorts].filter((fills) => fills.length > 0).length;
  }
  return filledCount;
}

const RUNS = runsOf(12, 1_000);

test("Accounts, ledgers and look-ups agree to the last digit after any orders, and no id is carried out twice", async () => {
  let filledCount = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf, { minLength: 10, maxLength: 40, size: "max" }), async (steps) => {
      filledCount += await run(steps);
    }),
    { numRuns: RUNS },
  );
  // Or the property would hold of nothing.
  expect(filledCount).toBeGreaterThan(RUNS);
}, 120_000);
