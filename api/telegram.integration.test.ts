import { expect, test } from "bun:test";
import { linkCodeHash } from "../src/domain/link-code.ts";
import { accountsApi } from "./test-accounts.ts";
import { type AskOptions, callers } from "./test-callers.ts";

const kit = callers();
const ask = (method: string, path = "", { body, ...options }: AskOptions & { body?: unknown } = {}) =>
  kit.ask(method, `/api/telegram${path}`, body, options);

test("a chat is linked by a code that is shown once, switched and forgotten, for its user alone", async () => {
  const bot = "stand_in_bot";
  const none = { bot, linked: false, username: null, notifications: false, linkedAtMs: null };
  expect(await ask("GET")).toMatchObject({ status: 200, body: none });
  expect((await ask("PUT", "", { body: { notifications: true } })).status).toBe(404);
  const offer = await ask("POST", "/link");
  expect(offer.status).toBe(201);
  const { code, expiresAtMs, url } = offer.body;
  expect(code).toMatch(/^[\w-]{22}$/);
  expect([expiresAtMs, url]).toEqual([
    kit.api.clock.nowMs() + 600_000,
    `https://t.me/stand_in_bot?start=${code}`,
  ]);
  const second = (await ask("POST", "/link")).body.code;
  expect(second).not.toBe(code);
  const chat = { chatId: "77", username: "kim", atMs: kit.api.clock.nowMs() };
  const { telegram } = kit.context.accounts;
  expect(await telegram.link({ ...chat, codeHash: linkCodeHash(code) })).toBeUndefined();
  expect(await telegram.link({ ...chat, codeHash: linkCodeHash(second) })).toBe(kit.ids.kim);
  const linked = {
    bot,
    linked: true,
    username: "kim",
    notifications: true,
    linkedAtMs: kit.api.clock.nowMs(),
  };
  expect((await ask("GET")).body).toEqual(linked);
  expect((await ask("GET", "", { as: "lee" })).body).toMatchObject({ linked: false });
  expect((await ask("DELETE", "", { as: "lee" })).status).toBe(404);
  const off = { ...linked, notifications: false };
  expect((await ask("PUT", "", { body: { notifications: false } })).body).toEqual(off);
  expect((await ask("DELETE")).status).toBe(204);
  expect((await ask("GET")).body).toEqual(none);
});

test("what is no change is refused, and without a bot no code is made", async () => {
  for (const body of [{}, { notifications: "on" }, { notifications: true, chatId: "1" }]) {
    expect((await ask("PUT", "", { body })).status).toBe(400);
  }
  expect((await ask("GET", "?user=2")).status).toBe(400);
  const botless = await accountsApi({ ...kit.context.accounts, telegramBotName: undefined });
  const refused = await ask("POST", "/link", { on: botless });
  expect(refused.status).toBe(503);
  expect(refused.body.detail).toContain("TELEGRAM_BOT_NAME");
  expect((await ask("GET", "", { on: botless })).body).toMatchObject({ bot: null, linked: false });
  await botless.close();
});
