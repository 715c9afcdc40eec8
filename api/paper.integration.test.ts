import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { callers } from "./test-callers.ts";

const kit = callers();
const { ask, ids } = kit;

const upbit = { venue: "upbit", asset: "KRW", coins: [], positions: [] };

test("paper money is shown, put in, and brought back to the start", async () => {
  const { status, body } = await ask("GET", "/api/paper");
  expect([status, body.length]).toEqual([200, 4]);
  expect(body[0]).toEqual({ ...upbit, balance: "100000000", putIn: "100000000", openedAtMs: null });
  const more = await ask("POST", "/api/paper/top-up", { venue: "upbit", amount: "0.5" });
  expect([more.status, more.body[0].balance]).toEqual([200, "100000000.5"]);
  for (const amount of ["0", "0.00", "-1", "1e3", "10000000000", "1.000000001", "", 5])
    expect([amount, (await ask("POST", "/api/paper/top-up", { venue: "upbit", amount })).status]).toEqual([
      ...[amount, 400],
    ]);
  expect((await ask("POST", "/api/paper/top-up", { venue: "okx", amount: "1" })).status).toBe(400);
  const back = await ask("POST", "/api/paper/reset", {});
  expect([back.status, back.body[0].balance]).toEqual([200, "100000000"]);
});

test("a request sent again with its key is carried out once, and another with that key is refused", async () => {
  const once = { "Idempotency-Key": "8f0c2f1e-top-up" };
  const topUp = (amount: string, key = once) =>
    ask("POST", "/api/paper/top-up", { venue: "bithumb", amount }, { headers: key });
  for (let time = 0; time < 2; time++) {
    const { status, body } = await topUp("1");
    expect([status, body[1].balance]).toEqual([200, "100000001"]);
  }
  expect((await topUp("2")).status).toBe(409);
  expect((await ask("POST", "/api/paper/reset", {}, { headers: once })).body.detail).toBe(
    "This Idempotency-Key came with another request before.",
  );
  expect((await topUp("1", { "Idempotency-Key": "another-key" })).body[1].balance).toBe("100000002");
  expect((await topUp("1", { "Idempotency-Key": "short" })).status).toBe(400);
});

test("a reset is refused with the coins that are held", async () => {
  await kit.context.database.run("hold", (executor) =>
    executor.execute(
      sql`insert into schedulerx.hedged_positions
            (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
          values ('paper', ${ids.kim}, 1, 'XRP', 'upbit-bybit', 1, '{}', now())`,
    ),
  );
  const refused = await ask("POST", "/api/paper/reset", {});
  expect(refused).toMatchObject({
    status: 409,
    body: { detail: "There are paper positions or running orders in XRP. Leave them first." },
  });
});
