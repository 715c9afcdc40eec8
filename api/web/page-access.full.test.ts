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

  /** What has the focus, as "id" or its text. */
  const focused = (page: Page) =>
    page.evaluate(() => {
      const { id, className, textContent } = document.activeElement!;
      return className === "ticker" ? "ticker" : id || textContent!.trim();
    });

  /** Until what was scrolled to has been drawn. */
  const twoFrames = (page: Page) =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

  async function tabTo(page: Page, wanted: string): Promise<void> {
    for (let presses = 0; (await focused(page)) !== wanted; presses++) {
      if (presses > 60) throw new Error(`expected ${wanted} within 60 presses of Tab`);
      await page.keyboard.press("Tab");
    }
  }

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

  test("with the keyboard alone: skip, size, search, order, chart and back", async () => {
    const page = await openPage({ ...DESK, locale: "en-US" });
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to the table");
    const order: string[] = [];
    while ((await focused(page)) !== "ticker" && order.length < 60) {
      order.push(await focused(page));
      await page.keyboard.press("Tab");
    }
    const at = (name: string) => order.indexOf(name);
    const stops = ["EN", "up-color", "theme", "size", "1M", "100M", "All", "search", "Coin", "Book age"];
    expect(stops.filter((name) => at(name) < 0)).toEqual([]);
    expect(stops.toSorted((a, b) => at(a) - at(b))).toEqual(stops);

    await page.keyboard.press("/");
    expect(await focused(page)).toBe("search");
    await page.keyboard.type("doge");
    await page.waitForFunction(() => document.querySelectorAll("#rows tr[data-key]").length === 4);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelectorAll("#rows tr[data-key]").length > 4);

    await page.locator("#size").focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#size-text").textContent()).toBe("₩11M");
    await tabTo(page, "Coin");
    await page.keyboard.press("Enter");
    await page.waitForSelector('th[data-sort="coin"][aria-sort="ascending"]');

    await tabTo(page, "ticker");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#chart[open] canvas");
    expect(await page.evaluate(() => document.activeElement!.closest("#chart") !== null)).toBe(true);
    await page.keyboard.press("Escape");
    await page.waitForSelector("#chart:not([open])", { state: "attached" });
    expect(await focused(page)).toBe("ticker");
  });

  test("Tab goes through the rows one by one, also through those that come while it scrolls", async () => {
    const page = await openPage({ ...DESK, locale: "en-US" });
    await page.locator('th[data-sort="coin"] button').click();
    await page.waitForSelector('th[data-sort="coin"][aria-sort="ascending"]');
    await page.locator("button.ticker").first().focus();
    const keys: string[] = [];
    for (let row = 0; row < 60; row++) {
      keys.push(await page.evaluate(() => document.activeElement!.closest("tr")!.dataset.key!));
      await page.keyboard.press("Tab");
      await twoFrames(page);
    }
    const wanted = new PageMarket(11).coins
      .toSorted()
      .flatMap((coin) => [0, 1, 2, 3].map((pair) => `${coin}|${pair}`));
    expect(keys).toEqual(wanted.slice(0, 60));
  });

  for (const [device, options] of Object.entries({ desk: DESK, phone: PHONE })) {
    test(`the market at a glance on a ${device}: a spread opens its chart, a bar leads to its rows`, async () => {
      const page = await openPage({ ...options, locale: "en-US" });
      const first = page.locator("#spreads button").first();
      const coin = (await first.locator("b").textContent())!;
      await first.click();
      await page.waitForSelector("#chart[open] canvas");
      expect(await page.locator("#chart-title").textContent()).toStartWith(`${coin} · `);
      await page.locator("#chart-close").click();
      const plot = page.locator(".distribution svg");
      const { width, height } = (await plot.boundingBox())!;
      const position = { x: width * 0.7, y: height * 0.75 };
      // The pointer reads the bar; the click scrolls it away.
      await plot.hover({ position });
      const note = (await page.locator("#distribution-note").textContent())!;
      await plot.click({ position });
      await page.waitForSelector('th[data-sort="exit"][aria-sort="descending"]');
      const [from, to] = [...note.matchAll(/[+−]?[\d.]+(?=%)/g)].map(([pct]) =>
        Number(pct!.replace("−", "-")),
      );
      await twoFrames(page);
      const shown = await page.evaluate(() => {
        const heads = document.querySelector("#rates thead th")!.getBoundingClientRect();
        const rows = [...document.querySelectorAll("#rows tr[data-key]")];
        const row = rows.find((one) => one.getBoundingClientRect().bottom > heads.bottom + 12)!;
        return row.querySelectorAll(".rate span")[1]!.textContent!;
      });
      const premium = Number(shown.replace("−", "-").replace("%", ""));
      expect(premium).toBeGreaterThanOrEqual(from!);
      expect(premium).toBeLessThan(to!);
    });
  }
});
