import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { breakEvenPctOf } from "../domain/decision-note.ts";
import type { CoinFacts } from "../ports/trading-desk.ts";
import { type EngineRig, REFERENCE_KRW, type RigOptions, traderOf } from "../testing/engine/rig.ts";
import { type Arrange, rigStarter } from "../testing/engine/rigs.ts";

const D = Decimal.of;
const started = rigStarter();

test("XRP is entered on a frame at the target, and not on one above", async () => {
  // 2,792 KRW over 2 USDT: 1,396.00 at a million.
  const rig = await started({ users: 2 }, (of) =>
    of.traders.set([
      traderOf(1, { entryRateTarget: D("1396") }),
      traderOf(2, { entryRateTarget: D("1395.99") }),
    ]),
  );
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  const [entry] = rig.position(1, "XRP")!.entries;
  expect(entry!.spentKrw.dividedBy(entry!.receivedUsdt, 2, "half-up").toString()).toBe("1396");
  expect(rig.heard("entered").map(({ to }) => to)).toEqual([1]);
});

test("every kept decision says what the round trip was expected to cost, funding included", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"] }, (of) => {
    of.market.odd.set("DOGE", { fundingRatio: D("-0.001"), warned: true });
  });
  await rig.tick();
  rig.market.setRate("XRP", 1_419);
  await rig.tick();
  rig.market.setRate("XRP", 1_430);
  await rig.tick();
  await rig.pass(2_000);
  const rows = rig.state.decisionRows;
  expect(new Set(rows.map(({ action }) => action))).toEqual(new Set(["enter", "hold", "exit"]));
  expect(rows.filter(({ context }) => breakEvenPctOf(context) === null)).toEqual([]);
  const pctOf = (coin: string) => {
    const { context } = rows.findLast((row) => row.coin === coin && row.pair === "upbit-binance")!;
    return Number(breakEvenPctOf(context));
  };
  expect(pctOf("DOGE") - pctOf("XRP")).toBeCloseTo(0.1, 6);
});

const odd = (facts: Partial<CoinFacts>) => (rig: EngineRig) => rig.market.odd.set("XRP", facts);
const strategy = (changes: Parameters<typeof traderOf>[1]) => (rig: EngineRig) =>
  rig.traders.set([traderOf(1, changes)]);
const limits = (changes: Parameters<EngineRig["state"]["setLimits"]>[1]) => (rig: EngineRig) =>
  rig.state.limitRows.set(0, changes);
const off = (scope: "global" | "user" | "coin", subject: string) => (rig: EngineRig) =>
  rig.state.setSwitch({ scope, subject, entriesOff: true, halted: false, why: "", by: "operator", atMs: 0 });
/** The books of the recheck, other than those of the frame. */
const recheck = (change: (rig: EngineRig) => void) => (rig: EngineRig) => {
  rig.bookMs = () => {
    change(rig);
    return 40;
  };
};

const REASONS: readonly (readonly [reason: string, arrange: Arrange, options?: RigOptions])[] = [
  ["entries-off", off("global", "")],
  ["entries-off", off("user", "1")],
  ["entries-off", off("coin", "XRP")],
  [
    "incident-open",
    (rig) =>
      rig.state.incidents.push({
        ...{ incidentId: 1, mode: "live", userId: 1, kind: "key", coin: "", intentId: "", detail: "" },
        ...{ openedAtMs: 0, closedAtMs: undefined },
      }),
  ],
  [
    "cooling-down",
    (rig) => {
      const untilAtMs = rig.clock.nowMs() + 60_000;
      rig.state.rests.set("1 XRP", { userId: 1, coin: "XRP", cause: "closed", untilAtMs, troubles: 0 });
    },
  ],
  ["not-tradable", odd({ tradable: false })],
  [
    "not-tradable",
    (rig) => {
      rig.world.market("bybit", "XRPUSDT").trading = "reduce-only";
      rig.world.market("binance", "XRPUSDT").trading = "closed";
    },
  ],
  ["wallet-closed", odd({ walletsOpen: false })],
  ["wallet-closed", odd({ walletsOpen: "unknown" })],
  ["warned", odd({ warned: true })],
  ["quarantined", odd({ quarantined: true })],
  ["identity-unknown", odd({ identityKnown: false })],
  ["no-rate", (rig) => (rig.bookMs = () => 1_600)],
  ["no-rate", (rig) => (rig.stampAgeMs = 5_001)],
  ["no-rate", recheck((rig) => rig.market.setOverseasDepth("XRP", 30))],
  ["no-reference", (rig) => rig.ageReference(undefined)],
  ["no-reference", (rig) => rig.ageReference(10_000)],
  ["no-reference", (rig) => (rig.referenceKrw = 1_438)],
  ["rate-above-target", recheck((rig) => rig.market.setRate("XRP", 1_401))],
  ["spread-too-wide", recheck((rig) => wideBids(rig))],
  ["gain-below-costs", strategy({ exitRateTarget: D("1397") })],
  ["gain-below-costs", odd({ fundingRatio: D("-0.02") })],
  ["below-one-lot", strategy({ seedAmountKrw: D(600) })],
  ["below-minimum", strategy({ seedAmountKrw: D(28_000) })],
  [
    "cap-below-ask",
    (rig) => {
      strategy({ entryRateTarget: D("1396"), seedAmountKrw: D(300_000) })(rig);
      for (const venue of ["bybit", "binance"] as const)
        rig.world.setBook(venue, "XRPUSDT", {
          bids: [["1.999993", 9_999_999]],
          asks: [["2.0005", 9_999_999]],
        });
    },
  ],
  ["krw-short", () => undefined, { krw: 1_000_000 }],
  ["coin-never-traded", limits({ neverCoins: new Set(["XRP"]) })],
  ["slice-above-limit", limits({ sliceKrwMax: D(999_999) })],
  ["user-notional-above-limit", limits({ userNotionalKrwMax: D(999_999) })],
  ["coin-notional-above-limit", limits({ coinNotionalKrwMax: D(999_999) })],
  ["service-notional-above-limit", limits({ serviceNotionalKrwMax: D(999_999) })],
  ["too-many-positions", limits({ openPositionsMax: 0 })],
  [
    "daily-loss-reached",
    (rig) => {
      limits({ dailyLossKrwMax: D(100_000) })(rig);
      rig.state.losses.set(1, D(100_000));
    },
  ],
  ["exit-book-too-thin", recheck((rig) => rig.market.setOverseasDepth("XRP", 60))],
  ["margin-short", () => undefined, { usdt: 300 }],
  [
    "liquidation-too-near",
    (rig) => {
      limits({ leverageMax: D(20) })(rig);
      strategy({ leverage: 10 })(rig);
    },
    { usdt: 90 },
  ],
  ["no-key", (rig) => rig.traders.keysOff.add("1 bybit").add("1 binance")],
  ["mode-unfit", (rig) => modes(rig, "other")],
  ["clock-off", (rig) => clocksOff(rig)],
  ["account-unread", (rig) => rig.world.impose({ user: "user 1", venue: "upbit", kind: "key" })],
];

test("a target that is met while the user's own account cannot enter is told him, of all coins once an hour", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"], krw: 1_000_000 });
  await rig.tick();
  const short = () => rig.heard("entry-failed").map(({ to, notice }) => [to, "why" in notice && notice.why]);
  expect([rig.held, short()]).toEqual([[], [[1, "krw-short"]]]);
  await rig.ticks(55 * 60_000, 300_000);
  expect(short().length).toBe(1);
  await rig.ticks(10 * 60_000, 300_000);
  expect(short().length).toBe(2);
});

test("what the account is not to blame for is no message", async () => {
  const rig = await started({}, odd({ warned: true }));
  await rig.tick();
  expect(rig.heard("entry-failed")).toEqual([]);
});

function wideBids(rig: EngineRig): void {
  for (const venue of ["upbit", "bithumb"] as const)
    rig.world.setBook(venue, "KRW-XRP", { bids: [[2_776, 100_000]], asks: [[2_792, 100_000]] });
}

function modes(rig: EngineRig, marginMode: "other"): void {
  for (const venue of ["bybit", "binance"] as const) rig.world.setModes("user 1", venue, { marginMode });
}

function clocksOff(rig: EngineRig): void {
  for (const venue of ["bybit", "binance"] as const) rig.world.setClockOffset(venue, 61_000);
}

for (const [index, [reason, arrange, options]] of REASONS.entries()) {
  test(`XRP is not entered, and the reason kept is ${reason} (${index})`, async () => {
    const rig = await started(options, (of) => {
      // Only the pair of least fees, so that there is one reason.
      for (const pair of ["upbit-binance", "bithumb-bybit", "bithumb-binance"])
        of.market.nulls.add(`XRP ${pair}`);
      return arrange(of);
    });
    await rig.tick(3_000);
    await rig.pass(1_000);
    expect([rig.reason(1, "XRP"), rig.held, rig.intents().length]).toEqual([reason, [], 0]);
  });
}

test("a coin that a strategy did not select is not even asked for", async () => {
  const rig = await started(
    { coins: ["XRP", "DOGE"] },
    strategy({ coinMode: "custom", selectedCoins: new Set(["DOGE"]) }),
  );
  rig.market.setRate("XRP", 1_390);
  await rig.tick();
  expect(rig.held).toEqual(["1 DOGE"]);
  expect(rig.reason(1, "XRP")).toBeUndefined();
});

test("what is wrong first is the reason kept, however much is wrong after it", async () => {
  const rig = await started({ krw: 1_000 }, (of) => {
    odd({ warned: true, quarantined: true, identityKnown: false, walletsOpen: false })(of);
    limits({ neverCoins: new Set(["XRP"]) })(of);
    of.ageReference(undefined);
  });
  await rig.tick();
  await rig.pass(1_000);
  expect(rig.reason(1, "XRP")).toBe("wallet-closed");
});

test("a coin held on one pair is not entered on another, however low its rate", async () => {
  const rig = await started({}, strategy({ allowAverageDown: true }));
  await rig.tick();
  expect(rig.position(1, "XRP")!.pair).toBe("upbit-binance");
  rig.skip(60_000);
  rig.market.setRate("XRP", 1_370, { venue: "bithumb" });
  rig.market.setRate("XRP", 1_405, { venue: "upbit" });
  await rig.ticks(10_000);
  expect(rig.position(1, "XRP")!.entries.length).toBe(1);
  expect(rig.reason(1, "XRP")).toBe("held-elsewhere");
});

test("twenty coins at the target spend the seed once: as many entries as it was divided into", async () => {
  const coins = Array.from({ length: 20 }, (_, index) => `C${index}`);
  const rig = await started({ coins }, strategy({ seedDivision: 4, seedAmountKrw: D(4_000_000) }));
  await rig.ticks(40_000);
  expect(rig.held.length).toBe(4);
  expect(rig.reason(1, "C0")).toBe("division-used-up");
});

test("add-ons count as entries of the strategy, over all coins", async () => {
  const rig = await started(
    { coins: ["XRP", "DOGE"] },
    strategy({ seedDivision: 2, allowAverageDown: true }),
  );
  rig.market.setRate("DOGE", 1_399.5);
  await rig.tick();
  rig.market.setRate("DOGE", 1_410);
  rig.skip(61_000);
  rig.market.setRate("XRP", 1_390);
  await rig.tick();
  expect(rig.position(1, "XRP")!.entries.length).toBe(2);
  rig.market.setRate("DOGE", 1_380);
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  await rig.pass(1_000);
  expect(rig.reason(1, "DOGE")).toBe("division-used-up");
});

test("add-ons count for the strategy that made them, not for the one that opened the position", async () => {
  const rig = await started({}, strategy({ allowAverageDown: true }));
  await rig.tick();
  const other = { strategyId: 9, allowAverageDown: true, seedDivision: 1, seedAmountKrw: D(1_000_000) };
  rig.traders.set([traderOf(1, other)]);
  await rig.pass(4_000);
  for (const rateKrw of [1_390, 1_384, 1_378]) {
    rig.skip(61_000);
    rig.market.setRate("XRP", rateKrw);
    await rig.ticks(10_000);
  }
  expect(rig.position(1, "XRP")!.entries.map(({ strategyId }) => strategyId)).toEqual([1, 9]);
  await rig.pass(1_000);
  expect(rig.reason(1, "XRP")).toBe("division-used-up");
});

test("a slice larger than what one order may be overseas is entered as far as that goes, and nothing is sold back", async () => {
  const rig = await started({}, (of) => {
    for (const venue of ["bybit", "binance"] as const)
      of.world.market(venue, "XRPUSDT").qtyMaxLimit = D("200.05");
  });
  await rig.tick();
  expect(rig.position(1, "XRP")!.entries.map(({ qtyCoin }) => String(qtyCoin))).toEqual(["200"]);
  expect(rig.heard("unwound")).toEqual([]);
});

test("an add-on is judged by how near to its liquidation the short will be with it", async () => {
  const rig = await started({}, strategy({ allowAverageDown: true }));
  await rig.tick();
  const held = rig.position(1, "XRP")!;
  expect([held.pair, held.entries.length]).toEqual(["upbit-binance", 1]);
  rig.skip(61_000);
  rig.market.setRate("XRP", 1_390);
  // Twice as much leans on the same margin: 28 % becomes 14 %.
  const liquidationAt = (distance: number) =>
    rig.world.setLiquidationPrice("user 1", "binance", "XRPUSDT", (2.00025 * (1 + distance)).toFixed(6));
  liquidationAt(0.28);
  await rig.tick();
  await rig.pass(1_000);
  expect([rig.reason(1, "XRP"), rig.position(1, "XRP")!.entries.length]).toEqual(["liquidation-too-near", 1]);
  liquidationAt(0.32);
  await rig.tick();
  expect(rig.position(1, "XRP")!.entries.length).toBe(2);
});

test("a user has one running entry at a time, while another's runs beside it", async () => {
  const rig = await started({ coins: ["XRP", "DOGE"], users: 2 });
  // The hedge is not answered for a while.
  rig.world.faults.arm({ user: "user 1", purpose: "hedge" }, { replyDelayMs: 2_500 });
  await rig.tick(1_000);
  await rig.tick(500);
  const running = rig.intents("entry").filter(({ userId, state }) => userId === 1 && state !== "hedged");
  expect(running.length).toBe(1);
  expect(rig.intents("entry").filter(({ userId }) => userId === 1).length).toBe(1);
  expect(rig.intents("entry").filter(({ userId }) => userId === 2).length).toBe(2);
  await rig.ticks(10_000);
  expect(rig.held.toSorted()).toEqual(["1 DOGE", "1 XRP", "2 DOGE", "2 XRP"]);
});

test("of several coins the lowest rate is entered first", async () => {
  const rig = await started({ coins: ["XRP", "DOGE", "TRX"] });
  rig.market.setRate("DOGE", 1_390);
  rig.market.setRate("TRX", 1_393);
  await rig.ticks(15_000);
  expect(rig.held).toEqual(["1 DOGE", "1 TRX", "1 XRP"]);
});

test("the lowest rate is meant net of fees: Bithumb's lower price does not make up for its higher fee", async () => {
  const rig = await started();
  // 1,394.5 is 0.11 % below 1,396; Bithumb takes 0.2 % more.
  rig.market.setRate("XRP", 1_394.5, { venue: "bithumb" });
  await rig.tick();
  expect(rig.position(1, "XRP")!.pair).toBe("upbit-binance");
});

test("coins that cannot be entered do not keep a fourth from being tried", async () => {
  const coins = ["A", "B", "C", "XRP"];
  const rig = await started({ coins }, (of) =>
    of.state.limitRows.set(1, { neverCoins: new Set(["A", "B"]) }),
  );
  for (const [coin, rateKrw] of [
    ["A", 1_380],
    ["B", 1_381],
    ["C", 1_382],
  ] as const)
    rig.market.setRate(coin, rateKrw);
  rig.market.odd.set("C", { warned: true });
  await rig.ticks(20_000);
  expect(rig.held).toEqual(["1 XRP"]);
});

test("XRP is added to below the last entry by the step, after the pause, and not above it", async () => {
  const rig = await started({}, strategy({ allowAverageDown: true }));
  await rig.tick();
  const reasonAt = async (rateKrw: number) => {
    rig.market.setRate("XRP", rateKrw);
    await rig.tick(1_000);
    await rig.pass(1_000);
    return rig.reason(1, "XRP");
  };
  expect(await reasonAt(1_390)).toBe("average-too-soon");
  rig.skip(60_000);
  expect(await reasonAt(1_393)).toBe("average-too-near");
  expect(await reasonAt(1_399.5)).toBe("average-too-near");
  expect(rig.position(1, "XRP")!.entries.length).toBe(1);
  // 0.3 % below 1,396 is 1,391.81.
  expect(await reasonAt(1_391.5)).toBe("enter");
  expect(rig.position(1, "XRP")!.entries.length).toBe(2);
});

test("XRP is added to above the last entry where the strategy says so, and without either word not at all", async () => {
  const rig = await started({ users: 2 }, (of) =>
    of.traders.set([
      traderOf(1, { allowAverageUp: true, entryRateTarget: D("1405") }),
      traderOf(2, { entryRateTarget: D("1405") }),
    ]),
  );
  await rig.tick();
  rig.skip(61_000);
  rig.market.setRate("XRP", 1_401);
  await rig.tick();
  await rig.pass(1_000);
  expect(rig.position(1, "XRP")!.entries.length).toBe(2);
  expect(rig.position(2, "XRP")!.entries.length).toBe(1);
  expect(rig.reason(2, "XRP")).toBe("average-not-allowed");
});

test("an automatic strategy enters one per cent below the reference price", async () => {
  const rig = await started({}, strategy({ tradeMode: "auto", entryRateTarget: D(0), exitRateTarget: D(0) }));
  rig.market.setRate("XRP", 1_387);
  await rig.tick();
  expect(rig.held).toEqual([]);
  rig.market.setRate("XRP", REFERENCE_KRW * 0.99);
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
});

test("two users at one moment do not together break a limit of the service", async () => {
  const rig = await started({ users: 4 }, limits({ serviceNotionalKrwMax: D(2_500_000) }));
  await rig.tick();
  expect(rig.held.length).toBe(2);
});

test("a coin the user is short of by hand is left alone", async () => {
  const rig = await started({}, (of) =>
    of.world.tradeByHand("user 1", "bybit", { symbol: "XRPUSDT", side: "sell", qty: 50 }),
  );
  for (const pair of ["upbit-binance", "bithumb-bybit", "bithumb-binance"])
    rig.market.nulls.add(`XRP ${pair}`);
  await rig.tick();
  await rig.pass(1_000);
  expect([rig.reason(1, "XRP"), rig.intents().length]).toEqual(["held-by-hand", 0]);
  // What was by hand is closed by hand, and what was not told apart is money as before.
  rig.world.tradeByHand("user 1", "bybit", { symbol: "XRPUSDT", side: "buy", qty: 50 });
});

test("without consent nobody trades live, and on paper everybody may", async () => {
  const none = (rig: EngineRig) => rig.traders.set([traderOf(1, {}, { liveConsent: false })]);
  const live = await started({}, none);
  const paper = await started({ mode: "paper" }, none);
  await live.tick();
  await paper.tick();
  expect([live.held, paper.held]).toEqual([[], ["1 XRP"]]);
});

test("leverage above the limit is cut to it, and what stands in the row is what was set at the venue", async () => {
  const rig = await started({}, strategy({ leverage: 20 }));
  await rig.tick();
  expect(rig.position(1, "XRP")!.leverage).toBe(5);
  const { positions } = rig.world.account("user 1", "binance");
  expect(positions!.leverage("XRPUSDT").toString()).toBe("5");
});

test("what one user's entry is about to take is missing from the books another one is decided on", async () => {
  // The first level holds one slice of 25 million; a second one pays 0.75 KRW a dollar more.
  const rig = await started({ users: 2 }, (of) => {
    const terms = { seedAmountKrw: D(75_000_000), entryRateTarget: D("1396.2") };
    of.traders.set([traderOf(1, terms), traderOf(2, terms)]);
    for (const pair of ["upbit-bybit", "bithumb-bybit", "bithumb-binance"])
      of.market.nulls.add(`XRP ${pair}`);
  });
  await rig.tick(1_000);
  await rig.pass(1_000);
  expect(rig.held).toEqual(["1 XRP"]);
  expect([rig.reason(2, "XRP"), rig.intents().length]).toEqual(["rate-above-target", 1]);
  for (const [venue, symbol] of [
    ["upbit", "KRW-XRP"],
    ["binance", "XRPUSDT"],
  ] as const)
    rig.world.refill(venue, symbol);
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP", "2 XRP"]);
});
