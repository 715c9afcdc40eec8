// Users as Karbit's own screens make them: a row, keys for the two venues of one pair, encrypted, and an active strategy
// that enters below 1390 and leaves at 1410 on one coin; with an account at the venues and our own consent.

import { sql } from "drizzle-orm";
import { PAIRS, type PairKey, type Venue } from "../../../schema/vocabulary.ts";
import { type Database, rowsOf } from "../../adapters/store/database.ts";
import { ENCRYPTION_KEY, encrypted } from "../../adapters/store/trader-fixtures.ts";
import { createTraderStore } from "../../adapters/store/traders.ts";
import type { SimulatorControl } from "../../simulator/control.ts";

export { ENCRYPTION_KEY };

export interface TraderWish {
  readonly coin: string;
  readonly pair: PairKey;
  readonly hedgeMode?: boolean;
  /** KRW and how many entries it is divided into; default 1,900,000 in two. */
  readonly seedKrw?: number;
  readonly division?: number;
}

export interface TestTrader extends TraderWish {
  readonly userId: number;
  readonly strategyId: number;
  readonly apiKey: string;
  readonly secret: string;
  readonly domestic: "upbit" | "bithumb";
  readonly overseas: "bybit" | "binance";
}

export const ENTRY_RATE = 1_390;
export const EXIT_RATE = 1_410;
/** Premiums at which everybody's targets are met, and by half a percent more. */
export const CHEAP = -0.02;
export const CHEAPER = -0.03;
export const DEAR = 0.025;

export const OPENING_KRW = "20000000";
export const OPENING_USDT = "20000";

let traderCount = 0;

export async function addTestTrader(
  database: Database,
  control: SimulatorControl,
  wish: TraderWish,
): Promise<TestTrader> {
  const { coin, pair, hedgeMode = false, seedKrw = 1_900_000, division = 2 } = wish;
  const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
  const name = `wire-${process.pid}-${++traderCount}`;
  const [apiKey, secret] = [`${name}-access-key`, `${name}-secret-of-an-account-0123456789`];
  control.accounts.add({
    ...{ apiKey, secret, hedgeMode },
    balances: {
      upbit: { KRW: OPENING_KRW },
      bithumb: { KRW: OPENING_KRW },
      bybit: { USDT: OPENING_USDT },
      binance: { USDT: OPENING_USDT },
    },
  });
  const userId = await database.transaction("a trader", async (executor) => {
    const [user] = await rowsOf<{ id: number }>(
      executor,
      sql`insert into users (email, password_hash) values (${`${name}@example.com`}, '') returning id`,
    );
    for (const venue of [domestic, overseas] as Venue[]) {
      await executor.execute(
        sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret)
            select ${user!.id}, id, ${encrypted(apiKey)}, ${encrypted(secret)}
            from exchanges where eng_name = ${venue}`,
      );
    }
    return user!.id;
  });
  const strategyId = await startStrategy(database, userId, { coin, seedKrw, division });
  await createTraderStore(database, undefined).setConsent(userId, true, Date.now());
  return { ...wish, userId, strategyId, apiKey, secret, domestic, overseas } as TestTrader;
}

/** Karbit starts a strategy by a new row and points the user at it. */
export async function startStrategy(
  database: Database,
  userId: number,
  terms: { readonly coin: string; readonly seedKrw: number; readonly division: number },
): Promise<number> {
  return await database.transaction("a strategy", async (executor) => {
    const [strategy] = await rowsOf<{ id: number }>(
      executor,
      sql`insert into strategies (user_id, name, is_active, seed_amount, seed_division, entry_rate, exit_rate, leverage,
            trade_mode, coin_mode, selected_coins, allow_average_down)
          values (${userId}, 'wire', true, ${terms.seedKrw}, ${terms.division}, ${ENTRY_RATE}, ${EXIT_RATE}, 2,
            'custom', 'custom', array[${terms.coin}], true) returning id`,
    );
    await executor.execute(sql`update users set active_strategy_id = ${strategy!.id} where id = ${userId}`);
    return strategy!.id;
  });
}
