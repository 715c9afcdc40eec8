// What a client with real credentials gets of the private routes through an edge: the edge a process of Deno's, an api with
// a database behind it; asked by programs under Bun and Deno, and by pages in Chromium.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import denoSettings from "../deno.json";
import { needs } from "../src/testing/needs.ts";
import { type Child, freePort, launchChromium, startChild } from "../src/testing/services.ts";
import { accountsDatabase, PASSWORD } from "./test-accounts.ts";
import { fakeRows, type TestApi, testApi } from "./test-kit.ts";

const root = join(import.meta.dir, "..");
const deno = join(root, "node_modules", "deno", "deno");
const LOGIN = JSON.stringify({ email: "kim@mail.kr", password: PASSWORD });

interface Asked {
  readonly edge: string;
  readonly login: string;
}

/** What is asked, and its answers' statuses; 0: the answer is kept from the client. Sent as a text to whoever is to run it. */
async function tour({ edge, login }: Asked): Promise<Record<string, number>> {
  const json = { "Content-Type": "application/json" };
  const statuses: Record<string, number> = {};
  const ask = async (name: string, url: string, init: RequestInit): Promise<Response | undefined> => {
    const response = await fetch(url, init).catch(() => undefined);
    statuses[name] = response?.status ?? 0;
    if (!response?.ok) await response?.body?.cancel();
    return response?.ok ? response : undefined;
  };
  const logIn = { method: "POST", headers: json, body: login, credentials: "include" } as const;
  const followed = await ask("login", `${edge}/api/session`, logIn);
  const token = (await followed?.json())?.token;
  const bearer = { Authorization: `Bearer ${token}` };
  await ask("bearer GET", `${edge}/api/me`, { headers: bearer });
  const off = { method: "PUT", headers: { ...bearer, ...json }, body: '{"off":false}' };
  await ask("bearer PUT", `${edge}/api/entries`, off);
  // Programs say their cookies themselves, browsers keep them.
  const cookie = { headers: { Cookie: `auth-token=${token}` }, credentials: "include" } as const;
  await ask("cookie GET", `${edge}/api/me`, cookie);
  await ask("public GET", `${edge}/api/coins`, {});
  if (token) {
    const { headers } = await fetch(`${edge}/api/me`, { headers: bearer, redirect: "manual" });
    await ask("by hand", headers.get("Location") ?? `${edge}/api/me`, { headers: bearer });
  }
  return statuses;
}

needs(["chromium", "postgres"], "the private routes through an edge", () => {
  let context: Awaited<ReturnType<typeof accountsDatabase>>;
  let api: TestApi;
  let server: ReturnType<typeof Bun.serve>;
  let site: ReturnType<typeof Bun.serve>;
  let browser: Browser;
  let edge: Child | undefined;
  let port: number;

  beforeAll(async () => {
    context = await accountsDatabase();
    await context.addUser("kim@mail.kr");
    const page = () => new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
    site = Bun.serve({ port: 0, fetch: page });
    port = await freePort();
    api = await testApi({
      rows: fakeRows(),
      settings: { corsOrigins: origins(), trustedProxies: ["127.0.0.1"] },
      deps: { accounts: context.accounts, market: context.market },
    });
    server = Bun.serve({ port: 0, idleTimeout: 0, fetch: (request) => api.app.fetch(request) });
    browser = await launchChromium();
  });
  afterAll(async () => {
    edge?.signal("SIGTERM");
    await edge?.exited;
    await browser?.close();
    await api?.close();
    await server?.stop(true);
    await site?.stop(true);
    await context?.database.close();
  });

  const siteOf = (host: string) => `http://${host}:${site.port}`;
  const origins = () => [siteOf("localhost"), siteOf("127.0.0.1"), edgeUrl()];
  const edgeUrl = () => `http://localhost:${port}`;

  async function startEdge(mode: "proxy" | "redirect" | undefined): Promise<void> {
    edge?.signal("SIGTERM");
    await edge?.exited;
    edge = startChild({
      ...{ name: "edge", cwd: root },
      command: [deno, ...denoSettings.tasks.edge.replace("/usr/bin/env deno ", "").split(" ")],
      env: {
        ...{ NO_COLOR: "1", LOG_FORMAT: "json", PORT: String(port), PRIVATE_API_MODE: mode },
        ...{ PRIVATE_API_URL: `http://localhost:${server.port}`, CORS_ORIGINS: origins().join() },
        // It has no rates to tell, and knows where the rest is all the same.
        ...{ UPSTASH_REDIS_REST_URL: "http://127.0.0.1:9", UPSTASH_REDIS_REST_TOKEN: "token-of-nobody" },
      },
    });
    await edge.waitForLine(/"event":"listening"/);
  }

  const asked = (): Asked => ({ edge: edgeUrl(), login: LOGIN });
  async function underDeno(): Promise<Record<string, number>> {
    const code = `console.log(JSON.stringify(await (${tour})(${JSON.stringify(asked())})))`;
    const child = startChild({
      name: "client",
      command: [deno, "eval", code],
      cwd: root,
      env: { NO_COLOR: "1" },
    });
    expect(await child.exited).toBe(0);
    return JSON.parse(child.output().trim().split("\n").at(-1)!);
  }
  async function onPage(host: string): Promise<Record<string, number>> {
    const page = await open(host);
    const statuses = await page.evaluate(`(${tour})(${JSON.stringify(asked())})`);
    await page.context().close();
    return statuses as Record<string, number>;
  }
  async function open(host: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(siteOf(host));
    return page;
  }

  const ALL = {
    ...{ login: 200, "bearer GET": 200, "bearer PUT": 200, "cookie GET": 200, "public GET": 200 },
    "by hand": 200,
  };

  test("an edge that asks for its clients keeps everything: bodies, bearers, cookies, on pages of listed sites too", async () => {
    // It does so by default.
    await startEdge(undefined);
    expect({ bun: await tour(asked()) }).toEqual({ bun: ALL });
    expect({ deno: await underDeno() }).toEqual({ deno: ALL });
    expect({ sameSite: await onPage("localhost") }).toEqual({ sameSite: ALL });
    // The session's cookie is of the edge's site.
    expect({ otherSite: await onPage("127.0.0.1") }).toEqual({ otherSite: { ...ALL, "cookie GET": 401 } });
  });

  test("a redirect keeps method and body, and loses bearer and cookie; pages come through to what is public alone", async () => {
    await startEdge("redirect");
    const programs = { ...ALL, "bearer GET": 401, "bearer PUT": 401, "cookie GET": 401 };
    expect({ bun: await tour(asked()) }).toEqual({ bun: programs });
    expect({ deno: await underDeno() }).toEqual({ deno: programs });
    const pages = { login: 0, "bearer GET": 0, "bearer PUT": 0, "cookie GET": 0, "public GET": 200 };
    expect({ sameSite: await onPage("localhost") }).toEqual({ sameSite: pages });
    expect({ otherSite: await onPage("127.0.0.1") }).toEqual({ otherSite: pages });

    // Going there, as a link does, takes the cookie of the api's own along, if it is of the same site.
    const page = await open("localhost");
    await page.goto(`http://localhost:${server.port}/health/live`);
    const login = { headers: { "Content-Type": "application/json" }, data: LOGIN };
    expect((await page.request.post(`http://localhost:${server.port}/api/session`, login)).status()).toBe(
      200,
    );
    expect((await page.goto(`${edgeUrl()}/api/me`))!.status()).toBe(200);
    expect(new URL(page.url()).port).toBe(String(server.port));
    await page.context().close();
  });
});
