// The operator's page in a real browser, before a real control port: what it says of the scheduler, and that what it does
// is asked for first, done once, and answered.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { axeFindings } from "../../testing/axe.ts";
import { longTest } from "../../testing/long.ts";
import { needs } from "../../testing/needs.ts";
import { launchChromium } from "../../testing/services.ts";
import { TOKEN } from "../control-testing.ts";
import { OperatorPort } from "./page-testing.ts";
import { WORDS } from "./words.ts";

const DESKTOP = { viewport: { width: 1280, height: 900 }, locale: "ko-KR" };
const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  locale: "ko-KR",
};

needs(["chromium"], "the operator's page", () => {
  const errors: string[] = [];
  let port: OperatorPort;
  let browser: Browser;

  async function openPage(options: BrowserContextOptions): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      // A policy that stops something says so there.
      if (message.text().includes("Content Security Policy")) errors.push(message.text());
    });
    await page.goto(port.url);
    return page;
  }

  async function enter(page: Page): Promise<void> {
    await page.fill("#token", TOKEN);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#board:not([hidden])");
  }

  const text = async (page: Page, selector: string) => (await page.locator(selector).textContent())!;

  beforeAll(async () => {
    browser = await launchChromium();
  });

  beforeEach(() => {
    port = new OperatorPort();
    port.makeWell();
    port.start();
  });

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await port.stop();
    expect(errors.splice(0)).toEqual([]);
  });

  afterAll(() => browser?.close());

  test("a token opens it; what goes wrong is seen; an action is asked for, done once and answered", async () => {
    const { asked, state } = port.parts;
    const page = await openPage(DESKTOP);
    await page.fill("#token", "not-the-operator-token");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#login-refused:not([hidden])");
    expect(await text(page, "#login-refused")).toBe(WORDS.ko.tokenRefused);
    await enter(page);
    await page.waitForSelector('#state[data-state="well"]');
    expect(await text(page, ".card[data-card=unhedged]")).toContain("0원");
    expect(await text(page, ".card[data-card=workers]")).toContain("5");
    expect(await page.isVisible("#well")).toBe(true);

    port.makeIll();
    await page.waitForSelector('#state[data-state="wrong"]');
    await page.waitForSelector(".card[data-card=unhedged].bad");
    expect(await text(page, ".card[data-card=unhedged]")).toContain("812,346원");
    const found = await text(page, "#findings");
    for (const words of [
      "데이터베이스에 닿지 않습니다",
      "바이비트가 이 주소를",
      "바이낸스가 이 주소를",
      "BTC 업비트·바이비트, ETH 빗썸·바이낸스",
      "'오래됨'",
      "범위: 코인 DOGE, 누가: 엔진",
      "되판 진입이 잦아",
      "디스크가 2% 남았습니다",
    ]) {
      expect(found).toContain(words);
    }

    expect(await text(page, "#quarantine")).toContain("1 USDT에 1859.31원, 전체 중앙값은 1391.00원");
    expect(await text(page, "#trading-chips")).toContain("진입: 해외 숏 거는 중");
    expect(await text(page, '#links tr[data-key="database"]')).toContain("요청이 닿지 않음");
    // Commands are typed as they stand.
    const shown = (await text(page, "#board")).replaceAll(/schedulerx-scheduler( [a-z-]+)+/g, "");
    expect(shown.match(/[a-z]+( [a-z]+)+/gi) ?? []).toEqual([]);

    await page.click('[data-action="entriesOff"]');
    await page.selectOption("#ask select[name=scope]", "coin");
    await page.fill("#ask input[name=subject]", "xrp");
    await page.fill("#ask input[name=why]", "<b>looking</b>");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#answers li.good");
    expect(await text(page, "#answers")).toContain("코인 XRP");
    expect(asked).toEqual(["switch coin XRP true false <b>looking</b>"]);
    await page.locator('#switches tr[data-key="coin XRP"]', { hasText: "<b>looking</b>" }).waitFor();

    await page.click('#positions tr[data-key^="4 SOL"] button');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("ask-cancel");
    await page.click("#ask-do");
    await page.waitForSelector("#ask-refused:not([hidden])");
    expect(await text(page, "#ask-refused")).toBe("그 사용자는 이 코인을 보유하고 있지 않습니다.");
    await page.keyboard.press("Escape");
    expect(await text(page, "#answers li.bad")).toContain("강제 종료 거절됨");

    await page.click('#incidents tr[data-key="4"] button');
    await page.fill("#ask input[name=note]", "he put in another key");
    await page.keyboard.press("Enter");
    await page.waitForSelector('#incidents tr[data-key="4"]', { state: "detached" });
    expect(asked.slice(1)).toEqual(["force 4 SOL", "close 4 he put in another key"]);
    expect(state.incidents.map(({ incidentId }) => incidentId)).toEqual([5]);

    await port.stop();
    await page.waitForSelector("#silent:not([hidden])");
    expect(await text(page, "#state-word")).toBe(WORDS.ko.isSilent);
    port.makeWell();
    port.start();
    await page.waitForSelector('#state[data-state="well"]');
    expect(await page.isVisible("#silent")).toBe(false);
  });

  longTest("the token is this tab's alone, a reload keeps it, leaving forgets it", async () => {
    const page = await openPage(DESKTOP);
    await enter(page);
    await page.reload();
    await page.waitForSelector("#board:not([hidden])");
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href)).not.toContain(
      TOKEN,
    );
    const other = await page.context().newPage();
    await other.goto(port.url);
    await other.waitForSelector("#login:not([hidden])");
    await page.click("#leave");
    await page.waitForSelector("#login:not([hidden])");
    await page.reload();
    await page.waitForSelector("#login:not([hidden])");
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(await page.inputValue("#token")).toBe("");
  });

  longTest("every action of the bar asks first, says what will happen, and Escape does nothing", async () => {
    const { asked, scheduler, logLevel } = port.parts;
    const page = await openPage({ ...DESKTOP, locale: "en-US" });
    await enter(page);
    const ids = await page.$$eval("#actions button", (buttons) =>
      buttons.map((button) => (button as HTMLElement).dataset.action!),
    );
    expect(ids.length).toBe(8);
    for (const id of ids) {
      await page.click(`[data-action="${id}"]`);
      await page.waitForSelector("#ask[open]");
      expect(await page.locator("#ask-effects li").count()).toBeGreaterThan(0);
      await page.keyboard.press("Escape");
      await page.waitForSelector("#ask:not([open])", { state: "attached" });
    }
    expect([asked, scheduler.ticks.paused]).toEqual([[], false]);

    const answered = (words: string) => page.locator("#answers li", { hasText: words }).waitFor();
    const press = async (id: string, words: string) => {
      await page.click(`[data-action="${id}"]`);
      await page.click("#ask-do");
      await answered(words);
    };
    await press("pause", "Ticks are paused");
    await press("resume", "next beat");
    await press("halt", "Halted");
    await press("unhalt", "The halt is lifted");
    await press("reconcile", "2 positions compared");
    await press("refresh", "The lists are new");
    await page.click('[data-action="logLevel"]');
    await page.selectOption("#ask select", "debug");
    await page.click("#ask-do");
    await answered("Log level: debug");
    expect([logLevel.level, scheduler.ticks.paused]).toEqual(["debug", false]);
    await page.locator('[data-action="logLevel"]', { hasText: "debug" }).waitFor();
    await page.click('#switches tr[data-key="global "] button');
    await page.click("#ask-do");
    await answered("Entries are on: Everybody");
    await press("drain", "Drained");
    expect(asked.at(-1)).toBe("drain");
  });

  longTest("a token that is taken away closes the page", async () => {
    const page = await openPage(DESKTOP);
    await enter(page);
    await page.evaluate(() => sessionStorage.setItem("schedulerx.operator-token", "another"));
    await page.reload();
    await page.waitForSelector("#login-refused:not([hidden])");
    expect(await page.isVisible("#board")).toBe(false);
  });

  longTest("a hidden tab asks nothing until it is looked at again", async () => {
    const page = await openPage(DESKTOP);
    await enter(page);
    const look = (state: "hidden" | "visible") =>
      page.evaluate((wanted) => {
        Object.defineProperty(document, "visibilityState", { value: wanted, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await look("hidden");
    const before = await text(page, "#state-time");
    port.parts.scheduler.ticks.paused = true;
    await page.waitForTimeout(3_000);
    expect(await text(page, "#state-time")).toBe(before);
    await look("visible");
    await page.waitForSelector('#state[data-state="look"]');
  });

  for (const [options, colorScheme, locale] of [
    [DESKTOP, "light", "ko-KR"],
    [DESKTOP, "dark", "en-US"],
    [PHONE, "light", "en-US"],
    [PHONE, "dark", "ko-KR"],
  ] as const) {
    const { width } = options.viewport;
    longTest(
      `axe finds nothing at ${width} pixels, ${colorScheme}, ${locale}, and nothing sticks out`,
      async () => {
        const page = await openPage({ ...options, colorScheme, locale });
        const check = async (view: string) => {
          expect([view, await axeFindings(page)]).toEqual([view, []]);
          const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          expect([view, widths[0]]).toEqual([view, widths[1]!]);
        };
        await check("login");
        await enter(page);
        await page.waitForSelector('#state[data-state="well"]');
        await check("well");
        port.makeIll();
        await page.waitForSelector('#state[data-state="wrong"]');
        await check("ill");
        await page.click('[data-action="entriesOff"]');
        await check("question");
      },
    );
  }
});
