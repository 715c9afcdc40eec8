import { expect, test } from "bun:test";
import * as v from "valibot";
import { Decimal } from "../domain/decimal.ts";
import { CONTROL_ROUTES, controlDocument, routeNames } from "./control-routes.ts";
import { controlOf, openPositionOf, TOKEN } from "./control-testing.ts";

/** What is to be sent where nothing will not do. */
const BODIES: Readonly<Record<string, unknown>> = {
  "POST /trading/force": { userId: 1, coin: "BTC" },
  "POST /trading/settle": { userId: 1, coin: "BTC", priceKrw: "1500.5", priceUsdt: "1.07" },
  "PUT /log-level": { level: "debug" },
};

test("every route there is is listed, asks for the token and says so in a problem document", async () => {
  const { ask, control } = controlOf();
  const names = control.routes.map(({ method, path }) => `${method} ${path}`);
  expect(names.sort()).toEqual(routeNames().sort());
  for (const name of names) {
    const [method = "", pattern = ""] = name.split(" ");
    const path = pattern.replace(":id", "3");
    if (path === "/") continue;
    const refused = await ask(path, method, "wrong", BODIES[name]);
    expect([path, refused.status, refused.type]).toEqual([path, 401, "application/problem+json"]);
    expect([path, (await ask(path, method, TOKEN, BODIES[name])).status]).toEqual([path, 200]);
  }
});

test("the page is given to whoever asks, has nothing in it, and may load nothing from elsewhere", async () => {
  const { ask } = controlOf();
  const { status, body, headers } = await ask("/", "GET", "wrong");
  expect([status, body]).toEqual([200, "<!doctype html>"]);
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect((await ask("/health")).headers.get("cache-control")).toBe("no-store");
});

test("the OpenAPI document has every route, with parameters and bodies", () => {
  const document = controlDocument("1") as { paths: Record<string, Record<string, object>> };
  const names = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace("{id}", ":id")}`),
  );
  expect(names.sort()).toEqual(routeNames().sort());
  expect(document.paths["/log-level"]!.put).toMatchObject({
    requestBody: { content: { "application/json": { schema: { required: ["level"] } } } },
  });
});

test("every answer is what the OpenAPI document says, and none is said to be just an object", async () => {
  const { ask, state, deps, scheduler } = controlOf();
  state.positions = [openPositionOf(1, "BTC", 0)];
  state.switches = [
    {
      ...{ scope: "coin", subject: "XRP", entriesOff: true, halted: false },
      ...{ why: "", by: "engine", atMs: 0 },
    },
  ];
  scheduler.collector.quarantined.set("AXS|1", {
    ...{ coin: "AXS", pairIndex: 1, sinceAtMs: 0, rateKrwPerUsdt: 1_859.31 },
  });
  const event = { atMs: 0, actor: "operator", userId: 7, action: "switch.set", subject: "XRP", detail: {} };
  deps.audit.read = async () => [event] as never;
  const { paths } = controlDocument("1") as { paths: Record<string, Record<string, Operation>> };
  for (const { method, path, answers } of CONTROL_ROUTES) {
    const name = `${method} ${path}`;
    if (typeof answers === "string") continue;
    const { body } = await ask(path.replace(":id", "3"), method, TOKEN, BODIES[name]);
    expect([name, v.safeParse(answers, body).issues ?? []]).toEqual([name, []]);
    const operation = paths[path.replace(":id", "{id}")]![method.toLowerCase()]!;
    const { schema } = operation.responses["200"].content["application/json"];
    expect([name, Object.keys(schema.properties ?? {})]).not.toEqual([name, []]);
  }
  expect(paths["/audit"]!.get!.parameters).toMatchObject([{ name: "user", in: "query", required: false }]);
});

interface Operation {
  readonly parameters: readonly object[];
  readonly responses: {
    readonly 200: {
      readonly content: {
        readonly "application/json": { readonly schema: { readonly properties?: object } };
      };
    };
  };
}

test("incidents are closed once, and the log's level changes in place and is in the trail", async () => {
  const { ask, asked, audited, logLevel } = controlOf();
  expect((await ask("/incidents/4/close", "POST")).status).toBe(404);
  expect((await ask("/incidents/x/close", "POST")).status).toBe(400);
  expect((await ask("/incidents/3/close", "POST", TOKEN, { note: 5 })).status).toBe(400);
  const closed = await ask("/incidents/3/close", "POST", TOKEN, { note: "a transfer of his own" });
  expect(closed.body).toEqual({ incidentId: 3, closed: true });
  expect(asked).toEqual(["close 4 ", "close 3 a transfer of his own"]);
  expect((await ask("/log-level", "PUT", TOKEN, { level: "loud" })).status).toBe(400);
  expect((await ask("/log-level", "PUT", TOKEN, { level: "debug" })).body).toEqual({ level: "debug" });
  expect(logLevel.level).toBe("debug");
  expect(audited).toEqual(["log-level.set"]);
});

test("pause and resume reach the beat, and are in the trail", async () => {
  const { ask, audited, scheduler } = controlOf();
  await ask("/ticks/pause", "POST");
  expect(scheduler.ticks.paused).toBe(true);
  await ask("/ticks/resume", "POST");
  expect(scheduler.ticks.paused).toBe(false);
  expect(audited).toEqual(["ticks.paused", "ticks.resumed"]);
});

test("health is 503 with words when a link is down or ticks have stopped", async () => {
  const { ask, clock, links } = controlOf();
  expect(await ask("/health")).toMatchObject({ status: 200, body: { disks: [{ folder: "/var/lib" }] } });
  links.bus = { up: false, detail: "lost for 3 s" };
  expect(await ask("/health")).toMatchObject({
    status: 503,
    body: { links: { bus: { detail: "lost for 3 s" } } },
  });
  links.bus = { up: true, detail: "connected" };
  await clock.advance(5_000);
  expect(await ask("/health")).toMatchObject({ status: 503, body: { ticking: false } });
});

test("the overview is all that is read apart, in one answer", async () => {
  const { ask, state, scheduler } = controlOf();
  state.running = [
    {
      kind: "entry",
      state: "sending",
      unhedgedKrw: Decimal.of("812345.5"),
      sendingAtMs: scheduler.startedAtMs,
    },
  ];
  state.positions = [openPositionOf(1, "BTC", 0)];
  const { body } = await ask("/overview");
  for (const part of ["health", "workers", "venues"]) {
    expect([part, body[part]]).toEqual([part, (await ask(`/${part}`)).body]);
  }
  const trading = (await ask("/trading")).body;
  expect(body.trading).toEqual({ ...trading, positionCount: 1 });
  expect(trading.figures).toEqual({
    unhedgedKrw: "812345.5",
    unhedgedOldestMs: 0,
    intents: [{ kind: "entry", state: "sending", count: 1 }],
  });
  expect(trading.positions).toMatchObject([{ coin: "BTC", qtyCoin: "2", spentKrw: "10000000" }]);
  expect(body.incidents).toMatchObject({ incidentCount: 1, areStale: false, incidents: [{ incidentId: 3 }] });
  expect(JSON.stringify(body)).not.toContain(TOKEN);
});

test("a database that does not answer leaves the overview with the incidents known before, and says so", async () => {
  const { ask, clock, state } = controlOf();
  await ask("/overview");
  let answer = () => {};
  state.databaseAnswers = new Promise((resolve) => {
    answer = resolve;
  });
  await clock.advance(1_000);
  const late = ask("/overview");
  await clock.advance(1_000);
  expect((await late).body.incidents).toMatchObject({ areStale: true, incidents: [{ incidentId: 3 }] });
  state.incidents = [];
  answer();
  await clock.advance(1_000);
  expect((await ask("/overview")).body.incidents).toMatchObject({ areStale: false, incidents: [] });
});

test("however many look on, the overview is made once a second, and anew after every change", async () => {
  const { ask, clock, scheduler } = controlOf();
  const paused = async () => (await ask("/overview")).body.ticks.paused;
  expect(await paused()).toBe(false);
  scheduler.ticks.paused = true;
  await clock.advance(999);
  expect(await paused()).toBe(false);
  await clock.advance(1);
  expect(await paused()).toBe(true);
  await ask("/ticks/resume", "POST");
  expect(await paused()).toBe(false);
});

test("an unknown path is 404 and says what there is", async () => {
  const { ask } = controlOf();
  expect(await ask("/nothing")).toMatchObject({ status: 404, type: "application/problem+json" });
});

test("entries are switched off and on by scope, a halt stops both, and what is malformed is refused", async () => {
  const { ask } = controlOf();
  const post = (path: string, body?: unknown) => ask(path, "POST", TOKEN, body);
  const last = async () => (await ask("/trading")).body.switches[0];
  expect((await post("/trading/entries-off", { scope: "coin", subject: "BTC" })).status).toBe(200);
  expect(await last()).toMatchObject({ scope: "coin", subject: "BTC", entriesOff: true, by: "operator" });
  expect((await post("/trading/halt", {})).body).toEqual({ halted: true, entriesOff: true });
  expect(await last()).toMatchObject({ scope: "global", halted: true, entriesOff: true });
  expect((await post("/trading/entries-on", { scope: "global" })).body.entriesOff).toBe(false);
  for (const wrong of [{ scope: "user", subject: "kim" }, { scope: "all" }, { scope: "coin" }]) {
    expect((await post("/trading/entries-off", wrong)).status).toBe(400);
  }
  expect((await post("/trading/force", { userId: 1, coin: "BTC" })).body.outcome).toBe("started");
  expect((await post("/trading/force", { userId: 2, coin: "BTC" })).status).toBe(404);
  const prices = { coin: "BTC", priceKrw: "1500.5", priceUsdt: "1.07" };
  for (const [userId, status] of [
    [1, 200],
    [2, 404],
    [3, 409],
  ] as const)
    expect([userId, (await post("/trading/settle", { userId, ...prices })).status]).toEqual([userId, status]);
  for (const odd of ["1e3", "-1", 1500.5, "", "1,500"])
    expect((await post("/trading/settle", { userId: 1, ...prices, priceKrw: odd })).status).toBe(400);
  expect((await post("/trading/force", { userId: "1", coin: "btc" })).status).toBe(400);
  expect((await ask("/trading/halt", "POST", "another-operator-token")).status).toBe(401);
});
