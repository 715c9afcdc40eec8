// The streams through app.request(), no port opened. Written for node:test so that the same file runs under `bun test`
// and `deno test`.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import test from "node:test";
import { inflateRawSync } from "node:zlib";
import { PAIRS, SEED_COUNT } from "../schema/vocabulary.ts";
import { decodeFrame } from "../src/domain/frame.ts";
import { nullRow } from "../src/domain/rate-table.ts";
import { API_SETTINGS_DEFAULT } from "./settings.ts";
import {
  assertKarbitPairs,
  codec,
  decodeChannelMessage,
  fakeFrame,
  fakeRows,
  plainRows,
  StreamReader,
  TICK_AT_MS,
  testApi,
} from "./test-kit.ts";

const GZIP = { headers: { "Accept-Encoding": "gzip" } };
const STREAM = "/api/premium/stream";

for (const encoding of ["gzip", "identity"]) {
  test(`a Karbit stream (${encoding}) opens as the contract says and shows the full table first`, async () => {
    const rows = fakeRows();
    const api = await testApi({ rows });
    const reader = new StreamReader(
      await api.app.request(STREAM, { headers: { "Accept-Encoding": encoding } }),
    );
    const { headers, status } = reader.response;
    assert.equal(status, 200);
    assert.equal(headers.get("Content-Type"), "text/event-stream; charset=utf-8");
    assert.equal(headers.get("Cache-Control"), "no-cache, no-transform");
    assert.equal(headers.get("X-Accel-Buffering"), "no");
    assert.equal(headers.get("Access-Control-Allow-Origin"), "*");
    assert.equal(headers.get("Content-Encoding"), encoding === "gzip" ? "gzip" : null);

    const [[id, data]] = (await reader.events(1)) as [[string, string]];
    const opening = ':ok\n\ndata: {"type":"subscribed","channel":"exchange_rate","count":1}\n\n';
    assert.equal(reader.text, `${opening}id: ${TICK_AT_MS}.0\ndata: ${data}\n\n`);
    assert.equal(id, `${TICK_AT_MS}.0`);
    const message = JSON.parse(data);
    assert.deepEqual(Object.keys(message), ["type", "channel", "payload"]);
    assert.equal(message.type, "tick");
    assert.equal(message.channel, "exchange_rate");
    assertKarbitPairs(message.payload, "symbol", rows);

    const [changed] = fakeRows({ seed: 9, coins: ["ETH"] });
    api.feed.publish(fakeFrame([changed!], { part: 1 }));
    const [, [nextId, nextData]] = (await reader.events(2)) as [unknown, [string, string]];
    assert.equal(nextId, `${TICK_AT_MS}.1`);
    assertKarbitPairs(JSON.parse(nextData).payload, "symbol", [changed!]);
    await api.close();
    await reader.toEnd();
  });
}

test("a packed stream carries the channel's own messages, decoded as Karbit decodes them", async () => {
  const rows = fakeRows({ coins: ["BTC", "PEPE"] });
  const api = await testApi({ rows });
  const reader = new StreamReader(await api.app.request(`${STREAM}?format=packed`));
  const [[, data]] = (await reader.events(1)) as [[string, string]];
  assert.equal(reader.text.startsWith(":ok\n\nid: "), true);
  assertKarbitPairs(decodeChannelMessage(data).results, "name", rows);
  await api.close();
});

test("a compact stream carries deflated columnar frames with reference, reasons and ages", async () => {
  const rows = fakeRows({ seed: 3 });
  const api = await testApi({ rows });
  const reader = new StreamReader(await api.app.request(`${STREAM}?format=compact`, GZIP));
  const [[, data]] = (await reader.events(1)) as [[string, string]];
  const frame = decodeFrame(inflateRawSync(Buffer.from(data, "base64")));
  assert.deepEqual(plainRows(frame.rows), plainRows(rows));
  assert.deepEqual(frame.reference, fakeFrame(rows).reference);
  await api.close();
});

test("a stream opened before the first frame waits for it", async () => {
  const api = await testApi();
  const reader = new StreamReader(await api.app.request(STREAM, GZIP));
  await reader.until((text) => text.includes("subscribed"));
  const rows = fakeRows({ coins: ["BTC"] });
  api.feed.publish(fakeFrame(rows));
  const [[, data]] = (await reader.events(1)) as [[string, string]];
  assertKarbitPairs(JSON.parse(data).payload, "symbol", rows);
  await api.close();
});

test("filters choose pairs, coins and seeds, in any order, case and repetition", async () => {
  const rows = fakeRows();
  const api = await testApi({ rows });
  const query = "pairs=Bithumb-Binance,upbit-bybit,upbit-bybit&coins=xrp&coins=BTC&seeds=50000000,1000000";
  const reader = new StreamReader(await api.app.request(`${STREAM}?${query}`));
  const [[, data]] = (await reader.events(1)) as [[string, string]];
  const { payload } = JSON.parse(data);
  const keys = payload.map(
    (pair: Record<string, string>) => `${pair.symbol} ${pair.korean_ex}-${pair.foreign_ex}`,
  );
  assert.deepEqual(keys, [
    "BTC upbit-bybit",
    "BTC bithumb-binance",
    "XRP upbit-bybit",
    "XRP bithumb-binance",
  ]);
  for (const pair of payload) {
    const row = rows.find(
      (one) => one.coin === pair.symbol && PAIRS[one.pairIndex]!.overseas === pair.foreign_ex,
    )!;
    assert.deepEqual(
      pair.ex_rates.map((rate: { seed: number }) => rate.seed),
      [1_000_000, 50_000_000],
    );
    assert.ok(row);
  }
  // What the filter does not let through makes no event.
  api.feed.publish(fakeFrame(fakeRows({ seed: 4, coins: ["ETH"] }), { part: 1 }));
  api.feed.publish(fakeFrame(fakeRows({ seed: 4, coins: ["XRP"] }), { part: 2 }));
  const events = await reader.events(2);
  assert.deepEqual(
    events.map(([id]) => id),
    [`${TICK_AT_MS}.0`, `${TICK_AT_MS}.2`],
  );
  await api.close();
});

test("compact frames end after the largest seed asked for", async () => {
  const rows = fakeRows({ coins: ["BTC"] });
  const api = await testApi({ rows });
  const reader = new StreamReader(await api.app.request(`${STREAM}?format=compact&seeds=3000000`));
  const [[, data]] = (await reader.events(1)) as [[string, string]];
  const frame = codec.unpackFrame(Buffer.from(data, "base64"));
  for (const [index, { ratesJeon }] of frame.rows.entries()) {
    const whole = rows[index]!.ratesJeon;
    for (const offset of [0, SEED_COUNT]) {
      assert.deepEqual(ratesJeon.subarray(offset, offset + 3), whole.subarray(offset, offset + 3));
      assert.ok(ratesJeon.subarray(offset + 3, offset + SEED_COUNT).every((jeon) => Number.isNaN(jeon)));
    }
  }
  await api.close();
});

test("each distinct form is encoded once per publish, however many clients and spellings", async () => {
  let packed = 0;
  const packText = (text: string) => {
    packed++;
    return codec.packText(text);
  };
  const counting = { ...codec, packText };
  const api = await testApi({ rows: fakeRows(), deps: { codec: counting } });
  const spellings = ["coins=BTC,ETH", "coins=eth,btc", "coins=ETH&coins=BTC,BTC", "coins=BTC,%20ETH"];
  const readers = await Promise.all(
    [...spellings, ...spellings].map(
      async (query) => new StreamReader(await api.app.request(`${STREAM}?format=packed&${query}`)),
    ),
  );
  await Promise.all(readers.map((reader) => reader.events(1)));
  assert.equal(packed, 1);
  api.feed.publish(fakeFrame(fakeRows({ seed: 5 }), { part: 1 }));
  await Promise.all(readers.map((reader) => reader.events(2)));
  assert.equal(packed, 2);
  await api.close();
});

test("Last-Event-ID resumes when known; unknown ids and garbage get the full table", async () => {
  const rows = fakeRows();
  const api = await testApi({ rows });
  const [first, second] = [
    fakeRows({ seed: 6, coins: ["BTC"] })[0]!,
    fakeRows({ seed: 7, coins: ["XRP"] })[1]!,
  ];
  api.feed.publish(fakeFrame([first], { part: 1 }));
  api.feed.publish(fakeFrame([second], { part: 2 }));
  const coinsAfter = async (id: string | undefined) => {
    const headers = id === undefined ? undefined : { "Last-Event-ID": id };
    const reader = new StreamReader(await api.app.request(STREAM, headers && { headers }));
    const [[eventId, data]] = (await reader.events(1)) as [[string, string]];
    assert.equal(eventId, `${TICK_AT_MS}.2`);
    await reader.cancel();
    return JSON.parse(data).payload.length;
  };
  assert.equal(await coinsAfter(`${TICK_AT_MS}.0`), 2);
  assert.equal(await coinsAfter(`${TICK_AT_MS}.1`), 1);
  for (const id of [undefined, `${TICK_AT_MS}.77`, "1.0", "not an id", "9".repeat(500)]) {
    assert.equal(await coinsAfter(id), rows.length, String(id));
  }
  // A client that has everything is told nothing until something changes.
  const reader = new StreamReader(
    await api.app.request(STREAM, { headers: { "Last-Event-ID": `${TICK_AT_MS}.2` } }),
  );
  await reader.until((text) => text.includes("subscribed"));
  api.feed.publish(fakeFrame([fakeRows({ seed: 8 })[0]!], { part: 3 }));
  const [[id]] = (await reader.events(1)) as [[string, string]];
  assert.equal(id, `${TICK_AT_MS}.3`);
  await api.close();
});

test("what came later under an id already seen is sent to a client that resumes from it", async () => {
  const api = await testApi({ rows: fakeRows() });
  const [first, second] = fakeRows({ seed: 6, coins: ["BTC"] });
  api.feed.publish(fakeFrame([first!], { part: 1 }));
  api.feed.publish(fakeFrame([second!], { part: 1 }));
  const headers = { "Last-Event-ID": `${TICK_AT_MS}.1` };
  const reader = new StreamReader(await api.app.request(STREAM, { headers }));
  const [[, data]] = (await reader.events(1)) as [[string, string]];
  assertKarbitPairs(JSON.parse(data).payload, "symbol", [second!]);
  await api.close();
});

test("a delisted pair is sent with no rates, for an hour also to whoever may be back with its old row", async () => {
  const rows = fakeRows({ coins: ["BTC", "OLD"] });
  const api = await testApi({ rows });
  const reader = new StreamReader(await api.app.request(STREAM, GZIP));
  await reader.events(1);
  const gone = rows.slice(4).map((row) => nullRow(row.coin, row.pairIndex, row.tickAtMs, "delisted"));
  api.feed.publish(fakeFrame(gone, { part: 1 }));
  const [, [, data]] = (await reader.events(2)) as [unknown, [string, string]];
  const { payload } = JSON.parse(data);
  assert.deepEqual(
    payload.map((pair: Record<string, unknown>) => [pair.symbol, pair.ex_rates]),
    gone.map((row) => [row.coin, []]),
  );
  const first = async (query: string, headers: Record<string, string> = {}) => {
    const late = new StreamReader(await api.app.request(STREAM + query, { headers }));
    const [[, table]] = (await late.events(1)) as [[string, string]];
    await late.cancel();
    return table;
  };
  const back = JSON.parse(await first("")).payload;
  assertKarbitPairs(back.slice(0, 4), "symbol", rows.slice(0, 4));
  assert.deepEqual(back.slice(4), payload);
  // Whoever has no id and another format has no rows either.
  const compact = async (headers?: Record<string, string>) =>
    codec.unpackFrame(Buffer.from(await first("?format=compact", headers), "base64")).rows.length;
  assert.equal(await compact(), 4);
  assert.equal(await compact({ "Last-Event-ID": "1.0" }), 8);
  api.feed.snapshotFrame = undefined;
  await api.clock.advance(3_600_001);
  api.feed.publish(fakeFrame(rows.slice(0, 4), { part: 2 }));
  assert.deepEqual(
    JSON.parse(await first("")).payload.map((pair: Record<string, unknown>) => pair.symbol),
    Array(4).fill("BTC"),
  );
  await api.close();
});

test("the 65th distinct filter is refused until one is let go; streams without filter always open", async () => {
  const api = await testApi({ rows: fakeRows() });
  const open = async (query: string) => await api.app.request(`${STREAM}?${query}`, GZIP);
  const responses: Response[] = [];
  for (let index = 0; index < 64; index++) responses.push(await open(`coins=C${index}`));
  assert.ok(responses.every((response) => response.status === 200));
  const refused = await open("coins=ONEMORE");
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get("Retry-After")) > 0);
  assert.equal(refused.headers.get("Content-Type"), "application/problem+json");
  assert.equal(refused.headers.get("Access-Control-Allow-Origin"), "*");
  assert.equal((await open("coins=c7")).status, 200);
  assert.equal((await open("pairs=upbit-bybit,upbit-binance,bithumb-bybit,bithumb-binance")).status, 200);
  await responses[0]!.body!.cancel();
  assert.equal((await open("coins=ONEMORE")).status, 200);
  await api.close();
});

test("the 51st plain Karbit stream is refused; gzip and compact ones are not", async () => {
  const api = await testApi({ rows: fakeRows() });
  const open = async (query = "", init?: RequestInit) => await api.app.request(`${STREAM}${query}`, init);
  const responses: Response[] = [];
  for (let index = 0; index < 50; index++) responses.push(await open());
  assert.ok(responses.every((response) => response.status === 200));
  assert.equal((await open()).status, 503);
  assert.equal((await open("", { headers: { "Accept-Encoding": "gzip;q=0, br" } })).status, 503);
  assert.equal((await open("", GZIP)).status, 200);
  assert.equal((await open("?format=compact")).status, 200);
  await responses[3]!.body!.cancel();
  assert.equal((await open()).status, 200);
  await api.close();
});

test("HEAD shows the stream's headers and takes no place", async () => {
  const api = await testApi({ settings: { plainKarbitClientsMax: 1 } });
  for (let index = 0; index < 3; index++) {
    const response = await api.app.request(STREAM, { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("Content-Type"), "text/event-stream; charset=utf-8");
  }
  assert.equal((await api.app.request(STREAM)).status, 200);
  await api.close();
});

test("a quiet stream gets a comment every 15 seconds", async () => {
  const api = await testApi();
  const readers = [
    new StreamReader(await api.app.request(STREAM, GZIP)),
    new StreamReader(await api.app.request(`${STREAM}?format=compact`)),
  ];
  for (const reader of readers) await reader.until((text) => text.startsWith(":ok\n\n"));
  await api.clock.advance(API_SETTINGS_DEFAULT.heartbeatMs + 300);
  for (const reader of readers) await reader.until((text) => /:hb \d{13}\n\n$/.test(text));
  await api.clock.advance(API_SETTINGS_DEFAULT.heartbeatMs + 300);
  for (const reader of readers) {
    const text = await reader.until((sofar) => (sofar.match(/:hb/g) ?? []).length === 2);
    const [first, second] = [...text.matchAll(/:hb (\d+)/g)].map((match) => Number(match[1]));
    assert.ok(second! - first! <= 15_500);
  }
  await api.close();
});

test("shutdown ends every stream and refuses new ones", async () => {
  const api = await testApi({ rows: fakeRows() });
  const readers = await Promise.all(
    ["", "?format=packed", "?format=compact"].map(
      async (query) => new StreamReader(await api.app.request(`${STREAM}${query}`, GZIP)),
    ),
  );
  await api.close();
  for (const reader of readers) await reader.toEnd();
  assert.equal((await api.app.request(STREAM)).status, 503);
  assert.equal(api.feed.listenerCount, 0);
});
