// What goes wrong on the way to a chat, and that it is that chat's alone.

import { expect, test } from "bun:test";
import { Decimal } from "../domain/decimal.ts";
import type { Notice } from "../ports/notifier.ts";
import { alert, FAILED, info, never, SENT, telegramStage, user } from "./telegram-testing.ts";

const start = telegramStage();

const GUARDIAN = {
  kind: "guardian",
  mode: "live",
  coin: "BTC",
  venue: "bybit",
  distancePct: Decimal.of("5"),
  verdict: "close",
} as const;

test("waits as long as a 429 says, with that chat only", async () => {
  const { clock, details, tell } = start({
    answer: (chatId, nth) => (chatId === "c1" && nth === 1 ? { kind: "wait", forMs: 37_000 } : SENT),
  });
  tell(user(1), info("a"));
  await clock.advance(0);
  tell(user(2), info("b"));
  await clock.advance(36_999);
  expect(details()).toEqual(["a", "b"]);
  await clock.advance(1);
  expect(details()).toEqual(["a", "b", "a"]);
});

test("waits with all chats when a 429 comes from a second one", async () => {
  const { clock, details, tell } = start({
    answer: (_, nth) => (nth <= 2 ? { kind: "wait", forMs: 10_000 } : SENT),
  });
  tell(user(1), info("a"));
  tell(user(2), info("b"));
  await clock.advance(0);
  tell(user(3), info("c"));
  await clock.advance(9_999);
  expect(details()).toEqual(["a", "b"]);
  await clock.advance(1);
  expect(details().slice(2).sort()).toEqual(["a", "b", "c"]);
});

test("gives a blocked chat up for an hour and tells the log once", async () => {
  let isBlocked = true;
  const { clock, log, sent, tell } = start({
    answer: (chatId) =>
      isBlocked && chatId === "c1" ? { kind: "chat-gone", why: "403 Forbidden: bot was blocked" } : SENT,
  });
  for (let minute = 0; minute < 59; minute++) {
    tell(user(1), alert("a"));
    tell(user(2), alert("b"));
    await clock.advance(60_000);
  }
  expect(sent.filter(({ chatId }) => chatId === "c1").length).toBe(1);
  expect(sent.filter(({ chatId }) => chatId === "c2").length).toBe(59);
  expect(log.said("warn")).toEqual(["a chat takes no notices and is given up"]);
  expect(log.lines[0]!.fields).toMatchObject({
    recipient: "user 1",
    why: "403 Forbidden: bot was blocked",
  });
  isBlocked = false;
  await clock.advance(60_000);
  tell(user(1), alert("again"));
  await clock.advance(0);
  expect(sent.at(-1)!.text).toContain("again");
});

test("follows a group that has become a supergroup", async () => {
  const { clock, sent, tell } = start({
    answer: (chatId) => (chatId === "ops" ? { kind: "moved", chatId: "-100" } : SENT),
  });
  tell("operator", info("a"));
  tell("operator", info("b"));
  await clock.advance(3_000);
  expect(sent.map(({ chatId }) => chatId)).toEqual(["ops", "-100", "-100"]);
});

test("tries failed messages again after 1, 2, 4 and at most 60 s, and tells the log once", async () => {
  let isDown = true;
  const { clock, log, sent, tell, details } = start({ answer: () => (isDown ? FAILED : SENT) });
  tell("operator", info("a"));
  await clock.advance(200_000);
  const gaps = sent.slice(1).map(({ atMs }, index) => atMs - sent[index]!.atMs);
  expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  isDown = false;
  tell(user(1), info("b"));
  await clock.advance(60_000);
  expect(details().slice(-2).sort()).toEqual(["a", "b"]);
  expect(log.said()).toEqual(["notices cannot be sent", "notices are sent again"]);
});

test("gives a notice up half an hour after it was told, and says how many once that works", async () => {
  let isDown = true;
  const { clock, sent, tell } = start({ answer: () => (isDown ? FAILED : SENT) });
  tell("operator", info("a"));
  tell("operator", alert("b"));
  await clock.advance(1_900_000);
  isDown = false;
  tell("operator", info("c"));
  await clock.advance(120_000);
  const delivered = sent.slice(-2).map(({ text }) => text.split("\n")[0]);
  expect(delivered.sort()).toEqual([
    "Service · database back",
    "⚠️ 2 notices (1 of them alerts) could not be sent.",
  ]);
});

test("a message one chat's server error sticks to does not hold up other chats", async () => {
  const { clock, details, tell } = start({ answer: (chatId) => (chatId === "c1" ? FAILED : SENT) });
  tell(user(1), info("a"));
  for (let index = 0; index < 10; index++) tell(user(2), info(`b${index}`));
  await clock.advance(60_000);
  expect(details("c2").length).toBe(10);
});

test("is silent for five minutes when the bot is refused, whatever else is told", async () => {
  const { clock, log, sent, tell } = start({ answer: () => ({ kind: "bot-refused", why: "401" }) });
  for (let index = 0; index < 10; index++) tell(user(index), alert("a"));
  await clock.advance(299_999);
  const first = sent.length;
  expect(first).toBeLessThanOrEqual(8);
  await clock.advance(1);
  expect(sent.length).toBeGreaterThan(first);
  expect(log.said("warn")).toEqual(["notices cannot be sent"]);
});

test("a refused message is lost alone, and a notice that cannot be worded stops nothing", async () => {
  const { clock, log, sent, tell } = start({
    answer: (_, nth) => (nth === 1 ? { kind: "message-refused", why: "400" } : SENT),
  });
  tell(user(1), alert("a"));
  tell(user(2), { ...GUARDIAN, distancePct: undefined as unknown as Decimal });
  tell(user(1), alert("b"));
  tell(user(1), undefined as unknown as Notice);
  await clock.advance(10_000);
  expect(sent.map(({ text }) => text.split("\n").slice(0, 2).join(" "))).toEqual([
    "⚠️ Service · database lost a",
    "⚠️ Service · database lost b",
    "⚠️ 1 notice (1 of them alerts) could not be sent. Please look at positions and records yourself.",
  ]);
  expect(log.said("error").sort()).toEqual([
    "a notice could not be put into words",
    "a notice could not be taken",
    "a notice was refused",
  ]);
});

test("keeps a bounded number under a flood of 10,000, every alert of it, and tells the loss in one message", async () => {
  let isDown = true;
  const { clock, sent, tell, log } = start({
    answer: () => (isDown ? FAILED : SENT),
    limits: { lettersMax: 200, lettersPerRecipientMax: 50 },
  });
  for (let index = 0; index < 10_000; index++) {
    tell(user(index % 10), index >= 9_000 && index < 9_040 ? alert(`a${index}`) : info(`i${index}`));
  }
  await clock.advance(1_000);
  isDown = false;
  await clock.advance(1_200_000);
  const texts = sent.map(({ text }) => text);
  for (let index = 9_000; index < 9_040; index++) {
    expect(texts.some((text) => text.includes(`\na${index}\n`))).toBe(true);
  }
  const delivered = new Set(texts.filter((text) => /\n[ai]\d+\n/.test(text)));
  expect(delivered.size).toBeLessThanOrEqual(220);
  const losses = sent.filter(({ text }) => text.includes("could not be sent"));
  expect(losses.length).toBe(10);
  expect(new Set(losses.map(({ chatId }) => chatId)).size).toBe(10);
  const lostCount = losses.reduce(
    (sum, { text }) => sum + Number(/([\d,]+) notice/.exec(text)![1]!.replace(",", "")),
    0,
  );
  expect(lostCount + delivered.size).toBe(10_000);
  for (const { text } of losses) expect(text).not.toContain("alerts");
  expect(log.said("warn").filter((event) => event === "notices were lost").length).toBe(1);
});

test("returns from tell at once while the server hangs, and other chats are served", async () => {
  const { clock, sent, tell, log } = start({ answer: (chatId) => (chatId === "c1" ? never : SENT) });
  for (let index = 0; index < 1_000; index++) expect(tell(user(1), info(`h${index}`))).toBeUndefined();
  tell(user(2), info("b"));
  await clock.advance(60_000);
  expect(sent.map(({ chatId }) => chatId).sort()).toEqual(["c1", "c2"]);
  expect(log.said("error")).toEqual([]);
});

test("neither a look-up that hangs nor one that fails holds up the operator's chat", async () => {
  let calls = 0;
  const { clock, log, details, tell } = start({
    chatOf: (userId) => {
      calls++;
      if (userId % 2 === 0) return never;
      throw new Error("store away");
    },
  });
  for (let userId = 1; userId <= 20; userId++) tell(user(userId), alert("a"));
  for (let index = 0; index < 5; index++) tell("operator", alert(`o${index}`));
  await clock.advance(120_000);
  expect(details("ops")).toEqual(["o0", "o1", "o2", "o3", "o4"]);
  // At most four at a time, each at most five seconds, and less and less often.
  expect(calls).toBeGreaterThan(20);
  expect(calls).toBeLessThan(200);
  expect(log.said("warn")).toEqual(["chats cannot be looked up"]);
});

test("looks up at most four chats at a time", async () => {
  let asking = 0;
  let most = 0;
  const { clock, sent, tell } = start({
    chatOf: async (userId) => {
      most = Math.max(most, ++asking);
      await clock.sleep(100);
      asking--;
      return { chatId: `c${userId}`, language: "en" };
    },
  });
  for (let userId = 1; userId <= 20; userId++) tell(user(userId), alert("a"));
  await clock.advance(2_000);
  expect(most).toBe(4);
  expect(sent.length).toBe(20);
});

test("uses the chat it knew a while ago when it cannot be looked up", async () => {
  let isAway = false;
  const { clock, details, tell } = start({
    chatOf: async (userId) => {
      if (isAway) throw new Error("store away");
      return { chatId: `c${userId}`, language: "en" };
    },
  });
  tell(user(1), info("a"));
  await clock.advance(600_000);
  isAway = true;
  tell(user(1), alert("the store is away"));
  await clock.advance(0);
  expect(details("c1")).toEqual(["a", "the store is away"]);
});
