// Who may call what: every route of the api with the status each kind of caller gets. A route that is missing fails. And
// what a user has is neither shown to another nor changed by him, whichever operation he names it in.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../src/adapters/clock.ts";
import { RecordingLog } from "../src/testing/recording-log.ts";
import { openApiDocument } from "./openapi.ts";
import { OpenApiClient, type Route, textOf } from "./openapi-client-testing.ts";
import { type ApiServer, startApiServer } from "./serve.ts";
import { accountsDatabase, PASSWORD } from "./test-accounts.ts";
import { codec, MemoryFeed } from "./test-kit.ts";
import { addOwnThings, type OwnThings, rowsOfUser } from "./test-own-things.ts";
import { TestTrades } from "./test-trades.ts";

setDefaultTimeout(60_000);

const CALLERS = ["anonymous", "other", "owner", "operator"] as const;
type Caller = (typeof CALLERS)[number];

const everybody = (status: number) => [status, status, status, status] as const;
const usersOnly = (status: number) => [401, status, status, 401] as const;

/** In the order of CALLERS. Without a frame, a query or a body: 503, 400 and 415 are what gets past the question of who it is. */
const TABLE: Readonly<Record<string, readonly [number, number, number, number]>> = {
  "GET /api/premium/stream": everybody(200),
  "GET /api/premium": everybody(503),
  "GET /api/venues": everybody(200),
  "GET /api/coins": everybody(200),
  "GET /api/rates/history": everybody(400),
  "GET /api/kline": everybody(400),
  "GET /api/trading": everybody(200),
  "GET /api/about": everybody(200),
  "GET /api/client.js": everybody(200),
  "GET /": everybody(200),
  "GET /account": everybody(200),
  "GET /health/live": everybody(200),
  "GET /health/ready": everybody(503),
  "GET /api/openapi.json": everybody(200),
  "GET /api/docs": everybody(200),
  "POST /api/session": everybody(415),
  "POST /api/account": everybody(415),
  "GET /api/me": usersOnly(200),
  "GET /api/positions/active": usersOnly(200),
  "GET /api/positions/open": usersOnly(200),
  "GET /api/events": usersOnly(200),
  "GET /api/telegram": usersOnly(200),
  "PUT /api/telegram": usersOnly(415),
  "DELETE /api/telegram": usersOnly(404),
  "POST /api/telegram/link": usersOnly(201),
  "GET /api/keys": usersOnly(200),
  "PUT /api/keys/:venue": usersOnly(404),
  "DELETE /api/keys/:venue": usersOnly(404),
  "POST /api/keys/:venue/test": usersOnly(404),
  "GET /api/balances": usersOnly(503),
  "GET /api/strategies": usersOnly(200),
  "POST /api/strategies": usersOnly(415),
  "PATCH /api/strategies/active": usersOnly(415),
  "DELETE /api/strategies/active": usersOnly(404),
  "GET /api/consent": usersOnly(200),
  "PUT /api/consent": usersOnly(415),
  "GET /api/positions/history": usersOnly(200),
  "GET /api/positions/statistics": usersOnly(200),
  "GET /api/positions/daily": usersOnly(200),
  "GET /api/positions/export.csv": usersOnly(200),
  "GET /api/strategies/decisions": usersOnly(200),
  "POST /api/positions/:coin/close": usersOnly(400),
  "GET /api/entries": usersOnly(200),
  "PUT /api/entries": usersOnly(415),
  "GET /api/incidents": usersOnly(200),
  "POST /api/incidents/:id/close": usersOnly(404),
  "GET /api/paper": usersOnly(200),
  "POST /api/paper/reset": usersOnly(415),
  "POST /api/paper/top-up": usersOnly(415),
  "DELETE /api/session": usersOnly(204),
};

const MARK = "OWNERSONLY";

let context: Awaited<ReturnType<typeof accountsDatabase>>;
let server: ApiServer;
const userIds: Partial<Record<Caller, number>> = {};
const tokens: Partial<Record<Caller, string>> = {};

beforeAll(async () => {
  context = await accountsDatabase();
  server = await startApiServer({
    ...{
      feed: new MemoryFeed(),
      codec,
      clock: systemClock,
      log: new RecordingLog(),
      hostname: "127.0.0.1",
      port: 0,
    },
    ...{ tickPeriodMs: 30_000, version: "test", simulated: false },
    ...{ accounts: context.accounts, market: context.market },
    trading: { read: async () => ({ mode: "paper", role: "trading", asOfMs: 0, traders: [] }) },
  });
  for (const caller of ["other", "owner"] as const) {
    userIds[caller] = await context.addUser(`${caller}@mail.kr`);
  }
});
afterAll(async () => {
  await server?.stop();
  await context?.database.close();
});

async function logIn(caller: Caller): Promise<string> {
  const response = await fetch(`${server.url}/api/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: `${caller}@mail.kr`, password: PASSWORD }),
  });
  return (await response.json()).token;
}

async function headersOf(caller: Caller): Promise<Record<string, string>> {
  if (caller === "anonymous") return {};
  // The token of the scheduler's control port.
  if (caller === "operator") return { Authorization: "Bearer an-operators-control-token" };
  tokens[caller] ??= await logIn(caller);
  return { Authorization: `Bearer ${tokens[caller]}` };
}

test("the table has every route of the api and no other", () => {
  expect([...server.routes].sort()).toEqual(Object.keys(TABLE).sort());
});

for (const [route, statuses] of Object.entries(TABLE)) {
  test(`${route} answers each caller as the table says`, async () => {
    const [method = "", path = ""] = route.split(" ");
    for (const [index, caller] of CALLERS.entries()) {
      const response = await fetch(server.url + path, { method, headers: await headersOf(caller) });
      await response.body?.cancel();
      expect([caller, response.status]).toEqual([caller, statuses[index]!]);
    }
    if (route === "DELETE /api/session") for (const caller of CALLERS) delete tokens[caller];
  });
}

test("each user is shown himself", async () => {
  for (const caller of ["other", "owner"] as const) {
    const response = await fetch(`${server.url}/api/me`, { headers: await headersOf(caller) });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    expect(await response.json()).toEqual({
      userId: userIds[caller],
      email: `${caller}@mail.kr`,
      name: null,
    });
  }
});

/** What nobody has until he makes it, so that others find nothing of their own before. */
const MAKING = ["PUT /api/keys/{venue}", "POST /api/strategies", "POST /api/telegram/link"];
/** Of one's own in any case, whoever one is. */
const ALWAYS = [
  ...MAKING,
  "PUT /api/consent",
  "PUT /api/entries",
  "POST /api/paper/reset",
  "POST /api/paper/top-up",
];

/** The same for everybody while nobody has consented, no desk answers and nothing happens. */
const ALIKE = ["/api/consent", "/api/balances", "/api/events"];
/** Where the owner has something. */
const HELD = [
  ...["public.users", "public.user_exchanges", "public.strategies", "schedulerx.hedged_positions"],
  ...["schedulerx.incidents", "schedulerx.last_decisions", "schedulerx.intents"],
  ...["schedulerx.paper_accounts", "schedulerx.paper_ledger", "schedulerx.trading_switches"],
];

test("nothing of a user is shown to another or changed by him, by whatever name he asks for it", async () => {
  const owner = userIds.owner!;
  const things: OwnThings = await addOwnThings(context, new TestTrades(context.database), {
    ...{ userId: owner, mark: MARK, atMs: systemClock.nowMs() },
  });
  const client = new OpenApiClient(openApiDocument("test", { accounts: true }), server.url);
  const named = { venue: "upbit", coin: things.coin, id: String(things.incidentId) };
  const ask = async (route: Route, caller: Caller) => {
    const response = await client.send(route, client.example(route, named), await headersOf(caller));
    return { status: response.status, text: await textOf(response) };
  };
  const order = (route: Route) => (route.path === "/api/session" ? 2 : MAKING.includes(route.name) ? 1 : 0);
  const routes = client.routes.filter(({ isPrivate }) => isPrivate).sort((a, b) => order(a) - order(b));
  // What the other is not shown is there.
  for (const route of routes.filter(({ method, path }) => method === "GET" && !ALIKE.includes(path))) {
    const [own, others] = [await ask(route, "owner"), await ask(route, "other")];
    expect([route.name, own.status, own.text === others.text]).toEqual([route.name, 200, false]);
  }
  const before = await rowsOfUser(context, owner);
  expect(HELD.filter((table) => !before[table]?.length)).toEqual([]);
  for (const route of routes) {
    const { status, text } = await ask(route, "other");
    const isDone = status >= 200 && status < 300;
    const isOwn = route.method === "GET" || ALWAYS.includes(route.name) || route.path === "/api/session";
    expect([route.name, status, isDone && !isOwn]).toEqual([route.name, status, false]);
    // A refusal may repeat the coin that was asked for.
    const told = isDone ? text : text.replaceAll(things.coin, "");
    expect([route.name, told.includes(MARK), told.includes("owner@mail.kr")]).toEqual([
      route.name,
      false,
      false,
    ]);
    if (route.method !== "GET") expect(await rowsOfUser(context, owner)).toEqual(before);
  }
});
