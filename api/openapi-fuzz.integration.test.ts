// Every operation of the OpenAPI document against the running api: as its examples show it, for each role that may, with
// something in every list, and with input made from its schemas, fitting, nearly fitting and hostile. Nothing is answered
// 500 or otherwise than documented. FULL asks thousands of times.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { encodeUserEvent, type UserEvent } from "../schema/messages/user-event.ts";
import { systemClock } from "../src/adapters/clock.ts";
import { serveDesk } from "../src/adapters/desk.ts";
import { linkCodeHash } from "../src/domain/link-code.ts";
import { isLong } from "../src/testing/long.ts";
import { RecordingLog } from "../src/testing/recording-log.ts";
import { runsOf } from "../src/testing/runs.ts";
import { type OpenApiDocument, openApiDocument } from "./openapi.ts";
import { type Asked, OpenApiClient, type Route, textOf } from "./openapi-client-testing.ts";
import { EVENTS, MARKET } from "./openapi-fuzz-testing.ts";
import { type ApiServer, startApiServer } from "./serve.ts";
import { accountsDatabase, ENCRYPTION_KEY, JWT_SECRET, PASSWORD } from "./test-accounts.ts";
import { codec, fakeFrame, fakeRows, MemoryFeed, StreamReader } from "./test-kit.ts";
import { addOwnThings } from "./test-own-things.ts";
import { TestTrades } from "./test-trades.ts";

setDefaultTimeout(isLong ? 1_800_000 : 120_000);

const RUNS = runsOf(10, 200);
const USERS = ["owner", "other"] as const;
/** Has something of everything and changes nothing of it. */
const HOLDER = "holder";
type User = (typeof USERS)[number] | typeof HOLDER;

const served = { about: true, client: true, accounts: true, market: true };
const document: OpenApiDocument = openApiDocument("test", served);
const { routes } = new OpenApiClient(document, "");

let context: Awaited<ReturnType<typeof accountsDatabase>>;
let server: ApiServer;
let client: OpenApiClient;
let log: RecordingLog;
const tokens: Partial<Record<User, string>> = {};
const userIds: Partial<Record<User, number>> = {};

beforeAll(async () => {
  context = await accountsDatabase();
  for (const user of [...USERS, HOLDER] as const) userIds[user] = await context.addUser(`${user}@mail.kr`);
  await addOwnThings(context, new TestTrades(context.database), {
    ...{ userId: userIds.holder!, mark: "HELD", atMs: systemClock.nowMs() },
  });
  log = new RecordingLog();
  await serveDesk(
    context.requests,
    async (question) =>
      question.op === "balances"
        ? {
            ...{ kind: "balances", mode: "paper" },
            venues: [
              { venue: "upbit", state: "read", balances: [{ asset: "KRW", free: "1.5", total: "2" }] },
              { venue: "bybit", state: "unread", why: "no-answer" },
            ],
          }
        : { kind: "tested", findings: [{ code: "ends-soon", detail: "2026-06-03" }] },
    log,
  );
  const feed = new MemoryFeed();
  feed.snapshotFrame = fakeFrame(fakeRows({ tickAtMs: systemClock.nowMs() }));
  server = await startApiServer({
    ...{ feed, codec, clock: systemClock, log, hostname: "127.0.0.1", port: 0, tickPeriodMs: 30_000 },
    ...{ version: "test", simulated: false, accounts: context.accounts, market: MARKET },
  });
  client = new OpenApiClient(document, server.url);
  const live = () => fetch(`${server.url}/health/ready`).then(({ status }) => status === 200);
  while (!(await live()));
});
afterAll(async () => {
  await server?.stop();
  await context?.database.close();
});

const put = (statement: ReturnType<typeof sql>) =>
  context.database.run("put", (executor) => executor.execute(statement));

async function logIn(user: User): Promise<void> {
  const response = await fetch(`${server.url}/api/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: `${user}@mail.kr`, password: PASSWORD }),
  });
  tokens[user] = (await response.json()).token;
}

async function credentialsOf(user: User): Promise<Record<string, string>> {
  if (!tokens[user]) await logIn(user);
  return { Authorization: `Bearer ${tokens[user]}` };
}

/** The answer, after it has been held against the document. */
async function answerTo(route: Route, asked: Asked, headers: Record<string, string>): Promise<number> {
  return (await wholeAnswerTo(route, asked, headers)).status;
}

async function wholeAnswerTo(
  route: Route,
  asked: Asked,
  headers: Record<string, string>,
): Promise<{ readonly status: number; readonly text: string }> {
  const before = log.lines.length;
  const response = await client.send(route, asked, headers);
  const text = await textOf(response);
  const faults = client.faults(route, asked, response, text);
  for (const secret of [PASSWORD, JWT_SECRET, ENCRYPTION_KEY]) {
    if (text.includes(secret)) faults.push("a secret was told");
  }
  const errors = log.lines.slice(before).filter(({ level }) => level === "error");
  if (errors.length > 0)
    faults.push(`the log: ${errors.map(({ event, fields }) => `${event} ${fields.error}`)}`);
  expect({ route: route.name, asked, status: response.status, faults }).toMatchObject({ faults: [] });
  return { status: response.status, text };
}

/** What has to be there before an operation can be done; what it answers is the rest of the path. */
const PREPARE: Readonly<Record<string, (userId: number) => Promise<Record<string, string>>>> = {
  "POST /api/positions/{coin}/close": async (userId) => {
    await put(
      sql`insert into schedulerx.hedged_positions
            (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
          values ('paper', ${userId}, 1, 'BTC', 'upbit-bybit', 1, '{}', now())`,
    );
    return {};
  },
  "POST /api/incidents/{id}/close": async (userId) => {
    await put(
      sql`insert into schedulerx.incidents (mode, user_id, kind, coin, intent_id, detail, opened_at)
          values ('paper', ${userId}, 'key', '', '', 'upbit: expired', now())`,
    );
    const [incident] = await context.accounts.safety.incidents("paper", userId);
    return { id: String(incident!.incidentId) };
  },
  "PUT /api/telegram": async (userId) => {
    const codeHash = linkCodeHash("a-code-of-this-test");
    const atMs = systemClock.nowMs();
    await context.accounts.telegram.offer({ userId, codeHash, expiresAtMs: atMs + 60_000, atMs });
    await context.accounts.telegram.link({ codeHash, chatId: `7${userId}`, username: "kim", atMs });
    return {};
  },
};

/** What another makes is there for those that change or end it; logging out comes last. */
const ORDER = [
  ...["PUT /api/keys/{venue}", "POST /api/keys/{venue}/test", "DELETE /api/keys/{venue}"],
  ...["POST /api/strategies", "PATCH /api/strategies/active", "DELETE /api/strategies/active"],
  ...["POST /api/paper/top-up", "POST /api/paper/reset", "POST /api/positions/{coin}/close"],
  ...["PUT /api/telegram", "DELETE /api/telegram", "POST /api/telegram/link"],
];
const inOrder = (route: Route) =>
  route.name === "DELETE /api/session" ? ORDER.length : ORDER.indexOf(route.name);
const privateRoutes = routes.filter(({ isPrivate }) => isPrivate).sort((a, b) => inOrder(a) - inOrder(b));
const publicRoutes = routes.filter(({ isPrivate }) => !isPrivate);

/** Logging in and signing up need an account of their own. */
const PUBLIC: Readonly<Record<string, Partial<Asked>>> = {
  "POST /api/session": { body: JSON.stringify({ email: "owner@mail.kr", password: PASSWORD }) },
};

test("the document has every route of the app, and the app every one of the document", () => {
  const told = routes.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ":$1")}`);
  const pages = ["GET /", "GET /account", "GET /api/docs", "GET /api/openapi.json"];
  expect([...server.routes].sort()).toEqual([...told, ...pages].sort());
});

for (const route of publicRoutes) {
  test(`${route.name} answers 2xx to everybody, as its example shows`, async () => {
    const asked = { ...client.example(route), ...PUBLIC[route.name] };
    // The operator's token opens the control port, and changes nothing here.
    const operator = { Authorization: "Bearer an-operators-control-token" };
    for (const headers of [{}, operator]) {
      const signUp = route.name === "POST /api/account";
      const email = `new-${headers === operator ? 2 : 1}@mail.kr`;
      const body = signUp ? JSON.stringify({ email, password: PASSWORD }) : asked.body;
      expect(await answerTo(route, { ...asked, body }, headers)).toBeWithin(200, 300);
    }
    delete tokens.owner;
  });
}

test("every private operation answers 2xx to each user, as its example shows", async () => {
  for (const user of USERS) {
    for (const route of privateRoutes) {
      const path = await PREPARE[route.name]?.(userIds[user]!);
      const status = await answerTo(route, client.example(route, path), await credentialsOf(user));
      expect({ user, route: route.name, status, isDone: status >= 200 && status < 300 }).toMatchObject({
        isDone: true,
      });
      if (route.name === "DELETE /api/session") delete tokens[user];
    }
  }
});

/** Orders on paper bring the two, and a feed that is down the third. */
const MAY_BE_EMPTY = [
  ...["GET /api/paper $[].coins", "GET /api/paper $[].positions", "GET /health/ready $.reasons"],
];

test("every list of every answer has an item, and it is as described", async () => {
  const isFilled = new Map<string, boolean>();
  for (const route of routes.filter(({ method }) => method === "GET")) {
    const headers = route.isPrivate ? await credentialsOf(HOLDER) : {};
    const { status, text } = await wholeAnswerTo(route, client.example(route), headers);
    for (const [at, is] of client.lists(route, status, text)) isFilled.set(`${route.name} ${at}`, is);
  }
  const empty = [...isFilled].filter(([, is]) => !is).map(([name]) => name);
  expect(empty.sort()).toEqual(MAY_BE_EMPTY);
  expect(isFilled.size).toBeGreaterThan(20);
});

test("the private stream tells nothing but events as described, of every kind", async () => {
  const userId = userIds.holder!;
  const response = await fetch(`${server.url}/api/events`, { headers: await credentialsOf(HOLDER) });
  const told = new StreamReader(response);
  await told.until((text) => text.includes("id: "));
  for (const [index, event] of EVENTS.entries()) {
    const bytes = encodeUserEvent({ ...event, mode: "paper", userId, atMs: 5 } as UserEvent);
    await context.events.publish({ mode: "paper", userId }, `event-${index}`, bytes);
  }
  const kinds = EVENTS.map(({ kind }) => kind as string);
  const text = await told.until((part) => part.includes(`event: ${kinds.at(-1)}\n`) && part.endsWith("\n\n"));
  await told.cancel();
  expect(client.eventFaults("UserEvent", text)).toEqual({ kinds, faults: [] });
});

for (const route of routes) {
  const users: readonly User[] = route.method === "GET" ? [...USERS, HOLDER] : USERS;
  test(`${route.name} answers whatever it is asked as documented`, async () => {
    await fc.assert(
      fc.asyncProperty(client.asking(route), fc.constantFrom(...users), async (asked, user) => {
        const headers = route.isPrivate ? await credentialsOf(user) : {};
        await answerTo(route, asked, headers);
        if (route.path === "/api/session") delete tokens[user];
      }),
      { numRuns: RUNS },
    );
  });
}

/** Load balancers and pages add what they like to these. */
const TAKES_ANYTHING = ["GET /api/client.js", "GET /health/live", "GET /health/ready"];

test("a parameter nobody knows is refused by every route", async () => {
  for (const route of routes.filter(({ name }) => !TAKES_ANYTHING.includes(name))) {
    const { query, ...asked } = client.example(route);
    const given = { ...asked, query: [...query, ["nobody", "1"] as const] };
    const headers = route.isPrivate ? await credentialsOf(HOLDER) : {};
    const { status, text } = await wholeAnswerTo(route, given, headers);
    expect([route.name, status, JSON.parse(text).code]).toEqual([route.name, 400, "query-unusable"]);
    // What the document shows of a 400 is what is answered: of a route with a body, what is wrong with that.
    if (!asked.body) expect([route.name, JSON.parse(text)]).toEqual([route.name, client.shown(route, 400)]);
  }
});

test("a field nobody knows is refused by every body, as the document shows it", async () => {
  const bodied = routes.filter(({ operation }) => operation.requestBody);
  expect(bodied.length).toBeGreaterThan(10);
  for (const route of bodied) {
    const asked = client.example(route);
    const given = { ...asked, body: JSON.stringify({ ...JSON.parse(asked.body as string), nobody: "1" }) };
    const headers = route.isPrivate ? await credentialsOf(HOLDER) : {};
    const { status, text } = await wholeAnswerTo(route, given, headers);
    expect([route.name, status, JSON.parse(text)]).toEqual([route.name, 400, client.shown(route, 400)]);
  }
});

test("credentials that are none are 401 everywhere, whatever they look like", async () => {
  const [head, , signature] = (await credentialsOf("owner")).Authorization!.split(".");
  const none: Record<string, string>[] = [
    {},
    { Authorization: "Bearer" },
    { Authorization: `Bearer ${"x".repeat(5_000)}` },
    { Authorization: `${head}.${btoa('{"userId":2}')}.${signature}` },
    { Authorization: `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"userId":1}')}.` },
    { Authorization: "Basic b3duZXI6eA==" },
    { Cookie: "auth-token=%E0%A4%A; auth-token=" },
    { Cookie: "auth-token=__proto__" },
  ];
  for (const route of privateRoutes) {
    for (const headers of none) expect(await answerTo(route, client.example(route), headers)).toBe(401);
  }
});
