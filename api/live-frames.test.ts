import { expect, test } from "bun:test";
import fc from "fast-check";
import { packFrame, unpackFrame } from "../src/adapters/frame-codec.ts";
import type { Frame } from "../src/domain/frame.ts";
import { nullRow, type RateRow, rowKey } from "../src/domain/rate-table.ts";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { runsOf } from "../src/testing/runs.ts";
import { EVERYTHING, LiveFrames, WHOLE_TABLE } from "./live-frames.ts";
import { fakeFrame, fakeRows, KeptLog, MemoryFeed, plainRows, TICK_AT_MS } from "./test-kit.ts";

function set(rowAgeMsMax?: number) {
  const feed = new MemoryFeed();
  const clock = new ManualClock(TICK_AT_MS);
  const log = new KeptLog();
  const age = rowAgeMsMax === undefined ? {} : { rowAgeMsMax };
  return { feed, clock, log, live: new LiveFrames({ feed, unpackFrame, clock, log, ...age }) };
}

const named = (rows: readonly RateRow[]) => rows.map((row) => `${row.coin} ${row.pairIndex} ${row.tickAtMs}`);

test("a frame that arrives while the snapshot is on its way is not undone by the older snapshot", async () => {
  const { feed, live } = set();
  const newer = fakeRows({ seed: 2, coins: ["BTC"], tickAtMs: TICK_AT_MS + 1000 });
  feed.snapshotFrame = fakeFrame(fakeRows({ coins: ["BTC", "ETH"] }));
  feed.beforeSnapshot = () => feed.publish(fakeFrame(newer));
  await live.start();
  expect(plainRows(live.rowsSince(WHOLE_TABLE).slice(0, 4))).toEqual(plainRows(newer));
  expect(live.rowsSince(WHOLE_TABLE).length).toBe(8);
  expect(live.latest?.id).toBe(`${TICK_AT_MS + 1000}.0`);
  await live.stop();
  expect(feed.listenerCount).toBe(0);
});

test("start keeps trying until the feed is there", async () => {
  const { feed, clock, live, log } = set();
  feed.up = false;
  feed.snapshotFrame = fakeFrame(fakeRows());
  const started = live.start();
  await clock.advance(3_500);
  expect(live.version).toBe(0);
  feed.up = true;
  await clock.advance(1_000);
  await started;
  expect(live.version).toBe(1);
  expect(log.events).toEqual(["frames cannot be read yet, will keep trying"]);
  await live.stop();
});

test("any order of frames ends in the same table: the newest row of each pair", async () => {
  const frames = [0, 1, 2, 3].flatMap((tick) =>
    ["BTC", "ETH"].map((coin, part) =>
      fakeFrame(fakeRows({ seed: tick * 2 + part, coins: [coin], tickAtMs: TICK_AT_MS + tick * 1000 }), {
        part,
      }),
    ),
  );
  const orders = fc.shuffledSubarray([...frames.keys()], { minLength: frames.length });
  const newest = fakeFrame([...frames[6]!.rows, ...frames[7]!.rows]).rows;
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      const { feed, live } = set();
      await live.start();
      let lastId = [0, -1];
      for (const index of order) {
        feed.publish(frames[index]!);
        const { tickAtMs, part } = live.latest!;
        expect(tickAtMs > lastId[0]! || (tickAtMs === lastId[0] && part >= lastId[1]!)).toBe(true);
        lastId = [tickAtMs, part];
      }
      expect(plainRows(live.rowsSince(WHOLE_TABLE))).toEqual(plainRows(newest));
      await live.stop();
    }),
    { numRuns: runsOf(10, 400) },
  );
});

test("what changed since a version is what a client of that version lacks", async () => {
  const coins = ["BTC", "ETH", "XRP", "SOL"];
  const step = fc.record({
    seed: fc.nat({ max: 1000 }),
    coins: fc.subarray(coins, { minLength: 1 }),
    later: fc.nat({ max: 2 }),
    gone: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(), async (steps, from) => {
      const { feed, live } = set();
      await live.start();
      const clients: { version: number; rows: Map<string, RateRow> }[] = [];
      const take = (client: (typeof clients)[number], rows: readonly RateRow[]) => {
        for (const row of rows) {
          const key = rowKey(row.coin, row.pairIndex);
          if (row.reason === "delisted") client.rows.delete(key);
          else client.rows.set(key, row);
        }
        client.version = live.version;
      };
      let tickAtMs = TICK_AT_MS;
      for (const [part, { seed, coins, later, gone }] of steps.entries()) {
        tickAtMs += later * 1000;
        const rows = fakeRows({ seed, coins, tickAtMs });
        const dead = rows.map((row) => nullRow(row.coin, row.pairIndex, tickAtMs, "delisted"));
        feed.publish(fakeFrame(gone ? dead : rows, { tickAtMs, part }));
        const joined = { version: 0, rows: new Map<string, RateRow>() };
        take(joined, live.rowsSince(WHOLE_TABLE));
        clients.push(joined);
        if ((from + part) % 2 === 0)
          for (const client of clients) take(client, live.rowsSince(client.version));
      }
      for (const client of clients) {
        take(client, live.rowsSince(from % 3 === 0 ? EVERYTHING : client.version));
        const sorted = [...client.rows.values()].sort((a, b) =>
          a.coin === b.coin ? a.pairIndex - b.pairIndex : a.coin < b.coin ? -1 : 1,
        );
        expect(plainRows(sorted)).toEqual(plainRows(live.rowsSince(WHOLE_TABLE)));
      }
      await live.stop();
    }),
    { numRuns: runsOf(12, 800) },
  );
});

test("a repeated frame changes nothing and tells nobody", async () => {
  const { feed, live } = set();
  await live.start();
  let told = 0;
  live.onChange(() => told++);
  const frame = fakeFrame(fakeRows());
  feed.publish(frame);
  feed.publish(frame);
  expect([told, live.version]).toEqual([1, 1]);
  await live.stop();
});

test("a damaged frame is logged and changes nothing", async () => {
  const { feed, live, log } = set();
  await live.start();
  const bytes = packFrame(fakeFrame(fakeRows()));
  feed.publishBytes(bytes.subarray(0, bytes.length - 5));
  feed.publishBytes(new Uint8Array(0));
  expect(live.version).toBe(0);
  expect(log.events).toEqual(["frame ignored", "frame ignored"]);
  await live.stop();
});

test("rates nobody renews become nulls, then tombstones; renewed ones stay", async () => {
  const { feed, clock, live } = set(10_000);
  await live.start();
  feed.publish(fakeFrame(fakeRows({ coins: ["BTC", "ETH"] })));
  await clock.advance(8_000);
  const renewed = fakeRows({ seed: 5, coins: ["BTC"], tickAtMs: TICK_AT_MS + 8_000 });
  feed.publish(fakeFrame(renewed));
  const before = live.version;
  await clock.advance(4_000);
  const changed = live.rowsSince(before);
  expect(named(changed)).toEqual([0, 1, 2, 3].map((pair) => `ETH ${pair} ${TICK_AT_MS}`));
  for (const row of changed) {
    expect(row.reason).toBe("missing");
    expect(row.ratesJeon.every((jeon) => Number.isNaN(jeon))).toBe(true);
  }
  expect(plainRows(live.rowsSince(WHOLE_TABLE).slice(0, 4))).toEqual(plainRows(renewed));

  const nulled = live.version;
  feed.publish(fakeFrame(fakeRows({ coins: ["ETH"] }), { part: 9 }));
  expect(live.rowsSince(nulled).every((row) => row.ratesJeon.every((jeon) => Number.isNaN(jeon)))).toBe(true);

  await clock.advance(3_600_000);
  const now = fakeRows({ seed: 6, coins: ["BTC"], tickAtMs: TICK_AT_MS + 3_610_000 });
  feed.publish(fakeFrame(now));
  await clock.advance(2_000);
  expect(new Set(live.rowsSince(WHOLE_TABLE).map((row) => row.coin))).toEqual(new Set(["BTC"]));
  expect(live.rowsSince(nulled).filter((row) => row.reason === "delisted").length).toBe(4);
  await live.stop();
});

test("a frame lost between the snapshot and the subscription is found in the next snapshot", async () => {
  const { feed, clock, live } = set();
  const [before, lost, heard, later] = ["BTC", "ETH", "XRP", "SOL"].map((coin, part) =>
    fakeFrame(fakeRows({ seed: part, coins: [coin] }), { part }),
  );
  const upTo = (...frames: Frame[]) =>
    fakeFrame(
      frames.flatMap(({ rows }) => rows),
      { part: frames.at(-1)!.part },
    );
  feed.snapshotFrame = upTo(before!);
  await live.start();
  feed.publish(heard!);
  await clock.advance(600);
  // The snapshot is still the old one: asked for again, less and less often, until it has what was lost.
  expect(feed.snapshotReads).toBe(2);
  feed.snapshotFrame = upTo(before!, lost!, heard!);
  await clock.advance(1_000);
  expect(live.rowsSince(WHOLE_TABLE).map(({ coin }) => coin)).toContain("ETH");
  feed.publish(later!);
  await clock.advance(60_000);
  expect(feed.snapshotReads).toBe(3);
  await live.stop();
});

test("after a loss of the link the snapshot is read at once, and until it is as new as what is heard", async () => {
  const { feed, clock, live } = set();
  await live.start();
  expect(feed.snapshotReads).toBe(1);
  feed.snapshotFrame = fakeFrame(fakeRows({ coins: ["BTC"] }), { part: 3 });
  feed.comeBack();
  await clock.advance(0);
  expect(live.latest?.part).toBe(3);
  feed.publish(fakeFrame(fakeRows({ seed: 2, coins: ["ETH"] }), { part: 5 }));
  await clock.advance(5_000);
  expect(feed.snapshotReads).toBeGreaterThan(2);
  feed.snapshotFrame = fakeFrame(fakeRows({ seed: 3, coins: ["XRP"] }), { part: 5 });
  await clock.advance(8_000);
  expect(live.rowsSince(WHOLE_TABLE).map(({ coin }) => coin)).toContain("XRP");
  const reads = feed.snapshotReads;
  await clock.advance(60_000);
  expect(feed.snapshotReads).toBe(reads);
  await live.stop();
});
