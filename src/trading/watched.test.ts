import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import { DECISION_SETTINGS_DEFAULT } from "../domain/strategy.ts";
import type { OpenPosition } from "../ports/journal.ts";
import { Watched } from "./watched.ts";

const D = Decimal.of;

function positionOf(positionId: number, qtyCoin: string, changes: Partial<OpenPosition> = {}): OpenPosition {
  const spentKrw = D(qtyCoin).times(D(1_400));
  return {
    ...{ positionId, mode: "live", userId: positionId, strategyId: 1, coin: "XRP", pair: "upbit-bybit" },
    ...{ openedAtMs: 1_000, leverage: 2, parts: [] },
    exitTerms: { tradeMode: "auto", exitRateTarget: "1420" },
    entries: [
      {
        ...{
          intentId: `entry-${positionId}`,
          strategyId: 1,
          atMs: 1_000,
          qtyCoin: D(qtyCoin),
          spentKrw,
          receivedUsdt: D(qtyCoin),
        },
        ...{ feeKrw: D(0), feeUsdt: D(0) },
      },
    ],
    ...changes,
  };
}

function loaded(...reads: OpenPosition[][]): { watched: Watched; broken: number[] } {
  const watched = new Watched(DECISION_SETTINGS_DEFAULT);
  const broken: number[] = [];
  const users = new Set(reads.flat().map(({ userId }) => userId));
  for (const open of reads) {
    for (const userId of users) {
      const own = open.filter((position) => position.userId === userId);
      watched.load(userId, own, ({ positionId }) => broken.push(positionId));
    }
  }
  return { watched, broken };
}
const targets = (watched: Watched) => watched.at("XRP", "upbit-bybit").map(({ targetJeon }) => targetJeon);
const krw = (watched: Watched, userId: number, coin: string) =>
  Object.values(watched.notionalKrw(userId, coin)).map(String);

test("positions are found where they are held, and counted by user, by coin and in all", () => {
  const { watched } = loaded([positionOf(1, "2"), positionOf(2, "3"), positionOf(3, "5", { coin: "DOGE" })]);
  expect(watched.at("XRP", "upbit-bybit").map(({ position }) => position.positionId)).toEqual([1, 2]);
  expect(watched.at("XRP", "upbit-binance")).toEqual([]);
  expect([...watched.all()].length).toBe(3);
  expect(krw(watched, 1, "XRP")).toEqual(["2800", "7000", "14000"]);
  expect(krw(watched, 4, "ETH")).toEqual(["0", "0", "14000"]);
});

test("what is read again unchanged is the position that was read last", () => {
  const again = positionOf(1, "2");
  const { watched } = loaded([positionOf(1, "2")], [again]);
  expect([...watched.all()][0]!.position).toBe(again);
  expect(targets(watched)).toEqual([142_800]);
  expect(krw(watched, 1, "XRP")).toEqual(["2800", "2800", "2800"]);
});

test("an add-on, a part that left and other terms count from the next reading on", () => {
  const before = positionOf(1, "2");
  const addOn = { ...before.entries[0]!, intentId: "add-on", spentKrw: D(2_600) };
  const more = loaded([before], [{ ...before, entries: [...before.entries, addOn] }]).watched;
  expect([targets(more), krw(more, 1, "XRP")[0]]).toEqual([[137_700], "5400"]);
  const less = loaded([before], [positionOf(1, "0.5")]).watched;
  expect(krw(less, 1, "XRP")[0]).toBe("700");
  const exitTerms = { tradeMode: "custom", exitRateTarget: "1500", stopRate: "1300", holdingMsMax: "5000" };
  const [other] = [...loaded([before], [{ ...before, exitTerms }]).watched.all()];
  expect(other).toMatchObject({ targetJeon: 150_000, stopJeon: 130_000, leaveAtMs: 6_000 });
});

test("a position that is gone is watched and counted no longer", () => {
  const { watched } = loaded([positionOf(1, "2"), positionOf(2, "3")], [positionOf(2, "3")]);
  expect(watched.at("XRP", "upbit-bybit").map(({ position }) => position.positionId)).toEqual([2]);
  expect(krw(watched, 1, "XRP")).toEqual(["0", "4200", "4200"]);
});

test("a position whose terms cannot be read is told at every reading, and counts all the same", () => {
  const open = [positionOf(1, "2", { exitTerms: {} }), positionOf(2, "3")];
  const { watched, broken } = loaded(open, open);
  expect(broken).toEqual([1, 1]);
  expect([...watched.all()].length).toBe(1);
  expect(krw(watched, 1, "XRP")).toEqual(["2800", "7000", "7000"]);
});
