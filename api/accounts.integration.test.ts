import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { sign } from "hono/jwt";
import { StoreFault } from "../src/domain/store-fault.ts";
import { ACCOUNT_PATHS } from "./routes/accounts.ts";
import { accountsApi, accountsDatabase, JWT_SECRET, PASSWORD, send, tokenFor } from "./test-accounts.ts";
import { type TestApi, TICK_AT_MS, testApi } from "./test-kit.ts";

setDefaultTimeout(60_000);

const NOW_MS = TICK_AT_MS + 2_000;
const EMAIL = "kim@mail.kr";
let context: Awaited<ReturnType<typeof accountsDatabase>>;
let api: TestApi;
let userId: number;

beforeAll(async () => {
  context = await accountsDatabase();
  userId = await context.addUser(EMAIL);
});
afterAll(() => context.database.close());
beforeEach(async () => {
  api = await accountsApi(context.accounts);
});
afterEach(() => api.close());

const me = async (headers: Record<string, string>) => (await api.app.request("/api/me", { headers })).status;
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const signIn = (email: string, password: string) => send(api, "/api/session", { email, password });
const store = (token: string) =>
  context.accounts.sessions.begin({ userId, token, expiresAtMs: NOW_MS + 3_600_000 });

test("a login is a cookie and a bearer for two hours, and ends with a logout or the next login", async () => {
  const response = await signIn(EMAIL, PASSWORD);
  const { token, account, expiresAtMs } = await response.json();
  expect(account).toEqual({ userId, email: EMAIL, name: null });
  expect(expiresAtMs).toBe(NOW_MS + 7_200_000);
  const cookie = response.headers.get("Set-Cookie")!;
  expect(cookie).toStartWith(`auth-token=${token};`);
  expect(cookie).toContain("Max-Age=7200");
  expect(cookie).toContain("HttpOnly; SameSite=Lax");
  expect([await me(bearer(token)), await me({ Cookie: `auth-token=${token}` })]).toEqual([200, 200]);
  const next = await tokenFor(api, EMAIL);
  expect([await me(bearer(token)), await me(bearer(next))]).toEqual([401, 200]);
  const ended = await api.app.request("/api/session", { method: "DELETE", headers: bearer(next) });
  expect([ended.status, await me(bearer(next))]).toEqual([204, 401]);
  const last = await tokenFor(api, EMAIL);
  await api.clock.advance(7_199_999);
  expect(await me(bearer(last))).toBe(200);
  await api.clock.advance(1);
  expect(await me(bearer(last))).toBe(401);
});

test("Karbit's login is accepted; neither a signature nor a row is enough by itself, nor another's row", async () => {
  const claims = { userId, email: EMAIL, exp: NOW_MS / 1000 + 60 };
  const signed = await sign(claims, JWT_SECRET, "HS256");
  expect(await me(bearer(signed))).toBe(401);
  await store(signed);
  expect(await me({ Cookie: `auth-token=${signed}` })).toBe(200);
  const refused = [
    "no-token-at-all",
    await sign(claims, "another text than ours", "HS256"),
    await sign(claims, JWT_SECRET, "HS512"),
    await sign({ ...claims, userId: userId + 1 }, JWT_SECRET, "HS256"),
    await sign({ ...claims, exp: NOW_MS / 1000 }, JWT_SECRET, "HS256"),
    `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`,
  ];
  for (const token of refused) {
    await store(token);
    expect([token, await me(bearer(token))]).toEqual([token, 401]);
  }
});

test("an unknown address and a wrong password are one answer, and five of them lock for a quarter of an hour", async () => {
  const answers: string[] = [];
  for (const [email, password] of [
    ["nobody@mail.kr", PASSWORD],
    [EMAIL, "wrong"],
  ] as const) {
    for (let count = 0; count < 5; count++) {
      const response = await signIn(email, password);
      answers.push(`${response.status} ${await response.text()}`);
    }
    const locked = await signIn(email.toUpperCase(), PASSWORD);
    expect([locked.status, locked.headers.get("Retry-After")]).toEqual([429, "900"]);
  }
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toStartWith("401 ");
  expect((await signIn(EMAIL, PASSWORD)).status).toBe(429);
  await api.clock.advance(900_000);
  expect((await signIn(EMAIL, PASSWORD)).status).toBe(200);
});

test("an address that only the database takes for the same is another one: it would be counted apart", async () => {
  // As a database does whose locale makes a plain i of the letter.
  const { sessions } = context.accounts;
  const credentialsOf = (email: string) => sessions.credentialsOf(email.replaceAll("\u0130", "i"));
  const of = { ...context.accounts, sessions: { ...sessions, credentialsOf } };
  const lenient = await accountsApi(of);
  await context.addUser("i@mail.kr");
  const status = async (email: string) =>
    (await send(lenient, "/api/session", { email, password: PASSWORD })).status;
  expect([await status("\u0130@mail.kr"), await status("I@mail.kr")]).toEqual([401, 200]);
  await lenient.close();
});

test("two processes on one database count failures together", async () => {
  const [one, other] = [await accountsApi(context.accounts), await accountsApi(context.accounts)];
  const failing = (at: TestApi) => send(at, "/api/session", { email: "somebody@mail.kr", password: "wrong" });
  const answers: number[] = [];
  for (const at of [one, other, one, other, one, other, one]) answers.push((await failing(at)).status);
  expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429]);
  await Promise.all([one.close(), other.close()]);
});

test("an account is made once, and only where that is open", async () => {
  const user = { email: "new@mail.kr", password: "ten letters", name: "이름" };
  const made = await send(api, "/api/account", user);
  expect(made.status).toBe(201);
  expect(await me(bearer((await made.json()).token))).toBe(200);
  expect((await signIn(user.email, user.password)).status).toBe(200);
  expect((await send(api, "/api/account", user)).status).toBe(409);
  const closed = await accountsApi({ ...context.accounts, signUpOpen: false });
  expect((await send(closed, "/api/account", { ...user, email: "x@mail.kr" })).status).toBe(403);
  await closed.close();
});

test("a body that cannot be used is refused with every fault and without what was sent", async () => {
  const response = await send(api, "/api/account", { email: "a\u0000@b", password: "short", colour: "red" });
  const text = await response.text();
  expect(response.status).toBe(400);
  const names = JSON.parse(text).issues.map((issue: { parameter: string }) => issue.parameter);
  expect([...new Set(names)].sort()).toEqual(["colour", "email", "password"]);
  expect(text).not.toContain('short"');
  expect((await signIn("\u0000", "x")).status).toBe(400);
  expect((await send(api, "/api/session", { email: "x".repeat(5_000) })).status).toBe(413);
  expect((await send(api, "/api/session", {}, { "Content-Type": "text/plain" })).status).toBe(415);
  const headers = { "Content-Type": "application/json" };
  expect((await api.app.request("/api/session", { method: "POST", headers, body: "{" })).status).toBe(400);
  const wrong = await api.app.request("/api/me", { method: "PUT" });
  expect([wrong.status, wrong.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
});

test("a database that is away is 503, costs no attempt, and a defect is 500", async () => {
  const failing = async (kind: "passing" | "defect", count: number) => {
    const credentialsOf = () => Promise.reject(new StoreFault(kind, "", "deep inside"));
    const sessions = { ...context.accounts.sessions, credentialsOf };
    const broken = await accountsApi({ ...context.accounts, sessions });
    const answers: string[] = [];
    for (let index = 0; index < count; index++) {
      const response = await send(broken, "/api/session", { email: EMAIL, password: PASSWORD });
      answers.push(`${response.status} ${response.headers.get("Retry-After")}`);
      expect(await response.text()).not.toContain("deep inside");
    }
    await broken.close();
    return answers;
  };
  expect(await failing("passing", 6)).toEqual(Array(6).fill("503 2"));
  expect(await failing("defect", 1)).toEqual(["500 null"]);
});

test("without the settings the private paths say which are missing", async () => {
  const bare = await testApi({ deps: { accounts: { missing: ["DATABASE_URL", "JWT_SECRET"] } } });
  const response = await bare.app.request("/api/me");
  expect(response.status).toBe(503);
  expect((await response.json()).detail).toEndWith("expected the settings DATABASE_URL and JWT_SECRET.");
  await bare.close();
});

test("the OpenAPI document has every private path and its references resolve", async () => {
  const document = await (await api.app.request("/api/openapi.json")).json();
  for (const [path, methods] of Object.entries(ACCOUNT_PATHS)) {
    const told = Object.keys(document.paths[path.replace(/:(\w+)/g, "{$1}")] ?? {});
    expect([path, told.sort()]).toEqual([
      path,
      methods
        .filter((one) => one !== "HEAD")
        .map((one) => one.toLowerCase())
        .sort(),
    ]);
  }
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(document.components.schemas[name!]).toBeDefined();
  }
  const page = await (await api.app.request("/api/docs")).text();
  expect(page).toContain("POST");
  // What is to be sent is shown as well.
  expect(page).toContain(
    'Body: <code>application/json</code> <a href="#SignIn">SignIn</a>, as <code>{&#34;email',
  );
  expect(page).toContain("<code>priceKrw</code>");
});
