// The paper accounts, on whichever database: one order once, all or nothing, and a ledger that explains every balance.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { PaperAccount, PaperChange, PaperDecision } from "../../ports/paper-store.ts";
import { type Database, rowsOf } from "./database.ts";
import { createPaperStore } from "./paper-accounts.ts";
import { forgetful } from "./store-fixtures.ts";

const AT_MS = Date.UTC(2026, 0, 1);
const HOME = { userId: 7, venue: "upbit" } as const;
const ABROAD = { userId: 7, venue: "bybit" } as const;
const KRW = new Map([["KRW", Decimal.of(1_000)]]);
const USDT = new Map([["USDT", Decimal.of(1_000)]]);
const d = (text: string) => Decimal.of(text);

/** A short of `qty` at 10 with a fee of 0.1. */
function shortOf(
  account: PaperAccount,
  { id = "o-1", qty = "2", atMs = AT_MS }: { id?: string; qty?: string; atMs?: number } = {},
): PaperChange {
  const fill = { price: d("10"), qty: d(qty), fee: d("0.1"), feeAsset: "USDT", realisedUsdt: Decimal.ZERO };
  return {
    account: {
      ...account,
      balances: new Map([["USDT", account.balances.get("USDT")!.minus(d("0.1"))]]),
      positions: new Map([["BTCUSDT", { qty: d(`-${qty}`), costUsdt: d(qty).times(d("-10")) }]]),
    },
    order: {
      ...{ clientOrderId: id, symbol: "BTCUSDT", side: "sell" },
      qty: d("3"),
      limitPrice: undefined,
      fills: [fill],
      atMs,
    },
    entries: [{ asset: "USDT", amount: d("-0.1"), reason: "fee" }],
  };
}

const accept = (change: PaperChange): PaperDecision<never> => ({ kind: "accept", change });

export function paperAccountsSuite(database: () => Database): void {
  describe("paper accounts", () => {
    const store = () => createPaperStore(database());
    const free = async () => (await store().open(ABROAD, USDT, AT_MS)).balances.get("USDT")!.toString();

    beforeEach(async () => {
      await database().run("clear", (executor) =>
        executor.execute(
          sql`truncate schedulerx.paper_accounts, schedulerx.paper_orders, schedulerx.paper_fills, schedulerx.paper_ledger`,
        ),
      );
    });

    async function ledger(): Promise<string[]> {
      const rows = await database().run("ledger", (executor) =>
        rowsOf<{ text: string }>(
          executor,
          sql`select concat_ws(' ', venue, asset, amount::text, reason, symbol, ref) as text
              from schedulerx.paper_ledger order by seq`,
        ),
      );
      return rows.map(({ text }) => text);
    }

    test("an account is opened once, also by many at once, and keeps what it was opened with", async () => {
      const opened = await Promise.all(Array.from({ length: 5 }, () => store().open(HOME, KRW, AT_MS)));
      for (const account of opened) expect(String(account.balances.get("KRW"))).toBe("1000");
      const again = await store().open(HOME, new Map([["KRW", d("5")]]), AT_MS);
      expect([String(again.balances.get("KRW")), again.positions.size]).toEqual(["1000", 0]);
      expect(await ledger()).toEqual(["upbit KRW 1000 opening opening"]);
    });

    test("an accepted order is found with its fills, and has changed account and ledger", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      expect(await store().place(ABROAD, "o-1", (account) => accept(shortOf(account)))).toEqual({
        kind: "stored",
      });
      const order = await store().order(ABROAD, "o-1");
      expect(JSON.stringify(order)).toBe(
        JSON.stringify(shortOf(await store().open(ABROAD, USDT, AT_MS)).order),
      );
      const { positions } = await store().open(ABROAD, USDT, AT_MS);
      const short = positions.get("BTCUSDT")!;
      expect([String(short.qty), String(short.costUsdt), await free()]).toEqual(["-2", "-20", "999.9"]);
      expect(await ledger()).toEqual(["bybit USDT 1000 opening opening", "bybit USDT -0.1 fee BTCUSDT o-1"]);
    });

    test("an id is used once: the second is not even asked; another user's and venue's are others", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      await store().place(ABROAD, "o-1", (account) => accept(shortOf(account)));
      const second = await store().place(ABROAD, "o-1", () => {
        throw new Error("expected not to be asked");
      });
      expect(second).toEqual({ kind: "exists" });
      expect(await free()).toBe("999.9");
      for (const other of [
        { ...ABROAD, userId: 8 },
        { ...ABROAD, venue: "binance" as const },
      ]) {
        await store().open(other, USDT, AT_MS);
        expect(await store().order(other, "o-1")).toBeUndefined();
        expect(await store().place(other, "o-1", (account) => accept(shortOf(account)))).toEqual({
          kind: "stored",
        });
      }
    });

    test("of many with one id at once, one is carried out", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      const results = await Promise.all(
        Array.from({ length: 6 }, () => store().place(ABROAD, "o-1", (account) => accept(shortOf(account)))),
      );
      expect(results.map(({ kind }) => kind).sort()).toEqual([...Array(5).fill("exists"), "stored"]);
      expect(await free()).toBe("999.9");
    });

    test("many orders at once each find the account as the one before left it", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          store().place(ABROAD, `o-${index}`, (account) => accept(shortOf(account, { id: `o-${index}` }))),
        ),
      );
      expect(await free()).toBe("999.2");
    });

    test("a transaction run again after its commit went unanswered is ours, and done once", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      const placed = await createPaperStore(forgetful(database())).place(ABROAD, "o-1", (account) =>
        accept(shortOf(account)),
      );
      expect([placed.kind, await free()]).toEqual(["stored", "999.9"]);
    });

    test("a refused order leaves nothing, and its id is free", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      const refused = await store().place(ABROAD, "o-1", () => ({ kind: "refuse", why: "no money" }));
      expect(refused).toEqual({ kind: "refused", why: "no money" });
      expect(await store().order(ABROAD, "o-1")).toBeUndefined();
      expect((await store().place(ABROAD, "o-1", (account) => accept(shortOf(account)))).kind).toBe("stored");
    });

    test("a change its entries do not explain is thrown back whole, and so is one of no account", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      const place = (key: typeof ABROAD | typeof HOME) =>
        store().place(key, "o-1", (account) => accept({ ...shortOf(account), entries: [] }));
      await expect(place(ABROAD)).rejects.toThrow("expected o-1 to leave 1000 USDT, was 999.9");
      await expect(place(ABROAD)).rejects.toBeInstanceOf(RangeError);
      await expect(place(HOME)).rejects.toThrow("expected an open account, was upbit 7");
      expect([await store().order(ABROAD, "o-1"), await free()]).toEqual([undefined, "1000"]);
    });

    test("leverage is kept, and set only while there is no position in the symbol", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      expect(await store().setLeverage(ABROAD, "BTCUSDT", d("3"))).toBe(true);
      await store().place(ABROAD, "o-1", (account) => accept(shortOf(account)));
      expect(await store().setLeverage(ABROAD, "BTCUSDT", d("4"))).toBe(false);
      expect(await store().setLeverage(ABROAD, "ETHUSDT", d("2.5"))).toBe(true);
      const { leverages } = await store().open(ABROAD, USDT, AT_MS);
      expect([...leverages].map(String).sort()).toEqual(["BTCUSDT,3", "ETHUSDT,2.5"]);
    });

    test("funding is credited once, by what was held before its instant", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      await store().place(ABROAD, "o-1", (account) => accept(shortOf(account, { atMs: AT_MS + 100 })));
      const pay = (id: string, atMs: number, perContract: string) => ({
        id,
        atMs,
        perContractUsdt: d(perContract),
      });
      const payments = [
        pay("early", AT_MS + 100, "9"), // nothing held yet
        pay("a", AT_MS + 101, "0.25"), // longs pay: two contracts short receive
        pay("b", AT_MS + 200, "-0.1"),
      ];
      await Promise.all([
        store().creditFunding(ABROAD, "BTCUSDT", payments),
        store().creditFunding(ABROAD, "BTCUSDT", payments.toReversed()),
        store().creditFunding(ABROAD, "ETHUSDT", payments),
      ]);
      expect(await free()).toBe("1000.2");
      const events = await store().fundingSince(ABROAD, "BTCUSDT", AT_MS);
      expect(events.map(({ id, atMs, amountUsdt }) => [id, atMs - AT_MS, String(amountUsdt)])).toEqual([
        ["BTCUSDT a", 101, "0.5"],
        ["BTCUSDT b", 200, "-0.2"],
      ]);
      expect(await store().fundingSince(ABROAD, "BTCUSDT", AT_MS + 102)).toHaveLength(1);
      expect(await store().fundingSince(ABROAD, "ETHUSDT", AT_MS)).toEqual([]);
    });

    test("the ledger of an account adds up to its balance", async () => {
      await store().open(ABROAD, USDT, AT_MS);
      for (const id of ["o-1", "o-2", "o-3"]) {
        await store().place(ABROAD, id, (account) => accept(shortOf(account, { id })));
      }
      const payment = { id: "x", atMs: AT_MS + 1, perContractUsdt: d("0.123456789012345678") };
      await store().creditFunding(ABROAD, "BTCUSDT", [payment]);
      const [sum] = await database().run("sum", (executor) =>
        rowsOf<{ amount: string }>(
          executor,
          sql`select sum(amount)::text as amount from schedulerx.paper_ledger where venue = 'bybit'`,
        ),
      );
      expect(String(d(sum!.amount))).toBe(await free());
    });
  });
}
