import { expect, test } from "bun:test";
import { BusFault } from "../domain/bus-fault.ts";
import type { Frame } from "../domain/frame.ts";
import { nullRow, RateTable } from "../domain/rate-table.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { FramePublisher } from "./publish-frames.ts";

const TICK_AT_MS = 60_000;

/** A publisher whose bus can go away; `told` and `kept` are the frames and snapshots that arrived. */
function open() {
  const clock = new ManualClock(TICK_AT_MS);
  const table = new RateTable();
  const frames: Frame[] = [];
  const told: Frame[] = [];
  const kept: Frame[] = [];
  const bus = { up: true };
  const take = (into: Frame[]) => async (packed: Uint8Array) => {
    if (!bus.up) throw new BusFault("passing", "away");
    into.push(frames[packed[0]!]!);
  };
  const publisher = new FramePublisher({
    clock,
    log: new RecordingLog(),
    table,
    sink: { publishFrame: take(told), putSnapshot: take(kept) },
    pack: (frame) => Uint8Array.of(frames.push(frame) - 1),
    offer: () => undefined,
  });
  const add = (coin: string, tickAtMs = TICK_AT_MS) => {
    const row = nullRow(coin, 0, tickAtMs, "thin");
    table.merge(row);
    publisher.add([row]);
  };
  const names = (frame: Frame | undefined) => frame?.rows.map(({ coin }) => coin);
  return { clock, publisher, bus, told, kept, add, names };
}

test("rows of 100 ms go out together, and the closing frame brings the snapshot", async () => {
  const { clock, publisher, told, kept, add, names } = open();
  add("BTC");
  await clock.advance(60);
  add("ETH");
  await clock.advance(60);
  add("XRP");
  publisher.closeTick(TICK_AT_MS);
  await clock.advance(0);
  expect(told.map(names)).toEqual([["BTC", "ETH"], ["XRP"]]);
  expect(told.map(({ part, closing }) => [part, closing])).toEqual([
    [0, false],
    [1, true],
  ]);
  expect(names(kept.at(-1))).toEqual(["BTC", "ETH", "XRP"]);
});

test("what was lost with the bus comes with the whole table when it is back, and once more, then no more", async () => {
  const { clock, publisher, bus, told, kept, add, names } = open();
  add("BTC");
  await clock.advance(100);
  bus.up = false;
  add("ETH");
  await clock.advance(100);
  add("XRP");
  publisher.closeTick(TICK_AT_MS);
  await clock.advance(5_000);
  expect(told.map(names)).toEqual([["BTC"]]);
  bus.up = true;
  await clock.advance(600);
  const all = ["BTC", "ETH", "XRP"];
  expect(told.slice(1).map(names)).toEqual([all]);
  expect(told[1]).toMatchObject({ tickAtMs: TICK_AT_MS, closing: true });
  expect(names(kept.at(-1))).toEqual(all);
  await clock.advance(10_000);
  expect(told.slice(1).map(names)).toEqual([all, all]);
});

test("a publisher that has settled makes up for nothing", async () => {
  const { clock, publisher, bus, told, add } = open();
  bus.up = false;
  add("BTC");
  await clock.advance(100);
  await publisher.settled();
  bus.up = true;
  await clock.advance(10_000);
  expect(told).toEqual([]);
});
