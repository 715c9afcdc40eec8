// The client against a real server: every format, a server that goes and comes back, refusals, damage.

import { afterEach, expect, test } from "bun:test";
import fc from "fast-check";
import { FrameError } from "../src/domain/frame.ts";
import { karbitResultsText } from "../src/domain/karbit.ts";
import type { RateRow } from "../src/domain/rate-table.ts";
import { RateTable } from "../src/domain/rate-table.ts";
import { runsOf } from "../src/testing/runs.ts";
import { decodeCompact, decodeKarbit, decodePacked, openPremiumStream, type StreamState } from "./client.ts";
import { codec, fakeFrame, fakeRows, plainRows, TICK_AT_MS, testApi } from "./test-kit.ts";
import { serveFetch } from "./test-server.ts";

const INPUTS = runsOf(300, 100_000);

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

function serve(...args: Parameters<typeof serveFetch>) {
  const server = serveFetch(...args);
  releases.push(() => server.stop());
  return { url: `http://127.0.0.1:${server.port}/api/premium/stream`, server };
}

/** A client that keeps a table, its states, and can be waited on. */
function watch(options: Partial<Parameters<typeof openPremiumStream>[0]> & { url: string }) {
  const table = new RateTable();
  const states: StreamState[] = [];
  const events: { rows: readonly RateRow[]; tickAtMs: number; part: number }[] = [];
  const waiters = new Set<() => void>();
  const wake = () => {
    for (const waiter of waiters) waiter();
  };
  const stream = openPremiumStream({
    onRows: (rows, info) => {
      for (const row of rows) table.merge(row);
      events.push({ rows, tickAtMs: info.tickAtMs, part: info.part });
      wake();
    },
    onState: (state) => {
      states.push(state);
      wake();
    },
    ...options,
  });
  releases.push(() => stream.close());
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise<void>((resolve) => waiters.add(resolve));
  };
  const status = () => states.at(-1)?.status;
  return { stream, table, states, events, until, status };
}

test("compact events bring the rows exactly, then what changes", async () => {
  const rows = fakeRows();
  const api = await testApi({ rows });
  releases.push(api.close);
  const client = watch({ url: serve(api.app.fetch).url });
  await client.until(() => client.events.length === 1);
  expect(plainRows(client.table.rows())).toEqual(plainRows(rows));
  const changed = fakeRows({ seed: 2, coins: ["ETH"] });
  api.feed.publish(fakeFrame(changed, { part: 1 }));
  await client.until(() => client.events.length === 2);
  expect(plainRows(client.events[1]!.rows)).toEqual(plainRows(changed));
  expect(client.events[1]).toMatchObject({ tickAtMs: TICK_AT_MS, part: 1 });
  client.stream.close();
  await client.stream.done;
  expect(client.states.map((state) => state.status)).toEqual(["connecting", "open", "closed"]);
});

for (const format of ["karbit", "packed"] as const) {
  test(`${format} events bring the same rates, without reasons and ages`, async () => {
    const rows = fakeRows({ coins: ["BTC"] });
    const api = await testApi({ rows });
    releases.push(api.close);
    const client = watch({ url: serve(api.app.fetch).url, format, coins: ["BTC"] });
    await client.until(() => client.events.length === 1);
    const rates = (all: readonly RateRow[]) =>
      plainRows(all).map((row) => [row.coin, row.pairIndex, row.ratesJeon]);
    expect(rates(client.table.rows())).toEqual(rates(rows));
    expect(client.events[0]).toMatchObject({ tickAtMs: TICK_AT_MS, part: 0 });
  });
}

test("filters reach the server, and sizes not asked for are NaN in every format", async () => {
  const rows = fakeRows();
  const api = await testApi({ rows });
  releases.push(api.close);
  const { url } = serve(api.app.fetch);
  for (const format of ["compact", "karbit", "packed"] as const) {
    const client = watch({
      url,
      format,
      pairs: ["bithumb-bybit"],
      coins: ["XRP"],
      seeds: [2_000_000, 90_000_000],
    });
    await client.until(() => client.events.length === 1);
    const expected = rows.find((row) => row.coin === "XRP" && row.pairIndex === 2)!.ratesJeon;
    const [row, ...others] = client.table.rows();
    expect(others).toEqual([]);
    const kept = [...expected].map((jeon, index) => ([1, 89].includes(index % 100) ? jeon : Number.NaN));
    expect([...row!.ratesJeon]).toEqual(kept);
    client.stream.close();
  }
});

test("a server that goes away and comes back is resumed from the last event", async () => {
  const api = await testApi({ rows: fakeRows() });
  releases.push(api.close);
  const asked: (string | null)[] = [];
  const fetch = (request: Request) => {
    asked.push(request.headers.get("Last-Event-ID"));
    return api.app.fetch(request);
  };
  const { url, server } = serve(fetch);
  const client = watch({ url });
  await client.until(() => client.events.length === 1);
  await server.stop();
  await client.until(() => client.status() === "waiting");
  const changed = fakeRows({ seed: 3, coins: ["BTC"] });
  api.feed.publish(fakeFrame(changed, { part: 1 }));
  serve(fetch, server.port);
  await client.until(() => client.events.length === 2);
  expect(asked).toEqual([null, `${TICK_AT_MS}.0`]);
  expect(plainRows(client.events[1]!.rows)).toEqual(plainRows(changed));
});

test("503 is tried again when the server says, 400 not at all", async () => {
  const api = await testApi({ rows: fakeRows() });
  releases.push(api.close);
  let busy = 1;
  const { url } = serve((request) =>
    busy-- > 0
      ? new Response("busy", { status: 503, headers: { "Retry-After": "1" } })
      : api.app.fetch(request),
  );
  const client = watch({ url });
  await client.until(() => client.events.length === 1);
  expect(client.states[1]).toEqual({ status: "waiting", delayMs: 1000, reason: "503 busy" });

  const wrong = watch({ url, coins: ["no coin!"] });
  await wrong.stream.done;
  expect(wrong.states.map((state) => state.status)).toEqual(["connecting", "refused"]);
});

test("a damaged event drops the connection and asks for everything again", async () => {
  const packed = Buffer.from(codec.packFrame(fakeFrame(fakeRows({ coins: ["BTC"] })))).toString("base64");
  const asked: (string | null)[] = [];
  const { url } = serve((request) => {
    asked.push(request.headers.get("Last-Event-ID"));
    const broken = asked.length === 1 ? `id: 5.1\ndata: ${packed.slice(0, 400)}\n\n` : "";
    return new Response(`id: 5.0\ndata: ${packed}\n\n${broken}`);
  });
  const client = watch({ url });
  await client.until(() => client.events.length === 2);
  expect(asked).toEqual([null, null]);
  expect(client.states.find((state) => state.status === "waiting")).toMatchObject({
    reason: expect.stringContaining("expected base64"),
  });
});

test("what the listener throws ends the stream and is not taken for a fault of the line", async () => {
  const api = await testApi({ rows: fakeRows() });
  releases.push(api.close);
  const client = watch({
    url: serve(api.app.fetch).url,
    onRows: () => {
      throw new Error("the page is broken");
    },
  });
  await expect(client.stream.done).rejects.toThrow("the page is broken");
});

test("the decoders refuse what is not theirs", () => {
  for (const text of ["", "not base64!", "AAAA", Buffer.from("SX").toString("base64")]) {
    expect(() => decodeCompact(text)).toThrow(FrameError);
    expect(() => decodePacked(text, 0)).toThrow(FrameError);
  }
  expect(decodeKarbit('{"type":"subscribed","channel":"exchange_rate","count":1}', 0)).toEqual([]);
  for (const text of ["", "{", '{"type":"tick"}', '{"type":"tick","payload":[null]}']) {
    expect(() => decodeKarbit(text, 0)).toThrow(FrameError);
  }
  const wrongSeed = '{"symbol":"BTC","korean_ex":"upbit","foreign_ex":"bybit","ex_rates":[{"seed":5}]}';
  expect(() => decodeKarbit(`{"type":"tick","payload":[${wrongSeed}]}`, 0)).toThrow(FrameError);
});

test("a packed event that claims more bytes than it can hold is refused before room is made for them", () => {
  const bytes = Buffer.from(codec.packText(karbitResultsText(fakeRows({ coins: ["BTC"] }))), "base64");
  bytes.writeUInt32LE(0x7fff_ffff, bytes.length - 4);
  expect(() => decodePacked(bytes.toString("base64"), TICK_AT_MS)).toThrow(FrameError);
});

test(`${INPUTS} damaged and invented events decode or are refused with a FrameError`, () => {
  // One pair: a damaged byte is met the sooner.
  const rows = fakeRows({ coins: ["BTC"] }).slice(0, 1);
  const compact = Buffer.from(codec.packFrame(fakeFrame(rows))).toString("base64");
  const packed = codec.packText(karbitResultsText(rows));
  const anything = fc.jsonValue({ maxDepth: 2 });
  const rate = fc.oneof(
    anything,
    fc.record({ seed: fc.oneof(fc.constant(1_000_000), anything), entry_ex_rate: anything }),
  );
  const pair = fc.record({
    symbol: fc.oneof(fc.constant("BTC"), anything),
    korean_ex: fc.oneof(fc.constant("upbit"), anything),
    foreign_ex: fc.oneof(fc.constant("bybit"), anything),
    ex_rates: fc.oneof(fc.array(rate, { maxLength: 3 }), anything),
  });
  const message = fc.record({
    type: fc.constant("tick"),
    payload: fc.oneof(fc.array(pair, { maxLength: 3 }), anything),
  });
  const edited = (text: string) =>
    fc
      .tuple(fc.nat({ max: text.length }), fc.nat({ max: 20 }), fc.string({ maxLength: 8 }))
      .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
  const data = fc.oneof(
    fc.string(),
    fc.json(),
    message.map((value) => JSON.stringify(value)),
    edited(compact),
    edited(packed),
  );
  let refused = 0;
  fc.assert(
    fc.property(data, (text) => {
      for (const decode of [decodeCompact, decodePacked, decodeKarbit]) {
        try {
          const decoded = decode(text, TICK_AT_MS);
          for (const row of Array.isArray(decoded) ? decoded : decoded.rows)
            expect(row.ratesJeon.length).toBe(200);
        } catch (error) {
          if (!(error instanceof FrameError)) throw error;
          refused++;
        }
      }
    }),
    { numRuns: INPUTS },
  );
  expect(refused).toBeGreaterThan(INPUTS);
}, 300_000);
