// What users are told of their trading as it happens, and that trading does not feel it.

import { expect, test } from "bun:test";
import { encodeUserEvent, parseUserEvent, type UserEvent } from "../../schema/messages/user-event.ts";
import { Decimal } from "../domain/decimal.ts";
import { type EngineRig, traderOf } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";
import { TellingJournal } from "./telling-journal.ts";

const started = rigStarter();

const of = <Kind extends UserEvent["kind"]>(rig: EngineRig, kind: Kind) =>
  rig.events.filter((event): event is Extract<UserEvent, { kind: Kind }> => event.kind === kind);
const positions = (rig: EngineRig) =>
  of(rig, "position").map(({ userId, coin, state }) => `${userId} ${coin} ${state}`);

test("an entry and its exit are told order by order, each fill once, with exact amounts", async () => {
  const rig = await started({ users: 2 }, (rig) =>
    rig.traders.set([traderOf(1), traderOf(2, { entryRateTarget: Decimal.of(1_300) })]),
  );
  await rig.tick();
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(10_000);
  expect(rig.held).toEqual([]);
  expect(new Set(rig.events.filter(({ kind }) => kind !== "decision").map(({ userId }) => userId))).toEqual(
    new Set([1]),
  );
  expect(positions(rig)).toEqual(["1 XRP opened", "1 XRP closed"]);
  const [opened, closed] = of(rig, "position");
  const [position] = rig.journal.positions;
  expect(opened!.qtyCoin).toBe(closed!.qtyCoin);
  expect(closed!.profitKrw).toBe(String(rig.journal.exits[0]!.end.profitKrw));
  expect([position!.userId, position!.coin]).toEqual([1, "XRP"]);

  const { orders, fills } = rig.journal;
  const told = of(rig, "order");
  expect(new Set(told.map(({ clientOrderId }) => clientOrderId))).toEqual(new Set(orders.keys()));
  for (const order of orders.values()) {
    const ofOrder = told.filter(({ clientOrderId }) => clientOrderId === order.clientOrderId);
    expect(ofOrder.at(-1)).toMatchObject({
      ...{ status: order.status, qty: String(order.qty), venue: order.venue, purpose: order.purpose },
      ...{ limitPrice: order.limitPrice ? String(order.limitPrice) : null, side: order.side, coin: "XRP" },
    });
    expect(ofOrder.length).toBe(new Set(ofOrder.map(({ status }) => status)).size);
  }
  expect(of(rig, "fill").map(({ fillId, price, qty, fee }) => [fillId, price, qty, fee])).toEqual(
    [...fills.values()].map(({ fillId, price, qty, fee }) => [fillId, ...[price, qty, fee].map(String)]),
  );
  expect(of(rig, "alert").map(({ notice, level, coin }) => [notice, level, coin])).toEqual([
    ["entered", "info", "XRP"],
    ["exited", "info", "XRP"],
  ]);
  expect(of(rig, "alert")[0]!.ko).not.toBe(of(rig, "alert")[0]!.en);
  for (const event of rig.events) expect(parseUserEvent(encodeUserEvent(event))).toEqual(event);
});

test("a decision is told when it changes, and not again while it stays", async () => {
  const rig = await started({}, (rig) =>
    rig.traders.set([traderOf(1, { entryRateTarget: Decimal.of(1_396) })]),
  );
  rig.market.odd.set("XRP", { warned: true });
  await rig.ticks(150_000);
  const reasons = () => of(rig, "decision").map(({ action, reason }) => `${action} ${reason}`);
  const before = reasons();
  expect(before.length).toBe(new Set(before).size);
  expect(before.every((reason) => reason.startsWith("hold "))).toBeTrue();
  rig.market.odd.delete("XRP");
  rig.market.setRate("XRP", 1_390);
  await rig.tick();
  await rig.pass(1_000);
  expect(reasons()).toContain("enter enter");
});

test("adding to a position and leaving it in parts are told as such, over a restart too", async () => {
  const rig = await started({}, (rig) => rig.traders.set([traderOf(1, { allowAverageDown: true })]));
  await rig.tick();
  await rig.restart();
  rig.skip(61_000);
  rig.market.setRate("XRP", 1_390);
  await rig.ticks(10_000);
  expect(positions(rig)).toEqual(["1 XRP opened", "1 XRP added"]);
  rig.state.switchRows.set("global", {
    ...{ scope: "global", subject: "", entriesOff: true, halted: false, why: "", by: "operator", atMs: 0 },
  });
  rig.market.setRate("XRP", 1_430, { depthCoin: 60 });
  await rig.tick();
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(10_000);
  expect(rig.held).toEqual([]);
  expect(positions(rig)).toEqual(["1 XRP opened", "1 XRP added", "1 XRP parted", "1 XRP closed"]);
  const [first, second, parted, closed] = of(rig, "position").map(({ qtyCoin }) => Decimal.of(qtyCoin));
  expect(String(parted!.plus(closed!))).toBe(String(first!.plus(second!)));
  const fillIds = of(rig, "fill").map(({ venue, fillId }) => `${venue} ${fillId}`);
  expect(fillIds.length).toBe(new Set(fillIds).size);
});

test("a write whose answer was lost is told once, and trading ends the same when nobody takes events", async () => {
  const lost = await started();
  lost.processes[0]!.process.roadOf = (call) => call === "endEntry" || call === "recordOrder";
  lost.processes[0]!.process.road = "answer-lost";
  await lost.tick(1_000);
  lost.processes[0]!.process.road = "ok";
  await lost.pass(5_000);
  expect(positions(lost)).toEqual(["1 XRP opened"]);
  const fillIds = of(lost, "fill").map(({ venue, fillId }) => `${venue} ${fillId}`);
  expect(fillIds.toSorted()).toEqual(
    [...lost.journal.fills.values()].map(({ venue, fillId }) => `${venue} ${fillId}`).toSorted(),
  );

  const rig = await started({}, (rig) => {
    rig.tellEvent = () => {
      throw new Error("nobody takes events");
    };
  });
  await rig.tick();
  expect(rig.held).toEqual(["1 XRP"]);
  rig.market.setRate("XRP", 1_430);
  await rig.ticks(10_000);
  expect(rig.held).toEqual([]);
  expect(rig.log.said("error")).toContain("an event was not taken");
});

test("fills told again and a status that stays are no events, nor is what an earlier process stored", async () => {
  const rig = await started();
  await rig.tick();
  const [intent] = rig.intents("entry");
  const file = (await rig.journal.file(intent!.intentId))!;
  const { fence } = rig.journal;
  const told: UserEvent[] = [];
  const fresh = () => {
    told.length = 0;
    return new TellingJournal(rig.journal, { ...rig, events: { tell: (event) => void told.push(event) } });
  };
  const record = async (journal: TellingJournal) => {
    for (const { clientOrderId, status } of file.orders) {
      const fills = file.fills.filter((fill) => fill.clientOrderId === clientOrderId);
      await journal.recordOrder({ clientOrderId, status }, fills, fence);
    }
    return told.map(({ kind }): string => kind).toSorted();
  };

  const first = fresh();
  expect(await first.plan(intent as Parameters<typeof first.plan>[0], fence)).toBe("exists");
  const orders = file.orders.map((order) => ({ ...order, status: "created" as const }));
  await first.addOrders(orders, fence);
  await first.addOrders(orders, fence);
  expect(told.map(({ kind }) => kind)).toEqual(orders.map(() => "order"));
  const kinds = [...file.fills.map(() => "fill"), ...[...orders, ...orders].map(() => "order")];
  expect(await record(first)).toEqual(kinds);
  expect(await record(first)).toEqual(kinds);

  const successor = fresh();
  await successor.file(intent!.intentId);
  expect(await record(successor)).toEqual([]);
  // Of what is not known nothing can be told.
  expect(await record(fresh())).toEqual([]);
});
