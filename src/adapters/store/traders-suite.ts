// Who trades, on whichever database: Karbit's rows as its own code leaves them, also half made and left over, and our
// terms beside them.

import { beforeEach, describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { sql } from "drizzle-orm";
import type { Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { KeyState } from "../../ports/traders.ts";
import { createSecretReader } from "../secrets.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import {
  addActiveTrader,
  addVenueKey,
  ENCRYPTION_KEY,
  encrypted,
  type KeyArguments,
} from "./trader-fixtures.ts";
import { createTraderStore } from "./traders.ts";

const D = Decimal.of;

export function tradersSuite(database: () => Database): void {
  describe("traders", () => {
    const store = () => createTraderStore(database(), createSecretReader(ENCRYPTION_KEY));
    const run = (statement: ReturnType<typeof sql>) => rows(database(), statement);
    const addTrader = () => addActiveTrader(database());
    const addKey = (...key: KeyArguments) => addVenueKey(database(), ...key);
    const none: Record<Venue, KeyState> = {
      ...{ upbit: "missing", bithumb: "missing", bybit: "missing", binance: "missing" },
    };

    beforeEach(async () => {
      await clearJournal(database());
      await run(sql`truncate schedulerx.trader_terms`);
    });

    const onlyTrader = async () => {
      const { traders, faults } = await store().traders();
      expect(faults).toEqual([]);
      expect(traders).toHaveLength(1);
      return traders[0]!;
    };

    test("a strategy comes with its amounts to the last digit, keys by venue and no terms of ours", async () => {
      const { userId, strategyId } = await addTrader();
      await addKey(userId, "upbit");
      await addKey(userId, "bybit");
      const trader = await onlyTrader();
      expect(trader).toEqual({
        userId,
        strategy: {
          strategyId,
          userId,
          seedAmountKrw: D("10000000.50000000"),
          seedDivision: 4,
          leverage: 3,
          tradeMode: "custom",
          entryRateTarget: D("1365.12345678"),
          exitRateTarget: D("1390.00000000"),
          coinMode: "custom",
          selectedCoins: new Set(["BTC", "ETH"]),
          allowAverageDown: true,
          allowAverageUp: false,
        },
        keys: { ...none, upbit: "usable", bybit: "usable" },
        liveConsent: false,
        stopRate: undefined,
        holdingMsMax: undefined,
      });
      expect(String(trader.strategy.entryRateTarget)).toBe("1365.12345678");
    });

    test("of hundreds of traders none is missed or told twice, each with the keys of its own", async () => {
      // Twice the rows of a page, then one more.
      await run(
        sql`insert into users (email, password_hash) select 'many-' || n, '' from generate_series(1, 200) n`,
      );
      await run(sql`insert into strategies (user_id, name, is_active, seed_amount, entry_rate, exit_rate)
        select id, 's', true, 5, 5, 5 from users order by id desc`);
      await run(
        sql`update users set active_strategy_id = strategies.id from strategies where user_id = users.id`,
      );
      for (const count of [200, 201]) {
        const { traders } = await store().traders();
        expect(traders.map(({ userId }) => userId)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
        if (count === 200) await addKey((await addTrader()).userId, "bybit");
        else expect(traders.map(({ keys }) => keys.bybit)).toEqual([...Array(200).fill("missing"), "usable"]);
      }
    });

    test("amounts at the end of numeric(18,8) lose nothing", async () => {
      await addTrader();
      await run(sql`update strategies set seed_amount = 9999999999.99999999, entry_rate = 0.00000001`);
      const { strategy } = await onlyTrader();
      expect(String(strategy.seedAmountKrw)).toBe("9999999999.99999999");
      expect(String(strategy.entryRateTarget)).toBe("0.00000001");
    });

    test("a user trades by the strategy pointed at, whatever else is marked active", async () => {
      const { userId, strategyId } = await addTrader();
      await run(sql`insert into strategies (user_id, name, is_active, seed_amount, entry_rate, exit_rate)
        values (${userId}, 'earlier', true, 5, 5, 5)`);
      expect((await onlyTrader()).strategy.strategyId).toBe(strategyId);
      await run(sql`update users set active_strategy_id = ${strategyId + 1}`);
      expect((await onlyTrader()).strategy.strategyId).toBe(strategyId + 1);
    });

    test("pointing at nothing, at what is gone or at what is not active trades nothing", async () => {
      const { strategyId } = await addTrader();
      const nobody = { traders: [], faults: [] };
      await run(sql`update users set active_strategy_id = ${strategyId + 100}`);
      expect(await store().traders()).toEqual(nobody);
      await run(sql`update users set active_strategy_id = null`);
      expect(await store().traders()).toEqual(nobody);
      await run(sql`update users set active_strategy_id = ${strategyId}`);
      for (const state of [sql`false`, sql`null`]) {
        await run(sql`update strategies set is_active = ${state}`);
        expect(await store().traders()).toEqual(nobody);
      }
    });

    test("what cannot be traded is told and keeps nobody else from trading", async () => {
      const bad = [
        [sql`seed_division = 0`, "expected a seed division of at least 1, was 0"],
        [sql`seed_amount = 0`, "expected a seed amount above 0, was 0"],
        [sql`leverage = 0`, "expected a leverage of at least 1, was 0"],
        [sql`entry_rate = 0`, "expected an entry rate above 0, was 0"],
        [sql`exit_rate = -1`, "expected an exit rate above 0, was -1"],
        [sql`exit_rate = 'NaN'`, 'expected a decimal, was "NaN"'],
      ] as const;
      const expected: string[] = [];
      for (const [columns, message] of bad) {
        const { userId, strategyId } = await addTrader();
        await run(sql`update strategies set ${columns} where id = ${strategyId}`);
        expected.push(`user ${userId}, strategy ${strategyId}: ${message}`);
      }
      const good = await addTrader();
      const thief = await addUser(database());
      await run(sql`update users set active_strategy_id = ${good.strategyId} where id = ${thief.userId}`);
      expected.push(
        `user ${thief.userId}, strategy ${good.strategyId}: ` +
          `expected a strategy of this user, was one of user ${good.userId}`,
      );
      const { traders, faults } = await store().traders();
      expect(traders.map(({ userId }) => userId)).toEqual([good.userId]);
      expect(faults).toEqual(expected);
    });

    test("rates of zero or none and no coins are fine in auto mode", async () => {
      await addTrader();
      await run(sql`update strategies set trade_mode = 'auto', coin_mode = 'auto', entry_rate = 0, exit_rate = 'NaN',
        selected_coins = null, allow_average_down = null`);
      const { strategy } = await onlyTrader();
      expect(strategy).toMatchObject({ tradeMode: "auto", coinMode: "auto", allowAverageDown: false });
      expect(strategy.selectedCoins.size).toBe(0);
    });

    test("keys that are switched off, not whole, or unreadable do not do, and give no credentials", async () => {
      const { userId } = await addTrader();
      await addKey(userId, "upbit", { on: false });
      await addKey(userId, "bithumb", { key: "" });
      await addKey(userId, "bybit", { key: "garbage" });
      await addKey(userId, "binance", { key: encrypted("api-key", "another key, of 32 characters...") });
      const states: Record<Venue, KeyState> = {
        ...{ upbit: "switched-off", bithumb: "missing", bybit: "unreadable", binance: "unreadable" },
      };
      expect((await onlyTrader()).keys).toEqual(states);
      expect(await store().keysOf(userId)).toEqual(states);
      for (const venue of Object.keys(states) as Venue[]) {
        expect(await store().credentials(userId, venue)).toBeUndefined();
      }
      await run(sql`update user_exchanges set is_active = null`);
      const upbit = await store().credentials(userId, "upbit", { evenSwitchedOff: true });
      expect(upbit).toEqual({ apiKey: "api-key-of-upbit", secret: "secret-of-upbit" });
      await run(sql`update user_exchanges set api_secret = null where exchange_id =
        (select id from exchanges where eng_name = 'binance')`);
      expect(await store().keysOf(userId)).toMatchObject({ upbit: "switched-off", binance: "missing" });
    });

    test("a usable key gives credentials, with or without a strategy, and of its own venue only", async () => {
      const { userId } = await addUser(database());
      await addKey(userId, "upbit");
      expect(await store().traders()).toEqual({ traders: [], faults: [] });
      expect(await store().keysOf(userId)).toEqual({ ...none, upbit: "usable" });
      const credentials = await store().credentials(userId, "upbit");
      expect(credentials).toEqual({ apiKey: "api-key-of-upbit", secret: "secret-of-upbit" });
      expect(await store().credentials(userId, "bybit")).toBeUndefined();
      expect(await store().credentials(userId + 1, "upbit")).toBeUndefined();
      expect(await store().keysOf(userId + 1)).toEqual(none);
    });

    test("without a secret reader every stored key is unreadable", async () => {
      const { userId } = await addTrader();
      await addKey(userId, "upbit");
      const blind = createTraderStore(database(), undefined);
      expect(await blind.keysOf(userId)).toEqual({ ...none, upbit: "unreadable" });
      expect(await blind.credentials(userId, "upbit")).toBeUndefined();
    });

    test("consent and exit terms are kept apart from each other, and outlive the strategy", async () => {
      const { userId, strategyId } = await addTrader();
      await store().setConsent(userId, true, NOW_MS);
      await store().setExitTerms(userId, { stopRate: D("1340.125"), holdingMsMax: 2 ** 40 }, NOW_MS + 1);
      const terms = { liveConsent: true, stopRate: D("1340.125"), holdingMsMax: 2 ** 40 };
      expect(await onlyTrader()).toMatchObject(terms);
      await store().setConsent(userId, false, NOW_MS + 2);
      expect(await onlyTrader()).toMatchObject({ ...terms, liveConsent: false });
      await store().setExitTerms(userId, { stopRate: undefined, holdingMsMax: undefined }, NOW_MS + 3);
      await store().setConsent(userId, true, NOW_MS + 4);
      await run(sql`delete from strategies where id = ${strategyId}`);
      expect(await store().traders()).toEqual({ traders: [], faults: [] });
      await run(sql`insert into strategies (user_id, name, is_active, seed_amount, entry_rate, exit_rate)
        values (${userId}, 'next', true, 5, 5, 5)`);
      await run(sql`update users set active_strategy_id = (select max(id) from strategies)`);
      const unset = { liveConsent: true, stopRate: undefined, holdingMsMax: undefined };
      expect(await onlyTrader()).toMatchObject(unset);
    });

    test("exit terms that are none are refused", async () => {
      const set = (stopRate: Decimal | undefined, holdingMsMax: number | undefined) =>
        store().setExitTerms(1, { stopRate, holdingMsMax }, NOW_MS);
      await expect(set(D("0"), undefined)).rejects.toBeInstanceOf(RangeError);
      await expect(set(undefined, 0)).rejects.toBeInstanceOf(RangeError);
      await expect(set(undefined, 1.5)).rejects.toBeInstanceOf(RangeError);
    });

    test("no text of a key, stored or plain, is in a trader, a fault or an error", async () => {
      const { userId } = await addTrader();
      await addKey(userId, "upbit");
      await addKey(userId, "bybit", { key: "garbage-that-is-a-key" });
      const bad = await addTrader();
      await addKey(bad.userId, "upbit");
      await run(sql`update strategies set seed_division = 0 where id = ${bad.strategyId}`);
      const told: unknown[] = [await store().traders(), await store().keysOf(userId), store()];
      told.push(await store().credentials(userId, "bybit"), await store().revision());
      await run(sql`alter table user_exchanges rename column api_secret to api_secret_away`);
      try {
        for (const ask of [
          () => store().traders(),
          () => store().keysOf(userId),
          () => store().credentials(userId, "upbit"),
          () => store().revision(),
        ]) {
          told.push(await ask().catch((error: unknown) => error));
        }
      } finally {
        await run(sql`alter table user_exchanges rename column api_secret_away to api_secret`);
      }
      expect(told.slice(-4).every((error) => error instanceof Error)).toBe(true);
      const shown = told.map((one) => inspect(one, { depth: 20, showHidden: true })).join("\n");
      for (const text of [
        ...[
          "api-key-of-upbit",
          "secret-of-upbit",
          "secret-of-bybit",
          "garbage-that-is-a-key",
          ENCRYPTION_KEY,
        ],
        ...[encrypted("api-key-of-upbit"), encrypted("secret-of-upbit")],
      ]) {
        expect(shown).not.toContain(text);
      }
    });
  });
}
