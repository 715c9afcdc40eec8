// The page in a real browser, behind the real api: what it shows is held against the table it was sent.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { PAIRS, SEED_COUNT } from "../../schema/vocabulary.ts";
import type { Frame } from "../../src/domain/frame.ts";
import { isLong, longTest } from "../../src/testing/long.ts";
import { needs } from "../../src/testing/needs.ts";
import { launchChromium } from "../../src/testing/services.ts";
import { collectRows, expectedCell, krw, lowestContrast } from "./page-reading-testing.ts";
import { PageServer } from "./page-server-testing.ts";
import { PageMarket } from "./page-testing.ts";
import { WORDS } from "./words.ts";

const TICK_INTERVAL_MS = 1_000;
const KOREAN: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, locale: "ko-KR" };
const ENGLISH: BrowserContextOptions = { ...KOREAN, locale: "en-US" };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
};

needs(["chromium"], "the page", () => {
  const server = new PageServer();
  const errors: string[] = [];
  let browser: Browser;
  let market: PageMarket;
  let shown: Frame;
  let tickAtMs = 0;

  /** One more tick of the market, sent to everybody. */
  function tick(): void {
    tickAtMs += TICK_INTERVAL_MS;
    shown = market.tick(tickAtMs);
    server.publish(shown);
  }

  async function openPage(
    options: BrowserContextOptions,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    await prepare?.(page);
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("requestfailed", (request) => {
      if (!request.url().includes("/api/")) errors.push(`${request.url()} failed`);
    });
    await page.goto(server.url);
    await page.waitForSelector("#rows tr[data-key]");
    return page;
  }

  const keysInSight = (page: Page) =>
    page.$$eval("#rows tr[data-key]", (rows) => rows.map((row) => (row as HTMLElement).dataset.key!));

  const text = async (page: Page, selector: string) => (await page.locator(selector).textContent())!;

  /** Every colour the table's figures have. */
  const coloursOf = (page: Page) =>
    page.$$eval("#rows .rate :is(b, span)", (figures) =>
      [...new Set(figures.map((figure) => getComputedStyle(figure).color))].sort(),
    );

  const waitForText = (page: Page, selector: string, wanted: string) =>
    page.waitForFunction(
      ([where, what]) => document.querySelector(where!)?.textContent === what,
      [selector, wanted],
    );

  beforeAll(async () => {
    browser = await launchChromium();
  });

  beforeEach(async () => {
    market = new PageMarket(11);
    tickAtMs = Math.floor(Date.now() / TICK_INTERVAL_MS) * TICK_INTERVAL_MS - 10 * TICK_INTERVAL_MS;
    server.about = { version: "9.8.7", simulated: true, tickIntervalMs: 60_000 };
    tick();
    await server.start();
  });

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await server.stop();
    expect(errors.splice(0)).toEqual([]);
  });

  afterAll(() => browser?.close());

  test("every rate and premium equals the table at every slider position tried", async () => {
    const page = await openPage({ ...KOREAN, viewport: { width: 1280, height: 3_000 } });
    for (const position of isLong ? [10, 1, 37, 100] : [37, 100]) {
      await page.fill("#size", String(position));
      const rows = await collectRows(page);
      expect(Object.keys(rows).length).toBe(131 * PAIRS.length);
      const referenceKrw = shown.reference!.priceKrw;
      for (const { coin, pairIndex, ratesJeon, reason } of shown.rows) {
        const row = rows[`${coin}|${pairIndex}`]!;
        for (const [side, offset] of [0, SEED_COUNT].entries()) {
          const jeon = ratesJeon[offset + position - 1]!;
          if (Number.isNaN(jeon)) {
            expect(row.rates[side]).toBe("—");
            expect(row.titles[side]).toBe(WORDS.ko.reasons[reason]);
          } else {
            const { rate, premium } = expectedCell(jeon, referenceKrw);
            expect([row.rates[side], row.notes[side], row.titles[side]]).toEqual([rate, premium, null]);
          }
        }
      }
    }
  });

  test("a new tick replaces the numbers and marks which way they went", async () => {
    const page = await openPage({ ...KOREAN, reducedMotion: "no-preference" });
    await page.fill("#search", "BTC");
    const rowOf = () => shown.rows.find(({ coin, pairIndex }) => coin === "BTC" && pairIndex === 0)!;
    const before = rowOf().ratesJeon[9]!;
    await page.evaluate(() => {
      const seen: string[] = [];
      new MutationObserver((records) => {
        for (const { target } of records) {
          const cell = target as HTMLElement;
          const key = cell.closest("tr")!.dataset.key;
          if (cell.dataset.flash && key === "BTC|0" && cell === cell.parentElement!.querySelector(".rate")) {
            seen.push(cell.dataset.flash);
          }
        }
      }).observe(document.querySelector("#rows")!, {
        subtree: true,
        attributes: true,
        attributeFilter: ["data-flash"],
      });
      (window as unknown as { seen: string[] }).seen = seen;
    });
    tick();
    const after = rowOf().ratesJeon[9]!;
    const { rate, premium } = expectedCell(after, shown.reference!.priceKrw);
    await waitForText(page, '#rows tr[data-key="BTC|0"] .rate b', rate);
    expect(await text(page, '#rows tr[data-key="BTC|0"] .rate span >> nth=0')).toBe(premium);
    const seen = () => page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(await seen()).toContain(after > before ? "up" : "down");
  });

  longTest("the strip names the reference, the medians and the best of each side", async () => {
    const page = await openPage(ENGLISH);
    const rates = (offset: number) =>
      shown.rows.map(({ ratesJeon }) => ratesJeon[offset + 9]!).filter((jeon) => !Number.isNaN(jeon));
    const referenceKrw = shown.reference!.priceKrw;
    expect(await text(page, "#reference")).toBe(krw.format(referenceKrw));
    const lowest = Math.min(...rates(0));
    const highest = Math.max(...rates(SEED_COUNT));
    expect(await text(page, "#best-entry-rate")).toBe(krw.format(lowest / 100));
    expect(await text(page, "#best-entry")).toBe(expectedCell(lowest, referenceKrw).premium);
    expect(await text(page, "#best-exit-rate")).toBe(krw.format(highest / 100));
    expect(await text(page, "#coin-count")).toBe("131");
    expect(await text(page, "#coin-sub")).toBe(`${rates(0).length} of 524 rates`);
    await waitForText(page, "#version", "Version 9.8.7");
  });

  longTest("without a reference price the premium is a dash and the rates stay", async () => {
    server.publish({ ...market.tick(tickAtMs + 1), reference: undefined });
    await server.stop();
    await server.start();
    const page = await openPage(KOREAN);
    expect(await text(page, "#reference")).toBe("—");
    expect(await text(page, "#rows tr[data-key] .rate span >> nth=0")).toBe("—");
    expect(await text(page, "#rows tr[data-key] .rate b >> nth=0")).toMatch(/^\d,\d{3}\.\d\d$/);
  });

  longTest("Korean browsers get Korean, others English; the switch is remembered", async () => {
    const page = await openPage(KOREAN);
    expect(await text(page, 'th[data-sort="entry"]')).toContain("진입 환율");
    expect(await text(page, "#size-text")).toBe("1,000만원");
    await page.fill("#size", "100");
    expect(await text(page, "#size-text")).toBe("1억원");
    await page.click('[data-language="en"]');
    expect(await text(page, 'th[data-sort="entry"]')).toContain("Entry rate");
    expect(await text(page, "#size-text")).toBe("₩100M");
    await page.reload();
    await page.waitForSelector("#rows tr[data-key]");
    expect(await page.getAttribute("html", "lang")).toBe("en");
    expect(await text(page, "#size-text")).toBe("₩100M");
    const other = await openPage({ ...KOREAN, locale: "de-DE" });
    expect(await text(other, 'th[data-sort="exit"]')).toContain("Exit rate");
  });

  longTest("search, pair buttons and column heads choose and order the rows", async () => {
    const page = await openPage(ENGLISH);
    await page.keyboard.press("/");
    await page.keyboard.type("eth");
    await page.waitForFunction(() => document.querySelectorAll("#rows tr[data-key]").length < 20);
    const keys = await keysInSight(page);
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(keys.every((key) => key.includes("ETH"))).toBe(true);
    await page.fill("#search", "no such coin");
    await page.waitForSelector("#empty:not([hidden])");
    expect(await text(page, "#empty")).toContain("no such coin");
    await page.keyboard.press("Escape");

    await page.click("#pairs button >> nth=3");
    await page.click('th[data-sort="exit"] button');
    await page.waitForSelector('th[data-sort="exit"][aria-sort="descending"]');
    const wanted = shown.rows
      .filter(({ pairIndex, ratesJeon }) => pairIndex === 2 && !Number.isNaN(ratesJeon[SEED_COUNT + 9]!))
      .sort((a, b) => b.ratesJeon[SEED_COUNT + 9]! - a.ratesJeon[SEED_COUNT + 9]!)
      .map(({ coin, pairIndex }) => `${coin}|${pairIndex}`);
    await page.waitForFunction(
      (first) => document.querySelector<HTMLElement>("#rows tr[data-key]")!.dataset.key === first,
      wanted[0],
    );
    const inSight = await keysInSight(page);
    expect(inSight).toEqual(wanted.slice(0, inSight.length));
    expect(await page.getAttribute("#rates", "aria-rowcount")).toBe(String(131 + 1));
  });

  longTest("simulated data is said loudly; a server that does not say is taken for real", async () => {
    const page = await openPage(KOREAN);
    await page.waitForSelector("#simulated:not([hidden])");
    expect(await text(page, "#simulated")).toContain("모의 시세");
    expect(await page.title()).toStartWith("[모의]");
    server.about = undefined;
    await page.reload();
    await page.waitForSelector('#state[data-state="live"]');
    expect(await page.isVisible("#simulated")).toBe(false);
  });

  test("a cut line is said, numbers lose their colours, and the page comes back by itself with the new ones", async () => {
    const page = await openPage(KOREAN);
    await page.waitForSelector('#state[data-state="live"]');
    expect((await coloursOf(page)).length).toBeGreaterThan(1);
    const stale = await page.$eval(".card dt", (label) => getComputedStyle(label).color);
    await server.stop();
    await page.waitForSelector('#state[data-state="reconnecting"]');
    expect(await text(page, "#state-word")).toBe(WORDS.ko.reconnecting);
    expect(await coloursOf(page)).toEqual([stale]);
    tick();
    await server.start();
    await page.waitForSelector('#state[data-state="live"]');
    await waitForText(page, "#reference", krw.format(shown.reference!.priceKrw));
    expect((await coloursOf(page)).length).toBeGreaterThan(1);
  });

  longTest("a tab hidden for long lets go of the stream and takes it up again when looked at", async () => {
    const page = await openPage(KOREAN, (fresh) => fresh.clock.install());
    await page.waitForSelector('#state[data-state="live"]');
    const look = (state: "hidden" | "visible") =>
      page.evaluate((wanted) => {
        Object.defineProperty(document, "visibilityState", { value: wanted, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await look("hidden");
    await page.clock.fastForward(9_000);
    expect(await page.getAttribute("#state", "data-state")).toBe("live");
    await page.clock.fastForward(1_500);
    await page.waitForSelector('#state[data-state="paused"]');
    tick();
    await look("visible");
    await waitForText(page, "#reference", krw.format(shown.reference!.priceKrw));
    await page.waitForSelector('#state[data-state="live"]');
  });

  longTest("ticks that stop coming are called late", async () => {
    server.about = { version: "1", simulated: false, tickIntervalMs: 1_000 };
    const page = await openPage(ENGLISH);
    await page.waitForSelector('#state[data-state="late"]');
    expect(await text(page, "#state-word")).toBe("Late");
  });

  longTest("a coin's name opens its chart, which follows range and language and closes again", async () => {
    const hours: number[] = [];
    const minuteAtMs = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
    const pair = {
      pairIndex: 0,
      bestEntryJeon: 1,
      bestExitJeon: 1,
      medianEntryJeon: 1,
      medianExitJeon: 1,
      coinCount: 1,
    };
    const rates = {
      coin: "BTC",
      pairIndex: 0,
      exitJeonAt1m: 141_234,
      entryJeonAt10m: null,
      exitJeonAt10m: null,
    };
    server.about = { version: "1", simulated: true, tickIntervalMs: 60_000, charts: true };
    server.history = {
      pairHistory: async () => [{ ...pair, minuteAtMs, referenceJeon: 139_000 }],
      coinHistory: async ({ fromAtMs, toAtMs }) => {
        hours.push(Math.round((toAtMs - fromAtMs) / 3_600_000));
        return [minuteAtMs, minuteAtMs + 60_000].map((atMs) => ({
          ...{ minuteAtMs: atMs, entryJeonAt1m: 140_000 + (atMs - minuteAtMs) / 60_000, ...rates },
        }));
      },
    };
    await server.stop();
    await server.start();
    const page = await openPage(KOREAN);
    await page.waitForSelector("html[data-charts]");
    await page.fill("#search", "BTC");
    await page.fill("#size", "3");
    await page.locator("button.ticker").first().click();
    const said = (words: string) => page.waitForSelector(`#chart-plot[aria-label="${words}"] canvas`);
    await said("진입 환율 1,400.01, 종료 환율 1,412.34");
    expect(await text(page, "#chart-note")).toStartWith("100만원 기준");
    expect(await text(page, "#chart-title")).toMatch(/^BTC · (업비트|빗썸)·(바이비트|바이낸스)$/);
    await page.locator("#chart-ranges button", { hasText: WORDS.ko.chartRanges["7d"] }).click();
    await page.waitForSelector('#chart-ranges button:nth-child(3)[aria-pressed="true"]');
    while (hours.length < 2) await page.waitForTimeout(20);
    expect(hours).toEqual([24, 168]);
    await page.keyboard.press("Escape");
    await page.waitForSelector("#chart:not([open])", { state: "attached" });
    await page.locator('[data-language="en"]').click();
    await page.locator("button.ticker").first().click();
    await said("Entry rate 1,400.01, Exit rate 1,412.34");
    server.history = undefined;
  });

  longTest("a phone shows both rates without scrolling sideways, in both languages", async () => {
    for (const locale of ["ko-KR", "en-US"]) {
      const page = await openPage({ ...PHONE, locale });
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(widths[0]).toBe(widths[1]!);
      const cut = await page.$$eval("#rows .rate :is(b, .age-small)", (figures) =>
        figures.filter((figure) => {
          const cell = figure.closest("td")!.getBoundingClientRect();
          const { left, right } = figure.getBoundingClientRect();
          return cell.width === 0 || left < cell.left || right > Math.min(cell.right, innerWidth);
        }),
      );
      expect(cut).toEqual([]);
      // Heads of what has no column here are in a menu.
      await page.selectOption("#sort", { label: `${WORDS[locale === "ko-KR" ? "ko" : "en"].bookAge} ↑` });
      await page.waitForSelector('#rates[data-order="age"]');
      const ages = await page.$$eval("#rows .age-small", (all) =>
        all.map((one) => Number.parseFloat(one.textContent)),
      );
      expect(ages.length).toBeGreaterThan(5);
      expect(ages).toEqual(ages.toSorted((a, b) => a - b));
    }
  });

  longTest("the theme follows the system until it is switched, and text stands out in both", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await openPage({ ...KOREAN, colorScheme });
      for (let round = 0; round < 2; round++) {
        expect(await lowestContrast(page)).toBeGreaterThanOrEqual(4.5);
        await page.click("#theme");
      }
      await page.click("#theme");
      const switched = colorScheme === "light" ? "dark" : "light";
      expect(await page.getAttribute("html", "data-theme")).toBe(switched);
      await page.reload();
      await page.waitForSelector(`html[data-theme="${switched}"]`);
    }
  });
});
