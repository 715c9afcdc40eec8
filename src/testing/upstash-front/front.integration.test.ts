// Every example of the public REST API page of Upstash Redis, sent as its curl lines send it; then the front's own
// promises. The client library's view is in client.integration.test.ts.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { needs } from "../needs.ts";
import { startRedis, type TestRedis } from "../services.ts";
import { startUpstashFront, type UpstashFront } from "./front.ts";

const TOKEN = "2553feg6a2d9842h2a0gcdb5f8efe9934";
const AUTH = { authorization: `Bearer ${TOKEN}` };

needs(["redis"], "the Upstash-compatible front", () => {
  let redis: TestRedis;
  let front: UpstashFront;

  beforeAll(async () => {
    redis = await startRedis({ password: "behind the front" });
    front = startUpstashFront({ redis: { url: redis.url }, token: TOKEN });
  });
  beforeEach(async () => {
    await call("/flushall");
  });
  afterAll(async () => {
    await front?.stop();
    await redis?.stop();
  });

  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(front.url + path, { ...init, headers: { ...AUTH, ...init.headers } });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), headers });
  const ok = (result: unknown) => ({ status: 200, body: { result } });

  test("Get Started: a SET by GET with the token in the header, or as a parameter", async () => {
    expect(await call("/set/foo/bar")).toEqual(ok("OK"));
    const response = await fetch(`${front.url}/set/foo/bar?_token=${TOKEN}`);
    expect([response.status, await response.json()]).toEqual([200, { result: "OK" }]);
  });

  test("API Semantics: commands in the path", async () => {
    expect(await call("/set/foo/bar/EX/100")).toEqual(ok("OK"));
    expect(await call("/ttl/foo")).toEqual(ok(100));
    expect(await call("/get/foo")).toEqual(ok("bar"));
    await call("/set/foo1/one");
    expect(await call("/mget/foo1/foo2/foo")).toEqual(ok(["one", null, "bar"]));
    await call("/hset/employee:23381/salary/137");
    expect(await call("/hget/employee:23381/salary")).toEqual(ok("137"));
    expect(await call("/zadd/teams/100/team-x/90/team-y")).toEqual(ok(2));
    expect(await call("/zrange/teams/0/-1/WITHSCORES")).toEqual(ok(["team-y", "90", "team-x", "100"]));
    expect(await call("/get/missing")).toEqual(ok(null));
    expect(await call(`/set/${encodeURIComponent("a/b 김")}/1`)).toEqual(ok("OK"));
    expect(await call("/keys/a*")).toEqual(ok(["a/b 김"]));
  });

  test("JSON or Binary Value: the body is the next word, query parameters follow it", async () => {
    expect(await post("/set/foo", '{"a": [1, 2]}')).toEqual(ok("OK"));
    expect(await call("/get/foo")).toEqual(ok('{"a": [1, 2]}'));
    expect(await post("/set/foo?EX=100", "$VALUE")).toEqual(ok("OK"));
    expect([await call("/get/foo"), await call("/ttl/foo")]).toEqual([ok("$VALUE"), ok(100)]);
    expect(await post("/set/foo?NX", "other")).toEqual(ok(null));
    const bytes = new Uint8Array([0, 255, 13, 10, 128]);
    expect(await call("/set/raw", { method: "PUT", body: bytes })).toEqual(ok("OK"));
    expect(await call("/get/raw", { headers: { "upstash-encoding": "base64" } })).toEqual(
      ok(Buffer.from(bytes).toString("base64")),
    );
    expect(await call("/get/raw")).toEqual(ok("\u0000\uFFFD\r\n\uFFFD"));
  });

  test("POST Command in Body: an array with numbers among the words", async () => {
    expect(await post("/", ["SET", "foo", "bar", "EX", 100])).toEqual(ok("OK"));
    expect(await call("/ttl/foo")).toEqual(ok(100));
  });

  test("HTTP Codes: 400 for what Redis refuses, 401 without the token, 405 for other methods", async () => {
    const wrong = { status: 400, body: { error: "ERR wrong number of arguments for 'get' command" } };
    expect(await call("/get")).toEqual(wrong);
    expect(await post("/", ["GET"])).toEqual(wrong);
    expect((await call("/no-such-command")).status).toBe(400);
    for (const body of ["", "{", "{}", "[]", "[null]", '["SET","k",{}]', '["SET",["k"]]']) {
      const refused = await post("/", body);
      expect([body, refused.status]).toEqual([body, 400]);
      expect((refused.body as { error: string }).error).toStartWith("ERR ");
    }
    for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
      const response = await fetch(`${front.url}/get/foo`, { headers: { authorization } });
      expect([authorization, response.status]).toEqual([authorization, 401]);
      expect(await response.json()).toEqual({ error: "WRONGPASS invalid or missing auth token" });
    }
    expect((await call("/get/foo", { method: "DELETE" })).status).toBe(405);
    expect((await call("/%E0%A4")).status).toBe(400);
  });

  test("Base64 Encoded Responses: every string but OK, nested ones too", async () => {
    const base64 = { "upstash-encoding": "base64" };
    expect(await call("/SET/foo/bar", { headers: base64 })).toEqual(ok("OK"));
    expect(await call("/GET/foo", { headers: base64 })).toEqual(ok("YmFy"));
    expect(await post("/", ["EVAL", "return {'a', {'b', 7}, false}", 0], base64)).toEqual(
      ok(["YQ==", ["Yg==", 7], null]),
    );
    expect(await call("/ping", { headers: base64 })).toEqual(ok("UE9ORw=="));
  });

  test("RESP2 Format Responses", async () => {
    const raw = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(front.url + path, {
        headers: { ...AUTH, "upstash-response-format": "resp2", ...headers },
      });
      return [response.status, response.headers.get("content-type"), await response.text()];
    };
    const type = "application/octet-stream";
    expect(await raw("/SET/foo/bar")).toEqual([200, type, "+OK\r\n"]);
    expect(await raw("/GET/foo")).toEqual([200, type, "$3\r\nbar\r\n"]);
    expect((await raw("/GET/foo", { "upstash-encoding": "base64" }))[0]).toBe(400);
    expect((await raw("/GET/foo", { "upstash-response-format": "xml" }))[0]).toBe(400);
  });

  const FOUR = [
    ["SET", "key1", "valuex"],
    ["SETEX", "key2", 13, "valuez"],
    ["INCR", "key1"],
    ["ZADD", "myset", 11, "item1", 22, "item2"],
  ];
  const NOT_A_NUMBER = { error: "ERR value is not an integer or out of range" };

  test("Pipelining: each command answers for itself", async () => {
    const expected = [{ result: "OK" }, { result: "OK" }, NOT_A_NUMBER, { result: 2 }];
    expect(await post("/pipeline", FOUR)).toEqual({ status: 200, body: expected });
    const mixed = [
      ["BLPOP", "list", 0],
      ["SET", "a", "1"],
      ["subscribe", "x"],
    ];
    expect(await post("/pipeline", mixed)).toEqual({
      status: 200,
      body: [
        { error: "ERR Command is not available: 'BLPOP'" },
        { result: "OK" },
        { error: "ERR Command is not available: 'SUBSCRIBE'" },
      ],
    });
    for (const body of ["[]", "{}", '[["SET"],"x"]'])
      expect((await post("/pipeline", body)).status).toBe(400);
  });

  test("Transactions: all together, or discarded as a whole with one error", async () => {
    const expected = [{ result: "OK" }, { result: "OK" }, NOT_A_NUMBER, { result: 2 }];
    expect(await post("/multi-exec", FOUR)).toEqual({ status: 200, body: expected });
    for (const bad of [["GET"], ["MULTI"], ["NOSUCH", "x"]]) {
      const discarded = await post("/multi-exec", [["SET", "k", "changed"], bad]);
      expect([bad, discarded.status]).toEqual([bad, 400]);
      expect((discarded.body as { error: string }).error).toMatch(/^(ERR|EXECABORT) /);
      expect(await call("/get/k")).toEqual(ok(null));
    }
  });

  test("transactions of many callers do not mix", async () => {
    const increments = Array.from({ length: 40 }, () =>
      post("/multi-exec", [
        ["INCR", "n"],
        ["INCR", "n"],
      ]),
    );
    for (const { body } of await Promise.all(increments)) {
      const [first, second] = body as { result: number }[];
      expect(second!.result).toBe(first!.result + 1);
    }
    expect(await call("/get/n")).toEqual(ok("80"));
  });

  const listen = async (path: string) => {
    const controller = new AbortController();
    const headers = { ...AUTH, accept: "text/event-stream" };
    const response = await fetch(front.url + path, { method: "POST", headers, signal: controller.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const read = async (count: number): Promise<string[]> => {
      while (text.split("\n\n").length <= count) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended after ${JSON.stringify(text)}`);
        text += value;
      }
      const events = text.split("\n\n");
      text = events.slice(count).join("\n\n");
      return events.slice(0, count);
    };
    return { response, read, reader, leave: () => controller.abort() };
  };

  test("Subscribe & Publish: events as documented", async () => {
    const chat = await listen("/subscribe/chat");
    expect(chat.response.headers.get("content-type")).toBe("text/event-stream");
    expect(await chat.read(1)).toEqual(["data: subscribe,chat,1"]);
    expect(await call("/publish/chat/hello", { method: "POST" })).toEqual(ok(1));
    await post("/", ["PUBLISH", "chat", "how are you today?"]);
    expect(await chat.read(2)).toEqual(["data: message,chat,hello", "data: message,chat,how are you today?"]);
    chat.leave();
    await until(async () => (await call("/pubsub/numsub/chat")).body, { result: ["chat", 0] });
  });

  test("a pattern's messages name pattern and channel; one stream takes several channels", async () => {
    const pattern = await listen("/psubscribe/ex*");
    expect(await pattern.read(1)).toEqual(["data: psubscribe,ex*,1"]);
    const both = await listen("/subscribe/one/two");
    expect(await both.read(2)).toEqual(["data: subscribe,one,1", "data: subscribe,two,2"]);
    await call("/publish/exchange_rate/김");
    expect(await pattern.read(1)).toEqual(["data: pmessage,ex*,exchange_rate,김"]);
    await post("/publish/two", "first line\nsecond line");
    expect(await both.read(1)).toEqual(["data: message,two,first line\ndata: second line"]);
    pattern.leave();
    both.leave();
  });

  test("a payload of a megabyte arrives whole", async () => {
    const large = await listen("/subscribe/large");
    await large.read(1);
    const payload = "x".repeat(1_000_000);
    expect(await post("/", ["PUBLISH", "large", payload])).toEqual(ok(1));
    expect((await large.read(1))[0]).toBe(`data: message,large,${payload}`);
    large.leave();
  });

  test("Monitor Command: events as documented", async () => {
    const monitor = await listen("/monitor");
    expect(await monitor.read(1)).toEqual(['data: "OK"']);
    await call("/set/k/v");
    expect((await monitor.read(1))[0]).toMatch(/^data: \d+\.\d+ \[0 127\.0\.0\.1:\d+\] "set" "k" "v"$/);
    monitor.leave();
  });

  test("an integer of 64 bits keeps its digits", async () => {
    await call("/set/n/9223372036854775806");
    const response = await fetch(`${front.url}/incr/n`, { headers: AUTH });
    expect(await response.text()).toBe('{"result":9223372036854775807}');
  });

  test("a request over the limit is refused, and what was used is counted", async () => {
    const small = startUpstashFront({ redis: { url: redis.url }, token: TOKEN, requestBytesMax: 100 });
    const send = (body: string) => fetch(small.url, { method: "POST", headers: AUTH, body });
    expect((await send(JSON.stringify(["SET", "k", "x".repeat(200)]))).status).toBe(400);
    expect((await send('["PING"]')).status).toBe(200);
    await fetch(`${small.url}/pipeline`, { method: "POST", headers: AUTH, body: '[["PING"],["PING"]]' });
    expect(small.counts).toMatchObject({ requestCount: 3, commandCount: 3 });
    expect(small.counts.receivedBytes).toBe(JSON.stringify(["SET", "k", "x".repeat(200)]).length + 8 + 19);
    await small.stop();
  });

  test("Redis killed: commands fail with 503 and its streams end; Redis back: they work again by themselves", async () => {
    const chat = await listen("/subscribe/chat");
    await chat.read(1);
    await redis.kill9();
    expect((await call("/get/foo")).status).toBe(503);
    await expect(chat.read(1)).rejects.toThrow("the stream ended");
    expect((await call("/subscribe/chat", { method: "POST" })).status).toBe(503);
    await redis.restart();
    expect(await call("/set/foo/back")).toEqual(ok("OK"));
  });
});

/** Asks until the answer is as wanted; the test's timeout bounds it. */
async function until(ask: () => Promise<unknown>, wanted: unknown): Promise<void> {
  while (!Bun.deepEquals(await ask(), wanted)) await Bun.sleep(2);
}
