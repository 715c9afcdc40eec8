import { afterAll, beforeAll, expect, test } from "bun:test";
import { fakeRows, testApi } from "./test-kit.ts";

let server: Bun.Server<undefined>;
const asked: { method: string; path: string; headers: Headers; body: string }[] = [];

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      asked.push({ method, path: pathname + search, headers, body: await request.text() });
      if (pathname === "/api/session") {
        const cookies = { "Set-Cookie": "auth-token=t; HttpOnly", "Content-Type": "application/json" };
        return new Response('{"token":"t"}', { status: 201, headers: cookies });
      }
      if (pathname !== "/api/events") return Response.json({ detail: "nothing" }, { status: 404 });
      const stream = new ReadableStream({
        start: (to) => void to.enqueue(new TextEncoder().encode("event: order\n\n")),
        cancel: () => streamEnded.resolve(),
      });
      return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
    },
  });
});
const streamEnded = Promise.withResolvers<void>();
afterAll(() => server.stop(true));

const apiOf = (how: "proxy" | "redirect", port = server.port) =>
  testApi({
    rows: fakeRows(),
    settings: { trustedProxies: ["127.0.0.1"] },
    deps: { elsewhere: { url: `http://127.0.0.1:${port}`, how } },
  });

test("what is not here is asked elsewhere, with everything that was sent, and the answer is passed on", async () => {
  const api = await apiOf("proxy");
  const response = await api.app.request(
    "/api/session?a=1",
    {
      method: "POST",
      headers: { Authorization: "Bearer b", "Content-Type": "application/json", Host: "edge.kr" },
      body: '{"email":"kim@mail.kr"}',
    },
    { remoteAddr: { hostname: "203.0.113.9" } },
  );
  expect([response.status, await response.json()]).toEqual([201, { token: "t" }]);
  expect(response.headers.get("Set-Cookie")).toContain("auth-token=t");
  const { method, path, headers, body } = asked.at(-1)!;
  expect([method, path, body]).toEqual(["POST", "/api/session?a=1", '{"email":"kim@mail.kr"}']);
  expect(["Authorization", "X-Forwarded-For"].map((name) => headers.get(name))).toEqual([
    "Bearer b",
    "203.0.113.9",
  ]);
  expect(headers.get("Host")).not.toBe("edge.kr");
  await api.close();
});

test("the api behind hears by what scheme the client came, by this server's word or that of a proxy of ours", async () => {
  const api = await apiOf("proxy");
  const heard = async (url: string, peer: string | undefined, headers: Record<string, string> = {}) => {
    await api.app.request(
      url,
      { headers },
      peer === undefined ? undefined : { remoteAddr: { hostname: peer } },
    );
    return asked.at(-1)!.headers.get("X-Forwarded-Proto");
  };
  const https = { "X-Forwarded-Proto": "https" };
  expect(await heard("http://edge.kr/api/me", "203.0.113.9")).toBe("http");
  expect(await heard("https://edge.kr/api/me", "203.0.113.9")).toBe("https");
  expect(await heard("https://edge.kr/api/me", undefined)).toBe("https");
  expect(await heard("http://edge.kr/api/me", "127.0.0.1", https)).toBe("https");
  expect(await heard("http://edge.kr/api/me", "203.0.113.9", https)).toBe("http");
  expect(await heard("http://edge.kr/api/me", undefined, https)).toBe("http");
  await api.close();
});

test("a stream is passed on as it comes, and ended when its reader leaves", async () => {
  const api = await apiOf("proxy");
  const response = await api.app.request("/api/events");
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("event: order\n\n");
  await reader.cancel();
  await streamEnded.promise;
  await api.close();
});

test("what is here is answered here, and outside /api nothing is passed on", async () => {
  const api = await apiOf("proxy");
  const before = asked.length;
  expect((await api.app.request("/api/premium")).status).toBe(200);
  expect((await api.app.request("/api/venues")).status).toBe(200);
  expect((await api.app.request("/admin")).status).toBe(404);
  expect(asked.length).toBe(before);
  expect((await api.app.request("/api/nothing")).status).toBe(404);
  expect(asked.length).toBe(before + 1);
  await api.close();
});

test("a server that is away is a problem document, and a redirect asks nobody", async () => {
  const nobody = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  await nobody.stop(true);
  const away = await apiOf("proxy", nobody.port);
  const response = await away.app.request("/api/me");
  expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect((await response.json()).detail).toContain("does not answer");
  const sent = await (await apiOf("redirect", nobody.port)).app.request("/api/me?x=1", {
    redirect: "manual",
  });
  expect([sent.status, sent.headers.get("Location")]).toEqual([
    307,
    `http://127.0.0.1:${nobody.port}/api/me?x=1`,
  ]);
  await away.close();
});
