// The table, health, documents and refusals through app.request(), no port opened. Written for node:test so that the
// same file runs under `bun test` and `deno test`.

import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import * as v from "valibot";
import { PAIRS } from "../schema/vocabulary.ts";
import { tableSchema } from "./forms.ts";
import { codec, fakeFrame, fakeRows, TICK_AT_MS, testApi } from "./test-kit.ts";

const GZIP = { headers: { "Accept-Encoding": "gzip" } };
const STREAM = "/api/premium/stream";

test("the table answers as its schema says, equal to the rows, and 304 while nothing changed", async () => {
  const rows = fakeRows();
  const api = await testApi({ rows });
  const response = await api.app.request("/api/premium");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), "*");
  const table = v.parse(tableSchema, await response.json());
  assert.equal(table.tickAtMs, TICK_AT_MS);
  assert.equal(table.reference?.priceKrw, 1389.5);
  assert.equal(table.rows.length, rows.length);
  const rate = (jeon: number) => (Number.isNaN(jeon) ? null : jeon / 100);
  for (const [index, row] of table.rows.entries()) {
    const expected = [...rows[index]!.ratesJeon].map(rate);
    assert.equal(row.coin, rows[index]!.coin);
    assert.equal(row.pair, PAIRS[rows[index]!.pairIndex]!.key);
    assert.deepEqual([...row.entryRatesKrwPerUsdt, ...row.exitRatesKrwPerUsdt], expected);
  }
  const etag = response.headers.get("ETag")!;
  const again = (tag: string) => api.app.request("/api/premium", { headers: { "If-None-Match": tag } });
  assert.equal((await again(etag)).status, 304);
  assert.equal((await again(`"other", ${etag.replace("W/", "")}`)).status, 304);
  assert.equal((await again('"other"')).status, 200);
  api.feed.publish(fakeFrame(fakeRows({ seed: 2, coins: ["BTC"] }), { part: 1 }));
  const changed = await again(etag);
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get("ETag"), etag);
  await api.close();
});

test("a closing frame without rows closes the table", async () => {
  const api = await testApi({ rows: fakeRows() });
  const open = await api.app.request("/api/premium");
  assert.equal((await open.json()).closing, false);
  api.feed.publish(fakeFrame([], { part: 1, closing: true }));
  const closed = await api.app.request("/api/premium", {
    headers: { "If-None-Match": open.headers.get("ETag")! },
  });
  assert.equal((await closed.json()).closing, true);
  await api.close();
});

test("the table knows filters and gzip", async () => {
  const rows = fakeRows();
  const api = await testApi({ rows });
  const path = "/api/premium?coins=eth&pairs=upbit-binance&seeds=10000000,2000000";
  const response = await api.app.request(path, GZIP);
  assert.equal(response.headers.get("Content-Encoding"), "gzip");
  const text = gunzipSync(new Uint8Array(await response.arrayBuffer())).toString();
  const table = v.parse(tableSchema, JSON.parse(text));
  assert.deepEqual(table.seedsKrw, [2_000_000, 10_000_000]);
  assert.deepEqual(
    table.rows.map((row) => [row.coin, row.pair, row.entryRatesKrwPerUsdt.length]),
    [["ETH", "upbit-binance", 2]],
  );
  assert.equal(await (await api.app.request(path)).text(), text);
  await api.close();
});

test("too many distinct table filters within a second are refused, later ones are not", async () => {
  const api = await testApi({ rows: fakeRows(), settings: { distinctFormsMax: 3 } });
  const status = async (query: string) => (await api.app.request(`/api/premium?${query}`)).status;
  for (const coin of ["A", "B", "C"]) assert.equal(await status(`coins=${coin}`), 200);
  assert.equal(await status("coins=D"), 503);
  assert.equal(await status(""), 200);
  assert.equal(await status("coins=B"), 200);
  await api.clock.advance(1_100);
  assert.equal(await status("coins=D"), 200);
  await api.close();
});

test("before the first frame the table is 503 and readiness says why", async () => {
  const api = await testApi();
  const table = await api.app.request("/api/premium");
  assert.equal(table.status, 503);
  assert.equal(table.headers.get("Retry-After"), "1");
  const ready = await api.app.request("/health/ready");
  assert.equal(ready.status, 503);
  assert.deepEqual((await ready.json()).reasons, ["no frame has arrived yet"]);
  assert.equal((await api.app.request("/health/live")).status, 200);
  await api.close();
});

test("readiness follows the link and the age of the newest frame", async () => {
  const api = await testApi({ rows: fakeRows() });
  const ready = async () => {
    const response = await api.app.request("/health/ready");
    return [response.status, (await response.json()).reasons.join("; ")];
  };
  assert.deepEqual(await ready(), [200, ""]);
  await api.clock.advanceTo(TICK_AT_MS + 75_000);
  assert.deepEqual(await ready(), [200, ""]);
  await api.clock.advance(1_000);
  assert.deepEqual(await ready(), [503, "expected a frame of the last 75 s, the newest is 76 s old"]);
  api.feed.publish(fakeFrame(fakeRows({ tickAtMs: TICK_AT_MS + 60_000 })));
  assert.deepEqual(await ready(), [200, ""]);
  api.feed.up = false;
  assert.deepEqual(await ready(), [503, "the feed is down: cut off"]);
  await api.close();
});

test("bad queries are 400 with one issue per fault and no stack", async () => {
  const api = await testApi({ rows: fakeRows() });
  const response = await api.app.request(
    `${STREAM}?format=xml&pairs=upbit-nowhere&coins=B%20T&seeds=5,abc&colour=red`,
  );
  assert.equal(response.status, 400);
  assert.equal(response.headers.get("Content-Type"), "application/problem+json");
  assert.equal(response.headers.get("Access-Control-Allow-Origin"), "*");
  const body = await response.json();
  const parameters = body.issues.map((issue: { parameter: string }) => issue.parameter);
  assert.deepEqual([...new Set(parameters)].sort(), ["colour", "coins", "format", "pairs", "seeds"].sort());
  const seeds = body.issues.filter((issue: { parameter: string }) => issue.parameter === "seeds");
  assert.ok(seeds.every((issue: { expected: string }) => issue.expected.includes("multiple of 1000000")));
  assert.equal(JSON.stringify(body).includes(".ts"), false);
  assert.equal((await api.app.request("/api/premium?format=karbit")).status, 400);
  assert.equal((await api.app.request("/api/premium?coins=")).status, 400);
  await api.close();
});

test("unknown paths, methods and our own faults are problem documents", async () => {
  const api = await testApi({ rows: fakeRows() });
  const missing = await api.app.request("/api/nothing");
  assert.equal(missing.status, 404);
  assert.equal((await missing.json()).title, "Not found");
  const posted = await api.app.request("/api/premium", { method: "POST", body: "x" });
  assert.equal(posted.status, 405);
  assert.equal(posted.headers.get("Allow"), "GET, HEAD, OPTIONS");
  const preflight = await api.app.request(STREAM, { method: "OPTIONS" });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("Access-Control-Allow-Headers")!, /Last-Event-ID/);
  await api.close();

  const packText = () => {
    throw new Error("deep inside");
  };
  const broken = await testApi({ rows: fakeRows(), deps: { codec: { ...codec, packText } } });
  const failed = await broken.app.request(`${STREAM}?format=packed`);
  assert.equal(failed.status, 500);
  const text = await failed.text();
  assert.equal(text.includes("deep inside") || text.includes("at "), false, text);
  assert.deepEqual(broken.log.events, ["request failed"]);
  await broken.close();
});

test("the OpenAPI document names every path, its references resolve, and its page needs nothing else", async () => {
  const api = await testApi();
  const response = await api.app.request("/api/openapi.json");
  const document = await response.json();
  assert.equal(document.openapi, "3.1.0");
  assert.deepEqual(Object.keys(document.paths), [
    "/api/premium/stream",
    "/api/premium",
    "/api/venues",
    "/health/live",
    "/health/ready",
  ]);
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(document.components.schemas[name!], `no schema ${name}`);
  }
  const parameters = document.paths["/api/premium/stream"].get.parameters;
  assert.deepEqual(
    parameters.map((parameter: { name: string }) => parameter.name),
    ["format", "pairs", "coins", "seeds", "Last-Event-ID"],
  );
  assert.deepEqual(parameters[0].schema.enum, ["karbit", "packed", "compact"]);
  const page = await api.app.request("/api/docs");
  const html = await page.text();
  assert.match(page.headers.get("Content-Type")!, /text\/html/);
  assert.match(html, /\/api\/premium\/stream/);
  assert.equal(/<script|https?:\/\/|src=/.test(html), false);
  await api.close();
});
