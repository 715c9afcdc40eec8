import { describe, expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import type { Notice } from "../ports/notifier.ts";
import type { ReadOptions } from "../ports/trading-venue.ts";
import { ENTRIES_OFF, type EngineRig, type RigOptions, traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const started = rigStarter();
const SYMBOL = "XRPUSDT";

/** XRP of user 1 on Upbit and Binance, entered at 1,396; nobody enters any more. */
async function holding(options: RigOptions = {}): Promise<EngineRig> {
  const rig = await started(options);
  await rig.tick();
  expect(rig.position(1, "XRP")?.pair).toBe("upbit-binance");
  await rig.state.setSwitch(ENTRIES_OFF);
  await rig.pass(1_000);
  return rig;
}

/** The liquidation price that far above the mark. */
const liquidationAt = (rig: EngineRig, distance: number) =>
  rig.world.setLiquidationPrice("user 1", "binance", SYMBOL, (2.00025 * (1 + distance)).toFixed(6));
const told = <K extends Notice["kind"]>(rig: EngineRig, kind: K) =>
  rig.heard(kind).map(({ notice }) => notice as Extract<Notice, { kind: K }>);
const handTrade = (rig: EngineRig, side: "buy" | "sell", qty: number | string) =>
  rig.world.tradeByHand("user 1", "binance", { symbol: SYMBOL, side, qty });
const shortOf = (rig: EngineRig) =>
  rig.world.account("user 1", "binance").positions!.qty(SYMBOL, "short").toString();

test("a short 15 % from its liquidation is nothing to tell of, one nearer is, and one nearer than 7 % is closed", async () => {
  const rig = await holding();
  liquidationAt(rig, 0.1501);
  await rig.pass(11_000);
  expect(told(rig, "guardian")).toEqual([]);
  liquidationAt(rig, 0.1499);
  await rig.pass(10_000);
  expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["alert"]);
  expect(rig.held).toEqual(["1 XRP"]);
  liquidationAt(rig, 0.0699);
  await rig.pass(20_000);
  expect(rig.held).toEqual([]);
  expect(told(rig, "guardian").at(-1)!.verdict).toBe("close");
  expect(told(rig, "exited").map(({ cause }) => cause)).toEqual(["guardian"]);
  expect(rig.state.rests.get("1 XRP")).toMatchObject({ cause: "guardian", troubles: 1 });
});

test("a short whose venue tells no mark price is judged by the public one, and keeps nobody from being looked at", async () => {
  const rig = await holding({ users: 2 });
  rig.world.market("binance", SYMBOL).markSet = Decimal.ZERO;
  liquidationAt(rig, 0.1499);
  await rig.pass(11_000);
  expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["alert"]);
  liquidationAt(rig, 0.0699);
  await rig.ticks(20_000);
  expect(rig.held).toEqual(["2 XRP"]);
  expect(rig.log.said("error")).toEqual([]);
});

test("a user whose positions cannot be looked at for a defect keeps no other from being guarded", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"], users: 9 }, (of) => {
    const only = (coin: string) => ({ coinMode: "custom", selectedCoins: new Set([coin]) }) as const;
    of.traders.set(
      Array.from({ length: 9 }, (_, index) => traderOf(index + 1, only(index ? "XRP" : "DOGE"))),
    );
  });
  // The odd one is looked at first.
  rig.market.setRate("XRP", 1_410);
  await rig.tick();
  rig.market.setRate("XRP", 1_396);
  await rig.tick();
  expect(rig.held.length).toBe(9);
  await rig.state.setSwitch(ENTRIES_OFF);
  const facts = rig.market.facts.bind(rig.market);
  rig.market.facts = (coin, pair) => {
    if (coin === "DOGE") throw new RangeError("expected a market, was something odd");
    return facts(coin, pair);
  };
  rig.world.setLiquidationPrice("user 9", "binance", SYMBOL, "2.1");
  await rig.pass(20_000);
  expect(rig.held).not.toContain("9 XRP");
  rig.market.facts = facts;
});

describe("when the price moves between two rounds", () => {
  const priceOf = (rig: EngineRig, usdt: number) =>
    rig.world.setBook("binance", SYMBOL, {
      bids: [[usdt.toFixed(4), 9_000]],
      asks: [[(usdt + 0.001).toFixed(4), 9_000]],
    });
  const asked = (rig: EngineRig) => {
    const calls = { count: 0 };
    rig.world.faults.hook = ({ call }) => {
      if (call === "positions") calls.count++;
      return undefined;
    };
    return calls;
  };
  /** A round has just been: the next one is nearly ten seconds away. */
  const afterRound = async (distance: number) => {
    const rig = await holding();
    liquidationAt(rig, distance);
    const calls = asked(rig);
    while (calls.count === 0) await rig.pass(200);
    await rig.tick(200);
    return rig;
  };

  test("a short that was not far is looked at, told of and closed within a second", async () => {
    const rig = await afterRound(0.25);
    priceOf(rig, 2.2);
    await rig.tick(1_000);
    expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["alert"]);
    // What was told is not asked for with each rate.
    const calls = asked(rig);
    await rig.ticks(2_000, 1_000);
    expect([calls.count, told(rig, "guardian").length]).toEqual([0, 1]);
    priceOf(rig, 2.4);
    await rig.tick(1_000);
    expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["alert", "close"]);
    await rig.pass(5_000);
    expect(rig.held).toEqual([]);
  });

  test("so is one that was far, once its rate jumps", async () => {
    const rig = await afterRound(0.5);
    priceOf(rig, 2.7);
    await rig.tick(1_000);
    expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["alert"]);
  });

  test("no account is asked while the public price says that all is well", async () => {
    const rig = await afterRound(0.25);
    const calls = asked(rig);
    for (const usdt of [2.01, 2.02, 2.1]) {
      priceOf(rig, usdt);
      await rig.tick(1_000);
    }
    expect([calls.count, told(rig, "guardian")]).toEqual([0, []]);
  });

  test("with a venue unreachable it is told, and neither leg is sent", async () => {
    const rig = await afterRound(0.25);
    const lift = rig.world.impose({ venue: "upbit", kind: "closed" });
    priceOf(rig, 2.4);
    await rig.tick(1_000);
    expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["blocked"]);
    expect(rig.intents("exit")).toEqual([]);
    lift();
  });
});

test("what the guardian began is still the guardian's after a restart", async () => {
  const rig = await holding();
  liquidationAt(rig, 0.05);
  rig.world.faults.arm({ purpose: "cover" }, { replyDelayMs: 2_000 });
  await rig.pass(9_200);
  expect(rig.intents("exit").map(({ reason }) => reason)).toEqual(["guardian"]);
  await rig.restart();
  await rig.pass(30_000);
  expect([rig.held, told(rig, "exited").map(({ cause }) => cause)]).toEqual([[], ["guardian"]]);
  expect(rig.state.rests.get("1 XRP")?.cause).toBe("guardian");
});

test("with a venue unreachable neither leg is sent, the user hears of it, and it is closed once both answer", async () => {
  for (const venue of ["upbit", "binance"] as const) {
    const rig = await holding();
    liquidationAt(rig, 0.1);
    await rig.pass(11_000);
    expect(told(rig, "guardian").map(({ verdict }) => verdict)).toEqual(["alert"]);
    const lift = rig.world.impose({ venue, kind: "closed" });
    // The price comes nearer; where the venue does not show it, the public book does.
    rig.world.setBook("binance", SYMBOL, { bids: [["2.1", 9_000]], asks: [["2.101", 9_000]] });
    await rig.pass(45_000);
    expect([rig.held, rig.intents("exit").length]).toEqual([["1 XRP"], 0]);
    expect([venue, told(rig, "guardian").at(-1)!.verdict]).toEqual([venue, "blocked"]);
    lift();
    await rig.pass(15_000);
    expect(rig.held).toEqual([]);
  }
});

test("the coins of a short that is gone are sold at once, and the books are right", async () => {
  const rig = await holding();
  rig.world.takePosition("user 1", "binance", SYMBOL, { reason: "liquidation" });
  await rig.pass(45_000);
  expect([rig.held, rig.world.exposure("user 1", "XRP").toString()]).toEqual([[], "0"]);
  expect(told(rig, "short-gone").map(({ is }) => is)).toEqual(["gone"]);
  expect(told(rig, "exited").map(({ cause, end }) => [cause, end])).toEqual([["short-gone", "closed"]]);
});

test("a position closed by hand in Karbit is told as that, and settles; one that is closing there is not added to", async () => {
  const rig = await holding();
  rig.traders.set([traderOf(1, { allowAverageDown: true })]);
  rig.byHand.closed.push({ userId: 1, coin: "XRP" });
  await rig.state.setSwitch({ ...ENTRIES_OFF, entriesOff: false });
  rig.skip(70_000);
  await rig.pass(3_500);
  rig.market.setRate("XRP", 1_380);
  await rig.tick();
  expect([rig.position(1, "XRP")!.entries.length, rig.reason(1, "XRP")]).toEqual([1, "held-by-hand"]);
  const { qtyCoin } = rig.position(1, "XRP")!.entries[0]!;
  handTrade(rig, "buy", qtyCoin.toString());
  rig.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side: "sell", qty: qtyCoin.toString() });
  await rig.pass(45_000);
  expect(rig.held).toEqual([]);
  expect(told(rig, "position-changed-by-hand").map(({ change }) => change)).toEqual(["closed"]);
  expect(told(rig, "short-gone")).toEqual([]);
});

test("where it is set so, the coins of a short that is gone wait for their user, who is told", async () => {
  const rig = await holding({ nakedSpot: "alert" });
  rig.world.takePosition("user 1", "binance", SYMBOL, { reason: "liquidation" });
  await rig.pass(25_000);
  expect(told(rig, "short-gone").map(({ is, spot }) => [is, spot])).toEqual([["gone", "waiting"]]);
  // Not even at their target.
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(10_000);
  expect([rig.held, rig.intents("exit")]).toEqual([["1 XRP"], []]);
  expect(await rig.engine.force(1, "XRP", "user")).toBe("started");
  await rig.pass(45_000);
  expect([rig.held, rig.world.exposure("user 1", "XRP").toString()]).toEqual([[], "0"]);
});

test("where they would wait, whoever closes by hand in Karbit has said that they shall not", async () => {
  const rig = await holding({ nakedSpot: "alert" });
  rig.byHand.closed.push({ userId: 1, coin: "XRP" });
  const { qtyCoin } = rig.position(1, "XRP")!.entries[0]!;
  handTrade(rig, "buy", qtyCoin.toString());
  rig.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side: "sell", qty: qtyCoin.toString() });
  await rig.pass(45_000);
  expect(rig.held).toEqual([]);
});

test("of a short that was made smaller by the venue the rest is left as well", async () => {
  const rig = await holding();
  rig.world.takePosition("user 1", "binance", SYMBOL, { reason: "deleveraging", qty: 100 });
  await rig.pass(60_000);
  expect([rig.held, shortOf(rig), rig.world.exposure("user 1", "XRP").toString()]).toEqual([[], "0", "0"]);
  expect(told(rig, "short-gone").map(({ is }) => is)).toEqual(["smaller"]);
});

test("a delisting is told with the venue whose list has it", async () => {
  const rig = await holding();
  rig.market.odd.set("XRP", { delistedBy: "binance" });
  await rig.pass(21_000);
  expect(rig.heard("delisting").map(({ notice }) => notice)).toEqual([
    { kind: "delisting", coin: "XRP", venue: "binance" },
  ]);
});

test("a coin that is on no list any more is told of, for it can only be left by hand", async () => {
  const rig = await holding();
  rig.market.unlistedAt.add("XRP binance");
  await rig.pass(21_000);
  expect(rig.state.incidents.map(({ kind }) => kind)).toEqual(["unknown-difference"]);
});

test("the coins of a short that was delisted with its market are its user's to sell, and he is told so", async () => {
  const rig = await holding();
  handTrade(rig, "buy", shortOf(rig));
  rig.market.away.add("binance");
  await rig.pass(60_000);
  expect(rig.heard("incident").map(({ to, notice }) => [to, "detail" in notice && notice.detail])).toEqual([
    [1, expect.stringMatching(/^sell-by-hand: short-gone, no-rate /)],
    ["operator", expect.stringMatching(/^sell-by-hand: short-gone, no-rate /)],
  ]);
  rig.market.away.clear();
  await rig.pass(10_000);
  expect(rig.held).toEqual([]);
});

test("a short somebody has joined by hand is not left automatically, and by the user's word it is", async () => {
  const rig = await holding();
  handTrade(rig, "sell", 50);
  await rig.pass(21_000);
  expect(told(rig, "position-changed-by-hand").map(({ change }) => change)).toEqual(["joined"]);
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(15_000);
  expect(rig.held).toEqual(["1 XRP"]);
  expect(await rig.engine.force(1, "XRP", "user")).toBe("started");
  await rig.pass(5_000);
  // Ours and no more than ours.
  expect([rig.held, shortOf(rig)]).toEqual([[], "50"]);
  handTrade(rig, "buy", 50);
});

test("a short joined a moment ago is not left at its target, also by a process that has not looked yet", async () => {
  const rig = await holding();
  await rig.pass(10_000);
  handTrade(rig, "sell", 50);
  rig.market.setRate("XRP", 1_430);
  await rig.tick(1_000);
  expect([rig.held, rig.reason(1, "XRP")]).toEqual([["1 XRP"], "held-by-hand"]);
  await rig.restart();
  await rig.tick(1_000);
  expect([rig.held, rig.intents("exit")]).toEqual([["1 XRP"], []]);
  handTrade(rig, "buy", 50);
  await rig.tick();
  expect(rig.held).toEqual([]);
});

test("once what was joined is gone, the position is left at its target again", async () => {
  const rig = await holding();
  handTrade(rig, "sell", 50);
  await rig.pass(21_000);
  handTrade(rig, "buy", 50);
  await rig.pass(11_000);
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect(rig.held).toEqual([]);
});

test("coins that are fewer than the record says stop that user's entries and are told of", async () => {
  const rig = await holding({ users: 2 });
  rig.world.withdraw("user 1", "upbit", "XRP", 100);
  await rig.pass(21_000);
  expect(rig.state.incidents.map(({ userId, kind }) => [userId, kind])).toEqual([[1, "unknown-difference"]]);
  rig.world.deposit("user 1", "upbit", "XRP", 100);
});

test("a difference that was seen once only, and long ago, is not the second sight of another one", async () => {
  const rig = await holding();
  // Seen once: then the user leaves.
  handTrade(rig, "sell", 50);
  await rig.pass(10_000);
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(3_000);
  handTrade(rig, "buy", 50);
  rig.skip(70_000);
  await rig.state.setSwitch({ ...(await rig.state.switches())[0]!, entriesOff: false });
  await rig.pass(1_000);
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  handTrade(rig, "sell", 50);
  await rig.pass(10_000);
  expect(told(rig, "position-changed-by-hand")).toEqual([]);
  handTrade(rig, "buy", 50);
});

test("what comparing found is counted by kind, also what healed by itself, and when it was done is known", async () => {
  const rig = await holding();
  const findings = () => Object.fromEntries(rig.engine.counts.findings);
  await rig.pass(10_000);
  handTrade(rig, "sell", "1");
  await rig.pass(10_000);
  handTrade(rig, "buy", "1");
  await rig.pass(10_000);
  expect(findings()).toEqual({ "joined seen": 1 });
  handTrade(rig, "sell", "1");
  await rig.pass(20_000);
  expect(findings()).toEqual({ "joined seen": 2, "joined confirmed": 1 });
  const sinceMs = () => rig.clock.nowMs() - rig.engine.figures()!.comparedAtMs!;
  expect(sinceMs()).toBeLessThanOrEqual(11_000);
  handTrade(rig, "buy", "1");
  const lift = rig.world.impose({ venue: "binance", kind: "closed" });
  await rig.pass(60_000);
  expect(sinceMs()).toBeGreaterThan(59_000);
  lift();
});

test("a user whose key is gone while a position is open hears of it though no rate comes", async () => {
  const rig = await holding();
  rig.traders.keysOff.add("1 binance");
  await rig.pass(21_000);
  expect(rig.state.incidents.map(({ kind }) => kind)).toEqual(["key"]);
});

test("a user's own position in another symbol is nothing to us", async () => {
  const rig = await holding({ coins: ["XRP", "DOGE"] });
  rig.world.tradeByHand("user 1", "bybit", { symbol: "DOGEUSDT", side: "sell", qty: 50 });
  await rig.pass(31_000);
  expect(rig.state.incidents).toEqual([]);
  rig.world.tradeByHand("user 1", "bybit", { symbol: "DOGEUSDT", side: "buy", qty: 50 });
});

test("while nothing is held nobody is asked", async () => {
  const rig = await started({}, (of) => of.traders.set([]));
  const before = rig.world.requestCount;
  await rig.pass(29_000);
  expect(rig.world.requestCount - before).toBe(0);
});

test("funding that will cost more than the set limit is told of once each time it begins", async () => {
  const rig = await holding();
  const costs = async (ratio: string) => {
    rig.market.odd.set("XRP", { fundingRatio: Decimal.of(ratio) });
    await rig.pass(21_000);
    return told(rig, "funding-high").map(({ costPct }) => costPct.toString());
  };
  expect(await costs("-0.005")).toEqual([]);
  expect(await costs("-0.0061")).toEqual(["0.61"]);
  await costs("0.01");
  expect(await costs("-0.02")).toEqual(["0.61", "2"]);
});

test("rounds over everybody ask patiently, who leaves asks at once", async () => {
  const hastes: string[] = [];
  const rig = await started({}, (of) => {
    const open = of.world.venue.bind(of.world);
    of.world.venue = ((user: string, name: "binance") => {
      const venue = open(user, name);
      if (!("positions" in venue)) return venue;
      const positions = venue.positions.bind(venue);
      venue.positions = (symbol, options?: ReadOptions) => {
        hastes.push(options?.haste ?? "usual");
        return positions(symbol);
      };
      return venue;
    }) as typeof of.world.venue;
  });
  await rig.tick();
  await rig.state.setSwitch(ENTRIES_OFF);
  // An entry's own look.
  expect(hastes.splice(0)).toEqual(["usual"]);
  await rig.pass(31_000);
  expect(new Set(hastes.splice(0))).toEqual(new Set(["patient"]));
  await rig.engine.force(1, "XRP", "operator");
  await rig.pass(1_000);
  expect(rig.held).toEqual([]);
  expect(hastes.length).toBeGreaterThan(0);
  expect(new Set(hastes)).toEqual(new Set(["urgent"]));
});
