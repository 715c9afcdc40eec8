// A client on a site of its own in a real browser, as those of docs/accounts.md (Safety): what its pages may do with its
// visitors' cookies or a bearer, and what a page that is not listed may not.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { encodeUserEvent, type UserEvent } from "../schema/messages/user-event.ts";
import { needs } from "../src/testing/needs.ts";
import { launchChromium } from "../src/testing/services.ts";
import { accountsDatabase, PASSWORD } from "./test-accounts.ts";
import { fakeRows, type TestApi, testApi } from "./test-kit.ts";

interface Asked {
  readonly url: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly credentials?: RequestCredentials;
}

needs(["chromium", "postgres"], "a client on another site, in Chromium", () => {
  let browser: Browser;
  let api: TestApi;
  let server: ReturnType<typeof Bun.serve>;
  let context: Awaited<ReturnType<typeof accountsDatabase>>;
  let userId: number;
  const sites: ReturnType<typeof Bun.serve>[] = [];

  beforeAll(async () => {
    context = await accountsDatabase();
    userId = await context.addUser("kim@mail.kr");
    for (let count = 0; count < 2; count++) {
      const page = () => new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
      sites.push(Bun.serve({ port: 0, fetch: page }));
    }
    const corsOrigins = [siteOf("localhost"), siteOf("127.0.0.1")];
    api = await testApi({
      rows: fakeRows(),
      settings: { corsOrigins },
      deps: { accounts: context.accounts, market: context.market },
    });
    server = Bun.serve({ port: 0, idleTimeout: 0, fetch: (request) => api.app.fetch(request) });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    await server?.stop(true);
    for (const site of sites) await site.stop(true);
    await context?.database.close();
  });

  const siteOf = (host: string, index = 0) => `http://${host}:${sites[index]!.port}`;
  const apiUrl = (path: string) => `http://localhost:${server.port}${path}`;

  async function open(site: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(site);
    return page;
  }

  /** The answer's status and text as the page's script sees them; "blocked" when the browser keeps them from it. */
  const ask = (page: Page, path: string, asked: Omit<Asked, "url"> = {}) =>
    page.evaluate(
      async ({ url, body, headers, ...rest }: Asked) => {
        try {
          const response = await fetch(url, {
            ...rest,
            headers: { ...headers, ...(body !== undefined && { "Content-Type": "application/json" }) },
            ...(body !== undefined && { body: JSON.stringify(body) }),
          });
          return [response.status, await response.text()] as const;
        } catch {
          return ["blocked", ""] as const;
        }
      },
      { url: apiUrl(path), ...asked },
    );

  const login = { method: "POST", body: { email: "kim@mail.kr", password: PASSWORD } };

  test("one listed, of the same site: its cookie goes with whatever it asks, streams too", async () => {
    const page = await open(siteOf("localhost"));
    const credentials = "include";
    expect((await ask(page, "/api/session", { ...login, credentials }))[0]).toBe(200);
    const [status, me] = await ask(page, "/api/me", { credentials });
    expect([status, JSON.parse(me)]).toEqual([200, { userId, email: "kim@mail.kr", name: null }]);
    for (const path of ["/api/premium", "/api/coins", "/api/venues", "/api/openapi.json", "/api/client.js"]) {
      const [found] = await ask(page, path, { credentials });
      expect([path, found]).toEqual([path, path === "/api/client.js" ? 404 : 200]);
    }
    // A refusal can be read as well.
    const [refused, problem] = await ask(page, "/api/premium?size=1", { credentials });
    expect([refused, JSON.parse(problem).code]).toEqual([400, "query-unusable"]);
    const reset = {
      method: "POST",
      body: {},
      headers: { "Idempotency-Key": "reset-once" },
      credentials,
    } as const;
    expect((await ask(page, "/api/paper/reset", reset))[0]).toBe(200);

    const heard = page.evaluate(
      ([rates, events]) => {
        const first = (url: string, kind: string, told?: string) =>
          new Promise<string>((resolve) => {
            const source = new EventSource(url, { withCredentials: true });
            if (told) source.addEventListener(told, () => (document.title = told));
            source.addEventListener(kind, ({ data }) => {
              source.close();
              resolve(data);
            });
          });
        return Promise.all([first(rates!, "message"), first(events!, "alert", "open")]);
      },
      [apiUrl("/api/premium/stream"), apiUrl("/api/events")],
    );
    await page.waitForFunction(() => document.title === "open");
    const alert: UserEvent = {
      ...({ kind: "alert", mode: "paper", userId, level: "info", notice: "incident", coin: null } as const),
      ...{ atMs: 1, ko: "소식", en: "news" },
    };
    await context.events.publish({ mode: "paper", userId }, "one", encodeUserEvent(alert));
    const [rates, news] = (await heard).map((data) => JSON.parse(data));
    expect(rates).toEqual({ type: "subscribed", channel: "exchange_rate", count: 1 });
    expect(news).toEqual(alert);
    expect((await ask(page, "/api/session", { method: "DELETE", credentials }))[0]).toBe(204);
    expect((await ask(page, "/api/me", { credentials }))[0]).toBe(401);
    await page.context().close();
  });

  test("one listed, of another site: by its bearer, for the public routes as well", async () => {
    const page = await open(siteOf("127.0.0.1"));
    const [, session] = await ask(page, "/api/session", login);
    const headers = { Authorization: `Bearer ${JSON.parse(session).token}` };
    for (const path of ["/api/me", "/api/premium", "/api/coins", "/api/positions/export.csv"])
      expect([path, (await ask(page, path, { headers }))[0]]).toEqual([path, 200]);
    // No cookie of ours comes from there.
    expect((await ask(page, "/api/me", { credentials: "include" }))[0]).toBe(401);
    await page.context().close();
  });

  test("one that is not listed: it reads the rates, and neither reads nor changes anything of its visitor", async () => {
    const page = await open(siteOf("localhost"));
    expect((await ask(page, "/api/session", { ...login, credentials: "include" }))[0]).toBe(200);
    await page.goto(siteOf("localhost", 1));
    expect((await ask(page, "/api/premium", { headers: { "Cache-Control": "no-cache" } }))[0]).toBe(200);
    const paths = ["/api/me", "/api/premium", "/api/positions/history"];
    for (const path of paths)
      expect([path, (await ask(page, path, { credentials: "include" }))[0]]).toEqual([path, "blocked"]);

    const off = { method: "PUT", body: { off: true, why: "no" }, credentials: "include" } as const;
    expect((await ask(page, "/api/entries", off))[0]).toBe("blocked");
    expect(await context.accounts.safety.entries(userId)).toMatchObject({ off: false });
    await page.context().close();
  });
});
