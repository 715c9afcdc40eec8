// Over real HTTP against the local stand-in for the Bot API. Time runs fifty times as fast for both, so its limits are
// the real ones: one message a second to a chat, thirty in all, and whole seconds of retry_after.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Clock } from "../ports/clock.ts";
import type { Audience, Notice } from "../ports/notifier.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import {
  startTelegramStandIn,
  type TelegramStandIn,
  type TelegramTrouble,
} from "../testing/telegram-stand-in.ts";
import { systemClock } from "./clock.ts";
import { createBotApi } from "./telegram/bot-api.ts";
import { createTelegramNotifier, type TelegramNotifier, type TelegramOptions } from "./telegram.ts";
import { createLog } from "./telemetry/log.ts";

const TOKEN = "7654321:AAf-TestTokenOf_35_Characters_xyz01";
const SPEED = 50;
const fast: Clock = {
  nowMs: () => systemClock.nowMs() * SPEED,
  monotonicMs: () => systemClock.monotonicMs() * SPEED,
  sleep: (lengthMs, signal) => systemClock.sleep(lengthMs / SPEED, signal),
};

let standIn: TelegramStandIn;
let log: RecordingLog;
/** Everything said, as the real log would write it. */
let written: string[];
const started: TelegramNotifier[] = [];

beforeEach(() => {
  standIn = startTelegramStandIn({
    token: TOKEN,
    chats: { "-1": "open", "11": "open", "12": "open", "13": "blocked" },
    nowMs: fast.monotonicMs,
  });
  log = new RecordingLog();
});
afterEach(async () => {
  await Promise.all([standIn.stop(), ...started.splice(0).map((notifier) => notifier.stop())]);
  written = [];
  const real = createLog({
    level: "debug",
    format: "json",
    process: "test",
    nowMs: () => 0,
    write: (line) => void written.push(line),
  });
  for (const { level, event, fields } of log.lines) real[level](event, fields);
  const everything = written.join("") + Bun.inspect(log.lines, { depth: 10 });
  expect(everything).not.toContain(TOKEN);
  expect(everything).not.toContain(TOKEN.split(":")[1]!);
});

function start(
  options: Partial<TelegramOptions> & { apiUrl?: string; token?: string; timeoutMs?: number } = {},
) {
  const { apiUrl = standIn.url, token = TOKEN, timeoutMs = 10_000 } = options;
  const notifier = createTelegramNotifier({
    clock: fast,
    log,
    chatOf: async (userId) => ({ chatId: String(userId), language: "ko" }),
    operator: { chatId: "-1", language: "ko" },
    api: createBotApi({ apiUrl, token, timeoutMs }),
    ...options,
  });
  started.push(notifier);
  const tell = (audience: Audience, notice: Notice) => notifier.tell({ audience, notice, atMs: 0 });
  return { notifier, tell };
}

const alert = (detail: string): Notice => ({ kind: "service", what: "takeover", detail });
const detailsOf = (chatId: string) =>
  standIn.messages.filter((each) => each.chatId === chatId).map(({ text }) => text.split("\n")[1]!);

describe("the Telegram notifier against the Bot API", () => {
  test("delivers Korean text to users and operators", async () => {
    const { tell } = start();
    tell({ userId: 11 }, { kind: "unwound", mode: "paper", coin: "BTC", lossKrw: undefined });
    tell("operator", alert("<b>&amp;"));
    await standIn.delivered(2);
    expect(standIn.messages.map(({ text }) => text).sort()).toEqual([
      "⚠️ [모의] 진입 취소 · BTC\n숏 헤지가 체결되지 않아 매수한 코인을 되팔았습니다.\n1970-01-01 09:00:00 KST",
      "⚠️ 서비스 알림 · 대기 서버가 역할을 넘겨받음\n<b>&amp;\n1970-01-01 09:00:00 KST",
    ]);
  });

  test("keeps all limits by itself: not one 429 for fifty messages to three chats", async () => {
    const { tell } = start();
    for (let index = 0; index < 18; index++) {
      for (const userId of [11, 12]) tell({ userId }, alert(`${index}`));
      if (index < 14) tell("operator", alert(`${index}`));
    }
    await standIn.delivered(50);
    expect(standIn.requests).toEqual({ 200: 50 });
    expect(detailsOf("11")).toEqual(Array.from({ length: 18 }, (_, index) => `${index}`));
  });

  test("after a 429 it asks that chat again only when retry_after is over, and then delivers in order", async () => {
    const { tell } = start();
    const heldUntilMs = fast.monotonicMs() + 30_000;
    standIn.hold("11", 30);
    for (const detail of ["a", "b", "c"]) tell({ userId: 11 }, alert(detail));
    tell({ userId: 12 }, alert("not held"));
    await standIn.delivered(4);
    expect(standIn.requests).toEqual({ 200: 4, 429: 1 });
    expect(detailsOf("11")).toEqual(["a", "b", "c"]);
    const first = standIn.messages.find(({ chatId }) => chatId === "11")!;
    expect(first.atMs).toBeGreaterThanOrEqual(heldUntilMs);
    expect(log.said("warn")).toEqual([]);
  });

  test("gives a blocked chat and one that is not found up after one request each", async () => {
    const { tell } = start();
    for (let index = 0; index < 5; index++) {
      tell({ userId: 13 }, alert("blocked"));
      tell({ userId: 99 }, alert("not found"));
    }
    await log.heard("a chat takes no notices and is given up", 2);
    tell({ userId: 11 }, alert("a"));
    await standIn.delivered(1);
    expect(standIn.requests).toEqual({ 200: 1, 400: 1, 403: 1 });
    expect(log.lines.map(({ fields }) => fields.why).sort()).toEqual([
      "400 Bad Request: chat not found",
      "403 Forbidden: bot was blocked by the user",
    ]);
  });

  test("follows a group to the supergroup it has become", async () => {
    standIn.chats.set("-1", { movedTo: -100123 });
    standIn.chats.set("-100123", "open");
    const { tell } = start();
    tell("operator", alert("a"));
    tell("operator", alert("b"));
    await standIn.delivered(2);
    expect(detailsOf("-100123")).toEqual(["a", "b"]);
    expect(standIn.requests).toEqual({ 200: 2, 400: 1 });
  });

  const TROUBLES: TelegramTrouble[] = ["internal-error", "bad-gateway", "garbage", "hang"];
  test.each(TROUBLES)("delivers once Telegram is well again after: %s", async (trouble) => {
    standIn.trouble = trouble;
    const { tell } = start({ timeoutMs: trouble === "hang" ? 300 : 10_000 });
    for (let index = 0; index < 3; index++) tell("operator", alert(`${index}`));
    await standIn.asked(2);
    expect(standIn.messages.length).toBe(0);
    standIn.trouble = "none";
    await standIn.delivered(3);
    expect(detailsOf("-1")).toEqual(["0", "1", "2"]);
    expect(log.said("warn")).toEqual(["notices cannot be sent"]);
    await log.heard("notices are sent again");
  });

  test("a message whose answer was lost comes twice rather than never", async () => {
    standIn.trouble = "lost-answer";
    const { tell } = start({ timeoutMs: 300 });
    tell("operator", alert("a"));
    await standIn.delivered(1);
    standIn.trouble = "none";
    await log.heard("notices are sent again");
    expect(detailsOf("-1")).toEqual(["a", "a"]);
  });

  test("a hung server never delays tell, and stop ends within its two seconds", async () => {
    standIn.trouble = "hang";
    const { tell, notifier } = start();
    for (let index = 0; index < 10_000; index++) tell({ userId: 11 + (index % 2) }, alert(`${index}`));
    await standIn.asked(2);
    await notifier.stop();
    expect(log.said("warn").at(-1)).toBe("notices were not sent before the end");
  });

  test("stop delivers what was told just before", async () => {
    const { tell, notifier } = start();
    tell("operator", alert("last words"));
    await notifier.stop();
    expect(detailsOf("-1")).toEqual(["last words"]);
  });

  test.each([
    ["a wrong token", () => ({ token: "1:AAwrong" }), "401 Unauthorized"],
    ["a token that is none", () => ({ token: "wrong" }), "404 Not Found"],
    ["nobody listening", () => ({ apiUrl: "http://127.0.0.1:1" }), "network"],
    ["an address that is none", () => ({ apiUrl: "nonsense" }), "network"],
  ] as const)("says what is wrong with %s, and never the token", async (_, options, why) => {
    const { tell } = start(options());
    tell("operator", alert("a"));
    await log.heard("notices cannot be sent");
    expect(log.lines[0]!.fields.why).toBe(why);
    expect(Bun.inspect(log.lines, { depth: 10 })).not.toContain("AAwrong");
  });

  test("an answer that repeats the token is told without it", async () => {
    const echo = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) =>
        Response.json({ ok: false, error_code: 403, description: `no: ${request.url}` }, { status: 403 }),
    });
    const { tell } = start({ apiUrl: `http://127.0.0.1:${echo.port}` });
    tell("operator", alert("a"));
    await log.heard("a chat takes no notices and is given up");
    expect(log.lines[0]!.fields.why).toContain("/bot[hidden]/sendMessage");
    await echo.stop(true);
  });
});
