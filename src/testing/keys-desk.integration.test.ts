// A user's keys and balances through the api, the bus and the scheduler's desk to the simulated venues over the wire.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { accountsApi, accountsDatabase, ENCRYPTION_KEY, tokenFor } from "../../api/test-accounts.ts";
import type { TestApi } from "../../api/test-kit.ts";
import { systemClock } from "../adapters/clock.ts";
import { createDesk, serveDesk } from "../adapters/desk.ts";
import { createSecrets } from "../adapters/secrets.ts";
import { createAuditStore } from "../adapters/store/audit.ts";
import { createTraderStore } from "../adapters/store/traders.ts";
import { startTradingKit, TEST_KEY, type TradingKit } from "../adapters/venue/order-testing.ts";
import type { Requests } from "../ports/bus.ts";
import { createDeskAnswers } from "../scheduler/answer-desk.ts";
import { liveVenues } from "../scheduler/main/trading.ts";

setDefaultTimeout(60_000);

const VENUES = ["upbit", "bithumb", "bybit", "binance"] as const;
const OTHER_SECRET = "another-secret-never-to-be-seen-9876543210";

let context: Awaited<ReturnType<typeof accountsDatabase>>;
let kit: TradingKit;
let api: TestApi;
let token: string;
let userId: number;
let stopDesk: () => Promise<void>;
/** What went over the bus, and what the api answered. */
const carried: string[] = [];
const answers: string[] = [];

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

beforeAll(async () => {
  [context, kit] = await Promise.all([accountsDatabase(), startTradingKit()]);
  const { database, requests } = context;
  const { log, governor } = kit;
  const told: Requests = {
    async ask(topic, bytes, withinMs) {
      const answer = await requests.ask(topic, bytes, withinMs);
      carried.push(textOf(bytes), textOf(answer));
      return answer;
    },
    serve: (topic, answer) => requests.serve(topic, answer),
  };
  const traders = createTraderStore(database, createSecrets(ENCRYPTION_KEY));
  const parts = { clock: systemClock, log, governor, urls: kit.simulator.urls[0]! };
  const keyed = liveVenues(parts, traders);
  const answer = createDeskAnswers({
    ...{ clock: systemClock, log, leads: () => true, keyed, venues: keyed, mode: "live" },
  });
  stopDesk = await serveDesk(requests, answer, log);
  userId = await context.addUser("kim@mail.kr");
  api = await accountsApi({ ...context.accounts, desk: createDesk(told, log) });
  token = await tokenFor(api, "kim@mail.kr");
});
afterAll(async () => {
  await api.close();
  await context.database.close();
  await kit.stop();
});

async function ask(method: string, path: string, body?: unknown, by = api) {
  const response = await by.app.request(path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  answers.push(JSON.stringify([...response.headers]), text);
  const retry = response.headers.get("Retry-After");
  return { status: response.status, body: text ? JSON.parse(text) : undefined, retry };
}

const put = (venue: string, key: { apiKey: string; secret: string } = TEST_KEY) =>
  ask("PUT", `/api/keys/${venue}`, key);
const setKey = (change: object) =>
  kit.simulator.control.accounts.setKey({ apiKey: TEST_KEY.apiKey, ...change });
const verified = async () => {
  const { body } = await ask("GET", "/api/keys");
  return Object.fromEntries(
    body.map((one: { venue: string; verified: boolean }) => [one.venue, one.verified]),
  );
};
async function found(venue: string) {
  const { status, body } = await ask("POST", `/api/keys/${venue}/test`);
  const codes = body.findings?.map(
    ({ code, severity }: { code: string; severity: string }) => `${severity} ${code}`,
  );
  return [status, body.ok, codes];
}

beforeEach(async () => {
  const whole = { revoked: false, expired: false, canRead: true, canTrade: true, canWithdraw: false };
  setKey({ ...whole, addresses: undefined });
  for (const venue of VENUES) await put(venue);
});

test("good keys are good, and that is kept until they are put in anew", async () => {
  expect(await verified()).toEqual({ upbit: false, bithumb: false, bybit: false, binance: false });
  expect(await found("upbit")).toEqual([200, true, []]);
  expect(await found("bithumb")).toEqual([200, true, []]);
  expect(await found("bybit")).toEqual([200, true, ["warning any-address"]]);
  expect(await found("binance")).toEqual([200, true, []]);
  expect(await verified()).toEqual({ upbit: true, bithumb: true, bybit: true, binance: true });
  await put("upbit");
  expect(await verified()).toMatchObject({ upbit: false, bithumb: true });
});

test.each([
  ["upbit", { revoked: true }, ["fault key-unknown"]],
  ["upbit", { addresses: ["10.9.9.9"] }, ["fault address-refused"]],
  ["upbit", { canTrade: false }, ["fault may-not-order"]],
  ["bithumb", { canRead: false }, ["fault permission-missing"]],
  ["bybit", { canWithdraw: true }, ["warning any-address", "fault may-withdraw"]],
  ["bybit", { canWithdraw: true, addresses: ["127.0.0.1"] }, ["fault may-withdraw"]],
  ["bybit", { addresses: ["10.9.9.9"] }, ["fault address-refused"]],
  ["binance", { revoked: true }, ["fault key-unclear"]],
] as const)("%s %p is found out: %p", async (venue, change, codes) => {
  expect((await found(venue))[1]).toBe(true);
  setKey({ venue, ...change });
  expect(await found(venue)).toEqual([200, false, codes as never]);
  expect(await verified()).toMatchObject({ [venue]: false });
});

test("a wrong secret is told in both languages", async () => {
  await put("bybit", { ...TEST_KEY, secret: OTHER_SECRET });
  const { body } = await ask("POST", "/api/keys/bybit/test");
  expect(body).toMatchObject({
    ok: false,
    findings: [
      {
        code: "secret-wrong",
        words: { ko: "시크릿이 키와 맞지 않습니다", en: "the secret does not belong to the key" },
      },
    ],
  });
});

test("balances are exact, money first; a venue that cannot be read says why and hides no other", async () => {
  setKey({ venue: "bithumb", revoked: true });
  await ask("DELETE", "/api/keys/binance");
  const { status, body } = await ask("GET", "/api/balances");
  expect(status).toBe(200);
  expect(body.mode).toBe("live");
  expect(body.venues).toEqual([
    {
      ...{ venue: "upbit", unread: null },
      balances: [
        { asset: "KRW", free: "100000000", total: "100000000" },
        { asset: "BTC", free: "1", total: "1" },
      ],
    },
    {
      ...{ venue: "bithumb", balances: null },
      unread: {
        code: "key-refused",
        words: {
          ko: "거래소가 키를 거부합니다. 키를 검사해 주세요",
          en: "the venue refuses the key: test it",
        },
      },
    },
    { venue: "bybit", unread: null, balances: [{ asset: "USDT", free: "100000", total: "100000" }] },
    {
      ...{ venue: "binance", balances: null },
      unread: expect.objectContaining({ code: "no-key" }),
    },
  ]);
});

test("a key that is changed while it is tested is not the one that was found good", async () => {
  const { desk, keys } = context.accounts;
  const changing = await accountsApi({
    ...context.accounts,
    desk: {
      async ask(question) {
        const answer = await desk.ask(question);
        await keys!.put(userId, "upbit", { ...TEST_KEY, secret: OTHER_SECRET }, 1);
        return answer;
      },
    },
  });
  const { status, body } = await ask("POST", "/api/keys/upbit/test", undefined, changing);
  expect([status, body.detail]).toEqual([409, "The key was changed while it was tested. Test it again."]);
  expect(await verified()).toMatchObject({ upbit: false });
  await changing.close();
});

test("a venue that is down, and a scheduler that is away, are told as such and when to try again", async () => {
  kit.simulator.control.setFault({ kind: "server-error", status: 503, venue: "upbit" });
  const down = await ask("POST", "/api/keys/upbit/test");
  expect([down.status, down.body.detail, down.retry]).toEqual([
    ...[503, "The venue does not answer right now.", "5"],
  ]);
  kit.simulator.control.clearFaults();
  await stopDesk();
  for (const [method, path] of [
    ["POST", "/api/keys/upbit/test"],
    ["GET", "/api/balances"],
  ] as const) {
    const away = await ask(method, path);
    expect([away.status, away.body.detail, away.retry]).toEqual([
      ...[503, "The scheduler does not answer right now.", "5"],
    ]);
  }
  expect((await ask("POST", "/api/keys/okx/test")).status).toBe(404);
});

test("of all that was answered, carried, logged and audited, nothing holds a key or its ciphertext", async () => {
  const audit = await createAuditStore(context.database).read(userId, 1_000);
  expect(new Set(audit.map(({ action }) => action))).toEqual(
    new Set(["key.added", "key.removed", "key.tested"]),
  );
  expect(carried.length).toBeGreaterThan(30);
  expect(kit.log.said()).toContain("a key was tested");
  const everything = [...answers, ...carried, ...api.log.events, JSON.stringify(audit)].join("\n");
  const logged = Bun.inspect(kit.log.lines, { depth: 9 });
  for (const secret of [TEST_KEY.apiKey, TEST_KEY.secret, OTHER_SECRET, ENCRYPTION_KEY, /v2\.[\w-]{8}\./]) {
    expect(everything).not.toMatch(secret);
    expect(logged).not.toMatch(secret);
  }
});
