// Money put into paper accounts, on whichever database: the ledger still explains every balance, orders see it, and
// what is traded at the same moment is not lost.

import { beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { Decimal } from "../../domain/decimal.ts";
import type { PaperAccount, PaperDecision, PaperOrder } from "../../ports/paper-store.ts";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { addUser, clearJournal, NOW_MS, rows } from "./journal-fixtures.ts";
import { createPaperStore } from "./paper-accounts.ts";
import { createPaperMoney } from "./paper-money.ts";
import { forgetful } from "./store-fixtures.ts";

const d = (text: string) => Decimal.of(text);

export function paperMoneySuite(database: () => Database): void {
  describe("money put into paper accounts", () => {
    let userId: number;
    let refs = 0;

    beforeEach(async () => {
      await clearJournal(database());
      await rows(
        database(),
        sql`truncate schedulerx.paper_accounts, schedulerx.paper_orders, schedulerx.paper_fills,
          schedulerx.paper_ledger, schedulerx.audit_events`,
      );
      ({ userId } = await addUser(database()));
    });

    const money = () => createPaperMoney(database());
    const home = () => ({ userId, venue: "upbit" }) as const;
    const abroad = () => ({ userId, venue: "bybit" }) as const;
    const openHome = (key: ReturnType<typeof home> = home()) =>
      createPaperStore(database()).open(key, new Map([["KRW", d("100000000")]]), NOW_MS);
    const topUp = (amount: string, venue: "upbit" | "bybit" = "upbit") =>
      money().topUp(userId, { venue, amount }, NOW_MS, `r${++refs}`);
    const reset = () => money().reset(userId, NOW_MS, `r${++refs}`);
    const of = async (venue: string) =>
      (await money().accounts(userId)).find((account) => account.venue === venue)!;

    /** A buy of one coin for a thousand won. */
    const buy = (id: string) =>
      createPaperStore(database()).place(home(), id, (account): PaperDecision<never> => {
        const balances = new Map(account.balances);
        balances.set("KRW", balances.get("KRW")!.minus(d("1000")));
        balances.set("XRP", (balances.get("XRP") ?? Decimal.ZERO).plus(d("1")));
        const after: PaperAccount = { ...account, balances };
        const fill = {
          ...{ price: d("1000"), qty: d("1"), fee: Decimal.ZERO, feeAsset: "KRW", realisedUsdt: undefined },
        };
        const order: PaperOrder = {
          ...{
            clientOrderId: id,
            symbol: "KRW-XRP",
            side: "buy" as const,
            qty: d("1"),
            limitPrice: d("1000"),
          },
          ...{ fills: [fill], atMs: NOW_MS },
        };
        const entries = [
          { asset: "KRW", amount: d("-1000"), reason: "trade" },
          { asset: "XRP", amount: d("1"), reason: "trade" },
        ] as const;
        return { kind: "accept", change: { account: after, order, entries } };
      });

    /** What the ledger does not explain of the balances as they are stored; nothing. */
    const unexplained = () =>
      rows(
        database(),
        sql`select a.user_id, a.venue, b.key, b.value, coalesce(sum(l.amount), 0)::text as told
            from schedulerx.paper_accounts a cross join lateral jsonb_each_text(a.state -> 'balances') b
            left join schedulerx.paper_ledger l
              on l.user_id = a.user_id and l.venue = a.venue and l.asset = b.key
            group by 1, 2, 3, 4 having coalesce(sum(l.amount), 0) <> b.value::numeric`,
      );

    test("accounts nobody opened are shown with what they will begin with", async () => {
      expect(
        (await money().accounts(userId)).map(({ venue, asset, balance, putIn, openedAtMs }) =>
          [venue, asset, balance, putIn, openedAtMs].join(" "),
        ),
      ).toEqual([
        "upbit KRW 100000000 100000000 ",
        "bithumb KRW 100000000 100000000 ",
        "bybit USDT 100000 100000 ",
        "binance USDT 100000 100000 ",
      ]);
    });

    test("what is put in is seen by the next order, opens an account, and is another's nothing", async () => {
      const other = await addUser(database());
      await openHome({ userId: other.userId, venue: "upbit" });
      await openHome();
      await topUp("5000.5");
      await topUp("0.00000001", "bybit");
      expect(String((await openHome()).balances.get("KRW"))).toBe("100005000.5");
      expect(await of("bybit")).toEqual({
        ...{ venue: "bybit", asset: "USDT", balance: "100000.00000001", putIn: "100000.00000001" },
        ...{ coins: [], positions: [], openedAtMs: NOW_MS },
      });
      expect((await money().accounts(other.userId))[0]!.balance).toBe("100000000");
      expect(await unexplained()).toEqual([]);
      const trail = await createAuditStore(database()).read(userId, 9);
      expect(trail.map(({ action, subject, detail }) => `${action} ${subject} ${detail.amount}`)).toEqual([
        "paper.topped-up bybit 0.00000001",
        "paper.topped-up upbit 5000.5",
      ]);
    });

    test("a reset brings the money back and leaves the coins that dust counts on", async () => {
      await openHome();
      await buy("o-1");
      await topUp("7");
      await createPaperStore(database()).open(abroad(), new Map([["USDT", d("100000")]]), NOW_MS);
      expect(await of("upbit")).toMatchObject({ balance: "99999007", putIn: "100000007" });
      expect(await reset()).toBe("reset");
      expect(await of("upbit")).toMatchObject({
        ...{ balance: "100000000", putIn: "100001000", coins: [{ coin: "XRP", amount: "1" }] },
      });
      expect(await reset()).toBe("reset");
      const ledger = await rows(
        database(),
        sql`select venue, amount::text from schedulerx.paper_ledger where reason = 'opening' order by seq`,
      );
      expect(ledger.map((row) => Object.values(row as object).join(" "))).toEqual([
        ...["upbit 100000000", "upbit 7", "bybit 100000", "upbit 993"],
      ]);
      expect(await unexplained()).toEqual([]);
      expect((await createAuditStore(database()).read(userId, 9)).map(({ action }) => action)).toEqual([
        ...["paper.reset", "paper.reset", "paper.topped-up"],
      ]);
    });

    test("a reset is refused while a paper position or intent of the user is open", async () => {
      await openHome();
      await buy("o-1");
      const position = (of: number, mode: string) =>
        rows(
          database(),
          sql`insert into schedulerx.hedged_positions
                (mode, user_id, strategy_id, coin, pair, leverage, exit_terms, opened_at)
              values (${mode}, ${of}, 1, 'XRP', 'upbit-bybit', 1, '{}', now())`,
        );
      const intent = (id: string, of: number, mode: string) =>
        rows(
          database(),
          sql`insert into schedulerx.intents (intent_id, decision_id, kind, mode, state, user_id, strategy_id, coin,
                pair, qty_coin, qty_contracts, terms, reason, planned_at)
              values (${id}, ${id}, 'entry', ${mode}, 'planned', ${of}, 1, 'ADA', 'upbit-bybit', 1, 1, '{}', 'r', now())`,
        );
      await intent("i-1", userId, "paper");
      await position(userId, "paper");
      expect(await reset()).toEqual({ refused: "held", coins: ["ADA", "XRP"] });
      expect((await of("upbit")).balance).toBe("99999000");
      await rows(database(), sql`truncate schedulerx.intents, schedulerx.hedged_positions cascade`);
      // Others', and those with real money, do not matter.
      await position(userId, "live");
      await position(userId + 1, "paper");
      await intent("i-2", userId, "live");
      await intent("i-3", userId + 1, "paper");
      expect(await reset()).toBe("reset");
    });

    test("contracts that no record of ours explains keep an account from being reset", async () => {
      await topUp("1", "bybit");
      await rows(
        database(),
        sql`update schedulerx.paper_accounts
            set state = jsonb_set(state, '{positions}', '{"XRPUSDT": {"qty": "-2", "cost": "-4"}}')`,
      );
      expect(await reset()).toEqual({ refused: "held", coins: ["XRPUSDT"] });
      expect((await of("bybit")).positions).toEqual([{ symbol: "XRPUSDT", contracts: "-2" }]);
    });

    test("orders, top-ups and resets at once lose nothing of each other", async () => {
      await openHome();
      for (let round = 0; round < 3; round++) {
        await Promise.all([
          buy(`${round}-a`),
          topUp("10"),
          reset(),
          buy(`${round}-b`),
          topUp("3"),
          buy(`${round}-c`),
        ]);
        expect(await unexplained()).toEqual([]);
      }
      expect((await of("upbit")).coins).toEqual([{ coin: "XRP", amount: "9" }]);
      await reset();
      await Promise.all([topUp("1"), topUp("2"), topUp("4")]);
      expect((await of("upbit")).balance).toBe("100000007");
    });

    test("a ref is carried out once, for one thing, and for its own user", async () => {
      const give = (ref: string, amount = "5", venue: "upbit" | "bybit" = "upbit", of = userId) =>
        money().topUp(of, { venue, amount }, NOW_MS, ref);
      expect(await Promise.all([give("a"), give("a"), give("a")])).toEqual([
        ...(["topped-up", "topped-up", "topped-up"] as const),
      ]);
      expect((await of("upbit")).balance).toBe("100000005");
      const taken = { refused: "ref" } as const;
      expect(await give("a", "6")).toEqual(taken);
      expect(await give("a", "5", "bybit")).toEqual(taken);
      expect(await money().reset(userId, NOW_MS, "a")).toEqual(taken);
      expect(await money().reset(userId, NOW_MS, "b")).toBe("reset");
      expect(await give("c")).toBe("topped-up");
      // A reset whose answer was lost does not take away what was put in since.
      expect(await money().reset(userId, NOW_MS, "b")).toBe("reset");
      expect((await of("upbit")).balance).toBe("100000005");
      const other = await addUser(database());
      expect(await give("a", "7", "upbit", other.userId)).toBe("topped-up");
      expect(await unexplained()).toEqual([]);
    });

    test("a ref is looked for by an index, however long the user's trail is", async () => {
      await rows(
        database(),
        sql`insert into schedulerx.audit_events (at, actor, user_id, action, subject, detail)
            select now(), 'user', ${userId}, 'paper.topped-up', 'upbit', jsonb_build_object('ref', n::text)
            from generate_series(1, 20000) n`,
      );
      await rows(database(), sql`analyze schedulerx.audit_events`);
      const plan = await rows(
        database(),
        sql`explain select * from schedulerx.audit_events where user_id = ${sql.raw(String(userId))}
            and action in ('paper.reset', 'paper.topped-up') and detail ->> 'ref' = 'x'`,
      );
      expect(JSON.stringify(plan)).toContain("audit_events_ref");
    });

    test("what is run again after its commit went unanswered is done and told once", async () => {
      const again = createPaperMoney(forgetful(database()));
      await again.topUp(userId, { venue: "upbit", amount: "5" }, NOW_MS, "r");
      expect((await of("upbit")).balance).toBe("100000005");
      expect(await again.reset(userId, NOW_MS, "s")).toBe("reset");
      expect([(await of("upbit")).balance, await unexplained()]).toEqual(["100000000", []]);
      expect(await createAuditStore(database()).read(userId, 9)).toHaveLength(2);
    });
  });
}
