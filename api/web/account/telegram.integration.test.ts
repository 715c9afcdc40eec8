// The chat for a user's notices, from the account's page in a real browser to Telegram and back: the bot is the
// scheduler's own, before a stand-in for the Bot API.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { systemClock } from "../../../src/adapters/clock.ts";
import { createBotApi } from "../../../src/adapters/telegram/bot-api.ts";
import { LinkPoller } from "../../../src/adapters/telegram/link-poller.ts";
import { needs } from "../../../src/testing/needs.ts";
import { RecordingLog } from "../../../src/testing/recording-log.ts";
import { launchChromium } from "../../../src/testing/services.ts";
import { startTelegramStandIn, type TelegramStandIn } from "../../../src/testing/telegram-stand-in.ts";
import { PASSWORD } from "../../test-accounts.ts";
import { AccountServer, EMAIL } from "./account-testing.ts";

const TOKEN = "7654321:AAf-TestTokenOf_35_Characters_xyz01";

needs(["chromium", "postgres"], "linking a chat on the account's page", () => {
  let server: AccountServer;
  let browser: Browser;
  let telegram: TelegramStandIn;
  let poller: LinkPoller;

  beforeAll(async () => {
    [server, browser] = await Promise.all([AccountServer.create(), launchChromium()]);
    await server.context.addUser("lee@mail.kr");
    const nowMs = () => systemClock.nowMs();
    telegram = startTelegramStandIn({ token: TOKEN, chats: { 7: "open", 8: "open" }, nowMs });
    poller = new LinkPoller({
      ...{ api: createBotApi({ apiUrl: telegram.url, token: TOKEN, timeoutMs: 40_000 }), clock: systemClock },
      ...{ store: server.context.accounts.telegram, log: new RecordingLog(), language: "ko" },
      leads: () => true,
    });
  });
  afterAll(async () => {
    await poller?.stop();
    await telegram?.stop();
    await browser?.close();
    await server?.close();
  });

  async function signIn(page: Page, email: string): Promise<void> {
    await page.fill("#sign-in-form [name=email]", email);
    await page.fill("#sign-in-form [name=password]", PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#telegram-state:not([hidden])");
  }
  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${server.url}#accounts`);
    await signIn(page, EMAIL);
    return page;
  }
  const text = (page: Page, selector: string) => page.textContent(selector);
  const buttons = (page: Page) => page.locator("#telegram .buttons button:visible").allTextContents();
  /** Whether the code is anywhere on the page. */
  const isShown = async (page: Page, code: string) => (await page.content()).includes(code);

  test("a chat is linked by the code the page shows, silenced, changed for another, and forgotten", async () => {
    const page = await open(await browser.newContext({ locale: "ko-KR" }));
    expect([await text(page, "#telegram-state"), await buttons(page)]).toEqual(["연결 안 됨", ["연결하기"]]);
    await page.click("#telegram-link");
    await page.waitForSelector("#telegram-steps:not([hidden])");
    const said = (await text(page, "#telegram-code"))!;
    const code = said.replace("/start ", "");
    expect(said).toMatch(/^\/start [\w-]{22}$/);
    expect(await page.getAttribute("#telegram-open", "href")).toBe(`https://t.me/stand_in_bot?start=${code}`);
    expect(await text(page, "#telegram-send")).toContain("@stand_in_bot");
    expect(await text(page, "#telegram-until")).toMatch(/^\d\d:\d\d:\d\d까지 한 번만/);

    // The bot hears it; the page finds out by itself, and the code is gone from it.
    telegram.say({ chatId: 7, text: said, username: "kim_trades" });
    await page.waitForSelector('#telegram-state[data-state="good"]');
    expect(await text(page, "#told")).toBe("텔레그램 채팅을 연결했습니다.");
    expect(await text(page, "#telegram-words")).toContain("@kim_trades 님의 텔레그램 채팅이");
    await telegram.delivered(1);
    expect(telegram.messages[0]).toMatchObject({
      chatId: "7",
      text: expect.stringContaining("연결되었습니다"),
    });
    expect(await page.locator("#telegram-steps").isVisible()).toBe(false);
    expect(await isShown(page, code)).toBe(false);

    expect(await buttons(page)).toEqual(["다른 채팅 연결", "알림 끄기", "연결 해제"]);
    await page.click("#telegram-notices");
    await page.waitForSelector('#telegram-state[data-state="off"]');
    expect(await server.context.accounts.telegram.read(server.userId)).toMatchObject({
      notifications: false,
    });
    await page.click("#telegram-notices");
    await page.waitForSelector('#telegram-state[data-state="good"]');

    // Another chat takes its place.
    await page.click("#telegram-link");
    await page.waitForSelector("#telegram-steps:not([hidden])");
    telegram.say({ chatId: 8, text: (await text(page, "#telegram-code"))! });
    await page.waitForSelector("#telegram-steps", { state: "hidden" });
    expect(await text(page, "#telegram-words")).toMatch(/^텔레그램 채팅이 .*연결되었습니다\.$/);

    // English, and forgotten: a code that waits is gone with it.
    await page.click('[data-language="en"]');
    await page.click("#telegram-link");
    await page.waitForSelector("#telegram-steps:not([hidden])");
    expect(await buttons(page)).toEqual(["Make a new code", "Switch notices off", "Unlink"]);
    await page.click("#telegram-unlink");
    expect(await text(page, "#ask-title")).toBe("Unlink Telegram?");
    await page.click("#ask-yes");
    await page.waitForSelector('#telegram-state[data-state="none"]');
    expect(await page.locator("#telegram-steps").isVisible()).toBe(false);
    expect(await server.context.accounts.telegram.read(server.userId)).toMatchObject({ linked: false });
    await page.context().close();
  });

  test("a code whose time is over is put away, and another user finds nothing of the one before", async () => {
    const context = await browser.newContext({ locale: "ko-KR" });
    const page = await open(context);
    let lengthMs = 1;
    await context.route("**/api/telegram/link", async (route) => {
      const response = await route.fetch();
      const offer = await response.json();
      const expiresAtMs = offer.expiresAtMs - 600_000 + lengthMs;
      await route.fulfill({ response, json: { ...offer, expiresAtMs } });
    });
    await page.click("#telegram-link");
    await page.waitForSelector("#telegram-refusal:not([hidden])");
    expect(await text(page, "#telegram-refusal")).toBe("코드가 만료되었습니다. 새 코드를 받아 주세요.");
    expect(await page.locator("#telegram-steps").isVisible()).toBe(false);

    lengthMs = 600_000;
    await page.click("#telegram-link");
    await page.waitForSelector("#telegram-steps:not([hidden])");
    expect(await page.locator("#telegram-refusal").isVisible()).toBe(false);
    const code = (await text(page, "#telegram-code"))!.replace("/start ", "");
    // What a test of a key found is his as well.
    await page.click("#keys li:first-child button:visible");
    await page.fill("#ask [name=apiKey]", "an-access-key");
    await page.fill("#ask [name=secret]", "a-secret-of-this-test");
    await page.click("#ask-yes");
    await page.waitForSelector('#keys li:first-child .badge[data-state="untested"]');
    await page.click("#keys li:first-child button:visible >> nth=0");
    await page.waitForSelector("#keys .findings li");
    await page.click("#sign-out");
    await page.waitForSelector("#sign-in:not([hidden])");
    expect(await isShown(page, code)).toBe(false);
    await signIn(page, "lee@mail.kr");
    await page.waitForSelector("#keys li");
    expect(await page.locator("#keys .findings li").count()).toBe(0);
    expect(await page.locator("#telegram-steps").isVisible()).toBe(false);
    await context.close();
  });
});
