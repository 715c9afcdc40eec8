import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { linkCodeHash } from "../src/domain/link-code.ts";
import { accountsApi, accountsDatabase, tokenFor } from "./test-accounts.ts";
import type { TestApi } from "./test-kit.ts";

setDefaultTimeout(60_000);

let context: Awaited<ReturnType<typeof accountsDatabase>>;
let api: TestApi;
let token: string;
let otherToken: string;
let userId: number;

beforeAll(async () => {
  context = await accountsDatabase();
  userId = await context.addUser("kim@mail.kr");
  await context.addUser("other@mail.kr");
  api = await accountsApi(context.accounts);
  token = await tokenFor(api, "kim@mail.kr");
  otherToken = await tokenFor(api, "other@mail.kr");
});
afterAll(async () => {
  await api.close();
  await context.database.close();
});

async function ask(
  method: string,
  path = "",
  { body, as = token, on = api }: { body?: unknown; as?: string; on?: TestApi } = {},
) {
  const response = await on.app.request(`/api/telegram${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${as}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  return { status: response.status, body: response.status === 204 ? undefined : await response.json() };
}

test("a chat is linked by a code that is shown once, switched and forgotten, for its user alone", async () => {
  expect(await ask("GET")).toMatchObject({ status: 200, body: { linked: false, notifications: false } });
  expect((await ask("PUT", "", { body: { notifications: true } })).status).toBe(404);
  const offer = await ask("POST", "/link");
  expect(offer.status).toBe(201);
  const { code, expiresAtMs, url } = offer.body;
  expect(code).toMatch(/^[\w-]{22}$/);
  expect([expiresAtMs, url]).toEqual([
    api.clock.nowMs() + 600_000,
    `https://t.me/stand_in_bot?start=${code}`,
  ]);
  const second = (await ask("POST", "/link")).body.code;
  expect(second).not.toBe(code);
  const chat = { chatId: "77", username: "kim", atMs: api.clock.nowMs() };
  const { telegram } = context.accounts;
  expect(await telegram.link({ ...chat, codeHash: linkCodeHash(code) })).toBeUndefined();
  expect(await telegram.link({ ...chat, codeHash: linkCodeHash(second) })).toBe(userId);
  const linked = { linked: true, username: "kim", notifications: true, linkedAtMs: api.clock.nowMs() };
  expect((await ask("GET")).body).toEqual(linked);
  expect((await ask("GET", "", { as: otherToken })).body).toMatchObject({ linked: false });
  expect((await ask("DELETE", "", { as: otherToken })).status).toBe(404);
  const off = { ...linked, notifications: false };
  expect((await ask("PUT", "", { body: { notifications: false } })).body).toEqual(off);
  expect((await ask("DELETE")).status).toBe(204);
  expect((await ask("GET")).body).toMatchObject({ linked: false, username: null, linkedAtMs: null });
});

test("what is no change is refused, and without a bot no code is made", async () => {
  for (const body of [{}, { notifications: "on" }, { notifications: true, chatId: "1" }]) {
    expect((await ask("PUT", "", { body })).status).toBe(400);
  }
  expect((await ask("GET", "?user=2")).status).toBe(400);
  const botless = await accountsApi({ ...context.accounts, telegramBotName: undefined });
  const refused = await ask("POST", "/link", { on: botless });
  expect(refused.status).toBe(503);
  expect(refused.body.detail).toContain("TELEGRAM_BOT_NAME");
  expect((await ask("GET", "", { on: botless })).status).toBe(200);
  await botless.close();
});
