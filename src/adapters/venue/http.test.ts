import { afterAll, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { httpGet } from "./http.ts";

const CHUNK = new Uint8Array(1024 * 1024);
let sentBytes = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/endless") {
      const pull = (controller: ReadableStreamDefaultController) => {
        sentBytes += CHUNK.length;
        controller.enqueue(CHUNK);
      };
      return new Response(new ReadableStream({ pull }));
    }
    if (pathname === "/redirect") return Response.redirect("/json", 302);
    if (pathname === "/busy")
      return new Response("too many", { status: 429, headers: { "retry-after": "7" } });
    if (pathname === "/origin") return new Response(String(request.headers.get("origin")));
    return new Promise<Response>(() => undefined);
  },
});
afterAll(() => server.stop(true));
const get = (path: string, timeoutMs = 5_000) =>
  httpGet(`http://127.0.0.1:${server.port}${path}`, timeoutMs, systemClock);

test("a body without end is given up at the size limit", async () => {
  const got = await get("/endless");
  expect([got.outcome, got.bytes]).toEqual(["network", undefined]);
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
});

test("refusals keep their status, headers and words; redirects are not followed; nothing hangs", async () => {
  const busy = await get("/busy");
  expect([busy.outcome, busy.text, busy.answer.headers?.get("retry-after")]).toEqual([
    "http 429",
    "too many",
    "7",
  ]);
  expect((await get("/redirect")).outcome).toBe("http 302");
  expect((await get("/silent", 50)).outcome).toBe("timeout");
});

test("no Origin header is sent", async () => {
  expect(new TextDecoder().decode((await get("/origin")).bytes)).toBe("null");
});
