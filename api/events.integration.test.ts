// A user's events over the app, on a store and a bus of this file: who sees what, coming back, and when streams end.

import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { sign } from "hono/jwt";
import type { EventOwner } from "../schema/messages/subjects.ts";
import { encodeUserEvent, parseUserEvent, type UserEvent } from "../schema/messages/user-event.ts";
import { InProcessBus } from "../src/adapters/bus/in-process.ts";
import { systemClock } from "../src/adapters/clock.ts";
import { accountsDatabase, JWT_SECRET, tokenFor } from "./test-accounts.ts";
import { StreamReader, type TestApi, testApi } from "./test-kit.ts";

setDefaultTimeout(60_000);

let context: Awaited<ReturnType<typeof accountsDatabase>>;
const ids: Record<string, number> = {};
let api: TestApi;
let count = 0;

beforeAll(async () => {
  context = await accountsDatabase();
  for (const name of ["kim", "lee"]) ids[name] = await context.addUser(`${name}@mail.kr`);
});
afterAll(() => context.database.close());
beforeEach(async () => {
  api = await testApi({ deps: { accounts: context.accounts }, settings: { userStreamsMax: 4 } });
});
afterEach(() => api.close());

/** A login as Karbit makes one: no password is hashed for it. */
async function login(name: string): Promise<string> {
  const userId = ids[name]!;
  const token = await sign({ userId, jti: `${++count}` }, JWT_SECRET, "HS256");
  const expiresAtMs = api.clock.nowMs() + 2 * 3_600_000;
  await context.accounts.sessions.begin({ userId, token, expiresAtMs });
  return token;
}
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
function ask(token: string, { query = "", lastEventId }: { query?: string; lastEventId?: string } = {}) {
  const headers = { ...bearer(token), ...(lastEventId !== undefined && { "Last-Event-ID": lastEventId }) };
  return api.app.request(`/api/events${query}`, { headers });
}
async function follow(token: string, options: Parameters<typeof ask>[1] = {}): Promise<StreamReader> {
  const response = await ask(token, options);
  expect(response.status).toBe(200);
  return new StreamReader(response);
}
async function tell(name: string, ko: string, more: { owner?: EventOwner; userId?: number } = {}) {
  const userId = ids[name]!;
  const event: UserEvent = {
    ...{ kind: "alert", mode: "paper", atMs: 5, level: "info", notice: "entered", coin: "XRP", ko, en: "e" },
    userId: more.userId ?? userId,
  };
  const owner = more.owner ?? { mode: "paper", userId };
  await context.events.publish(owner, `${++count}`, encodeUserEvent(event));
}
/** What has come, by name; alerts by their words. */
const named = (text: string) =>
  [...text.matchAll(/id: (\S+)\nevent: (\S+)\ndata: (.*)\n\n/g)].map(([, , kind = "", data = ""]) => {
    const event = parseUserEvent(new TextEncoder().encode(data));
    expect(event.kind).toBe(kind as UserEvent["kind"]);
    return event.kind === "alert" ? event.ko : event.kind;
  });
const placesIn = (text: string) => [...text.matchAll(/id: (\S+)\n/g)].map(([, id]) => id!);
const told = (reader: StreamReader, length: number) =>
  reader.until((text) => named(text).length >= length).then(named);

test("a user hears his own events and nobody else's, whatever a message says", async () => {
  const [kim, lee] = [await login("kim"), await login("lee")];
  const [ofKim, ofLee] = [await follow(kim), await follow(lee)];
  await tell("lee", "for lee");
  await tell("kim", "live", { owner: { mode: "live", userId: ids.kim! } });
  await tell("kim", "of another", { userId: ids.lee! });
  await tell("kim", "for kim");
  expect(await told(ofKim, 1)).toEqual(["for kim"]);
  expect(await told(ofLee, 1)).toEqual(["for lee"]);
  expect(api.log.events).toContain("an event of somebody else was not shown");
  const { headers } = ofKim.response;
  expect(headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
  expect(headers.get("Cache-Control")).toContain("no-store");
  expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
});

test("a stream goes on behind the last event seen, from its beginning too, and says when it cannot", async () => {
  const token = await login("kim");
  const first = await follow(token);
  const [beginning] = placesIn(await first.until((text) => placesIn(text).length > 0));
  await first.cancel();
  for (const text of ["a", "b", "c"]) await tell("kim", text);
  const second = await follow(token, { lastEventId: beginning! });
  expect(await told(second, 3)).toEqual(["a", "b", "c"]);
  const places = placesIn(second.text);
  expect(places[0]).toBe(beginning!);
  const third = await follow(token, { query: `?lastEventId=${places[1]}` });
  expect(await told(third, 2)).toEqual(["b", "c"]);
  // The header is the newer of the two.
  const fourth = await follow(token, { query: `?lastEventId=${places[1]}`, lastEventId: places[2]! });
  expect(await told(fourth, 1)).toEqual(["c"]);
  for (const lastEventId of ["unknown", "17.0", "a".repeat(500)]) {
    const lost = await follow(token, { lastEventId });
    await tell("kim", "now");
    expect(await told(lost, 2)).toEqual(["reset", "now"]);
    await lost.cancel();
  }
  expect((await ask(token, { query: "?since=1" })).status).toBe(400);
});

test("a stream ends with its session: by logging out, by another login, and within a minute of its row's end", async () => {
  const first = await follow(await login("kim"));
  const second = await follow(await tokenFor(api, "kim@mail.kr"));
  await first.toEnd();
  const lee = await login("lee");
  const ofLee = await follow(lee);
  await tell("kim", "still here");
  expect(await told(second, 1)).toEqual(["still here"]);
  const out = await api.app.request("/api/session", { method: "DELETE", headers: bearer(lee) });
  expect(out.status).toBe(204);
  await ofLee.toEnd();

  const token = await login("kim");
  await context.accounts.sessions.end(token);
  expect((await ask(token)).status).toBe(401);
  const next = await login("kim");
  const third = await follow(next);
  await api.clock.advance(16_000);
  await third.until((text) => text.includes(":hb "));
  await context.accounts.sessions.end(next);
  await tell("kim", "before it is known");
  expect(await told(third, 1)).toEqual(["before it is known"]);
  await api.clock.advance(61_000);
  await third.toEnd();

  const fourth = await follow(await login("kim"));
  await fourth.until((text) => placesIn(text).length > 0);
  api.clock.setWallClock(api.clock.nowMs() + 2 * 3_600_000);
  await api.clock.advance(61_000);
  await fourth.toEnd();
});

test("a fourth stream closes the user's oldest, and beyond all places one is asked to come later", async () => {
  const [kim, lee] = [await login("kim"), await login("lee")];
  const readers = [await follow(kim), await follow(kim), await follow(kim)];
  const ofLee = await follow(lee);
  const refused = await ask(lee);
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "10"]);
  await ofLee.cancel();
  const fourth = await follow(kim);
  await readers[0]!.toEnd();
  await tell("kim", "to three");
  for (const reader of [readers[1]!, readers[2]!, fourth])
    expect(await told(reader, 1)).toEqual(["to three"]);
});

test("a burst reaches a reader that was busy, and one that never reads is dropped", async () => {
  const token = await login("kim");
  const reader = await follow(token);
  for (let index = 0; index < 50; index++) await tell("kim", `${index}`);
  expect(await told(reader, 50)).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
  for (let index = 0; index < 40; index++) await tell("kim", `${index} ${"long ".repeat(4_000)}`);
  const behind = await reader.until((text) => named(text).includes("reset"));
  const [, last = ""] = [...behind.matchAll(/id: (\S+)\nevent: reset/g)][0]!;
  await tell("kim", "after");
  const after = named(await reader.until((text) => named(text).includes("after")));
  expect(after.filter((name) => name === "reset").length).toBe(1);
  expect(after.length).toBeLessThan(50 + 40);
  await reader.cancel();
  // What is told after a reset is behind it: nothing is told twice.
  expect(await told(await follow(token, { lastEventId: last }), 1)).toEqual(["after"]);

  const idle = await follow(token);
  for (let index = 0; index < 40; index++) await tell("kim", `${index} ${"long ".repeat(4_000)}`);
  await api.clock.advance(3_000);
  expect(idle.toEnd()).rejects.toThrow("the reader stopped reading");
});

test("while the bus is away a stream is refused, and a HEAD opens none", async () => {
  const events = new InProcessBus(systemClock).userEvents;
  const other = await testApi({ deps: { accounts: { ...context.accounts, events } } });
  const headers = bearer(await login("kim"));
  const refused = await other.app.request("/api/events", { headers });
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "2"]);
  await other.close();
  for (let time = 0; time < 6; time++) {
    const head = await api.app.request("/api/events", { method: "HEAD", headers });
    expect([head.status, head.body]).toEqual([200, null]);
  }
});
