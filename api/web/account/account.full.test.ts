// Every view of the account's page on a desk and on a phone, light and dark: nothing for axe to find, nothing cut off, the
// keyboard enough, and what it does when the line, the session or the api is gone. With PICTURES a folder, pictures.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { axeFindings } from "../../../src/testing/axe.ts";
import { needs } from "../../../src/testing/needs.ts";
import { launchChromium } from "../../../src/testing/services.ts";
import { PASSWORD } from "../../test-accounts.ts";
import { AccountServer, EMAIL } from "./account-testing.ts";

const VIEWS = {
  now: "#open-rows tr",
  profit: "#profit-plot canvas",
  strategy: "#decision-rows tr",
  accounts: "#keys li",
} as const;
const DEVICES = {
  desk: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true },
} as const satisfies Record<string, BrowserContextOptions>;
/** Each device, colour and language with each other one once. */
const LOOKS = [
  ["desk", "light", "ko-KR"],
  ["desk", "dark", "en-US"],
  ["phone", "dark", "ko-KR"],
  ["phone", "light", "en-US"],
] as const;
const STRATEGY = {
  ...{ name: "Deep discounts", seedAmountKrw: "40000000", seedDivision: 4, tradeMode: "custom" },
  ...{ entryRate: "1382.5", exitRate: "1398", coinMode: "auto", leverage: 2 },
  ...{ allowAverageDown: true, allowAverageUp: false },
};

needs(["chromium", "postgres"], "the account's page for everybody", () => {
  let server: AccountServer;
  let browser: Browser;

  beforeAll(async () => {
    [server, browser] = await Promise.all([AccountServer.create(), launchChromium()]);
    await server.addHistory(45);
    await server.addOpen();
    await server.addDecisions();
    await server.addIncident("key", "업비트: 키가 만료되었습니다");
    await server.addIncident("needs-human", "coins-held");
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function openPage(options: BrowserContextOptions): Promise<Page> {
    server.publishRates();
    const page = await (await browser.newContext({ locale: "ko-KR", ...options })).newPage();
    await page.goto(server.url);
    await page.fill("#sign-in-form [name=email]", EMAIL);
    await page.fill("#sign-in-form [name=password]", PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector('#state[data-state="live"]');
    await page.waitForSelector(VIEWS.now);
    return page;
  }

  const widths = (page: Page) => page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);

  for (const [device, colorScheme, locale] of LOOKS) {
    test(`every view on a ${device} in ${colorScheme}, ${locale}: axe finds nothing and nothing is cut off`, async () => {
      const folder = process.env.PICTURES;
      const look = `${device}-${colorScheme}-${locale}.png`;
      const page = await openPage({ ...DEVICES[device], colorScheme, locale });
      for (const [view, filled] of Object.entries(VIEWS)) {
        await page.click(`.views a[href="#${view}"]`);
        await page.waitForSelector(filled);
        if (view === "accounts") {
          await page.click("#telegram-link");
          await page.waitForSelector("#telegram-steps:not([hidden])");
        }
        expect({ view, findings: await axeFindings(page) }).toEqual({ view, findings: [] });
        const [scrolled, inner] = await widths(page);
        expect({ view, scrolled }).toEqual({ view, scrolled: inner! });
        const path = folder && join(folder, `account-${view}-${look}`);
        if (path) await page.screenshot({ path, fullPage: true });
      }
      await page.click('.views a[href="#now"]');
      await page.click("#open-rows .ticker");
      await page.waitForSelector("#chart-plot canvas");
      expect(await axeFindings(page, { within: "#chart" })).toEqual([]);
      if (folder) await page.screenshot({ path: join(folder, `account-chart-${look}`) });
      await page.keyboard.press("Escape");
      await page.click('.views a[href="#strategy"]');
      await page.click("#active-strategy button:visible");
      expect(await axeFindings(page, { within: "#strategy-dialog" })).toEqual([]);
      await page.keyboard.press("Escape");
      await page.click('.views a[href="#now"]');
      await page.click("#open-rows .doing button:visible");
      expect(await axeFindings(page, { within: "#ask" })).toEqual([]);
      await page.context().close();
    });
  }

  test("the log-in and sign-up forms, and a new user's empty views, have nothing for axe either", async () => {
    const page = await (await browser.newContext({ locale: "ko-KR" })).newPage();
    await page.goto(server.url);
    await page.waitForSelector("#sign-in:not([hidden])");
    expect(await axeFindings(page)).toEqual([]);
    await page.click("#sign-in-other");
    await page.fill("#sign-in-form [name=email]", "new@mail.kr");
    await page.fill("#sign-in-form [name=password]", "short");
    await page.click("#sign-in-go");
    await page.waitForSelector("#sign-in .refusal:not([hidden])");
    expect(await page.textContent("#sign-in .refusal")).toBe("비밀번호는 10자 이상이어야 합니다.");
    expect(await axeFindings(page)).toEqual([]);
    await page.fill("#sign-in-form [name=password]", "long enough by far");
    await page.click("#sign-in-go");
    await page.waitForSelector("#open-none:not([hidden])");
    for (const view of Object.keys(VIEWS)) {
      await page.click(`.views a[href="#${view}"]`);
      await page.waitForSelector(`#view-${view}:not([hidden])`);
      expect({ view, findings: await axeFindings(page) }).toEqual({ view, findings: [] });
    }
    await page.context().close();
  });

  test("entries go off with a reason and on again, an incident is closed, and paper money put in", async () => {
    const page = await openPage(DEVICES.desk!);
    await page.click("#entries-switch");
    await page.fill("#ask [name=why]", "휴가");
    await page.click("#ask-yes");
    await page.waitForSelector('#entries[data-off="true"]');
    expect(await page.textContent("#entries-words")).toContain("휴가");
    await page.click("#entries-switch");
    await page.waitForSelector('#entries[data-off="false"]');
    expect(await page.locator("#incidents").textContent()).toContain("다른 주문이 코인을 잡고 있어");
    expect(await page.locator("#incidents li button:visible").count()).toBe(1);
    await page.click("#incidents li button:visible");
    await page.click("#ask-yes");
    await page.waitForFunction(() => document.querySelectorAll("#incidents li").length === 1);
    await page.click('.views a[href="#accounts"]');
    await page.click("#money li:first-child button");
    await page.fill("#ask [name=amount]", "0");
    // While it is under way nothing closes the dialog: the refusal would go unseen.
    const answered = Promise.withResolvers<void>();
    await page.route("**/api/paper/**", async (route) => {
      await answered.promise;
      await route.continue();
    });
    await page.click("#ask-yes");
    await page.waitForSelector("#ask-no:disabled");
    await page.keyboard.press("Escape");
    answered.resolve();
    await page.waitForSelector("#ask-refusal:not([hidden])");
    await page.unrouteAll({ behavior: "wait" });
    await page.fill("#ask [name=amount]", "50,000,000");
    await page.click("#ask-yes");
    await page.waitForFunction(() => document.querySelector("#money b")?.textContent === "1억 5,000만");
    await page.click("#paper-reset");
    await page.click("#ask-yes");
    await page.waitForSelector("#ask-refusal:not([hidden])");
    expect(await page.textContent("#ask-refusal")).toContain("보유 중이거나 주문 중인 코인이 있습니다:");
    await page.context().close();
  });

  test("a session that ended elsewhere ends with the next deed, and the log-in is back", async () => {
    const page = await openPage(DEVICES.desk!);
    // What is read with each tick would find it out as well, only later.
    await page.route("**/api/positions/open", (route) => route.abort());
    await page.click("#entries-switch");
    await page.fill("#ask [name=why]", "휴가");
    const [session] = await page.context().cookies();
    await server.context.accounts.sessions.end(session!.value);
    await page.click("#ask-yes");
    await page.waitForSelector("#sign-in:not([hidden])");
    expect(await page.locator("dialog[open]").count()).toBe(0);
    expect(await page.textContent("#sign-in-note")).toBe("로그인이 끝났습니다. 다시 로그인해 주세요.");
    await page.context().close();
  });

  test("a strategy is stopped, used again, and a change while a coin is held is refused with words", async () => {
    const started = await server.context.accounts.strategies.start(
      server.userId,
      {
        ...STRATEGY,
        tradeMode: "custom",
        coinMode: "auto",
        selectedCoins: [],
        stopRate: null,
        holdingMsMax: null,
      },
      server.nowMs,
    );
    expect(started).toHaveProperty("strategyId");
    const page = await openPage(DEVICES.phone!);
    await page.click('.views a[href="#strategy"]');
    await page.click("#active-strategy button:visible >> nth=0");
    expect(await page.inputValue("#strategy-form [name=entryRate]")).toBe("1382.5");
    await page.fill("#strategy-form [name=leverage]", "3");
    await page.click("#strategy-yes");
    await page.waitForSelector("#strategy-refusal:not([hidden])");
    expect(await page.textContent("#strategy-refusal")).toContain("바꿀 수 없습니다: DOGE, SOL, XRP.");
    await page.click("#strategy-no");
    await page.click("#active-strategy button:visible >> nth=1");
    await page.click("#ask-yes");
    await page.click("#earlier li:first-child button");
    expect(await page.inputValue("#strategy-form [name=name]")).toBe("Deep discounts");
    await page.click("#strategy-yes");
    await page.waitForSelector("#active-strategy .terms div");
    await page.click("#active-strategy button:visible >> nth=1");
    await page.click("#ask-yes");
    await page.waitForSelector("#earlier-panel:not([hidden])");
    await page.context().close();
  });

  test("a line that is cut is said and comes back; a session that ends elsewhere leads to the log-in", async () => {
    const page = await openPage(DEVICES.desk!);
    await server.stop();
    await page.waitForSelector('#state[data-state="reconnecting"]');
    expect(await page.getAttribute("html", "data-fresh")).toBe("false");
    await server.start();
    await page.waitForSelector('#state[data-state="live"]', { timeout: 60_000 });
    const second = await openPage(DEVICES.desk!);
    await page.waitForSelector("#sign-in:not([hidden])", { timeout: 60_000 });
    expect(await page.textContent("#sign-in-note")).toBe("로그인이 끝났습니다. 다시 로그인해 주세요.");
    await page.context().close();
    await second.context().close();
  });

  test("the keyboard is enough: along the views, into a dialog and out of it", async () => {
    const page = await openPage(DEVICES.desk!);
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute("href") ?? document.activeElement?.id);
    await page.focus('.views a[href="#now"]');
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("#profit");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#view-profit:not([hidden])");
    await page.focus('.views a[href="#now"]');
    await page.keyboard.press("Enter");
    await page.waitForSelector("#view-now:not([hidden])");
    await page.focus("#open-rows .ticker");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#chart[open] canvas");
    expect(await page.evaluate(() => document.activeElement?.closest("#chart") !== null)).toBe(true);
    await page.keyboard.press("Escape");
    await page.waitForSelector("#chart:not([open])", { state: "attached" });
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("ticker");
    await page.focus("#entries-switch");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#ask[open]");
    expect(await page.evaluate(() => document.activeElement?.closest("#ask") !== null)).toBe(true);
    await page.keyboard.press("Escape");
    await page.waitForSelector("#ask[open]", { state: "detached" });
    expect(await focused()).toBe("entries-switch");
    await page.context().close();
  });
});
