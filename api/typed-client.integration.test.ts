// A program that knows the api by its type alone (`hc<Api>`), against the api on a port. That it compiles, and that the
// lines marked as errors do not, is checked by tsc; that the types tell the truth is checked by running it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { hc } from "hono/client";
import type { Api } from "./app.ts";
import { PASSWORD } from "./test-accounts.ts";
import { callers } from "./test-callers.ts";

/** Compiles only where the two are one type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const sure = <_Fact extends true>() => {};

const kit = callers();
let server: Bun.Server<undefined>;
let client: ReturnType<typeof hc<Api>>;
let signedIn: { headers: { Authorization: string } };

beforeAll(() => {
  server = Bun.serve({ port: 0, fetch: kit.api.app.fetch });
  client = hc<Api>(server.url.origin);
  signedIn = { headers: kit.bearer("kim") };
});
afterAll(() => server.stop(true));

test("a session is begun, used and ended", async () => {
  const response = await client.api.session.$post({ json: { email: "kim@mail.kr", password: PASSWORD } });
  if (response.status !== 200) throw new Error(`expected a session, was ${response.status}`);
  const { token, account } = await response.json();
  sure<Same<typeof token, string>>();
  sure<Same<typeof account.name, string | null>>();
  signedIn = { headers: { Authorization: `Bearer ${token}` } };
  const wrong = await client.api.session.$post({ json: { email: "kim@mail.kr", password: "wrong" } });
  if (wrong.status !== 401) throw new Error(`expected a refusal, was ${wrong.status}`);
  const { code, detail } = await wrong.json();
  sure<Same<typeof code, "no-session" | "wrong-credentials">>();
  expect({ code, detail }).toEqual({
    ...{ code: "wrong-credentials", detail: "The address or the password is wrong." },
  });
  // @ts-expect-error no password
  expect((await client.api.session.$post({ json: { email: "kim@mail.kr" } })).status).toBe(400);
  const made = await client.api.account.$post({
    json: { email: "pak@mail.kr", password: "a long password" },
  });
  if (made.status !== 201) throw new Error(`expected an account, was ${made.status}`);
  const pak = { headers: { Authorization: `Bearer ${(await made.json()).token}` } };
  const me = await client.api.me.$get({}, pak);
  if (me.status !== 200) throw new Error(`expected an account, was ${me.status}`);
  const { email } = await me.json();
  sure<Same<typeof email, string>>();
  expect(email).toBe("pak@mail.kr");
  expect((await client.api.session.$delete({}, pak)).status).toBe(204);
  expect((await client.api.me.$get({}, pak)).status).toBe(401);
});

test("rates, venues, coins and charts", async () => {
  const table = await client.api.premium.$get({ query: { pairs: "upbit-bybit", coins: ["BTC", "ETH"] } });
  if (table.status === 503) expect((await table.json()).detail).toBe("No frame has arrived yet.");
  else if (table.status === 200) sure<Same<Awaited<ReturnType<typeof table.json>>["tickAtMs"], number>>();
  // @ts-expect-error no such format
  const stream = await client.api.premium.stream.$get({ query: { format: "xml" } });
  expect(stream.status).toBe(400);
  const venues = await client.api.venues.$get({});
  if (venues.status !== 200) throw new Error(`expected venues, was ${venues.status}`);
  expect((await venues.json()).venues.map(({ venue }) => venue)).toContain("upbit");
  const coins = await client.api.coins.$get({});
  if (coins.status !== 200) throw new Error(`expected coins, was ${coins.status}`);
  expect((await coins.json()).coins).toEqual([]);
  const history = await client.api.rates.history.$get({ query: { pair: "upbit-bybit", from: "0", to: "1" } });
  expect(history.status).toBe(200);
  // @ts-expect-error the pair is missing
  expect((await client.api.rates.history.$get({ query: { coin: "BTC" } })).status).toBe(400);
  const kline = await client.api.kline.$get({
    query: { exchanges: "UPBIT,BYBIT", symbol: "BTC", interval: "1m" },
  });
  if (kline.status !== 200) throw new Error(`expected a chart, was ${kline.status}`);
  expect((await kline.json()).candleData).toEqual([]);
  const live = await client.health.live.$get();
  sure<Same<Awaited<ReturnType<typeof live.json>>["status"], "live">>();
  expect((await client.health.ready.$get()).status).toBe(503);
});

test("keys and balances", async () => {
  const { keys } = client.api;
  const json = { apiKey: "an-access-key", secret: "its-secret-text" };
  const stored = await keys[":venue"].$put({ param: { venue: "upbit" }, json }, signedIn);
  if (stored.status !== 200) throw new Error(`expected a stored key, was ${stored.status}`);
  expect(await stored.json()).toEqual({ venue: "upbit", replaced: false });
  // @ts-expect-error no such venue
  const nowhere = await keys[":venue"].$put({ param: { venue: "okx" }, json }, signedIn);
  expect(nowhere.status).toBe(404);
  // @ts-expect-error no secret
  const half = await keys[":venue"].$put({ param: { venue: "upbit" }, json: { apiKey: "a" } }, signedIn);
  expect(half.status).toBe(400);
  const listed = await keys.$get({}, signedIn);
  if (listed.status !== 200) throw new Error(`expected keys, was ${listed.status}`);
  const [own] = await listed.json();
  // @ts-expect-error a key is never given out
  expect(own?.secret).toBeUndefined();
  expect(own?.venue).toBe("upbit");
  expect((await keys[":venue"].test.$post({ param: { venue: "upbit" } }, signedIn)).status).toBe(503);
  expect((await keys[":venue"].$delete({ param: { venue: "upbit" } }, signedIn)).status).toBe(204);
  const balances = await client.api.balances.$get({}, signedIn);
  if (balances.status !== 503) throw new Error(`expected no scheduler, was ${balances.status}`);
  expect((await balances.json()).detail).toBe("The scheduler does not answer right now.");
});

test("strategies, consent and decisions", async () => {
  const { strategies, consent } = client.api;
  const json = {
    ...{ name: "Steady", seedAmountKrw: "30000000", seedDivision: 3, leverage: 2 },
    ...({ tradeMode: "auto", coinMode: "auto" } as const),
    ...{ allowAverageDown: true, allowAverageUp: false },
  };
  const started = await strategies.$post({ json }, signedIn);
  if (started.status !== 201) throw new Error(`expected a strategy, was ${started.status}`);
  const { strategyId } = await started.json();
  sure<Same<typeof strategyId, number>>();
  // @ts-expect-error money is a text
  const inexact = await strategies.$post({ json: { ...json, seedAmountKrw: 30_000_000 } }, signedIn);
  if (inexact.status !== 400) throw new Error(`expected a refusal, was ${inexact.status}`);
  expect((await inexact.json()).issues?.[0]?.parameter).toBe("seedAmountKrw");
  const changed = await strategies.active.$patch({ json: { leverage: 1 } }, signedIn);
  expect(changed.status).toBe(200);
  // @ts-expect-error no such term
  expect((await strategies.active.$patch({ json: { lever: 1 } }, signedIn)).status).toBe(400);
  const listed = await strategies.$get({}, signedIn);
  if (listed.status !== 200) throw new Error(`expected strategies, was ${listed.status}`);
  const { activeStrategyId, strategies: all } = await listed.json();
  sure<Same<typeof activeStrategyId, number | null>>();
  expect(all.map((one) => one.leverage)).toEqual([1, 2]);
  expect((await strategies.active.$delete({}, signedIn)).status).toBe(200);
  const asked = await consent.$put({ json: { consent: false } }, signedIn);
  if (asked.status !== 200) throw new Error(`expected no consent, was ${asked.status}`);
  expect((await asked.json()).consent).toBe(false);
  // @ts-expect-error not without the words
  expect((await consent.$put({ json: { consent: true } }, signedIn)).status).toBe(400);
  const decisions = await strategies.decisions.$get({}, signedIn);
  if (decisions.status !== 200) throw new Error(`expected decisions, was ${decisions.status}`);
  sure<Same<Awaited<ReturnType<typeof decisions.json>>[number]["action"], "enter" | "exit" | "hold">>();
  expect(await decisions.json()).toEqual([]);
});

test("positions, and what a user does when something is wrong", async () => {
  const { positions, entries, incidents } = client.api;
  const page = await positions.history.$get({ query: { page: "1", size: "10" } }, signedIn);
  if (page.status !== 200) throw new Error(`expected a page, was ${page.status}`);
  expect(await page.json()).toEqual({ page: 1, size: 10, total: 0, rows: [] });
  // @ts-expect-error a query is text
  expect((await positions.history.$get({ query: { page: 1 } }, signedIn)).status).toBe(200);
  const statistics = await positions.statistics.$get({}, signedIn);
  if (statistics.status !== 200) throw new Error(`expected statistics, was ${statistics.status}`);
  const { profitKrw } = await statistics.json();
  sure<Same<typeof profitKrw, string>>();
  expect((await positions.active.$get({}, signedIn)).status).toBe(200);
  expect((await positions.daily.$get({ query: { to: "2026-01-31" } }, signedIn)).status).toBe(200);
  const csv = await positions["export.csv"].$get({}, signedIn);
  expect(csv.status === 200 && (await csv.text()).split("\n").length).toBe(2);
  const close = await positions[":coin"].close.$post({ param: { coin: "BTC" }, json: {} }, signedIn);
  expect(close.status).toBe(404);
  const off = await entries.$put({ json: { off: true, why: "away" } }, signedIn);
  if (off.status !== 200) throw new Error(`expected entries off, was ${off.status}`);
  const { by } = await off.json();
  sure<Same<typeof by, "user" | "operator" | "engine" | null>>();
  expect(by).toBe("user");
  // @ts-expect-error not without a reason
  expect((await entries.$put({ json: { off: true } }, signedIn)).status).toBe(400);
  expect((await entries.$put({ json: { off: false } }, signedIn)).status).toBe(200);
  expect((await incidents.$get({}, signedIn)).status).toBe(200);
  expect((await incidents[":id"].close.$post({ param: { id: "1" }, json: {} }, signedIn)).status).toBe(404);
});

test("paper money, the chat, and events", async () => {
  const { paper, telegram, events } = client.api;
  const topped = await paper["top-up"].$post({ json: { venue: "upbit", amount: "1000" } }, signedIn);
  if (topped.status !== 200) throw new Error(`expected accounts, was ${topped.status}`);
  const [first] = await topped.json();
  sure<Same<NonNullable<typeof first>["asset"], "KRW" | "USDT">>();
  // @ts-expect-error the amount is a text
  const inexact = await paper["top-up"].$post({ json: { venue: "upbit", amount: 1 } }, signedIn);
  expect(inexact.status).toBe(400);
  expect((await paper.reset.$post({ json: {} }, signedIn)).status).toBe(200);
  expect((await paper.$get({}, signedIn)).status).toBe(200);
  const offer = await telegram.link.$post({}, signedIn);
  if (offer.status !== 201) throw new Error(`expected a code, was ${offer.status}`);
  expect((await offer.json()).url).toStartWith("https://t.me/");
  const silent = await telegram.$put({ json: { notifications: false } }, signedIn);
  expect(silent.status).toBe(404);
  // @ts-expect-error what of it?
  expect((await telegram.$put({ json: {} }, signedIn)).status).toBe(400);
  const link = await telegram.$get({}, signedIn);
  if (link.status !== 200) throw new Error(`expected a chat, was ${link.status}`);
  sure<Same<Awaited<ReturnType<typeof link.json>>["linked"], boolean>>();
  expect((await telegram.$delete({}, signedIn)).status).toBe(404);
  const stream = await events.$get({ query: { lastEventId: "x" } }, signedIn);
  expect(stream.headers.get("Content-Type")).toStartWith("text/event-stream");
  await stream.body?.cancel();
});
