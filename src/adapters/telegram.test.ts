// Who is told what, how fast, and what is told once.

import { expect, test } from "bun:test";
import { alert, info, SENT, telegramStage, user } from "./telegram-testing.ts";

const start = telegramStage();

test("sends a user's notice to the user's chat in the user's language, and an operator's to the operator's", async () => {
  const { clock, sent, tell } = start({
    chatOf: async (userId) => ({ chatId: `c${userId}`, language: userId === 1 ? "ko" : "en" }),
  });
  tell(user(1), info("a"));
  tell(user(2), info("b"));
  tell("operator", alert("c"));
  await clock.advance(0);
  expect(sent.map(({ chatId, text }) => `${chatId}: ${text}`).sort()).toEqual([
    "c1: 서비스 알림 · 데이터베이스 연결 복구\na\n2026-01-01 09:00:00 KST",
    "c2: Service · database back\nb\n2026-01-01 09:00:00 KST",
    "ops: ⚠️ Service · database lost\nc\n2026-01-01 09:00:00 KST",
  ]);
});

test("sends nothing to users who want no notices, and to no operator where there is none", async () => {
  const { clock, sent, tell } = start({ chatOf: async () => undefined, operator: undefined });
  tell(user(1), alert("a"));
  tell("operator", alert("a"));
  await clock.advance(3_600_000);
  expect(sent).toEqual([]);
});

test("believes a chat for a minute, then looks it up again", async () => {
  let chatId = "old";
  let lookups = 0;
  const { clock, sent, tell } = start({
    chatOf: async () => {
      lookups++;
      return { chatId, language: "en" };
    },
  });
  tell(user(1), info("a"));
  await clock.advance(0);
  chatId = "new";
  tell(user(1), info("b"));
  await clock.advance(59_000);
  expect(lookups).toBe(1);
  await clock.advance(1_000);
  tell(user(1), info("c"));
  await clock.advance(0);
  expect(sent.map((each) => each.chatId)).toEqual(["old", "old", "new"]);
  expect(lookups).toBe(2);
});

test("sends at most one message a second and twenty a minute to a chat, in order, alerts first", async () => {
  const { clock, sent, tell, details } = start({});
  for (let index = 0; index < 24; index++) tell("operator", info(`i${index}`));
  tell("operator", alert("a"));
  await clock.advance(19_999);
  expect(sent.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 20 }, (_, index) => index * 1_000));
  await clock.advance(60_000);
  expect(sent.slice(20).map(({ atMs }) => atMs)).toEqual([60_000, 61_000, 62_000, 63_000, 64_000]);
  expect(details()).toEqual(["a", ...Array.from({ length: 24 }, (_, index) => `i${index}`)]);
});

test("counts a chat's second from the answer, so that latency cannot make the server see more", async () => {
  const { clock, sent, tell } = start({ answer: () => clock.sleep(700).then(() => SENT) });
  tell("operator", info("a"));
  tell("operator", info("b"));
  await clock.advance(1_699);
  expect(sent.length).toBe(1);
  await clock.advance(1);
  expect(sent.length).toBe(2);
});

test("shares one pace between recipients with the same chat", async () => {
  const { clock, sent, tell } = start({ chatOf: async () => ({ chatId: "ops", language: "en" }) });
  tell("operator", info("a"));
  tell(user(1), info("b"));
  tell(user(2), info("c"));
  await clock.advance(1_999);
  expect(sent.length).toBe(2);
});

test("sends at most thirty messages a second over all chats, and each chat gets its turn", async () => {
  const { clock, sent, tell } = start({});
  for (let index = 0; index < 3; index++) {
    for (let userId = 1; userId <= 100; userId++) tell(user(userId), info(`i${index}`));
  }
  await clock.advance(20_000);
  expect(sent.length).toBe(300);
  for (const { atMs } of sent) {
    const within = sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000);
    expect(within.length).toBeLessThanOrEqual(30);
  }
  // Nobody gets a second one before everybody has the first.
  expect(new Set(sent.slice(0, 100).map(({ chatId }) => chatId)).size).toBe(100);
});

test("sends one of a key per ten minutes, then the last of the others with their number", async () => {
  const { clock, sent, tell, details } = start({});
  for (let index = 0; index < 5; index++) tell(user(1), alert(`k${index}`), "key");
  tell(user(2), alert("other user"), "key");
  tell(user(1), alert("other key"), "key 2");
  await clock.advance(599_999);
  expect(details("c1")).toEqual(["k0", "other key"]);
  expect(details("c2")).toEqual(["other user"]);
  await clock.advance(1);
  expect(details("c1")).toEqual(["k0", "other key", "k4"]);
  expect(sent.at(-1)!.text).toContain("(3 more like this)");
  // It has opened a window of its own; after a quiet one, all is as at the beginning.
  tell(user(1), alert("k5"), "key");
  await clock.advance(600_000);
  expect(sent.at(-1)!.text).toStartWith("⚠️ Service · database lost\nk5\n2026");
  await clock.advance(600_000);
  tell(user(1), alert("k6"), "key");
  await clock.advance(0);
  expect(sent.at(-1)!.text).toStartWith("⚠️ Service · database lost\nk6\n2026");
  expect(sent.length).toBe(6);
});
