// Money put into paper accounts (src/ports/paper-money.ts). Invariants: an account is changed only while its row is held,
// as by orders (paper-accounts.ts), and the ledger still adds up to the balance: money put in or taken out is a row of
// the reason "opening", whose ref says what it was. A ref is carried out once: the audit trail, written in the same
// transaction and for good, remembers it and with what it came.

import { and, asc, eq, inArray, isNull, sql } from "drizzle-orm";
import { auditEvents } from "../../../schema/tables/accounts.ts";
import { users } from "../../../schema/tables/karbit.ts";
import { paperAccounts, paperLedger } from "../../../schema/tables/paper.ts";
import { hedgedPositions, intents } from "../../../schema/tables/trading.ts";
import { VENUES, type Venue } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { paperStartOf } from "../../domain/paper-start.ts";
import type { AuditEvent } from "../../ports/audit.ts";
import type { OwnPaperAccount, PaperMoney } from "../../ports/paper-money.ts";
import type { PaperAccount, PaperKey } from "../../ports/paper-store.ts";
import { addAudit } from "./audit.ts";
import type { Database, Executor } from "./database.ts";
import { atOneInstant } from "./journal-reads.ts";
import { changeOnce } from "./once.ts";
import { openAccount, writeAccount } from "./paper-accounts.ts";
import { accountOf } from "./paper-rows.ts";

export function createPaperMoney(database: Database): PaperMoney {
  const change = <T>(operation: string, userId: number, work: (executor: Executor) => Promise<T>) =>
    changeOnce(database, operation, {
      lock: (executor) =>
        executor.select({ id: users.id }).from(users).where(eq(users.id, userId)).for("no key update"),
      work,
    });
  return {
    accounts: (userId) =>
      atOneInstant(database, "read a user's paper accounts", (executor) => readAll(executor, userId)),

    reset: (userId, atMs, ref) =>
      change("reset paper accounts", userId, async (executor) => {
        const event = { actor: "user", userId, action: "paper.reset", subject: "", detail: { ref } } as const;
        const before = await doneBefore(executor, event);
        if (before) return before === "same" ? "reset" : { refused: "ref" };
        // Orders are carried out under these locks, so an intent that has placed one is seen below.
        const accounts = await lockAll(executor, userId);
        const coins = await heldCoins(executor, userId, accounts);
        if (coins.length > 0) return { refused: "held", coins };
        for (const { venue, account } of accounts) {
          const { asset, amount } = paperStartOf(venue);
          const missing = amount.minus(account.balances.get(asset) ?? Decimal.ZERO);
          await putIn(executor, {
            key: { userId, venue },
            account,
            amount: missing,
            atMs,
            ref: `reset ${ref}`,
          });
        }
        await addAudit(executor, { ...event, atMs });
        return "reset";
      }),

    topUp: (userId, { venue, amount }, atMs, ref) =>
      change("top a paper account up", userId, async (executor) => {
        const key = { userId, venue };
        const { asset, amount: start } = paperStartOf(venue);
        const event = {
          ...({ actor: "user", userId, action: "paper.topped-up", subject: venue } as const),
          detail: { ref, asset, amount },
        };
        const before = await doneBefore(executor, event);
        if (before) return before === "same" ? "topped-up" : { refused: "ref" };
        const account = await openAccount(executor, key, { opening: new Map([[asset, start]]), atMs });
        await putIn(executor, { key, account, amount: Decimal.of(amount), atMs, ref: `top-up ${ref}` });
        await addAudit(executor, { ...event, atMs });
        return "topped-up";
      }),
  };
}

/** Whether the event's ref was carried out before, for the same or for something else. The user's row is held. */
async function doneBefore(
  executor: Executor,
  { userId, action, subject, detail }: Omit<AuditEvent, "atMs"> & { readonly userId: number },
): Promise<"same" | "other" | undefined> {
  const [known] = await executor
    .select()
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.userId, userId),
        inArray(auditEvents.action, ["paper.reset", "paper.topped-up"]),
        eq(sql`${auditEvents.detail} ->> 'ref'`, detail.ref),
      ),
    )
    .limit(1);
  if (!known) return undefined;
  const isSame =
    known.action === action && known.subject === subject && known.detail.amount === detail.amount;
  return isSame ? "same" : "other";
}

interface Opened {
  readonly venue: Venue;
  readonly account: PaperAccount;
}

async function lockAll(executor: Executor, userId: number): Promise<Opened[]> {
  const rows = await executor
    .select()
    .from(paperAccounts)
    .where(eq(paperAccounts.userId, userId))
    .orderBy(asc(paperAccounts.venue))
    .for("update");
  return rows.map(({ venue, state }) => ({ venue, account: accountOf(state) }));
}

/** Coins of open positions and unfinished intents, and symbols the accounts themselves still have contracts in. */
async function heldCoins(
  executor: Executor,
  userId: number,
  accounts: readonly Opened[],
): Promise<readonly string[]> {
  const open = await executor
    .select({ coin: hedgedPositions.coin })
    .from(hedgedPositions)
    .where(
      and(
        eq(hedgedPositions.mode, "paper"),
        eq(hedgedPositions.userId, userId),
        isNull(hedgedPositions.closedAt),
      ),
    );
  const running = await executor
    .select({ coin: intents.coin })
    .from(intents)
    .where(and(eq(intents.mode, "paper"), eq(intents.userId, userId), isNull(intents.endedAt)));
  const coins = [...open, ...running].map(({ coin }) => coin);
  const symbols = accounts.flatMap(({ account }) => [...account.positions.keys()]);
  return [...new Set(coins.length > 0 ? coins : symbols)].sort();
}

/** `amount` may be below 0. The account is held, and is as it was read under the lock. */
async function putIn(
  executor: Executor,
  change: {
    readonly key: PaperKey;
    readonly account: PaperAccount;
    readonly amount: Decimal;
    readonly atMs: number;
    readonly ref: string;
  },
): Promise<void> {
  const { key, account, amount, atMs, ref } = change;
  if (amount.isZero) return;
  const { asset } = paperStartOf(key.venue);
  await executor.insert(paperLedger).values({
    ...key,
    ...{ asset, ref, reason: "opening" },
    amount: amount.toString(),
    at: new Date(atMs),
  });
  const balances = new Map(account.balances);
  balances.set(asset, (balances.get(asset) ?? Decimal.ZERO).plus(amount));
  await writeAccount(executor, key, { ...account, balances });
}

async function readAll(executor: Executor, userId: number): Promise<OwnPaperAccount[]> {
  const rows = await executor.select().from(paperAccounts).where(eq(paperAccounts.userId, userId));
  const sums = await executor
    .select({ venue: paperLedger.venue, putIn: sql<string>`sum(${paperLedger.amount})::text` })
    .from(paperLedger)
    .where(and(eq(paperLedger.userId, userId), eq(paperLedger.reason, "opening")))
    .groupBy(paperLedger.venue);
  return VENUES.map((venue) => {
    const row = rows.find((one) => one.venue === venue);
    const { asset, amount } = paperStartOf(venue);
    const account = row && accountOf(row.state);
    const balances = account?.balances ?? new Map([[asset, amount]]);
    const put = sums.find((one) => one.venue === venue)?.putIn;
    return {
      ...{ venue, asset },
      balance: (balances.get(asset) ?? Decimal.ZERO).toString(),
      putIn: put === undefined ? (account ? "0" : amount.toString()) : Decimal.of(put).toString(),
      coins: [...balances]
        .filter(([coin, held]) => coin !== asset && !held.isZero)
        .map(([coin, held]) => ({ coin, amount: held.toString() })),
      positions: [...(account?.positions ?? [])].map(([symbol, { qty }]) => ({
        ...{ symbol, contracts: qty.toString() },
      })),
      openedAtMs: row?.openedAt.getTime() ?? null,
    };
  });
}
