// Positions whose market is gone, closed by their user at the venues and settled by the operator. What he got is computed
// here from the entry's own rows, apart from the engine.

import { describe, expect, test } from "bun:test";
import { PAIRS, type PairKey, type Venue } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import {
  ENTRIES_OFF,
  type EngineRig,
  REFERENCE_KRW,
  type RigOptions,
  traderOf,
} from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";
import type { SettleWish } from "./settle-by-hand.ts";

const D = Decimal.of;
const started = rigStarter();
const SYMBOL = "XRPUSDT";
const WISH: SettleWish = {
  ...{ userId: 1, coin: "XRP", priceKrw: D("2500.5"), priceUsdt: D("1.75") },
  ...{ unseen: false, ownCoins: false, oddRate: false },
};

/** XRP of user 1 on this pair; nobody enters any more. */
async function holding(
  pair: PairKey = "upbit-binance",
  {
    multiplier = 1,
    seedKrw = 3_000_000,
    ...options
  }: RigOptions & { multiplier?: number; seedKrw?: number } = {},
): Promise<EngineRig> {
  const rig = await started(options, (made) => {
    const { market, world, traders } = made;
    forbidOrders(made);
    for (const { key } of PAIRS) if (key !== pair) market.nulls.add(`XRP ${key}`);
    traders.set([traderOf(1, { seedAmountKrw: D(seedKrw) })]);
    if (multiplier === 1) return;
    market.odd.set("XRP", { multiplier: D(multiplier) });
    const level = (price: number) => [[`${price}`, "10000"]] as const;
    for (const venue of ["bybit", "binance"] as const)
      world.setBook(venue, SYMBOL, { bids: level(2 * multiplier), asks: level(2.0005 * multiplier) });
  });
  await rig.tick();
  expect(rig.position(1, "XRP")?.pair).toBe(pair);
  await rig.state.setSwitch(ENTRIES_OFF);
  await rig.pass(1_000);
  return rig;
}

/** Both legs, by their user at the venues, and the market off the lists. */
function closeByHand(rig: EngineRig): void {
  const { pair } = rig.position(1, "XRP")!;
  const [domestic, overseas] = pair.split("-") as ["upbit" | "bithumb", "bybit" | "binance"];
  const qty = rig.world.account("user 1", overseas).positions!.qty(SYMBOL, "short").toString();
  rig.world.tradeByHand("user 1", overseas, { symbol: SYMBOL, side: "buy", qty });
  const coins = Decimal.sum(rig.position(1, "XRP")!.entries.map(({ qtyCoin }) => qtyCoin)).toString();
  rig.world.tradeByHand("user 1", domestic, { symbol: "KRW-XRP", side: "sell", qty: coins });
  delist(rig);
}

const delisted = new WeakSet<EngineRig>();

/** Once the market is gone a venue that is sent an order throws, and the order is a fault of the rig's log. */
function forbidOrders(rig: EngineRig): void {
  const { world } = rig;
  const open = world.venue.bind(world) as (user: string, venue: Venue) => ReturnType<typeof world.venue>;
  world.venue = ((user: string, venue: Venue) => {
    const made = open(user, venue);
    const place = made.place.bind(made);
    made.place = (...order) => {
      if (delisted.has(rig)) throw new RangeError(`expected no order, was ${order[0].clientOrderId}`);
      return place(...order);
    };
    return made;
  }) as typeof world.venue;
}

/** As the lists have it once it is gone: not tradable, called as its entry called it. */
function delist(rig: EngineRig): void {
  delisted.add(rig);
  rig.market.odd.set("XRP", { ...rig.market.odd.get("XRP"), tradable: false });
  for (const venue of ["upbit", "bithumb", "bybit", "binance"] as const) rig.market.away.add(venue);
}

async function settle(rig: EngineRig, wish: Partial<SettleWish> = {}, lengthMs = 5_000) {
  const answer = rig.engine.settle({ ...WISH, ...wish });
  await rig.pass(lengthMs);
  return await answer;
}

/** What was paid at entry, from its fills. */
function profitExpected(rig: EngineRig, priceKrw: string, priceUsdt: string): Decimal {
  const { entries } = rig.position(1, "XRP")!;
  let krw = Decimal.ZERO;
  let usdt = Decimal.ZERO;
  for (const { qtyCoin, spentKrw, feeKrw, receivedUsdt, feeUsdt } of entries) {
    krw = krw
      .plus(qtyCoin.times(D(priceKrw)))
      .minus(spentKrw)
      .minus(feeKrw);
    usdt = usdt
      .plus(receivedUsdt)
      .minus(feeUsdt)
      .minus(qtyCoin.times(D(priceUsdt)));
  }
  return krw.plus(usdt.times(D(REFERENCE_KRW)));
}

const causes = (rig: EngineRig) =>
  rig.heard("exited").map(({ notice }) => notice.kind === "exited" && [notice.cause, notice.end]);

describe("what its user got is what is recorded", () => {
  for (const { key } of PAIRS) {
    for (const multiplier of [1, 1_000]) {
      test(`on ${key}, a contract of ${multiplier}`, async () => {
        const rig = await holding(key, { multiplier, seedKrw: 30_000_000 });
        const dust = { qtyCoin: D("0.25"), costKrw: D("700") };
        rig.journal.dust = async () => dust;
        const profitKrw = profitExpected(rig, "2500.5", "1.75");
        const { qtyCoin } = rig.position(1, "XRP")!.entries[0]!;
        closeByHand(rig);
        expect(await settle(rig)).toEqual({ outcome: "settled" });
        expect([rig.held, causes(rig)]).toEqual([[], [["settled-by-hand", "closed"]]]);
        const [{ end } = { end: undefined }] = rig.journal.exits;
        expect(end!.profitKrw!.toString()).toBe(profitKrw.toString());
        // What was dust before is none of the position's.
        expect(end!.dust).toBeUndefined();
        expect(end!.closedRow).toMatchObject({
          krPrice: "2500.50000000",
          krVolume: qtyCoin.toFixed(8),
          krFee: "0.00000000",
          frPrice: "1.75000000",
          frVolume: qtyCoin.toFixed(8),
          frFee: "0.00000000",
          exitRate: "1428.86",
          krOrderId: "outside",
          frOrderId: "outside",
        });
        expect(rig.log.said("error")).toEqual([]);
      });
    }
  }
});

for (const [call, at] of [
  ["move", "planned"],
  ["addOrders", "sending"],
  ["recordOrder", "sending"],
  ["endExit", "sending"],
] as const) {
  for (const road of ["away", "answer-lost"] as const) {
    test(`a process that dies as ${call} is ${road} has a successor that ends it with the same figures`, async () => {
      const rig = await holding();
      const profitKrw = profitExpected(rig, "2500.5", "1.75");
      closeByHand(rig);
      const { process } = rig.processes[0]!;
      process.roadOf = (name) => name === call;
      process.road = road;
      const answer = rig.engine.settle(WISH);
      await rig.pass(600);
      process.freeze();
      expect(rig.intents("exit").length).toBe(1);
      if (road === "away") expect(rig.intents("exit")[0]!.state).toBe(at);
      // Nobody hears of it any more.
      void answer.catch(() => undefined);
      // Longer than a plan of ours may lie about.
      rig.skip(600_000);
      await rig.pass(10_000);
      await rig.start();
      await rig.pass(30_000);
      expect(rig.held).toEqual([]);
      expect(rig.journal.exits.map(({ end }) => [end.to, end.profitKrw?.toString()])).toEqual([
        ["closed", profitKrw.toString()],
      ]);
      expect([...rig.journal.orders.values()].filter(({ purpose }) => purpose === "sell").length).toBe(1);
    });
  }
}

test("it is settled without a usable key and with its account not to be read, once the operator has looked", async () => {
  const rig = await holding();
  closeByHand(rig);
  for (const venue of ["upbit", "binance"]) rig.traders.keysOff.add(`1 ${venue}`);
  const refused = await settle(rig);
  expect(refused).toEqual({ outcome: "refused", why: expect.stringMatching(/no usable API key.*--unseen/) });
  expect(await settle(rig, { unseen: true }, 8_000)).toEqual({ outcome: "settled" });
  expect([rig.held, causes(rig)]).toEqual([[], [["settled-by-hand", "closed"]]]);
});

test("a user who asked in vain for it to be left is told that it was settled", async () => {
  const rig = await holding();
  closeByHand(rig);
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(1_000);
  expect(await settle(rig)).toEqual({ outcome: "settled" });
  expect(causes(rig)).toEqual([["settled-by-hand", "closed"]]);
});

test("what can still be left, or is still there, or makes no sense, is refused with what to do", async () => {
  const rig = await holding();
  const why = async (wish: Partial<SettleWish> = {}) => {
    const answer = await settle(rig, wish);
    return answer && "why" in answer ? `${answer.outcome}: ${answer.why}` : answer?.outcome;
  };
  expect(await why({ userId: 2 })).toBe("no-position: User 2 holds no XRP.");
  expect(await why()).toMatch(/^refused: XRP is on the lists .* force-close 1 XRP leaves it/);
  delist(rig);
  expect(await why()).toMatch(/^refused: binance still shows a short of [\d.]+ XRPUSDT/);
  // The short is what may run away: no flag helps.
  expect(await why({ unseen: true, ownCoins: true, oddRate: true })).toMatch(/^refused: binance still shows/);
  const qty = rig.world.account("user 1", "binance").positions!.qty(SYMBOL, "short").toString();
  rig.world.tradeByHand("user 1", "binance", { symbol: SYMBOL, side: "buy", qty });
  expect(await why()).toMatch(/^refused: upbit still shows [\d.]+ XRP.*--own-coins/);
  // Sold in part is not sold.
  rig.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side: "sell", qty: "5" });
  expect(await why()).toMatch(/^refused: upbit still shows [\d.]+ XRP.*--own-coins/);
  rig.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side: "buy", qty: "5" });
  expect(await why({ priceUsdt: D("0") })).toBe("refused: Expected prices above 0.");
  expect(await why({ priceUsdt: D("1750") })).toMatch(/make 1\.43 KRW a USDT.*--odd-rate/);
  expect(rig.intents("exit")).toEqual([]);
  expect(await why({ ownCoins: true })).toBe("settled");
  expect(await why()).toBe("no-position: User 1 holds no XRP.");
  const { qtyCoin } = rig.journal.positions[0]!.parts[0]!;
  rig.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side: "sell", qty: qtyCoin.toString() });
});

test("on paper, and by a process that does not trade, nothing is settled", async () => {
  const rig = await holding("upbit-binance", { mode: "paper" });
  expect(await settle(rig)).toMatchObject({ outcome: "refused", why: expect.stringContaining("paper") });
  await rig.start();
  const standby = rig.processes.at(-1)!.engine;
  expect(await standby.settle(WISH)).toBeUndefined();
});

test("asked for twice at once it is settled once", async () => {
  const rig = await holding();
  closeByHand(rig);
  const answers = Promise.all([rig.engine.settle(WISH), rig.engine.settle(WISH)]);
  await rig.pass(5_000);
  expect((await answers).map(({ outcome } = { outcome: "refused", why: "" }) => outcome)).toEqual([
    "settled",
    "refused",
  ]);
  expect([rig.intents("exit").length, rig.heard("exited").length]).toEqual([1, 1]);
});

test("of a position that was left in part before, the rest is settled and the row is of the whole", async () => {
  const rig = await holding("upbit-binance", { seedKrw: 30_000_000 });
  const whole = rig.position(1, "XRP")!.entries[0]!.qtyCoin;
  rig.market.setRate("XRP", 1_423, { depthCoin: 150 });
  await rig.tick();
  const rest = rig.position(1, "XRP")!.entries[0]!.qtyCoin;
  expect(rest.isPositive && rest.below(whole)).toBe(true);
  const profitKrw = profitExpected(rig, "2500.5", "1.75");
  rig.market.setRate("XRP", 1_396);
  closeByHand(rig);
  expect(await settle(rig)).toEqual({ outcome: "settled" });
  const [, { end } = { end: undefined }] = rig.journal.exits;
  expect(end!.profitKrw!.toString()).toBe(profitKrw.toString());
  expect([end!.to, end!.closedRow!.krVolume]).toEqual(["closed", whole.toFixed(8)]);
});
