// What the caller has open over HTTP: his alone, at the live rate, with the profit reckoned by hand.

import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { SEED_COUNT } from "../schema/vocabulary.ts";
import { nullRow } from "../src/domain/rate-table.ts";
import { callers } from "./test-callers.ts";
import { fakeFrame, TICK_AT_MS } from "./test-kit.ts";
import { TestTrades, type TradeOf } from "./test-trades.ts";

const kit = callers();
const { ask, ids } = kit;
const open = async (as: "kim" | "lee") => {
  const { status, body } = await ask("GET", "/api/positions/open", undefined, { as });
  expect(status).toBe(200);
  return body;
};

test("an open position comes with the rate of now, without one as null, and a close that was asked for", async () => {
  const trade: TradeOf = {
    ...{ userId: ids.kim, coin: "SOL", pair: "upbit-binance", qtyCoin: "10" },
    ...{ referenceKrw: "1400", exitTargetRate: "1390" },
  };
  await new TestTrades(kit.context.database).enter(trade, { krw: "137000", usdt: "100", atMs: TICK_AT_MS });
  expect(await open("lee")).toEqual([]);
  const [unquoted] = await open("kim");
  expect(unquoted).toMatchObject({ coin: "SOL", exitRateNow: null, profitNowKrw: null, closeAsked: false });

  const row = nullRow("SOL", 1, TICK_AT_MS, "none");
  row.ratesJeon[SEED_COUNT] = 138_400;
  const reference = { priceKrw: 1_400, venue: "upbit", atMs: TICK_AT_MS } as const;
  kit.api.feed.publish(fakeFrame([row], { reference }));
  await kit.context.accounts.forcedCloses.ask({
    ...{ mode: "paper", userId: ids.kim, coin: "SOL", by: "user", atMs: TICK_AT_MS },
  });
  // 1,370,000 KRW became 1,000 USDT. At 1384 the coins bring 1,384,000: 14,000 more, less fees of 685 and 692; the fees
  // abroad are 0.55 USDT twice at 1400, which is 1,540.
  expect(await open("kim")).toEqual([
    {
      ...{ coin: "SOL", pair: "upbit-binance", qtyCoin: "10", spentKrw: "1370000", receivedUsdt: "1000" },
      ...{
        entryRate: "1370.00",
        exitTargetRate: "1390.00",
        exitRateNow: "1384.00",
        profitNowKrw: "11083.00",
      },
      ...{ openedAtMs: TICK_AT_MS, entries: 1, closeAsked: true },
    },
  ]);
});

test("a position whose terms cannot be read is shown without a target: its owner has to ask for its end", async () => {
  const { database } = kit.context;
  await database.run("spoil", (executor) =>
    executor.execute(
      sql`update schedulerx.hedged_positions set exit_terms = '{}' where user_id = ${ids.kim}`,
    ),
  );
  const [spoilt] = await open("kim");
  expect(spoilt).toMatchObject({ coin: "SOL", exitTargetRate: null, exitRateNow: "1384.00" });
});
