// What stands before the routes: limits by address and by user, other sites' pages, and the headers of every answer.

import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { accountsApi, accountsDatabase, PASSWORD, send, tokenFor } from "./test-accounts.ts";
import { fakeRows, type TestApi, testApi } from "./test-kit.ts";

setDefaultTimeout(60_000);

const SITE = "https://app.example.kr";
const PEER_HEADER = "Test-Peer";

let context: Awaited<ReturnType<typeof accountsDatabase>>;
let apis: TestApi[] = [];

beforeAll(async () => {
  context = await accountsDatabase();
  for (const name of ["kim", "lee"]) await context.addUser(`${name}@mail.kr`);
});
afterEach(async () => {
  for (const api of apis) await api.close();
  apis = [];
});
afterAll(() => context.database.close());

/** Requests come from the address their header names, else from a proxy that is trusted. */
async function guarded(settings: Parameters<typeof testApi>[0] & object = {}): Promise<TestApi> {
  const api = await testApi({
    ...settings,
    rows: fakeRows(),
    settings: { trustedProxies: ["127.0.0.1"], corsOrigins: [SITE], ...settings.settings },
    deps: {
      accounts: context.accounts,
      sockets: {
        peerOf: (request) => request.headers.get(PEER_HEADER) ?? "127.0.0.1",
        keepOpen: () => {},
        release: () => {},
      },
    },
  });
  apis.push(api);
  return api;
}

const from = (address: string) => ({ [PEER_HEADER]: address });

async function statuses(count: number, ask: () => Response | Promise<Response>): Promise<number[]> {
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const response = await ask();
    await response.body?.cancel();
    found.push(response.status);
  }
  return found;
}

test("an address that asks too often is refused with the time to wait, others are not, and it may ask again after it", async () => {
  const api = await guarded({ settings: { addressRequestsPerMinuteMax: 3 } });
  const ask = (address: string) => api.app.request("/api/premium", { headers: from(address) });
  expect(await statuses(4, () => ask("198.51.100.1"))).toEqual([200, 200, 200, 429]);
  const refused = await ask("198.51.100.1");
  expect(refused.headers.get("Content-Type")).toBe("application/problem+json");
  expect(refused.headers.get("Retry-After")).toBe("20");
  expect((await refused.json()).detail).toBe("Too many requests from this address.");
  expect((await ask("198.51.100.2")).status).toBe(200);
  await api.clock.advance(20_000);
  expect(await statuses(2, () => ask("198.51.100.1"))).toEqual([200, 429]);
});

test("behind a proxy each client is counted by himself, and a forged header buys nothing", async () => {
  const api = await guarded({ settings: { addressRequestsPerMinuteMax: 1 } });
  const ask = (hops: string, peer = "127.0.0.1") =>
    api.app.request("/api/premium", { headers: { ...from(peer), "X-Forwarded-For": hops } });
  expect((await ask("203.0.113.1")).status).toBe(200);
  expect((await ask("203.0.113.2")).status).toBe(200);
  expect((await ask("6.6.6.6, 203.0.113.1")).status).toBe(429);
  expect((await ask("6.6.6.1", "198.51.100.9")).status).toBe(200);
  expect((await ask("6.6.6.2", "198.51.100.9")).status).toBe(429);
});

test("opening streams is counted apart and generously, keeping them open is not; health is never counted", async () => {
  const api = await guarded({ settings: { addressRequestsPerMinuteMax: 2 } });
  const ask = (path: string) => api.app.request(path, { headers: from("198.51.100.1") });
  const streams = await Promise.all(Array.from({ length: 20 }, () => ask("/api/premium/stream")));
  expect(streams.map(({ status }) => status)).toEqual(new Array(20).fill(200));
  expect((await ask("/api/premium/stream")).status).toBe(429);
  for (const { body } of streams) await body!.cancel();
  // Whoever lives behind that address may still ask for the rest.
  expect(await statuses(3, () => ask("/api/premium"))).toEqual([200, 200, 429]);
  expect(await statuses(5, () => api.app.request("/health/live", { headers: from("198.51.100.1") }))).toEqual(
    new Array(5).fill(200),
  );
});

test("charts are counted together, and more strictly", async () => {
  const api = await guarded({ settings: { addressRequestsPerMinuteMax: 20 } });
  const ask = (path: string) => api.app.request(path, { headers: from("198.51.100.1") });
  expect((await ask("/api/rates/history?pair=none")).status).not.toBe(429);
  expect((await ask("/api/kline")).status).not.toBe(429);
  expect((await ask("/api/rates/history?pair=none")).status).toBe(429);
  const refused = await ask("/api/kline");
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "30"]);
  expect((await ask("/api/premium")).status).toBe(200);
});

test("logins, sign-ups and tests of keys are counted together, and more strictly", async () => {
  const api = await guarded({ settings: { addressLoginsPerMinuteMax: 3 } });
  const address = from("198.51.100.1");
  const login = () => send(api, "/api/session", { email: "nobody@mail.kr", password: PASSWORD }, address);
  expect((await login()).status).toBe(401);
  expect((await send(api, "/api/account", {}, address)).status).toBe(400);
  expect((await send(api, "/api/keys/upbit/test", {}, address)).status).toBe(401);
  expect((await login()).status).toBe(429);
  expect((await send(api, "/api/account", {}, address)).status).toBe(429);
  expect((await send(api, "/api/keys/upbit/test", {}, address)).status).toBe(429);
  expect((await api.app.request("/api/premium", { headers: address })).status).toBe(200);
});

test("what a user reads of his own is counted apart, and neither what is everybody's nor another's is", async () => {
  const api = await guarded({ settings: { userReadsPerMinuteMax: 3, userWritesPerMinuteMax: 1 } });
  const kim = { Authorization: `Bearer ${await tokenFor(api, "kim@mail.kr")}` };
  const lee = { Authorization: `Bearer ${await tokenFor(api, "lee@mail.kr")}` };
  const paths = ["/api/positions/export.csv", "/api/balances", "/api/positions/history", "/api/me"];
  const read = (path: string, who: Record<string, string>, address: string) =>
    api.app.request(path, { headers: { ...who, ...from(address) } });
  const found: number[] = [];
  for (const [index, path] of paths.entries()) {
    const response = await read(path, kim, `198.51.100.${index}`);
    await response.body?.cancel();
    found.push(response.status);
  }
  expect(found.slice(0, 3)).not.toContain(429);
  expect(found[3]).toBe(429);
  const refused = await read("/api/me", kim, "198.51.100.9");
  expect([refused.headers.get("Retry-After"), (await refused.json()).detail]).toEqual([
    ...["20", "Too many requests by this user."],
  ]);
  expect((await read("/api/me", lee, "198.51.100.9")).status).toBe(200);
  expect((await read("/api/premium", kim, "198.51.100.9")).status).toBe(200);
  expect((await send(api, "/api/paper/reset", {}, kim)).status).toBe(200);
  expect((await api.app.request("/api/session", { method: "DELETE", headers: kim })).status).toBe(204);
});

test("a user's changes are counted wherever they come from; another's, reading and leaving are not", async () => {
  const api = await guarded({ settings: { userWritesPerMinuteMax: 2 } });
  const kim = { Authorization: `Bearer ${await tokenFor(api, "kim@mail.kr")}` };
  const lee = { Authorization: `Bearer ${await tokenFor(api, "lee@mail.kr")}` };
  const write = (who: Record<string, string>, address: string) =>
    send(api, "/api/paper/reset", {}, { ...who, ...from(address) });
  expect((await write(kim, "198.51.100.1")).status).toBe(200);
  expect((await write(kim, "198.51.100.2")).status).toBe(200);
  const refused = await write(kim, "198.51.100.3");
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "30"]);
  expect((await write(lee, "198.51.100.3")).status).toBe(200);
  expect((await api.app.request("/api/me", { headers: kim })).status).toBe(200);
  expect((await api.app.request("/api/session", { method: "DELETE", headers: kim })).status).toBe(204);
});

test("every answer carries the headers that protect browsers, faults too; HTTPS is insisted on only over HTTPS", async () => {
  const api = await guarded();
  for (const path of [
    "/api/premium",
    "/api/docs",
    "/api/me",
    "/nothing",
    "/health/live",
    "/api/premium?x=1",
  ]) {
    const { headers } = await api.app.request(path);
    expect([path, headers.get("X-Content-Type-Options")]).toEqual([path, "nosniff"]);
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(headers.get("Content-Security-Policy")).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get("Strict-Transport-Security")).toBeNull();
  }
  const https = { "X-Forwarded-Proto": "https" };
  const secure = await api.app.request("/api/premium", { headers: https });
  expect(secure.headers.get("Strict-Transport-Security")).toBe("max-age=31536000");
  const forged = await api.app.request("/api/premium", { headers: { ...https, ...from("198.51.100.1") } });
  expect(forged.headers.get("Strict-Transport-Security")).toBeNull();
});

test("the session's cookie is Secure behind a proxy that speaks HTTPS, and nobody else can say so", async () => {
  const api = await guarded();
  const body = { email: "kim@mail.kr", password: PASSWORD };
  const https = { "X-Forwarded-Proto": "https" };
  const cookie = async (headers: Record<string, string>) =>
    (await send(api, "/api/session", body, headers)).headers.get("Set-Cookie");
  expect(await cookie(https)).toMatch(/^auth-token=.*HttpOnly; Secure; SameSite=Lax/);
  expect(await cookie({ ...https, ...from("198.51.100.1") })).not.toContain("Secure");
  expect(await cookie({})).not.toContain("Secure");
});

test("a page of a listed site may use the private paths, asked beforehand too; any other may not read them", async () => {
  const api = await guarded();
  const me = (headers: Record<string, string>, method = "GET") =>
    api.app.request("/api/me", { method, headers });
  const listed = await me({ Origin: SITE });
  expect(listed.headers.get("Access-Control-Allow-Origin")).toBe(SITE);
  expect(listed.headers.get("Access-Control-Allow-Credentials")).toBe("true");
  expect(listed.headers.get("Vary")).toContain("Origin");
  for (const origin of ["https://evil.kr", "null", `${SITE}.evil.kr`]) {
    for (const method of ["GET", "OPTIONS"]) {
      const { headers } = await me({ Origin: origin }, method);
      expect([origin, headers.get("Access-Control-Allow-Origin")]).toEqual([origin, null]);
      expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
      expect(headers.get("Vary")).toContain("Origin");
    }
  }
  const asked = await api.app.request("/api/keys/upbit", { method: "OPTIONS", headers: { Origin: SITE } });
  expect([asked.status, asked.headers.get("Access-Control-Allow-Methods")]).toEqual([204, "PUT, DELETE"]);
  expect(asked.headers.get("Access-Control-Allow-Headers")).toContain("Content-Type");
  const open = await api.app.request("/api/premium", { headers: { Origin: "https://evil.kr" } });
  expect(open.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(open.headers.get("Access-Control-Allow-Credentials")).toBeNull();
});

test("a page of a listed site reads the public paths with the same client, its cookies and its bearer", async () => {
  const api = await guarded();
  const paths = ["/api/premium", "/api/premium/stream", "/api/venues", "/api/nothing", "/api/premium?x=1"];
  for (const path of paths) {
    const { body, headers } = await api.app.request(path, { headers: { Origin: SITE } });
    await body?.cancel();
    expect([path, headers.get("Access-Control-Allow-Origin")]).toEqual([path, SITE]);
    expect(headers.get("Access-Control-Allow-Credentials")).toBe("true");
    expect(headers.get("Vary")).toContain("Origin");
  }
  for (const Origin of [SITE, "https://other.kr"]) {
    const { headers } = await api.app.request("/api/premium", { method: "OPTIONS", headers: { Origin } });
    const isListed = Origin === SITE;
    expect(headers.get("Access-Control-Allow-Origin")).toBe(isListed ? SITE : "*");
    expect(headers.get("Access-Control-Allow-Credentials")).toBe(isListed ? "true" : null);
    expect(headers.get("Access-Control-Allow-Headers")).toContain(
      "Authorization, Cache-Control, Content-Type",
    );
  }
  // What somebody else's page was told must not be kept for this one.
  const unasked = await api.app.request("/api/premium");
  expect(unasked.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(unasked.headers.get("Vary")).toContain("Origin");
});

test("no other site's page changes anything with a visitor's cookie, nor logs him in", async () => {
  const api = await guarded();
  const Cookie = `auth-token=${await tokenFor(api, "kim@mail.kr")}`;
  const reset = async (headers: Record<string, string>) =>
    (await send(api, "http://api.kr/api/paper/reset", {}, { Cookie, ...headers })).status;
  expect(await reset({})).toBe(200);
  expect(await reset({ Origin: SITE, "Sec-Fetch-Site": "cross-site" })).toBe(200);
  expect(await reset({ Origin: "http://api.kr" })).toBe(200);
  expect(await reset({ Origin: "https://api.kr", "X-Forwarded-Proto": "https" })).toBe(200);
  expect(await reset({ Origin: "https://api.kr:8443", "Sec-Fetch-Site": "same-origin" })).toBe(200);
  const foreign: Record<string, string>[] = [
    { Origin: "https://evil.kr" },
    { Origin: "null" },
    { Origin: "http://api.kr", "X-Forwarded-Proto": "https" },
    { Origin: "https://www.api.kr", "Sec-Fetch-Site": "same-site" },
    { "Sec-Fetch-Site": "cross-site" },
    // No bearer that anybody is known by.
    { Origin: "https://evil.kr", Authorization: "Bearer of nothing" },
    { Origin: "https://api.kr", "Sec-Fetch-Site": "cross-site" },
  ];
  for (const refused of foreign) {
    expect([refused, await reset(refused)]).toEqual([refused, 403]);
  }
  const login = { email: "kim@mail.kr", password: PASSWORD };
  expect((await send(api, "/api/session", login, { Origin: "https://evil.kr" })).status).toBe(403);
  const Authorization = `Bearer ${await tokenFor(api, "kim@mail.kr")}`;
  const { status } = await send(api, "/api/paper/reset", {}, { Authorization, Origin: "https://other.kr" });
  expect(status).toBe(200);
});

test("without settings nothing is limited: an api in front of nobody but itself", async () => {
  const api = await accountsApi(context.accounts);
  apis.push(api);
  expect(await statuses(50, () => api.app.request("/api/premium"))).toEqual(new Array(50).fill(503));
});
