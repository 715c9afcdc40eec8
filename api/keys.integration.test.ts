import { beforeEach, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createSecrets } from "../src/adapters/secrets.ts";
import { createAuditStore } from "../src/adapters/store/audit.ts";
import { rowsOf } from "../src/adapters/store/database.ts";
import { createTraderStore } from "../src/adapters/store/traders.ts";
import { ENCRYPTION_KEY } from "./test-accounts.ts";
import { callers } from "./test-callers.ts";
import { TICK_AT_MS, testApi } from "./test-kit.ts";

const KEY = { apiKey: "access-key-never-shown-1", secret: "secret-never-shown-anywhere-1" };
const NOW_MS = TICK_AT_MS + 2_000;

const kit = callers();
const { answers, ask, bearer, ids } = kit;
beforeEach(async () => {
  await kit.context.database.run("clear", (executor) =>
    executor.execute(sql`truncate user_exchanges, schedulerx.audit_events`),
  );
});

const traders = () => createTraderStore(kit.context.database, createSecrets(ENCRYPTION_KEY));

test("a key is put in, replaced and taken out; it is listed without itself and the scheduler reads it", async () => {
  expect(await ask("GET", "/api/keys")).toEqual({ status: 200, body: [] });
  const put = () => ask("PUT", "/api/keys/upbit", { ...KEY, apiKey: `  ${KEY.apiKey}\n` });
  expect(await put()).toEqual({ status: 200, body: { venue: "upbit", replaced: false } });
  expect(await put()).toEqual({ status: 200, body: { venue: "upbit", replaced: true } });
  expect(await traders().credentials(ids.kim, "upbit")).toEqual(KEY);
  const listed = [{ venue: "upbit", active: true, verified: false, addedAtMs: NOW_MS }];
  expect(await ask("GET", "/api/keys")).toEqual({ status: 200, body: listed });
  expect(await ask("DELETE", "/api/keys/upbit")).toEqual({ status: 204, body: undefined });
  expect(await ask("DELETE", "/api/keys/upbit")).toMatchObject({
    status: 404,
    body: { detail: "There is no key for upbit." },
  });
  expect(await ask("GET", "/api/keys")).toEqual({ status: 200, body: [] });
});

test("a user sees and touches his own keys alone", async () => {
  await ask("PUT", "/api/keys/upbit", KEY);
  const other = { as: "lee" } as const;
  expect((await ask("GET", "/api/keys", undefined, other)).body).toEqual([]);
  expect((await ask("DELETE", "/api/keys/upbit", undefined, other)).status).toBe(404);
  await ask("PUT", "/api/keys/upbit", { ...KEY, secret: "another-secret-of-lee" }, other);
  expect(await traders().credentials(ids.kim, "upbit")).toEqual(KEY);
  expect(await traders().credentials(ids.lee, "upbit")).toMatchObject({ secret: "another-secret-of-lee" });
});

test("what cannot be a key or a venue is refused, and what was sent is not repeated", async () => {
  const refusals: [path: string, body: unknown, status: number, detail: string][] = [
    ["upbit", { apiKey: KEY.apiKey }, 400, "The body cannot be used: secret."],
    ["upbit", { ...KEY, secret: "short" }, 400, "The body cannot be used: secret."],
    ["upbit", { ...KEY, secret: "secret never shown" }, 400, "The body cannot be used: secret."],
    ["upbit", { ...KEY, apiKey: "access-key-never-shown-비밀" }, 400, "The body cannot be used: apiKey."],
    [
      "upbit",
      { ...KEY, apiKey: "access-key-never-shown".repeat(12) },
      400,
      "The body cannot be used: apiKey.",
    ],
    ["upbit", { ...KEY, passphrase: "secret-never-shown" }, 400, "The body cannot be used: passphrase."],
    ["okx", KEY, 404, "There is no such venue; expected one of upbit, bithumb, bybit, binance."],
    ["upbit?force=1", KEY, 400, "Expected no parameters."],
  ];
  for (const [path, body, status, detail] of refusals) {
    const answer = await ask("PUT", `/api/keys/${path}`, body);
    expect([path, answer.status, answer.body.detail]).toEqual([path, status, detail]);
  }
  expect((await ask("GET", "/api/keys")).body).toEqual([]);
});

test("a key that a live position needs stays, and is told why", async () => {
  await ask("PUT", "/api/keys/bybit", KEY);
  await kit.context.database.run("open", (executor) =>
    executor.execute(
      sql`insert into schedulerx.hedged_positions (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
          values ('live', ${ids.kim}, 1, 'XRP', 'upbit-bybit', 1, '{}', now())`,
    ),
  );
  const refused = await ask("DELETE", "/api/keys/bybit");
  expect([refused.status, refused.body.detail]).toEqual([
    409,
    "A position or an order at bybit needs this key. Close it first; to stop the key at once, delete it at bybit.",
  ]);
  expect(await traders().credentials(ids.kim, "bybit")).toEqual(KEY);
  await kit.context.database.run("close", (executor) =>
    executor.execute(sql`truncate schedulerx.hedged_positions cascade`),
  );
});

test("without ENCRYPTION_KEY the routes say so, to who is logged in", async () => {
  const without = await testApi({ deps: { accounts: { ...kit.context.accounts, keys: undefined } } });
  for (const [method, path] of [
    ["GET", "/api/keys"],
    ["PUT", "/api/keys/upbit"],
    ["DELETE", "/api/keys/upbit"],
  ] as const) {
    const status = async (headers: Record<string, string>) => {
      const response = await without.app.request(path, { method, headers });
      return [response.status, (await response.json()).detail];
    };
    expect((await status({}))[0]).toBe(401);
    expect(await status(bearer("kim"))).toEqual([
      503,
      "Keys are not kept here; expected the setting ENCRYPTION_KEY.",
    ]);
  }
  await without.close();
});

test("no key is in any answer, log line, audit event or column of all this", async () => {
  await ask("PUT", "/api/keys/upbit", KEY);
  await ask("PUT", "/api/keys/bybit", { ...KEY, secret: "short" });
  const { database } = kit.context;
  const stored = await database.run("look", (executor) =>
    rowsOf(executor, sql`select to_jsonb(user_exchanges)::text as row from user_exchanges`),
  );
  const audit = await createAuditStore(database).read(undefined, 100);
  expect(stored).toHaveLength(1);
  expect(audit).toHaveLength(1);
  expect(answers.length).toBeGreaterThan(30);
  const everything = [...answers, ...kit.api.log.events, JSON.stringify(stored), JSON.stringify(audit)].join(
    "\n",
  );
  expect(everything).not.toMatch(/never-shown|never shown|another-secret/);
  // What is stored opens with the key alone, and is nowhere else.
  const ciphertext = /v2\.[\w-]{8}\.[\w-]{16}\.[\w-]+/g;
  expect(JSON.stringify(stored).match(ciphertext)).toHaveLength(2);
  expect([...answers, JSON.stringify(audit)].join("\n")).not.toMatch(ciphertext);
});
