import { afterEach, beforeEach, expect, test } from "bun:test";
import { ManualClock } from "./manual-clock.ts";
import { startTelegramStandIn, type TelegramStandIn } from "./telegram-stand-in.ts";

let clock: ManualClock;
let standIn: TelegramStandIn;
beforeEach(() => {
  clock = new ManualClock();
  standIn = startTelegramStandIn({
    token: "1:abc",
    chats: { "7": "open", "8": "blocked", "9": "open", "-5": { movedTo: -100 } },
    perSecond: 3,
    perChatPerSecond: 2,
    retryAfterS: 5,
    nowMs: () => clock.nowMs(),
  });
});
afterEach(() => standIn.stop());

const call = async (path: string, fields?: Record<string, unknown>) => {
  const response = await fetch(
    standIn.url + path,
    fields && {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    },
  );
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const send = (chatId: number | string, text = "hello") =>
  call("/bot1:abc/sendMessage", { chat_id: chatId, text });

test("the stand-in knows its token and its methods", async () => {
  expect(await call("/bot1:abc/getMe")).toMatchObject({
    status: 200,
    body: { ok: true, result: { is_bot: true } },
  });
  expect(await call("/bot1:abd/getMe")).toEqual({
    status: 401,
    body: { ok: false, error_code: 401, description: "Unauthorized" },
  });
  expect((await call("/bot/getMe")).status).toBe(404);
  expect((await call("/bot1:abc/getNothing")).status).toBe(404);
  expect((await call("/")).status).toBe(404);
});

test("the stand-in takes JSON, forms and queries, and keeps what it delivers", async () => {
  await send(7, "json");
  await fetch(`${standIn.url}/bot1:abc/sendMessage`, {
    method: "POST",
    body: new URLSearchParams({ chat_id: "7", text: "form" }),
  });
  await call("/bot1:abc/SENDMESSAGE?chat_id=9&text=query");
  expect(standIn.messages.map(({ chatId, text }) => `${chatId} ${text}`)).toEqual([
    "7 json",
    "7 form",
    "9 query",
  ]);
});

test("the stand-in refuses as the Bot API does", async () => {
  expect(await send(1)).toMatchObject({ status: 400, body: { description: "Bad Request: chat not found" } });
  expect(await send("")).toMatchObject({ status: 400 });
  expect(await send(8)).toMatchObject({
    status: 403,
    body: { description: "Forbidden: bot was blocked by the user" },
  });
  expect(await send(7, " ")).toMatchObject({ status: 400 });
  expect(await send(7, "x".repeat(4_097))).toMatchObject({
    status: 400,
    body: { description: "Bad Request: message is too long" },
  });
  expect(await send(-5)).toMatchObject({ status: 400, body: { parameters: { migrate_to_chat_id: -100 } } });
  expect(standIn.messages).toEqual([]);
  expect(standIn.requests).toEqual({ 400: 5, 403: 1 });
});

test("the stand-in limits a chat, keeps refusing until retry_after is over, and limits all chats together", async () => {
  await send(7);
  await send(7);
  expect(await send(7)).toEqual({
    status: 429,
    body: {
      ok: false,
      error_code: 429,
      description: "Too Many Requests: retry after 5",
      parameters: { retry_after: 5 },
    },
  });
  expect((await send(9)).status).toBe(200);
  expect((await send(9)).status).toBe(429);
  await clock.advance(4_001);
  expect(await send(7)).toMatchObject({ status: 429, body: { parameters: { retry_after: 1 } } });
  await clock.advance(999);
  expect((await send(7)).status).toBe(200);
  standIn.hold("7", 30);
  expect(await send(7)).toMatchObject({ status: 429, body: { parameters: { retry_after: 30 } } });
});

test("the stand-in has bad days", async () => {
  standIn.trouble = "internal-error";
  expect((await send(7)).status).toBe(500);
  standIn.trouble = "bad-gateway";
  expect((await fetch(standIn.url)).status).toBe(502);
  standIn.trouble = "garbage";
  expect(await (await fetch(standIn.url)).text()).toBe("<html>welcome</html>");
  expect(standIn.messages).toEqual([]);
  standIn.trouble = "lost-answer";
  const hung = send(7, "nobody hears").catch(() => "cut off");
  await standIn.delivered(1);
  standIn.trouble = "hang";
  const hungToo = send(7).catch(() => "cut off");
  await standIn.asked(5);
  await standIn.stop();
  expect(await Promise.all([hung, hungToo])).toEqual(["cut off", "cut off"]);
  expect(standIn.messages.map(({ text }) => text)).toEqual(["nobody hears"]);
});

test("the stand-in hands messages out until they are confirmed, and waits for one when asked to", async () => {
  const updates = (fields: Record<string, unknown>) => call("/bot1:abc/getUpdates", fields);
  const textsOf = ({ body }: { body: Record<string, unknown> }) =>
    (body.result as { update_id: number; message: { text: string } }[]).map(({ message }) => message.text);
  expect(textsOf(await updates({}))).toEqual([]);
  for (const text of ["a", "b", "c"]) standIn.say({ chatId: 7, text, username: "kim" });
  const first = await updates({ limit: 2 });
  expect(textsOf(first)).toEqual(["a", "b"]);
  expect(first.body.result).toMatchObject([
    { message: { chat: { id: 7, type: "private", username: "kim" }, from: { is_bot: false }, text: "a" } },
    {},
  ]);
  expect(textsOf(await updates({}))).toEqual(["a", "b", "c"]);
  const [{ update_id: firstId }] = first.body.result as [{ update_id: number }];
  expect(textsOf(await updates({ offset: firstId + 2 }))).toEqual(["c"]);
  const waiting = updates({ offset: firstId + 3, timeout: 30 });
  while (standIn.polling === 0) await Bun.sleep(1);
  standIn.say({ chatId: 7, text: "d" });
  expect(textsOf(await waiting)).toEqual(["d"]);
});

test("of two that ask for updates the first is ended, and a webhook keeps everybody from it", async () => {
  const ask = () => call("/bot1:abc/getUpdates", { offset: 1, timeout: 30 });
  const first = ask();
  while (standIn.polling === 0) await Bun.sleep(1);
  const second = ask();
  expect(await first).toMatchObject({
    status: 409,
    body: {
      description:
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    },
  });
  standIn.say({ chatId: 7, text: "a" });
  expect((await second).status).toBe(200);
  standIn.webhook = true;
  expect(await ask()).toMatchObject({ status: 409, body: { ok: false, error_code: 409 } });
});
