import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { CONSENT_WORDS } from "./routes/strategies.ts";
import { callers } from "./test-callers.ts";

const NEW = {
  ...{ name: "Steady", seedAmountKrw: "30000000", seedDivision: 3, leverage: 2 },
  ...{
    tradeMode: "custom",
    entryRate: "1400",
    exitRate: "1425.5",
    coinMode: "custom",
    selectedCoins: ["BTC"],
  },
  ...{ allowAverageDown: true, allowAverageUp: false },
};
const kit = callers();
const { ask, ids } = kit;

test("a strategy is started, shown to its user alone, changed and stopped", async () => {
  expect(await ask("GET", "/api/strategies")).toEqual({
    status: 200,
    body: {
      ...{ activeStrategyId: null, exitTerms: { stopRate: null, holdingMsMax: null }, strategies: [] },
    },
  });
  const started = await ask("POST", "/api/strategies", { ...NEW, stopRate: "1390" });
  expect(started.status).toBe(201);
  const { strategyId } = started.body;
  const second = await ask("POST", "/api/strategies", NEW);
  expect(second).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining(`${strategyId} is active`) },
  });
  const shown = await ask("GET", "/api/strategies");
  expect(shown.body).toMatchObject({
    activeStrategyId: strategyId,
    exitTerms: { stopRate: "1390", holdingMsMax: null },
    strategies: [{ ...NEW, strategyId, isActive: true }],
  });
  const other = await ask("GET", "/api/strategies", undefined, { as: "lee" });
  expect(other.body.strategies).toEqual([]);

  const changed = await ask("PATCH", "/api/strategies/active", { exitRate: "1430", stopRate: null });
  expect(changed).toEqual({ status: 200, body: { strategyId: strategyId + 1 } });
  expect((await ask("GET", "/api/strategies")).body).toMatchObject({
    exitTerms: { stopRate: null },
    strategies: [{ exitRate: "1430", entryRate: "1400" }, { exitRate: "1425.5" }],
  });
  await kit.context.database.run("hold", (executor) =>
    executor.execute(
      sql`insert into schedulerx.hedged_positions
            (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
          values ('paper', ${ids.kim}, 1, 'XRP', 'upbit-bybit', 1, '{}', now())`,
    ),
  );
  const held = await ask("PATCH", "/api/strategies/active", { exitRate: "1440" });
  expect(held).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining("running orders in XRP") },
  });
  await kit.context.database.run("leave", (executor) =>
    executor.execute(sql`truncate schedulerx.hedged_positions cascade`),
  );
  expect(await ask("DELETE", "/api/strategies/active")).toEqual({
    status: 200,
    body: { strategyId: strategyId + 1 },
  });
  for (const [method, body] of [["DELETE"], ["PATCH", { leverage: 1 }]] as const) {
    expect((await ask(method, "/api/strategies/active", body)).status).toBe(404);
  }
});

test("what cannot be started is refused with every reason in words", async () => {
  const refused = async (body: unknown, method = "POST", path = "/api/strategies") => {
    const answer = await ask(method, path, body);
    expect([body, answer.status]).toEqual([body, 400]);
    return (answer.body.issues ?? []).map(({ parameter }: { parameter: string }) => parameter).sort();
  };
  expect(await refused({ ...NEW, seedAmountKrw: "29999", exitRate: "1400", leverage: 6 })).toEqual([
    "exitRate",
    "leverage",
    "seedDivision",
  ]);
  const { detail } = (await ask("POST", "/api/strategies", { ...NEW, exitRate: "1399" })).body;
  expect(detail).toBe(
    "The strategy cannot be started. exitRate: expected a rate above the entry rate, 1400: any other loses, was 1399.",
  );
  const { entryRate, exitRate, ...rateless } = NEW;
  expect(await refused(rateless)).toEqual(["entryRate", "exitRate"]);
  expect(
    await refused({ ...NEW, seedAmountKrw: 30_000_000, name: "a\nb", selectedCoins: ["btc"], x: 1 }),
  ).toEqual([...["name", "seedAmountKrw", "selectedCoins", "x"]]);
  expect(await refused({ ...NEW, name: "half \ud800" })).toEqual(["name"]);
  expect(await refused({ ...NEW, holdingMsMax: 59_999 })).toEqual(["holdingMsMax"]);
  expect(await refused({ ...NEW, stopRate: "0" })).toEqual(["stopRate"]);
  expect(await refused({}, "PATCH", "/api/strategies/active")).toEqual([]);
  expect(await refused({ leverage: null }, "PATCH", "/api/strategies/active")).toEqual(["leverage"]);
  expect((await ask("GET", "/api/strategies")).body.activeStrategyId).toBeNull();
  const auto = await ask("POST", "/api/strategies", { ...rateless, tradeMode: "auto", coinMode: "auto" });
  expect(auto.status).toBe(201);
  // Its rates were never given, so they are asked for now.
  expect(await refused({ tradeMode: "custom" }, "PATCH", "/api/strategies/active")).toEqual(
    expect.arrayContaining(["exitRate"]),
  );
});

test("a coin that is listed nowhere is refused with words, and one that was delisted since stays", async () => {
  const instruments = (statement: ReturnType<typeof sql>) =>
    kit.context.database.run("list", (executor) => executor.execute(statement));
  await ask("DELETE", "/api/strategies/active");
  for (const venue of ["upbit", "bybit"])
    for (const coin of ["BTC", "XRP"])
      await instruments(
        sql`insert into schedulerx.instruments values (${venue}, ${coin}, ${coin}, 1, 'active', null, now(), now())`,
      );
  const unknown = await ask("POST", "/api/strategies", { ...NEW, selectedCoins: ["BTC", "BCT"] });
  expect(unknown).toMatchObject({
    status: 400,
    body: {
      detail:
        "The strategy cannot be started. selectedCoins: expected coins that are listed both in Korea and overseas, was BCT.",
    },
  });
  expect((await ask("POST", "/api/strategies", { ...NEW, selectedCoins: ["BTC", "XRP"] })).status).toBe(201);
  await instruments(sql`update schedulerx.instruments set state = 'delisted' where coin = 'XRP'`);
  const change = (selectedCoins: string[]) =>
    ask("PATCH", "/api/strategies/active", { selectedCoins, leverage: 1 });
  expect((await change(["XRP"])).status).toBe(200);
  expect((await change(["BTC"])).status).toBe(200);
  expect((await change(["XRP"])).status).toBe(400);
  await instruments(sql`truncate schedulerx.instruments`);
});

test("nobody consents by accident, and consent is taken back without words", async () => {
  const none = { consent: false, atMs: null, words: CONSENT_WORDS };
  expect(await ask("GET", "/api/consent")).toEqual({ status: 200, body: none });
  for (const body of [
    { consent: true },
    { consent: true, words: "yes" },
    { consent: true, words: ` ${CONSENT_WORDS}` },
    {},
  ])
    expect([body, (await ask("PUT", "/api/consent", body)).status]).toEqual([body, 400]);
  expect((await ask("GET", "/api/consent")).body).toEqual(none);
  const given = await ask("PUT", "/api/consent", { consent: true, words: CONSENT_WORDS });
  expect(given.body).toEqual({ ...none, consent: true, atMs: expect.any(Number) });
  const taken = await ask("PUT", "/api/consent", { consent: false });
  expect(taken.body).toMatchObject({ consent: false });
});
