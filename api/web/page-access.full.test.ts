// Whether everybody can use the page: axe-core over every view in both themes, on a desk and on a phone, and a walk
// through it with nothing but the keyboard.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { axeFindings } from "../../src/testing/axe.ts";
import { needs } from "../../src/testing/needs.ts";
import { launchChromium } from "../../src/testing/services.ts";
import { WAVING_HISTORY } from "./page-history-testing.ts";
import { PageServer } from "./page-server-testing.ts";
import { PageMarket } from "./page-testing.ts";
import { VIEW } from "./trading-view-testing.ts";

const DESK = { viewport: { width: 1280, height: 900 } } satisfies BrowserContextOptions;
const PHONE = {
  ...{ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
} satisfies BrowserContextOptions;

needs(["chromium"], "the page for everybody", () => {
  const server = new PageServer();
  let browser: Browser;

  async function openPage(options: BrowserContextOptions): Promise<Page> {
    const page = await (await browser.newContext({ locale: "ko-KR", ...options })).newPage();
    await page.goto(server.url);
    await page.waitForSelector("#rows tr[data-key]");
    await page.waitForSelector(".positions tbody tr");
    await page.waitForSelector("html[data-charts]");
    return page;
  }

  beforeAll(async () => {
    browser = await launchChromium();
  });

  beforeEach(async () => {
    const about = { version: "9.8.7", simulated: true, tickIntervalMs: 60_000 };
    server.about = { ...about, trading: true, charts: true };
    server.trading = VIEW;
    server.history = WAVING_HISTORY;
    server.publish(new PageMarket(11).tick(Math.floor(Date.now() / 1_000) * 1_000));
    await server.start();
  });

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await server.stop();
  });

  afterAll(() => browser?.close());

  for (const colorScheme of ["light", "dark"] as const) {
    for (const [device, options] of Object.entries({ desk: DESK, phone: PHONE })) {
      test(`axe finds nothing on a ${device} in ${colorScheme}, with the chart open and closed`, async () => {
        const page = await openPage({ ...options, colorScheme });
        expect(await axeFindings(page)).toEqual([]);
        await page.locator("button.ticker").first().click();
        await page.waitForSelector("#chart-plot canvas");
        expect(await axeFindings(page, { within: "#chart" })).toEqual([]);
        await page.keyboard.press("Escape");
        await page.fill("#search", "no such coin");
        await page.waitForSelector("#empty:not([hidden])");
        expect(await axeFindings(page)).toEqual([]);
        await server.stop();
        await page.waitForSelector('#state[data-state="reconnecting"]');
        expect(await axeFindings(page)).toEqual([]);
      });
    }
  }
});
