// A real browser's EventSource on the gzip stream, from a page of another origin: what it shows is the table, also for
// one that joins late, and the client's decoder works in it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { PAIRS, SEED_COUNT } from "../schema/vocabulary.ts";
import type { RateRow } from "../src/domain/rate-table.ts";
import { longTest } from "../src/testing/long.ts";
import { needs } from "../src/testing/needs.ts";
import { launchChromium } from "../src/testing/services.ts";
import { clientModule } from "./client-module.ts";
import { fakeCoins, fakeFrame, fakeRows, type TestApi, TICK_AT_MS, testApi } from "./test-kit.ts";

/** What a page keeps: rates of three sizes by row, as Karbit's component merges them. */
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script>
const SEEDS = [1_000_000, 37_000_000, 100_000_000];
window.shown = {};
window.events = 0;
window.watch = (url) => {
  const source = new EventSource(url);
  source.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type !== "tick") return;
    for (const { symbol, korean_ex, foreign_ex, ex_rates } of message.payload) {
      const rates = SEEDS.map((seed) => ex_rates.find((rate) => rate.seed === seed));
      window.shown[symbol + "|" + korean_ex + "|" + foreign_ex] =
        rates.map((rate) => [rate.entry_ex_rate, rate.exit_ex_rate]);
    }
    window.events++;
  };
};
</script>`;

declare global {
  interface Window {
    shown: Record<string, (number | null)[][]>;
    events: number;
    watch(url: string): void;
  }
}

function expectedOf(rows: readonly RateRow[]): Window["shown"] {
  const rate = (jeon: number) => (Number.isNaN(jeon) ? null : jeon / 100);
  return Object.fromEntries(
    rows.map(({ coin, pairIndex, ratesJeon }) => [
      `${coin}|${PAIRS[pairIndex]!.domestic}|${PAIRS[pairIndex]!.overseas}`,
      [0, 36, 99].map((index) => [rate(ratesJeon[index]!), rate(ratesJeon[SEED_COUNT + index]!)]),
    ]),
  );
}

needs(["chromium"], "the stream in Chromium", () => {
  let browser: Browser;
  let api: TestApi;
  let server: ReturnType<typeof Bun.serve>;
  let pages: ReturnType<typeof Bun.serve>;
  let encodings: (string | null)[];
  const coins = fakeCoins(131);

  beforeAll(async () => {
    api = await testApi({ rows: fakeRows({ coins }) });
    encodings = [];
    server = Bun.serve({
      port: 0,
      idleTimeout: 0,
      fetch: async (request) => {
        const response = await api.app.fetch(request);
        encodings.push(response.headers.get("Content-Encoding"));
        return response;
      },
    });
    const script = await clientModule();
    pages = Bun.serve({
      port: 0,
      routes: {
        "/": new Response(PAGE, { headers: { "Content-Type": "text/html" } }),
        "/client.js": new Response(script, { headers: { "Content-Type": "text/javascript" } }),
      },
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    await server?.stop(true);
    await pages?.stop(true);
  });

  const openPage = async (): Promise<Page> => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${pages.port}/`);
    return page;
  };
  const streamUrl = () => `http://localhost:${server.port}/api/premium/stream`;

  test("an EventSource shows the whole table from the first event on, and every change", async () => {
    const page = await openPage();
    await page.evaluate((url) => window.watch(url), streamUrl());
    await page.waitForFunction(() => window.events === 1);
    expect(await page.evaluate(() => window.shown)).toEqual(expectedOf(api.live.rowsSince(0)));
    for (let part = 1; part <= 5; part++) {
      api.feed.publish(
        fakeFrame(fakeRows({ seed: part + 10, coins: coins.slice(part * 9, part * 20) }), { part }),
      );
      await page.waitForFunction((events) => window.events === events, part + 1);
    }
    expect(await page.evaluate(() => window.shown)).toEqual(expectedOf(api.live.rowsSince(0)));

    const late = await openPage();
    await late.evaluate((url) => window.watch(url), streamUrl());
    await late.waitForFunction(() => window.events === 1);
    api.feed.publish(fakeFrame(fakeRows({ seed: 77, coins: coins.slice(50) }), { part: 6 }));
    await late.waitForFunction(() => window.events === 2);
    expect(await late.evaluate(() => window.shown)).toEqual(expectedOf(api.live.rowsSince(0)));
    expect(encodings).toEqual(["gzip", "gzip"]);
  });

  longTest("the client decodes compact frames in the browser", async () => {
    const page = await openPage();
    const [id, rates] = await page.evaluate(
      async ([script, url]) => {
        const { openPremiumStream } = await import(script!);
        return new Promise<[number, Record<string, number[]>]>((resolve) => {
          const stream = openPremiumStream({
            url,
            onRows: (rows: RateRow[], info: { tickAtMs: number }) => {
              stream.close();
              resolve([
                info.tickAtMs,
                Object.fromEntries(rows.map((row) => [`${row.coin}|${row.pairIndex}`, [...row.ratesJeon]])),
              ]);
            },
          });
        });
      },
      [`http://127.0.0.1:${pages.port}/client.js`, streamUrl()],
    );
    expect(id).toBe(TICK_AT_MS);
    const expected = api.live.rowsSince(0).map((row) => [`${row.coin}|${row.pairIndex}`, [...row.ratesJeon]]);
    expect(rates).toEqual(Object.fromEntries(expected));
  });
});
