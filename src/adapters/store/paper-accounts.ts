// The paper accounts in our tables (src/ports/paper-store.ts). Invariants: whoever changes an account holds its row
// from the first look to the commit; an account's ledger adds up to its balances; a client order id is stored once.

import { and, asc, eq, gte, lt, sql } from "drizzle-orm";
import { paperAccounts, paperFills, paperLedger, paperOrders } from "../../../schema/tables/paper.ts";
import { Decimal } from "../../domain/decimal.ts";
import { StoreFault } from "../../domain/store-fault.ts";
import type {
  PaperAccount,
  PaperChange,
  PaperKey,
  PaperPayment,
  PaperStore,
} from "../../ports/paper-store.ts";
import type { Database, Executor } from "./database.ts";
import { accountOf, fillColumns, orderColumns, orderOf, stateTexts } from "./paper-rows.ts";

const USDT = "USDT";
/** How long one waits for another who holds the account; a holder needs milliseconds. */
const LOCK_MS_MAX = 1_500;

export function createPaperStore(database: Database): PaperStore {
  /** One transaction; a RangeError of `work` arrives as it is. */
  const locked = async <T>(operation: string, work: (executor: Executor) => Promise<T>): Promise<T> => {
    try {
      return await database.transaction(operation, async (executor) => {
        await executor.execute(sql`select set_config('lock_timeout', ${String(LOCK_MS_MAX)}, true)`);
        return await work(executor);
      });
    } catch (error) {
      throw error instanceof StoreFault && error.cause instanceof RangeError ? error.cause : error;
    }
  };
  return {
    async open(key, opening, atMs) {
      const known = await database.run("read a paper account", (executor) => read(executor, key));
      return (
        known ?? locked("open a paper account", (executor) => openAccount(executor, key, { opening, atMs }))
      );
    },
    place(key, clientOrderId, decide) {
      // A commit whose answer was lost is tried again by the database: then what "exists" is what we stored.
      let lastAccepted: PaperChange | undefined;
      return locked("place a paper order", async (executor) => {
        const account = await lock(executor, key);
        const stored = await readOrder(executor, key, clientOrderId);
        if (stored !== undefined) return { kind: isOurs(stored, lastAccepted) ? "stored" : "exists" };
        const decision = decide(account);
        if (decision.kind === "refuse") return { kind: "refused", why: decision.why };
        requireExplained(account, decision.change);
        lastAccepted = decision.change;
        await store(executor, key, decision.change);
        return { kind: "stored" };
      });
    },
    order: (key, clientOrderId) =>
      locked("look up a paper order", async (executor) => {
        // For the lock: an order under way is seen once this returns.
        await read(executor, key, "update");
        return await readOrder(executor, key, clientOrderId);
      }),
    setLeverage: (key, symbol, leverage) =>
      locked("set a paper leverage", async (executor) => {
        const account = await lock(executor, key);
        if (account.positions.has(symbol)) return false;
        const leverages = new Map([...account.leverages, [symbol, leverage]]);
        await writeAccount(executor, key, { ...account, leverages });
        return true;
      }),
    creditFunding: (key, symbol, payments) =>
      locked("credit paper funding", async (executor) => {
        let account = await lock(executor, key);
        for (const payment of payments) {
          const amount = await credit(executor, key, { symbol, payment });
          const balances = new Map(account.balances);
          balances.set(USDT, (balances.get(USDT) ?? Decimal.ZERO).plus(amount));
          account = { ...account, balances };
        }
        await writeAccount(executor, key, account);
      }),
    fundingSince: (key, symbol, sinceMs) =>
      database.run("read paper funding", async (executor) => {
        const rows = await executor
          .select()
          .from(paperLedger)
          .where(
            and(
              ofAccount(paperLedger, key),
              eq(paperLedger.reason, "funding"),
              eq(paperLedger.symbol, symbol),
              gte(paperLedger.at, new Date(sinceMs)),
            ),
          )
          .orderBy(asc(paperLedger.at), asc(paperLedger.seq));
        return rows.map(({ ref, amount, at }) => ({
          id: ref,
          symbol,
          amountUsdt: Decimal.of(amount),
          atMs: at.getTime(),
        }));
      }),
  };
}

type OfAccount = typeof paperAccounts | typeof paperOrders | typeof paperFills | typeof paperLedger;

const ofAccount = (table: OfAccount, { userId, venue }: PaperKey) =>
  and(eq(table.userId, userId), eq(table.venue, venue));

async function read(executor: Executor, key: PaperKey, hold?: "update"): Promise<PaperAccount | undefined> {
  const query = executor.select().from(paperAccounts).where(ofAccount(paperAccounts, key));
  const [row] = hold === undefined ? await query : await query.for(hold);
  return row && accountOf(row.state);
}

async function lock(executor: Executor, key: PaperKey): Promise<PaperAccount> {
  const account = await read(executor, key, "update");
  if (account === undefined) throw new RangeError(`expected an open account, was ${key.venue} ${key.userId}`);
  return account;
}

/** The account, made when there is none; its row is held. */
export async function openAccount(
  executor: Executor,
  key: PaperKey,
  { opening, atMs }: { readonly opening: ReadonlyMap<string, Decimal>; readonly atMs: number },
): Promise<PaperAccount> {
  const account: PaperAccount = { balances: opening, positions: new Map(), leverages: new Map() };
  const at = new Date(atMs);
  const added = await executor
    .insert(paperAccounts)
    .values({ ...key, state: stateTexts(account), openedAt: at })
    .onConflictDoNothing()
    .returning({ userId: paperAccounts.userId });
  const amounts = [...opening].filter(([, amount]) => !amount.isZero);
  if (added.length > 0 && amounts.length > 0) {
    await executor.insert(paperLedger).values(
      amounts.map(([asset, amount]) => ({
        ...key,
        asset,
        amount: amount.toString(),
        reason: "opening",
        ref: "opening",
        at,
      })),
    );
  }
  return await lock(executor, key);
}

async function readOrder(executor: Executor, key: PaperKey, clientOrderId: string) {
  const [row] = await executor
    .select()
    .from(paperOrders)
    .where(and(ofAccount(paperOrders, key), eq(paperOrders.clientOrderId, clientOrderId)));
  if (row === undefined) return undefined;
  const fills = await executor
    .select()
    .from(paperFills)
    .where(and(ofAccount(paperFills, key), eq(paperFills.clientOrderId, clientOrderId)))
    .orderBy(asc(paperFills.level));
  return orderOf(row, fills);
}

function isOurs(stored: PaperChange["order"], accepted: PaperChange | undefined): boolean {
  return accepted !== undefined && JSON.stringify(stored) === JSON.stringify(accepted.order);
}

/** Throws RangeError unless every balance changed by what its entries say. */
function requireExplained(before: PaperAccount, { account, entries, order }: PaperChange): void {
  for (const asset of new Set([...before.balances.keys(), ...account.balances.keys()])) {
    const told = Decimal.sum(entries.filter((entry) => entry.asset === asset).map(({ amount }) => amount));
    const was = before.balances.get(asset) ?? Decimal.ZERO;
    const is = account.balances.get(asset) ?? Decimal.ZERO;
    if (!is.equals(was.plus(told))) {
      throw new RangeError(`expected ${order.clientOrderId} to leave ${was.plus(told)} ${asset}, was ${is}`);
    }
  }
}

async function store(executor: Executor, key: PaperKey, change: PaperChange): Promise<void> {
  const { account, order, entries } = change;
  await executor.insert(paperOrders).values(orderColumns(key, order));
  if (order.fills.length > 0) await executor.insert(paperFills).values(fillColumns(key, order));
  if (entries.length > 0) {
    await executor.insert(paperLedger).values(
      entries.map(({ asset, amount, reason }) => ({
        ...key,
        ...{ asset, reason },
        amount: amount.toString(),
        symbol: order.symbol,
        ref: order.clientOrderId,
        at: new Date(order.atMs),
      })),
    );
  }
  await writeAccount(executor, key, account);
}

/** Of an account whose row is held. */
export async function writeAccount(executor: Executor, key: PaperKey, account: PaperAccount): Promise<void> {
  await executor
    .update(paperAccounts)
    .set({ state: stateTexts(account) })
    .where(ofAccount(paperAccounts, key));
}

/** What a payment changes the balance by: nothing when it was credited before, or nothing was held. */
async function credit(
  executor: Executor,
  key: PaperKey,
  { symbol, payment }: { readonly symbol: string; readonly payment: PaperPayment },
): Promise<Decimal> {
  const at = new Date(payment.atMs);
  const [held] = await executor
    .select({
      qty: sql<string>`coalesce(sum(case ${paperOrders.side} when 'buy' then ${paperOrders.filledQty}
        else -${paperOrders.filledQty} end), 0)::text`,
    })
    .from(paperOrders)
    .where(and(ofAccount(paperOrders, key), eq(paperOrders.symbol, symbol), lt(paperOrders.at, at)));
  const amount = Decimal.of(held!.qty).times(payment.perContractUsdt).negated();
  if (amount.isZero) return Decimal.ZERO;
  const added = await executor
    .insert(paperLedger)
    .values({
      ...key,
      asset: USDT,
      amount: amount.toString(),
      reason: "funding",
      symbol,
      ref: `${symbol} ${payment.id}`,
      at,
    })
    .onConflictDoNothing()
    .returning({ seq: paperLedger.seq });
  return added.length > 0 ? amount : Decimal.ZERO;
}
