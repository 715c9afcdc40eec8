import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createTradingStateStore } from "../src/adapters/store/trading-state.ts";
import { callers } from "./test-callers.ts";

const kit = callers();
const { ask, ids } = kit;

const put = (statement: ReturnType<typeof sql>) =>
  kit.context.database.run("put", (executor) => executor.execute(statement));

test("a position held here is asked to be left, and one that is not is told", async () => {
  const close = (coin: string) => ask("POST", `/api/positions/${coin}/close`, {});
  expect((await close("XRP")).status).toBe(404);
  await put(
    sql`insert into schedulerx.hedged_positions
          (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
        values ('paper', ${ids.kim}, 1, 'XRP', 'upbit-bybit', 1, '{}', now()),
          ('live', ${ids.kim}, 1, 'BTC', 'upbit-bybit', 1, '{}', now()),
          ('paper', ${ids.lee}, 1, 'ETH', 'upbit-bybit', 1, '{}', now())`,
  );
  expect(await close("XRP")).toEqual({ status: 202, body: { asked: true } });
  expect(await close("XRP")).toEqual({ status: 202, body: { asked: true } });
  for (const coin of ["BTC", "ETH"]) expect((await close(coin)).status).toBe(404);
  for (const coin of ["xrp", "X".repeat(21), "%00"]) expect((await close(coin)).status).toBe(400);
  expect((await ask("POST", "/api/positions/XRP/close", { coin: "ETH" })).status).toBe(400);
  const asked = await kit.context.accounts.forcedCloses.open("paper");
  expect(asked.map(({ userId, coin, askedBy }) => [userId, coin, askedBy])).toEqual([
    [ids.kim, "XRP", "user"],
  ]);
});

test("entries go off with a reason and on without one, unless the operator holds them", async () => {
  expect((await ask("GET", "/api/entries")).body).toMatchObject({ off: false, by: null });
  for (const body of [
    { off: true },
    { off: true, why: "" },
    { off: true, why: "\ud800" },
    { off: "yes" },
    {},
  ])
    expect([body, (await ask("PUT", "/api/entries", body)).status]).toEqual([body, 400]);
  const off = await ask("PUT", "/api/entries", { off: true, why: "휴가" });
  expect(off).toMatchObject({ status: 200, body: { off: true, by: "user", why: "휴가" } });
  expect(await ask("PUT", "/api/entries", { off: false })).toMatchObject({
    status: 200,
    body: { off: false },
  });
  await createTradingStateStore(kit.context.database).setSwitch({
    ...{ scope: "user", subject: String(ids.kim), entriesOff: true, halted: false, why: "too fast" },
    ...{ by: "operator", atMs: 0 },
  });
  const held = await ask("PUT", "/api/entries", { off: false });
  expect([held.status, held.body.detail]).toEqual([
    409,
    "Your entries are off already, by the operator, and only the operator lifts that. The reason: too fast",
  ]);
});

test("open incidents are shown with words, and closed where that is the user's", async () => {
  await put(
    sql`insert into schedulerx.incidents (mode, user_id, kind, coin, intent_id, detail, opened_at)
        values ('paper', ${ids.kim}, 'key', '', '', 'upbit: expired', now()),
          ('paper', ${ids.kim}, 'needs-human', 'XRP', 'i-1', 'stuck', now()),
          ('paper', ${ids.lee}, 'key', '', '', 'not yours', now())`,
  );
  const { body } = await ask("GET", "/api/incidents");
  expect(body).toMatchObject([
    {
      kind: "key",
      detail: "upbit: expired",
      closable: true,
      meaning: expect.stringContaining("key of yours"),
    },
    { kind: "needs-human", coin: "XRP", intentId: "i-1", closable: false },
  ]);
  const close = async (id: unknown) => (await ask("POST", `/api/incidents/${id}/close`, {})).status;
  const [key, stuck] = body.map(({ incidentId }: { incidentId: number }) => incidentId);
  expect([await close(stuck), await close(key), await close(key)]).toEqual([409, 204, 404]);
  for (const id of [stuck + 1, 0, "x", "1e1", "9999999999", "99999999999999999999"])
    expect([id, await close(id)]).toEqual([id, 404]);
  expect((await ask("GET", "/api/incidents")).body).toHaveLength(1);
});
