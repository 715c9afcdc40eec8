import { afterEach, expect, test } from "bun:test";
import fc from "fast-check";
import type { Frame } from "../../domain/frame.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { runsOf } from "../../testing/runs.ts";
import { unpackFrame } from "../frame-codec.ts";
import type { RedisCommand, RedisLink } from "./link.ts";
import { Publishing, type PublishingReport, type PublishingSettings } from "./publishing.ts";
import { frameOf, nullRow, plain, readKarbit, rowOf, tableOf } from "./testing.ts";

const PERIOD_MS = 30_000;
const FREE: PublishingSettings = {
  tickPeriodMs: PERIOD_MS,
  metered: false,
  karbitChannels: ["exchange_rate"],
  karbitReference: true,
};
const METERED: PublishingSettings = { ...FREE, metered: true, karbitChannels: [], karbitReference: false };

const living: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of living.splice(0)) await stop();
});

/** A publishing with a Redis that is up, down or slow as the test says. */
async function begin(settings: PublishingSettings) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const groups: RedisCommand[][] = [];
  const reports: PublishingReport[] = [];
  const redis = { refuse: undefined as Error | undefined, hold: undefined as Promise<void> | undefined };
  const link: RedisLink = {
    address: "test:6379",
    send: async (commands) => {
      if (redis.hold) await redis.hold;
      if (redis.refuse) throw redis.refuse;
      if (commands[0]!.name !== "ping") groups.push([...commands]);
    },
    close: () => {},
  };
  const publishing = new Publishing(settings, link, clock, (report) => void reports.push(report));
  await clock.advance(0);
  living.push(async () => {
    redis.hold = undefined;
    const stopped = publishing.stop();
    await clock.advance(0);
    await stopped;
  });
  const texts = (channel: string) =>
    groups
      .flat()
      .flatMap((command) =>
        command.name === "publish" && command.channel === channel ? [command.text] : [],
      );
  const sets = (key: string) =>
    groups.flat().flatMap((command) => (command.name === "set" && command.key === key ? [command] : []));
  const frames = () =>
    texts("schedulerx:frames").flatMap((text) =>
      text === "hb" ? [] : [unpackFrame(Buffer.from(text, "base64"))],
    );
  return { clock, publishing, groups, reports, redis, texts, sets, frames };
}

test("the changed rows go out as a compact frame and in Karbit's format, as the contract has it", async () => {
  const { clock, publishing, texts, frames } = await begin(FREE);
  const thin = rowOf("THIN", 3, 1_000, 140_000);
  thin.ratesJeon.fill(Number.NaN, 40, 100);
  const rows = [rowOf("BTC", 0, 1_000, 139_999), thin, nullRow("ETH", 1, 1_000, "stale")];
  publishing.offer(frameOf(1_000, rows, { part: 3 }));
  await clock.advance(0);
  const [{ rows: sent, ...head }, ...more] = frames() as [Frame];
  expect(more).toEqual([]);
  expect(head).toEqual({ tickAtMs: 1_000, part: 3, closing: false, reference: undefined });
  expect(sent.map(plain)).toEqual(rows.map(plain));
  const pairs = texts("exchange_rate").flatMap(readKarbit);
  expect(pairs.map((pair) => [pair.name, pair.korean_ex, pair.foreign_ex])).toEqual([
    ["BTC", "upbit", "bybit"],
    ["THIN", "bithumb", "binance"],
    ["ETH", "upbit", "binance"],
  ]);
  expect(pairs[0]!.ex_rates[0]).toEqual({ seed: 1_000_000, entry_ex_rate: 1399.99, exit_ex_rate: 1399.49 });
  expect(pairs[1]!.ex_rates[40]).toEqual({ seed: 41_000_000, entry_ex_rate: null, exit_ex_rate: 1399.1 });
  expect(
    pairs[2]!.ex_rates.every((rate) => rate.entry_ex_rate === null && rate.exit_ex_rate === null),
  ).toBeTrue();
});

test("while one group is in the air changes only gather: the next one takes the newest of each row", async () => {
  const { clock, publishing, redis, frames, texts } = await begin(FREE);
  const { promise, resolve } = Promise.withResolvers<void>();
  redis.hold = promise;
  publishing.offer(frameOf(1_000, [rowOf("BTC", 0, 1_000, 140_000)]));
  await clock.advance(0);
  for (let tick = 2; tick <= 50; tick++) {
    publishing.offer(
      frameOf(tick * 1_000, [
        rowOf("BTC", 0, tick * 1_000, 140_000 + tick),
        rowOf("ETH", tick % 4, tick * 1_000, 150_000),
      ]),
    );
  }
  publishing.offer(frameOf(9_000, [rowOf("BTC", 0, 9_000, 1_000)]));
  await clock.advance(0);
  redis.hold = undefined;
  resolve();
  await clock.advance(0);
  const [first, second, ...more] = frames();
  expect(first!.rows.map((row) => row.tickAtMs)).toEqual([1_000]);
  expect(second!.rows).toHaveLength(5);
  expect(second!.rows.find((row) => row.coin === "BTC")!.ratesJeon[0]).toBe(140_050);
  expect(more).toEqual([]);
  expect(texts("exchange_rate")).toHaveLength(2);
});

test("a frame that says all that has changed goes out as it came; otherwise the newest is framed anew", async () => {
  const { clock, publishing, redis, texts } = await begin(FREE);
  const [one, two] = [
    frameOf(1_000, tableOf(1_000, 3)),
    frameOf(2_000, tableOf(2_000, 3), { closing: true }),
  ];
  publishing.offer(one);
  await clock.advance(0);
  publishing.offer(two);
  await clock.advance(0);
  const asText = (packed: Uint8Array) => Buffer.from(packed).toString("base64");
  expect(texts("schedulerx:frames")).toEqual([asText(one), asText(two)]);
  redis.refuse = new Error("away");
  publishing.offer(frameOf(3_000, [rowOf("C0", 0, 3_000, 150_000)]));
  await clock.advance(0);
  publishing.offer(frameOf(3_000, [rowOf("C1", 0, 3_000, 150_000)]));
  redis.refuse = undefined;
  await clock.advance(2_000);
  const last = unpackFrame(Buffer.from(texts("schedulerx:frames").at(-1)!, "base64"));
  expect(last.rows.map((row) => row.coin).toSorted()).toEqual(["C0", "C1"]);
});

test("a redis that is away loses nothing: the rows go out when it is back, the newest of each, said once each", async () => {
  const { clock, publishing, redis, reports, frames } = await begin(FREE);
  redis.refuse = new Error("connection refused");
  for (let tick = 1; tick <= 20; tick++) {
    publishing.offer(
      frameOf(tick * 1_000, [rowOf("BTC", 0, tick * 1_000, 140_000 + tick)], { closing: tick === 20 }),
    );
    await clock.advance(1_000);
  }
  expect(reports.filter((report) => !report.up).map((report) => report.cause)).toEqual([
    "connection refused",
  ]);
  expect(frames()).toEqual([]);
  redis.refuse = undefined;
  await clock.advance(2_000);
  expect(frames().map((frame) => [frame.tickAtMs, frame.closing, frame.rows[0]!.ratesJeon[0]])).toEqual([
    [20_000, true, 140_020],
  ]);
  expect(reports.at(-1)!.up).toBeTrue();
});

test("a server that answers but takes nothing is not called back again and again", async () => {
  const { clock, publishing, redis, reports } = await begin(FREE);
  redis.refuse = Object.assign(new Error("READONLY"), { code: "ERR_REDIS_SERVER_ERROR" });
  publishing.offer(frameOf(1_000, [rowOf("BTC", 0, 1_000, 140_000)]));
  await clock.advance(60_000);
  expect(reports.filter((report) => report.up)).toHaveLength(1);
  expect(reports.at(-1)).toMatchObject({ up: false, cause: "READONLY" });
});

test("a broken connection is noticed without anything being sent, and found again", async () => {
  const { clock, publishing, redis, reports } = await begin(FREE);
  redis.refuse = new Error("connection refused");
  publishing.linkLost();
  publishing.linkLost();
  await clock.advance(5_000);
  redis.refuse = undefined;
  await clock.advance(2_000);
  expect(reports.map((report) => report.up)).toEqual([true, false, true]);
});

test("a delisted pair gets no rates in Karbit's words, a tombstone in frames, and leaves the snapshot", async () => {
  const { clock, publishing, texts, frames, sets } = await begin(FREE);
  publishing.offer(
    frameOf(1_000, [rowOf("GONE", 2, 1_000, 140_000), rowOf("BTC", 0, 1_000, 140_000)], { closing: true }),
  );
  await clock.advance(2_000);
  publishing.retire("GONE", 2);
  await clock.advance(0);
  expect(readKarbit(texts("exchange_rate").at(-1)!)).toEqual([
    { name: "GONE", korean_ex: "bithumb", foreign_ex: "bybit", ex_rates: [] },
  ]);
  expect(
    frames()
      .at(-1)!
      .rows.map((row) => [row.coin, row.reason]),
  ).toEqual([["GONE", "delisted"]]);
  const snapshot = unpackFrame(Buffer.from(sets("schedulerx:snapshot").at(-1)!.text, "base64"));
  expect(snapshot.rows.map((row) => row.coin)).toEqual(["BTC"]);
  publishing.offer(frameOf(500, [rowOf("GONE", 2, 500, 1_000)]));
  await clock.advance(0);
  expect(frames()).toHaveLength(2);
});

test("the snapshot is written from the first closed tick on, holds every row, and lives four periods", async () => {
  const { clock, publishing, sets } = await begin(FREE);
  const table = tableOf(1_000, 20);
  publishing.offer(frameOf(1_000, table.slice(0, 40)));
  await clock.advance(5_000);
  expect(sets("schedulerx:snapshot")).toEqual([]);
  publishing.offer(frameOf(1_000, table.slice(40), { closing: true }));
  await clock.advance(0);
  const [snapshot] = sets("schedulerx:snapshot");
  expect(snapshot!.ttlMs).toBe(4 * PERIOD_MS);
  const rows = unpackFrame(Buffer.from(snapshot!.text, "base64")).rows;
  expect(rows).toHaveLength(80);
  expect(rows).toEqual(expect.arrayContaining(table));
});

test("a close without rows of its own is published too", async () => {
  const { clock, publishing, frames, texts } = await begin(FREE);
  publishing.offer(frameOf(1_000, [rowOf("BTC", 0, 1_000, 140_000)]));
  await clock.advance(0);
  publishing.offer(frameOf(1_000, [], { part: 1, closing: true }));
  await clock.advance(0);
  expect(frames().map((frame) => [frame.part, frame.closing, frame.rows.length])).toEqual([
    [0, false, 1],
    [1, true, 0],
  ]);
  expect(texts("exchange_rate")).toHaveLength(1);
});

test("after 15 s of silence a heartbeat goes out on the frames channel, and none while frames do", async () => {
  const { clock, publishing, texts } = await begin(FREE);
  await clock.advance(14_999);
  expect(texts("schedulerx:frames")).toEqual([]);
  await clock.advance(30_001);
  expect(texts("schedulerx:frames")).toEqual(["hb", "hb", "hb"]);
  for (let tick = 1; tick <= 5; tick++) {
    publishing.offer(frameOf(tick * 1_000, [rowOf("BTC", 0, tick * 1_000, 140_000)]));
    await clock.advance(10_000);
  }
  expect(texts("schedulerx:frames").filter((text) => text === "hb")).toHaveLength(3);
});

test("Upbit's price of USDT goes to Karbit's key, newest only, for as long as it is fresh", async () => {
  const { clock, publishing, sets } = await begin(FREE);
  const nowMs = clock.nowMs();
  publishing.offerReference({ priceKrw: 1401.5, venue: "upbit", atMs: nowMs - 1_000 });
  publishing.offerReference({ priceKrw: 1400, venue: "upbit", atMs: nowMs - 2_000 });
  await clock.advance(0);
  publishing.offerReference({ priceKrw: 1402, venue: "bithumb", atMs: nowMs });
  publishing.offerReference({ priceKrw: 1403, venue: "upbit", atMs: nowMs - 11_000 });
  await clock.advance(0);
  const [written, ...more] = sets("upbit:KRW-USDT");
  expect(more).toEqual([]);
  expect(JSON.parse(written!.text)).toEqual({ data: [{ trade_price: 1401.5 }], timestamp: nowMs - 1_000 });
  expect(written!.ttlMs).toBe(9_000);
});

test("a key that may not be written does not stop the frames", async () => {
  const { clock, publishing, redis, reports, frames } = await begin(FREE);
  redis.refuse = Object.assign(new Error("NOPERM"), { code: "ERR_REDIS_SERVER_ERROR" });
  publishing.offerReference({ priceKrw: 1401.5, venue: "upbit", atMs: clock.nowMs() });
  await clock.advance(0);
  redis.refuse = undefined;
  publishing.offer(frameOf(1_000, [rowOf("BTC", 0, 1_000, 140_000)]));
  await clock.advance(0);
  expect(frames()).toHaveLength(1);
  expect(reports.at(-1)).toMatchObject({ up: true, refused: "NOPERM" });
});

test("bytes that are no frame are refused and change nothing", async () => {
  const { clock, publishing, groups } = await begin(FREE);
  expect(() => publishing.offer(new Uint8Array([1, 2, 3]))).toThrow("expected");
  await clock.advance(1_000);
  expect(groups).toEqual([]);
});

test("metered: however reports arrive, a tick costs at most two groups and one snapshot, and every row gets out", async () => {
  const arrival = fc.record({
    coin: fc.integer({ min: 0, max: 7 }),
    atMs: fc.integer({ min: 0, max: PERIOD_MS - 1 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ reports: fc.array(arrival, { maxLength: 12 }), closes: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
      async (ticks) => {
        const { clock, publishing, groups, frames, sets } = await begin(METERED);
        const startAtMs = clock.nowMs();
        const newest = new Map<string, number>();
        const perTick: number[][] = [];
        for (const [index, tick] of ticks.entries()) {
          const tickAtMs = startAtMs + index * PERIOD_MS;
          const before = {
            groups: groups.filter(isGroup).length,
            snapshots: sets("schedulerx:snapshot").length,
          };
          const reports = tick.reports.toSorted((a, b) => a.atMs - b.atMs);
          for (const [part, { coin, atMs }] of reports.entries()) {
            await clock.advanceTo(Math.max(clock.nowMs(), tickAtMs + atMs));
            publishing.offer(frameOf(tickAtMs, [rowOf(`C${coin}`, 0, tickAtMs, 140_000 + part)], { part }));
            newest.set(`C${coin}`, 140_000 + part);
          }
          if (tick.closes) publishing.offer(frameOf(tickAtMs, [], { part: 99, closing: true }));
          await clock.advanceTo(tickAtMs + PERIOD_MS);
          perTick.push([
            groups.filter(isGroup).length - before.groups,
            sets("schedulerx:snapshot").length - before.snapshots,
          ]);
        }
        // A tick's last rows may go out at the very beginning of the next one: taken together the bound is exact.
        const total = perTick.reduce(([a, b], [c, d]) => [a! + c!, b! + d!], [0, 0]);
        expect(total[0]).toBeLessThanOrEqual(2 * ticks.length);
        expect(total[1]).toBeLessThanOrEqual(ticks.length);
        await clock.advance(2 * PERIOD_MS);
        const told = new Map(
          frames().flatMap((frame) => frame.rows.map((row) => [row.coin, row.ratesJeon[0]!] as const)),
        );
        expect(told).toEqual(newest);
      },
    ),
    { numRuns: runsOf(10, 500) },
  );
});

/** Heartbeats are no groups. */
function isGroup(commands: readonly RedisCommand[]): boolean {
  return commands.some((command) => command.name === "publish" && command.text !== "hb");
}
