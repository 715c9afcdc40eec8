// The account's page in a real browser, behind the real api, store and bus: one user's way through it, with every figure
// held against what was traded.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { encodeUserEvent, type UserEvent } from "../../../schema/messages/user-event.ts";
import { Decimal } from "../../../src/domain/decimal.ts";
import { needs } from "../../../src/testing/needs.ts";
import { launchChromium } from "../../../src/testing/services.ts";
import { gainMoneyText } from "../../../src/web/format.ts";
import { PASSWORD } from "../../test-accounts.ts";
import { AccountServer, EMAIL } from "./account-testing.ts";

needs(["chromium", "postgres"], "the account's page", () => {
  let server: AccountServer;
  let browser: Browser;

  beforeAll(async () => {
    [server, browser] = await Promise.all([AccountServer.create(), launchChromium()]);
    await server.addHistory(4);
    await server.addOpen(2);
    await server.addDecisions();
    server.publishRates();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const text = async (page: Page, selector: string) =>
    (await page.locator(selector).first().textContent())!.replaceAll("\u00a0", " ");
  const tell = (event: Partial<UserEvent> & { readonly kind: UserEvent["kind"] }) => {
    const { userId } = server;
    const told = { mode: "paper", userId, atMs: server.nowMs, ...event } as UserEvent;
    return server.context.events.publish(
      { mode: "paper", userId },
      JSON.stringify(event),
      encodeUserEvent(told),
    );
  };

  test("a user logs in, sees what is open and what it brought, acts, and leaves no trace", async () => {
    const page = await (await browser.newContext({ locale: "ko-KR" })).newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) errors.push(message.text());
    });
    await page.goto(new URL(".", server.url).href);
    await page.click("#to-account");

    // Wrong, then right.
    await page.fill("#sign-in-form [name=email]", EMAIL);
    await page.fill("#sign-in-form [name=password]", "wrong password");
    await page.click("#sign-in-go");
    await page.waitForSelector("#sign-in .refusal:not([hidden])");
    expect(await text(page, "#sign-in .refusal")).toBe("이메일 또는 비밀번호가 맞지 않습니다.");
    // Until it is known what is open, nobody is told that nothing is.
    const known = Promise.withResolvers<void>();
    await page.route("**/api/positions/open", (route) => known.promise.then(() => route.continue()));
    await page.fill("#sign-in-form [name=password]", PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#now-figures > :last-child");
    expect(await text(page, "#now-figures > :last-child b")).toBe("—");
    // Rates age, and a busy machine takes its time to come here.
    server.publishRates();
    known.resolve();

    // What is open, by the rates of now: 3,000 XRP bought for 10,207,500 KRW and sold for 7,380 USDT. At 1389.20 they bring
    // 10,252,296: 44,796 more, less fees of 5,103.75, 5,126.148 and twice 4.059 USDT at 1,400.
    await page.waitForSelector("#open-rows tr:nth-child(2)");
    const xrp = '#open-rows tr[data-key^="XRP"]';
    const cells = await page.$$eval(`${xrp} > *`, (all) => all.map((cell) => cell.textContent));
    expect(cells).toEqual([
      "XRP업비트·바이비트",
      "1,021만",
      "1,383.13",
      "1,389.20",
      "1,392.00",
      "+23,201",
      "정리",
    ]);
    expect(await page.getAttribute(`${xrp} .profit`, "class")).toContain("up");
    const sum = Decimal.sum(server.profits.map(({ profitKrw }) => profitKrw.rounded(2, "half-up")));
    const all = gainMoneyText(sum.toString(), "ko");
    await page.waitForFunction(
      (wanted) => document.querySelector("#now-figures")?.textContent?.includes(wanted),
      all,
    );
    await page.waitForSelector('#state[data-state="live"]');

    // Its chart has the entry, at the rate it was filled at.
    await page.click(`${xrp} .ticker`);
    await page.waitForSelector('#chart-plot[aria-label$="표시: 진입 1, 종료 0"] canvas');
    expect(await text(page, "#chart-title")).toBe("XRP · 업비트·바이비트");
    await page.keyboard.press("Escape");

    // Leaving it is asked for with words, and stays asked for.
    await page.click(`${xrp} .doing button`);
    expect(await text(page, "#ask-words")).toContain("되돌릴 수 없습니다. 지금 종료 환율은 1,389.20");
    await page.click("#ask-no");
    expect(await server.context.accounts.forcedCloses.open("paper")).toEqual([]);
    await page.click(`${xrp} .doing button`);
    await page.click("#ask-yes");
    await page.waitForSelector(`${xrp} .doing button:disabled`);
    expect((await server.context.accounts.forcedCloses.open("paper")).map(({ coin }) => coin)).toEqual([
      "XRP",
    ]);

    // It is left: the event alone brings the news and the tables.
    const trade = server.openTrade("XRP");
    const profit = await server.trades.leave(trade, { krw: "3417", usdt: "2.46", atMs: server.nowMs });
    await tell({
      ...({ kind: "position", intentId: "i1", strategyId: 1, coin: "XRP", pair: "upbit-bybit" } as const),
      ...{ state: "closed", qtyCoin: "3000", profitKrw: profit.toString() },
    });
    await page.waitForSelector(xrp, { state: "detached" });
    expect(await text(page, "#activity li span")).toBe(
      `XRP 업비트·바이비트 · 종료 · ${gainMoneyText(profit.toString(), "ko")}원`,
    );

    // Over time, and trade by trade.
    await page.click('.views a[href="#profit"]');
    await page.waitForSelector("#profit-plot canvas");
    const whole = gainMoneyText(sum.plus(profit.rounded(2, "half-up")).toString(), "ko");
    expect(await page.getAttribute("#profit-plot", "aria-label")).toEndWith(`누적 ${whole}원`);
    expect(await text(page, "#history-rows tr .what")).toBe("XRP업비트·바이비트");

    // A strategy that could only lose is refused field by field; a good one starts, and its decisions have words.
    await page.click('.views a[href="#strategy"]');
    await page.click("#active-strategy button:visible");
    for (const [name, value] of Object.entries({ name: "깊은 할인", entryRate: "1400", exitRate: "1,390" }))
      await page.fill(`#strategy-form [name=${name}]`, value);
    await page.click("#strategy-yes");
    await page.waitForSelector("#strategy-refusal:not([hidden])");
    expect(await text(page, "#strategy-fault-exitRate")).toBe(
      "진입 환율(1,400)보다 높아야 합니다. 그렇지 않으면 손실만 납니다.",
    );
    await page.fill("#strategy-form [name=exitRate]", "1,420.5");
    await page.click("#strategy-yes");
    await page.waitForSelector("#active-strategy .terms div");
    expect(await text(page, "#active-strategy h2")).toBe("깊은 할인");
    const { strategies } = await server.context.accounts.strategies.read(server.userId);
    expect(strategies.find(({ isActive }) => isActive)).toMatchObject({
      ...{ name: "깊은 할인", seedAmountKrw: "10000000", seedDivision: 5, leverage: 2 },
      ...{ entryRate: "1400", exitRate: "1420.5" },
    });
    expect(await text(page, '#decision-rows tr[data-key$=" BTC"] .decided')).toBe(
      "보류진입·종료 환율 차이가 큼손익분기 0.31 %",
    );
    // What the rates say of the others, the nearest first, and of all when that is asked for.
    expect(await text(page, '#decision-rows tr[data-key$=" C0"] .decided')).toBe(
      "보류진입 환율이 목표보다 높음",
    );
    const rows = page.locator("#decision-rows tr");
    expect(await rows.count()).toBe(20);
    await page.click("#decisions-more button");
    // Without a rate for entering: behind all that have one.
    expect(await rows.last().getAttribute("data-key")).toEndWith(" XRP");

    // A key is put in, tested in words, and never shown.
    await page.click('.views a[href="#accounts"]');
    await page.click("#keys li:first-child button:visible");
    await page.fill("#ask [name=apiKey]", "an-access-key");
    await page.fill("#ask [name=secret]", "a-secret-of-this-test");
    await page.click("#ask-yes");
    await page.waitForSelector('#keys li:first-child .badge[data-state="untested"]');
    await page.click("#keys li:first-child button:visible >> nth=0");
    await page.waitForSelector("#keys .findings li");
    expect(await page.locator("#keys .findings li").allTextContents()).toEqual([
      "출금 권한이 있는 키입니다. 출금 권한이 없는 키를 새로 만들어 주세요.",
      "키가 2026-06-03에 만료됩니다.",
    ]);
    expect(await page.content()).not.toContain("an-access-key");

    // Green for rises, English, and out again; nothing of the session is where a script could read it.
    await page.click("#up-color");
    await page.click('[data-language="en"]');
    expect(await page.getAttribute("html", "data-up")).toBe("green");
    expect(await text(page, ".views a[aria-current]")).toBe("Accounts");
    const kept = await page.evaluate(() => [
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
      document.cookie,
    ]);
    expect(kept.join()).not.toMatch(/eyJ|token/);
    await page.click("#sign-out");
    await page.waitForSelector("#sign-in:not([hidden])");
    expect(await page.evaluate(() => fetch("api/me").then(({ status }) => status))).toBe(401);
    expect(errors).toEqual([]);
  });
});
