import { describe, expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { NO_DUST } from "../domain/position.ts";
import { StoreFault } from "../domain/store-fault.ts";
import { type EngineRig, REFERENCE_KRW, type RigOptions, traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";

const D = Decimal.of;
const started = rigStarter();

type Terms = Parameters<typeof traderOf>;

/** A million of XRP, entered at 1,396; nobody enters any more. */
async function holding(
  strategy: Terms[1] = {},
  more: Terms[2] = {},
  options: RigOptions = {},
): Promise<EngineRig> {
  const rig = await started(options, (of) => of.traders.set([traderOf(1, strategy, more)]));
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  rig.state.switchRows.set("global", { ...OFF, entriesOff: true });
  return rig;
}

const OFF = {
  scope: "global",
  subject: "",
  entriesOff: false,
  halted: false,
  why: "",
  by: "operator",
  atMs: 0,
} as const;
/** The exit rate is the best bid over the best ask abroad: (2 r - 1) / 2.0005. */
const rateFor = (exitRate: number) => (exitRate * 2.0005 + 1) / 2;
const exits = (rig: EngineRig) =>
  rig.heard("exited").map(({ notice }) => notice.kind === "exited" && [notice.cause, notice.end]);

test("the price an exit is settled at is noted with its age, however long there has been no other", async () => {
  const rig = await holding({ exitRateTarget: D("1420") });
  rig.ageReference(undefined);
  await rig.pass(40_000);
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect(rig.held).toEqual([]);
  const [settled] = rig.journal.exits;
  expect(settled?.end.settledBy).toMatch(
    new RegExp(`^${REFERENCE_KRW} KRW a USDT by the market, 4\\d{4} ms old$`),
  );
});

test("XRP is left at its exit rate, and not below", async () => {
  const rig = await holding({ exitRateTarget: D("1420") });
  rig.market.setRate("XRP", Math.floor(rateFor(1_420) * 2) / 2);
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  rig.market.setRate("XRP", Math.ceil(rateFor(1_420) * 2) / 2);
  await rig.tick();
  expect([rig.held, exits(rig)]).toEqual([[], [["target", "closed"]]]);
  expect(rig.state.rests.get("1 XRP")).toMatchObject({ cause: "closed", troubles: 0 });
});

for (const [what, rate, more] of [
  ["target", 1_430, {}],
  ["stop", 1_370, { stopRate: D("1380") }],
] as const) {
  test(`a book that stands still triggers no ${what}`, async () => {
    const rig = await holding({}, more);
    rig.stampAgeMs = 5_001;
    rig.market.setRate("XRP", rateFor(rate));
    await rig.tick();
    expect([rig.held, rig.reason(1, "XRP")]).toEqual([["1 XRP"], "no-rate"]);
    rig.stampAgeMs = 5_000;
    await rig.tick();
    expect([rig.held, exits(rig)]).toEqual([[], [[what, "closed"]]]);
  });
}

test("books that stand still keep nobody who is forced out or has held for too long", async () => {
  const forced = await holding();
  forced.stampAgeMs = 60_000;
  expect(await forced.engine.force(1, "XRP", "user")).toBe("started");
  await forced.pass(3_000);
  expect(exits(forced)).toEqual([["forced", "closed"]]);
  const long = await holding({}, { holdingMsMax: 20_000 });
  long.stampAgeMs = 60_000;
  await long.ticks(20_000);
  expect(exits(long)).toEqual([["held-too-long", "closed"]]);
});

test("XRP is left at its stop rate", async () => {
  const rig = await holding({}, { stopRate: D("1380") });
  rig.market.setRate("XRP", rateFor(1_381));
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  rig.market.setRate("XRP", rateFor(1_379));
  await rig.tick();
  expect([rig.held, exits(rig)]).toEqual([[], [["stop", "closed"]]]);
});

test("XRP is left at its stop rate also when a book does not hold it, for more coins have no better one", async () => {
  const rig = await holding({}, { stopRate: D("1380") });
  rig.market.setRate("XRP", 1_370, { depthCoin: 20 });
  await rig.tick(1_000);
  expect(rig.intents("exit").map(({ reason }) => reason)).toEqual(["stop"]);
  rig.market.setRate("XRP", 1_370);
  await rig.pass(60_000);
  expect(rig.held).toEqual([]);
});

test("XRP is left when it has been held its longest time, also while no rate of it comes", async () => {
  const rig = await holding({}, { holdingMsMax: 600_000 });
  for (const pair of ["upbit-bybit", "upbit-binance", "bithumb-bybit", "bithumb-binance"])
    rig.market.nulls.add(`XRP ${pair}`);
  rig.skip(590_000);
  await rig.pass(2_000);
  expect(rig.held).toEqual(["1 XRP"]);
  rig.skip(10_000);
  await rig.pass(3_000);
  expect([rig.held, exits(rig)]).toEqual([[], [["held-too-long", "closed"]]]);
});

test("a rate so far off that it is quarantined is left at all the same", async () => {
  const rig = await holding();
  rig.market.setRate("XRP", 1_720);
  rig.market.reasons.set("XRP", "quarantined");
  rig.market.odd.set("XRP", { quarantined: true, warned: true, tradable: false, walletsOpen: false });
  await rig.tick();
  expect(exits(rig)).toEqual([["target", "closed"]]);
});

test("a position larger than the book leaves in parts, and there is one closed row in the end", async () => {
  const rig = await holding({ seedAmountKrw: D(30_000_000), exitRateTarget: D("1420") });
  // Ten levels of 150 coins, of which only some meet the target.
  rig.market.setRate("XRP", 1_423, { depthCoin: 150 });
  await rig.tick();
  expect(exits(rig)).toEqual([["target", "parted"]]);
  const left = Decimal.sum(rig.position(1, "XRP")!.entries.map(({ qtyCoin }) => qtyCoin));
  expect([left.isPositive, left.below(D("3581"))]).toEqual([true, true]);
  rig.market.setRate("XRP", 1_426, { depthCoin: 10_000 });
  await rig.tick();
  expect(exits(rig)).toEqual([
    ["target", "parted"],
    ["target", "closed"],
  ]);
  const ends = rig.journal.exits.map(({ end }) => end);
  expect(ends.map(({ to, closedRow }) => [to, closedRow !== undefined])).toEqual([
    ["parted", false],
    ["closed", true],
  ]);
  // The row is the whole position's: both parts' coins.
  expect(ends[1]!.closedRow!.krVolume).toBe("3581.60000000");
});

test("force leaves at any rate, and joins what runs already", async () => {
  const rig = await holding({ seedAmountKrw: D(30_000_000), exitRateTarget: D("1420") });
  rig.market.setRate("XRP", 1_423, { depthCoin: 150 });
  await rig.tick(100);
  expect(await rig.engine.force(1, "XRP", "user")).toBe("running");
  rig.skip(60_000);
  rig.market.setRate("XRP", 1_390);
  await rig.pass(60_000);
  expect(rig.held).toEqual([]);
  expect(exits(rig)).toEqual([
    ["forced", "parted"],
    ["forced", "closed"],
  ]);
  expect(await rig.engine.force(1, "XRP", "user")).toBe("no-position");
});

test("a position that is no whole lots any more, for the venue has changed them, leaves as far as they go, and a human is called", async () => {
  const rig = await started();
  await rig.tick();
  const held = rig.position(1, "XRP")!.entries[0]!.qtyCoin;
  expect(held.toString()).toBe("358.1");
  rig.world.market("binance", "XRPUSDT").qtyStep = D(1);
  // As long as a symbol's rules are kept.
  await rig.pass(301_000);
  void rig.engine.force(1, "XRP", "user");
  await rig.pass(5_000);
  expect(rig.position(1, "XRP")!.entries.map(({ qtyCoin }) => String(qtyCoin))).toEqual(["0.1"]);
  expect(rig.world.exposure("user 1", "XRP").abs().below(D("0.1"))).toBe(true);
  expect(rig.heard("incident").map(({ to, notice }) => [to, "what" in notice && notice.what])).toEqual([
    [1, "needs-human"],
    ["operator", "needs-human"],
  ]);
  // Once somebody has done so, the coins follow, be they dust.
  rig.world.tradeByHand("user 1", "binance", { symbol: "XRPUSDT", side: "buy", qty: "0.1" });
  await rig.pass(60_000);
  expect(rig.held).toEqual([]);
  rig.world.tradeByHand("user 1", "upbit", { symbol: "KRW-XRP", side: "sell", qty: "0.1" });
});

test("a venue that has changed its increments is left at market at the second try, and nobody is called", async () => {
  const rig = await holding();
  rig.world.market("upbit", "KRW-XRP").priceIncrement = D(7);
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(5_000);
  expect(rig.held).toEqual([]);
  expect(rig.state.incidents).toEqual([]);
  const sells = [...rig.journal.orders.values()].filter(({ purpose }) => purpose === "sell");
  expect(sells.map(({ limitPrice, status }) => [limitPrice !== undefined, status])).toEqual([
    [true, "rejected"],
    [false, "done"],
  ]);
});

test("an entry is sold back at market at the second try where the venue has changed its increments", async () => {
  const rig = await started({}, (of) => {
    of.world.faults.arm({ purpose: "hedge", times: 3 }, { refuse: "closed" });
    of.world.faults.hook = ({ purpose }) => {
      if (purpose === "hedge") of.world.market("upbit", "KRW-XRP").priceIncrement = D(7);
      return undefined;
    };
  });
  await rig.tick(5_000);
  const sells = [...rig.journal.orders.values()].filter(({ purpose }) => purpose === "unwind");
  expect(sells.map(({ limitPrice, status }) => [limitPrice !== undefined, status])).toEqual([
    [true, "rejected"],
    [false, "done"],
  ]);
  expect(rig.intents().map(({ state }) => state)).toEqual(["flat"]);
});

test("an exit planned while an add-on came to its end is planned anew, on what is held and left over since", async () => {
  const rig = await started({}, (of) => of.traders.set([traderOf(1, { allowAverageDown: true })]));
  await rig.tick();
  rig.skip(61_000);
  rig.market.setRate("XRP", 1_390);
  const waits = [1_400];
  rig.bookMs = () => waits.shift() ?? 40;
  // The add-on's hedge takes it up.
  rig.journal.dust = async () => {
    const [, addOn] = rig.position(1, "XRP")!.entries;
    return addOn ? NO_DUST : { qtyCoin: D("0.09"), costKrw: D("250") };
  };
  await rig.engine.force(1, "XRP", "user");
  await rig.tick(1_200);
  expect(rig.position(1, "XRP")!.entries.length).toBe(2);
  await rig.pass(2_000);
  expect(rig.intents("exit").map(({ qtyContracts, terms }) => [`${qtyContracts}`, terms.dustCoin])).toEqual([
    ["717.8", "0"],
  ]);
});

test("an exit that cannot be planned for a defect is told of, not only logged", async () => {
  const rig = await started();
  await rig.tick();
  const facts = rig.market.facts.bind(rig.market);
  rig.market.facts = () => {
    throw new RangeError("expected a market, was something odd");
  };
  void rig.engine.force(1, "XRP", "user");
  await rig.pass(3_000);
  expect(rig.state.incidents.map(({ kind, coin }) => [kind, coin])).toEqual([["defect", "XRP"]]);
  rig.market.facts = facts;
  await rig.pass(3_000);
  expect(rig.held).toEqual([]);
});

test("halted, no target is left at; what is forced leaves", async () => {
  const rig = await holding();
  await rig.engine.setSwitch({ ...OFF, halted: true });
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect([rig.held, rig.engine.state().switches.length]).toEqual([["1 XRP"], 2]);
  expect(await rig.engine.force(1, "XRP", "operator")).toBe("started");
  await rig.pass(5_000);
  expect([rig.held, exits(rig)]).toEqual([[], [["forced", "closed"]]]);
});

test("halted, a stop rate still holds", async () => {
  const rig = await holding({}, { stopRate: D("1380") });
  await rig.engine.setSwitch({ ...OFF, halted: true });
  rig.market.setRate("XRP", rateFor(1_379));
  await rig.tick();
  expect([rig.held, exits(rig)]).toEqual([[], [["stop", "closed"]]]);
});

test("with the strategy switched off or gone, XRP is left on the terms it was entered on", async () => {
  const rig = await holding();
  rig.traders.set([]);
  await rig.pass(4_000);
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect(exits(rig)).toEqual([["target", "closed"]]);
});

test("with the key switched off nothing leaves, the user is told once, and goes on when it is back", async () => {
  const rig = await holding();
  rig.traders.keysOff.add("1 binance");
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(30_000);
  expect([rig.held, rig.intents("exit").length]).toEqual([["1 XRP"], 0]);
  expect(
    rig.heard("incident").map(({ to, notice }) => [to, notice.kind === "incident" && notice.what]),
  ).toEqual([
    [1, "key"],
    ["operator", "key"],
  ]);
  expect(rig.state.incidents.length).toBe(1);
  rig.traders.keysOff.clear();
  await rig.tick();
  expect(rig.held).toEqual([]);
});

test("no leg is sent while one of the two accounts does not answer", async () => {
  const rig = await holding();
  const lift = rig.world.impose({ venue: "binance", kind: "closed" });
  rig.market.setRate("XRP", 1_430);
  await rig.engine.force(1, "XRP", "user");
  await rig.ticks(20_000);
  expect(rig.intents("exit")).toEqual([]);
  lift();
  await rig.ticks(5_000);
  expect(rig.held).toEqual([]);
});

test("a way out of notices that throws, or never comes back, delays nothing", async () => {
  const rig = await holding();
  rig.tell = () => {
    throw new Error("no way out");
  };
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect([rig.held, rig.state.incidents]).toEqual([[], []]);
  expect(rig.state.rests.get("1 XRP")?.cause).toBe("closed");
});

test("funding received and paid while XRP was held is part of its profit", async () => {
  const profits: string[] = [];
  for (const usdt of ["3.5", "-2", undefined]) {
    const rig = await holding();
    await rig.pass(60_000);
    if (usdt) rig.world.payFunding("user 1", "binance", "XRPUSDT", usdt);
    rig.market.setRate("XRP", 1_430);
    await rig.tick();
    profits.push(rig.journal.exits[0]!.end.profitKrw!.toString());
  }
  const [received, paid, none] = profits.map(D);
  expect(received!.minus(none!).rounded(2, "half-up").toString()).toBe("4900");
  expect(none!.minus(paid!).rounded(2, "half-up").toString()).toBe("2800");
});

describe("an automatic exit's profit, projected,", () => {
  /** Entered 1.4 % below the reference price; at 1,430 it earns some 33,000 KRW. */
  const auto = async (strategy: Terms[1] = { tradeMode: "auto" }) => {
    const rig = await started({}, (of) => {
      of.traders.set([traderOf(1, strategy)]);
      of.market.setRate("XRP", 1_380);
    });
    await rig.tick();
    expect(rig.held).toEqual(["1 XRP"]);
    rig.state.switchRows.set("global", { ...OFF, entriesOff: true });
    await rig.pass(60_000);
    return rig;
  };
  const due = async (rig: EngineRig) => {
    rig.market.setRate("XRP", 1_430);
    await rig.tick();
    return rig.held;
  };
  const pay = (rig: EngineRig, usdt: string) => rig.world.payFunding("user 1", "binance", "XRPUSDT", usdt);

  test("counts the funding paid so far, and again what came since it was read", async () => {
    expect(await due(await auto())).toEqual([]);
    const rig = await auto();
    pay(rig, "-40");
    expect(await due(rig)).toEqual(["1 XRP"]);
    expect(rig.state.decisionRows.at(-1)).toMatchObject({ reason: "no-profit" });
    expect(rig.state.decisionRows.at(-1)!.context).toContain("fundingUsdt=-40 breakEvenPct=");
    pay(rig, "40");
    await rig.ticks(60_000);
    expect(rig.held).toEqual(["1 XRP"]);
    await rig.ticks(150_000);
    expect(rig.held).toEqual([]);
  });

  test("goes by what was stored where the venue does not tell, and says so", async () => {
    for (const read of ["fails", "hangs"] as const) {
      const rig = await auto();
      pay(rig, "-40");
      expect(await due(rig)).toEqual(["1 XRP"]);
      await rig.restart();
      pay(rig, "40");
      rig.world.faults.arm({ call: "funding", times: 1 }, { read });
      expect(await due(rig)).toEqual(["1 XRP"]);
      expect(rig.state.decisionRows.at(-1)!.context).toContain(
        "fundingUsdt=-40 (not read now) breakEvenPct=",
      );
    }
  });

  test("asks for it at most every three minutes, and a position with an exit rate of its own only as it closes", async () => {
    const reads = { auto: 0, custom: 0 };
    for (const tradeMode of ["auto", "custom"] as const) {
      const rig = await auto({ tradeMode, exitRateTarget: D("1440") });
      pay(rig, "-40");
      rig.world.faults.hook = ({ call }) => {
        if (call === "funding") reads[tradeMode]++;
        return undefined;
      };
      rig.market.setRate("XRP", 1_430);
      await rig.ticks(370_000);
      expect(rig.held).toEqual(["1 XRP"]);
    }
    expect(reads).toEqual({ auto: 3, custom: 0 });
  });

  test("does not wait for a venue that is silent", async () => {
    const rig = await auto();
    rig.world.faults.arm({ call: "funding", times: 1 }, { read: "hangs" });
    rig.market.setRate("XRP", 1_430);
    await rig.tick(3_000);
    expect(rig.intents("exit").map(({ reason }) => reason)).toEqual(["target"]);
  });
});

test("funding is in the profit also when the store was away as it was to be read", async () => {
  const rig = await holding();
  rig.skip(60_000);
  rig.world.payFunding("user 1", "binance", "XRPUSDT", "10");
  let away = 2;
  const read = rig.state.fundingUsdt.bind(rig.state);
  rig.state.fundingUsdt = async (positionId) => {
    if (away-- > 0) throw new StoreFault("passing", "ECONNRESET", "the store is away");
    return await read(positionId);
  };
  rig.market.setRate("XRP", 1_430);
  await rig.tick(8_000);
  expect(rig.journal.exits[0]!.end.closedRow).toBeDefined();
  expect(rig.journal.exits[0]!.end.profitKrw!.above(D("30000"))).toBe(true);
});

test("the profit is valued at the last price that was valid, not at one far from what all coins say", async () => {
  const profitAt = async (referenceKrw: number) => {
    const rig = await holding();
    rig.referenceKrw = referenceKrw;
    rig.market.setRate("XRP", 1_430);
    await rig.tick();
    return rig.journal.exits[0]!.end.profitKrw!.toString();
  };
  expect(await profitAt(2_000)).toBe(await profitAt(1_400));
});

test("a position whose terms cannot be read is told of, and keeps no other from being left", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"] });
  await rig.ticks(10_000);
  expect(rig.held.length).toBe(2);
  const broken = rig.journal.positions.find(({ coin }) => coin === "DOGE")!;
  rig.journal.positions[rig.journal.positions.indexOf(broken)] = { ...broken, exitTerms: {} };
  rig.processes[0]!.process.freeze();
  await rig.pass(12_000);
  await rig.start();
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect(rig.held).toEqual(["1 DOGE"]);
  expect(rig.state.incidents.map(({ kind, coin }) => [kind, coin])).toEqual([["defect", "DOGE"]]);
});

test("what one user's exit is about to take is missing from the books another one is decided on", async () => {
  const rig = await started({ users: 2 });
  await rig.tick();
  // One level of 360 coins at the target, the next far below it.
  for (const venue of ["upbit", "bithumb"] as const)
    rig.world.setBook(venue, "KRW-XRP", {
      bids: [
        [2_850, 360],
        [2_800, 9_000],
      ],
      asks: [[2_851, 9_000]],
    });
  await rig.tick(1_000);
  expect(rig.intents("exit").map(({ userId }) => userId)).toEqual([1]);
  await rig.pass(60_000);
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  expect(rig.held).toEqual([]);
});
