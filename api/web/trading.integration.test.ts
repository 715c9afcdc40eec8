// The panel of traders in a real browser, behind the real api: what it shows is held against the view it was sent.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { longTest } from "../../src/testing/long.ts";
import { needs } from "../../src/testing/needs.ts";
import { launchChromium } from "../../src/testing/services.ts";
import { PageServer } from "./page-server-testing.ts";
import { PageMarket } from "./page-testing.ts";
import { ADA, CLOSED, NOW_MS, SOL, TRADER, VIEW } from "./trading-view-testing.ts";

const KOREAN: BrowserContextOptions = {
  viewport: { width: 1280, height: 900 },
  locale: "ko-KR",
  reducedMotion: "no-preference",
};
const ENGLISH: BrowserContextOptions = { ...KOREAN, locale: "en-US" };
needs(["chromium"], "the panel of traders", () => {
  const server = new PageServer();
  const errors: string[] = [];
  let browser: Browser;

  async function openPage(options: BrowserContextOptions, prepare?: (page: Page) => Promise<void>) {
    const page = await (await browser.newContext(options)).newPage();
    await prepare?.(page);
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(server.url);
    await page.waitForSelector("#rows tr[data-key]");
    return page;
  }

  /** Texts of each open position, by column. */
  const positions = (page: Page) =>
    page.$$eval(".positions tbody tr", (rows) =>
      rows.map((row) =>
        [...row.children].map((cell) => [...cell.childNodes].map((one) => one.textContent).join(" ")),
      ),
    );

  const classOf = (page: Page, selector: string) =>
    page.$eval(selector, (element) => element.className.split(" ").at(-1));

  beforeAll(async () => {
    browser = await launchChromium();
  });

  beforeEach(async () => {
    server.about = { version: "9.8.7", simulated: true, tickIntervalMs: 60_000, trading: true };
    server.trading = VIEW;
    server.tradingReads = 0;
    server.publish(new PageMarket(11, 30).tick(Math.floor(Date.now() / 1_000) * 1_000));
    await server.start();
  });

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await server.stop();
    expect(errors.splice(0)).toEqual([]);
  });

  afterAll(() => browser?.close());

  test("shows each trader's positions, closes and last reason as the view has them, gains red and losses blue", async () => {
    const page = await openPage(KOREAN);
    await page.waitForSelector("#trading:not([hidden]) .positions tbody tr");
    const text = async (selector: string) =>
      (await page.locator(selector).textContent())!.replaceAll("\u00a0", " ");
    expect(await positions(page)).toEqual([
      ["SOL 업비트·바이낸스", "1,000만", "1,363.13", "1,374.50", "1,380.38", "+61,235"],
      ["XRP 빗썸·바이비트", "300만 (2)", "1,363.13", "1,350.00", "1,380.38", "−27,179"],
      ["ADA 업비트·바이낸스", "1,000만", "1,363.13", "—", "1,380.38", "—"],
    ]);
    expect(await text("#trading-title")).toBe("모의 매매");
    expect(await text(".trader h3")).toBe("Patient");
    expect(await text(".total b")).toBe("+1,234,568원");
    expect(await text(".terms")).toBe("진입 1,363.92 이하 · 종료 1,378.38 이상 · 1,000만 × 4 · 2배");
    expect(await text(".closed li")).toBe("ETH−1,234");
    expect(await page.getAttribute(".closed li", "title")).toBe("업비트·바이비트 · 12:04:05 종료 · −0.12%");
    expect(await text(".last-reason")).toBe("BTT 빗썸·바이낸스 · 진입·종료 환율 차이가 큼 · 12초 전");
    expect(await classOf(page, ".total b")).toBe("up");
    expect(await classOf(page, '[data-key^="SOL"] td:last-child')).toBe("up");
    expect(await classOf(page, '[data-key^="XRP"] td:last-child')).toBe("down");
    await page.click('[data-language="en"]');
    expect(await text("#trading-title")).toBe("Paper trading");
    expect(await text(".total b")).toBe("+₩1,234,568");
    expect(await text(".terms")).toBe("Enters ≤ 1,363.92 · exits ≥ 1,378.38 · ₩10M × 4 · 2× leverage");
    expect(await text(".last-reason")).toBe("BTT Bithumb·Binance · spread too wide · 12 s ago");
    expect((await positions(page))[0]!.slice(0, 2)).toEqual(["SOL Upbit·Binance", "10M"]);
  });

  test("a position that opens and one that closes come by themselves, each with a flash", async () => {
    const page = await openPage(ENGLISH);
    await page.waitForSelector(".positions tbody tr");
    expect(await page.locator("[data-flash]").count()).toBe(0);
    const opened = { ...SOL, coin: "DOT", openedAtMs: NOW_MS + 1 };
    const closed = { ...CLOSED, coin: "XRP", profitKrw: "500", closedAtMs: NOW_MS + 1 };
    const trader = { ...TRADER, open: [SOL, ADA, opened], closed: [closed, CLOSED], decisions: [] };
    server.trading = { ...VIEW, mode: "live", role: "recovering", traders: [trader] };
    await Promise.all([
      page.waitForSelector('tr[data-key^="DOT"][data-flash="new"]'),
      page.waitForSelector('li[data-key^="XRP"][data-flash="up"]'),
    ]);
    expect((await positions(page)).map(([what]) => what!.split(" ")[0])).toEqual(["SOL", "ADA", "DOT"]);
    expect(await page.locator(".closed li").allTextContents()).toEqual(["XRP+500", "ETH−1,234"]);
    expect(await page.locator("#trading-role").textContent()).toBe("Recovering");
    expect(await page.locator(".last-reason").textContent()).toBe("No coin has reached the target rate");
    await page.waitForFunction(() => document.querySelector("[data-flash]") === null);
  });

  longTest("one trader less is one card less, and without positions it says so", async () => {
    const second = { ...TRADER, userId: 2, name: "Quick", open: [], closed: [], strategy: null };
    server.trading = { ...VIEW, traders: [TRADER, second] };
    const page = await openPage(ENGLISH);
    await page.waitForSelector('.trader[data-key="2"]');
    const card = page.locator('.trader[data-key="2"]');
    expect(await card.locator(".open .none").isVisible()).toBe(true);
    expect(await card.locator(".who").textContent()).toBe("QuickNo active strategy");
    server.trading = VIEW;
    await page.waitForFunction(() => document.querySelectorAll(".trader").length === 1);
  });

  longTest("nothing is shown and nothing is asked for where the server shows no trading", async () => {
    server.about = { version: "9.8.7", simulated: true, tickIntervalMs: 60_000 };
    server.trading = undefined;
    await server.stop();
    await server.start();
    const requests: string[] = [];
    const page = await openPage(KOREAN, async (fresh) => {
      fresh.on("request", (request) => requests.push(new URL(request.url()).pathname));
    });
    await page.waitForSelector("#simulated:not([hidden])");
    expect(await page.isVisible("#trading")).toBe(false);
    expect(requests.filter((path) => path.endsWith("/trading"))).toEqual([]);
    expect((await fetch(new URL("api/trading", server.url))).status).toBe(404);
  });

  longTest("a hidden tab does not ask, and asks at once when it is looked at", async () => {
    const page = await openPage(KOREAN, (fresh) => fresh.clock.install());
    await page.waitForSelector(".positions tbody tr");
    const look = (state: "hidden" | "visible") =>
      page.evaluate((wanted) => {
        Object.defineProperty(document, "visibilityState", { value: wanted, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await look("hidden");
    const before = server.tradingReads;
    await page.clock.fastForward(60_000);
    await page.evaluate(() => fetch("api/about"));
    expect(server.tradingReads).toBe(before);
    const first = server.tradingAsked();
    await look("visible");
    await first;
    const second = server.tradingAsked();
    await page.clock.fastForward(2_100);
    await second;
  });

  longTest("the panel fits a phone in both languages, every figure within its card", async () => {
    for (const locale of ["ko-KR", "en-US"]) {
      const phone = { viewport: { width: 360, height: 800 }, isMobile: true, hasTouch: true, locale };
      const page = await openPage(phone);
      await page.waitForSelector(".positions tbody tr");
      const { widths, cut } = await page.evaluate(() => ({
        widths: [document.documentElement.scrollWidth, innerWidth],
        cut: [...document.querySelectorAll(".positions td, .positions tbody th, .total b")]
          .filter((cell) => {
            const card = cell.closest(".trader")!.getBoundingClientRect();
            const { left, right, width } = cell.getBoundingClientRect();
            return (
              width === 0 || left < card.left || right > card.right || cell.scrollWidth > cell.clientWidth + 1
            );
          })
          .map((cell) => cell.outerHTML),
      }));
      expect(widths[0]).toBe(widths[1]!);
      expect(cut).toEqual([]);
    }
  });
});
