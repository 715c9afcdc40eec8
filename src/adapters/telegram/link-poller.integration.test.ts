// Linking chats over real HTTP against the local stand-in for the Bot API; time is in the test's hand.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { linkCodeHash, newLinkCode } from "../../domain/link-code.ts";
import { linkedText, wrongCodeText } from "../../domain/link-words.ts";
import { StoreFault } from "../../domain/store-fault.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { startTelegramStandIn, type TelegramStandIn } from "../../testing/telegram-stand-in.ts";
import { createBotApi } from "./bot-api.ts";
import { LinkPoller, type LinkPollerOptions } from "./link-poller.ts";

const TOKEN = "7654321:AAf-TestTokenOf_35_Characters_xyz01";
const [LINKED, WRONG] = [linkedText("ko"), wrongCodeText("ko")];

let standIn: TelegramStandIn;
let clock: ManualClock;
let log: RecordingLog;
const pollers: LinkPoller[] = [];
/** By hash: whose code it is. */
let offers: Map<string, number>;
let linked: { userId: number; chatId: string; username: string | null }[];

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLog();
  offers = new Map();
  linked = [];
  const chats = Object.fromEntries([7, 8, 9, -5].map((chatId) => [chatId, "open"] as const));
  standIn = startTelegramStandIn({ token: TOKEN, chats, nowMs: () => clock.nowMs(), perChatPerSecond: 10 });
});
afterEach(async () => {
  await Promise.all(pollers.splice(0).map((poller) => poller.stop()));
  await standIn.stop();
  expect(Bun.inspect(log.lines, { depth: 10 })).not.toContain(TOKEN.split(":")[1]!);
});

function offer(userId: number): string {
  const code = newLinkCode();
  offers.set(linkCodeHash(code), userId);
  return code;
}

function start(options: Partial<LinkPollerOptions> = {}): LinkPoller {
  const store: LinkPollerOptions["store"] = {
    link: async ({ codeHash, chatId, username }) => {
      const userId = offers.get(codeHash);
      offers.delete(codeHash);
      if (userId !== undefined) linked.push({ userId, chatId, username });
      return userId;
    },
  };
  const api = createBotApi({ apiUrl: standIn.url, token: TOKEN, timeoutMs: 10_000 });
  const poller = new LinkPoller({ api, store, clock, log, language: "ko", leads: () => true, ...options });
  pollers.push(poller);
  return poller;
}
const answers = () => standIn.messages.map(({ chatId, text }) => [chatId, text]);

test("a private chat that sends a code is linked and told so, and the code counts once", async () => {
  const [first, second] = [offer(1), offer(2)];
  start();
  standIn.say({ chatId: 7, text: `/start ${first}`, username: "kim" });
  standIn.say({ chatId: 8, text: `/start ${first}` });
  await standIn.delivered(2);
  await clock.advance(1_000);
  standIn.say({ chatId: 9, text: `/start ${second}`, username: "not\u0000one" });
  await standIn.delivered(3);
  expect(linked).toEqual([
    { userId: 1, chatId: "7", username: "kim" },
    { userId: 2, chatId: "9", username: null },
  ]);
  expect(answers()).toEqual([
    ["7", LINKED],
    ["8", WRONG],
    ["9", LINKED],
  ]);
});

test("a code said in a group links nothing, and what is no code is not answered but to /start", async () => {
  const code = offer(1);
  start();
  standIn.say({ chatId: -5, text: `/start ${code}`, type: "group" });
  standIn.say({ chatId: 7, text: code });
  standIn.say({ chatId: 7 });
  standIn.say({ chatId: 7, text: "/started" });
  standIn.say({ chatId: 8, text: "/start" });
  await standIn.delivered(1);
  expect([linked, answers()]).toEqual([[], [["8", WRONG]]]);
});

test("wrong codes are answered once a minute to a chat, and once a second in all", async () => {
  start();
  const say = (chatId: number, code = newLinkCode()) => standIn.say({ chatId, text: `/start ${code}` });
  for (const chatId of [7, 7, 8]) say(chatId);
  say(9, offer(1));
  await standIn.delivered(2);
  await clock.advance(1_000);
  for (const chatId of [7, 8]) say(chatId);
  await standIn.delivered(3);
  await clock.advance(59_000);
  say(7);
  await standIn.delivered(4);
  expect(answers()).toEqual([
    ["7", WRONG],
    ["9", LINKED],
    ["8", WRONG],
    ["7", WRONG],
  ]);
});

test("while the store is away a code waits for it, and a store that refuses one keeps no other back", async () => {
  const [first, second] = [offer(1), offer(2)];
  const faults = [new StoreFault("passing", "", "away"), new StoreFault("defect", "", "refused")];
  start({
    store: {
      link: async ({ codeHash, chatId, username }) => {
        const fault = faults.shift();
        if (fault) throw fault;
        linked.push({ userId: offers.get(codeHash)!, chatId, username });
        return offers.get(codeHash);
      },
    },
  });
  standIn.say({ chatId: 7, text: `/start ${first}` });
  await log.heard("a chat waits to be linked");
  standIn.say({ chatId: 8, text: `/start ${second}` });
  expect(linked).toEqual([]);
  await clock.advance(5_000);
  await standIn.delivered(1);
  expect(log.said("error")).toEqual(["a chat cannot be linked"]);
  expect(linked).toEqual([{ userId: 2, chatId: "8", username: null }]);
  await clock.advance(60_000);
  standIn.say({ chatId: 7, text: `/start ${first}` });
  await standIn.delivered(2);
  expect(linked.map(({ userId }) => userId)).toEqual([2, 1]);
});

test("where another program gets the messages it says so once and looks again every five minutes", async () => {
  standIn.webhook = true;
  start();
  await log.heard("chats cannot be linked");
  for (const minutes of [4, 4]) await clock.advance(minutes * 60_000);
  await standIn.asked(2);
  await Bun.sleep(20);
  expect(standIn.requests).toEqual({ 409: 2 });
  standIn.webhook = false;
  standIn.say({ chatId: 7, text: `/start ${offer(1)}` });
  await clock.advance(300_000);
  await log.heard("chats can be linked again");
  await standIn.delivered(1);
  expect(log.said("warn")).toEqual(["chats cannot be linked"]);
});

test("only the one that leads asks, and another one takes over where it stopped", async () => {
  let leader = 0;
  start({ leads: () => leader === 1 });
  start({ leads: () => leader === 2 });
  await clock.advance(3_000);
  expect([standIn.requests, standIn.polling]).toEqual([{}, 0]);
  leader = 1;
  await clock.advance(1_000);
  standIn.say({ chatId: 7, text: `/start ${offer(1)}` });
  await standIn.delivered(1);
  // The next request confirms it.
  while (standIn.polling === 0) await Bun.sleep(1);
  leader = 2;
  await clock.advance(1_000);
  standIn.say({ chatId: 8, text: `/start ${offer(2)}` });
  await standIn.delivered(2);
  expect(linked.map(({ userId, chatId }) => `${userId} ${chatId}`)).toEqual(["1 7", "2 8"]);
  expect(log.said("warn")).toEqual([]);
});

test("Telegram in trouble is asked again after a while, said once", async () => {
  standIn.trouble = "internal-error";
  start();
  await log.heard("messages to the bot cannot be read");
  await clock.advance(1_000);
  await standIn.asked(2);
  standIn.trouble = "none";
  standIn.say({ chatId: 7, text: `/start ${offer(1)}` });
  // Its answer may still be on the way: time must not pass before it sleeps again.
  for (let round = 0; round < 50 && standIn.messages.length === 0; round++) {
    await Bun.sleep(2);
    await clock.advance(2_000);
  }
  await standIn.delivered(1);
  expect(log.said()).toEqual([
    "messages to the bot cannot be read",
    "chats can be linked again",
    "chat linked",
  ]);
});
