// Users' own API keys in Karbit's rows (src/ports/keys.ts). Karbit keeps the ciphertext of what it disconnects; what is
// removed here is blanked. `created_at` stays as Karbit leaves it: the first time this venue was connected.

import { and, asc, eq, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import { exchanges, userExchanges, users } from "../../../schema/tables/karbit.ts";
import { hedgedPositions, intents } from "../../../schema/tables/trading.ts";
import { PAIRS, VENUES, type Venue } from "../../../schema/vocabulary.ts";
import type { AuditEvent } from "../../ports/audit.ts";
import type { KeyStore } from "../../ports/keys.ts";
import type { SecretFormat, Secrets } from "../secrets.ts";
import { addAuditOnce } from "./audit.ts";
import type { Database, Executor } from "./database.ts";

const hasTexts = and(isNotNull(userExchanges.apiKey), isNotNull(userExchanges.apiSecret));

/** `format` is what is written: Karbit's where its tables are shared. */
export function createKeyStore(database: Database, secrets: Secrets, format: SecretFormat): KeyStore {
  return {
    async list(userId) {
      const found = await database.run("list keys", (executor) =>
        executor
          .select({
            venue: exchanges.engName,
            active: userExchanges.isActive,
            verified: userExchanges.verified,
            createdAt: userExchanges.createdAt,
          })
          .from(userExchanges)
          .innerJoin(exchanges, eq(exchanges.id, userExchanges.exchangeId))
          .where(and(eq(userExchanges.userId, userId), inArray(exchanges.engName, [...VENUES]), hasTexts))
          .orderBy(asc(exchanges.engName)),
      );
      return VENUES.flatMap((venue) => {
        const row = found.find((one) => one.venue === venue);
        if (!row) return [];
        const { active, verified, createdAt } = row;
        return [
          {
            venue,
            active: active ?? false,
            verified: verified ?? false,
            addedAtMs: createdAt?.getTime() ?? null,
          },
        ];
      });
    },

    put(userId, venue, credentials, atMs) {
      const of = { userId, venue };
      // Before the transaction: a second attempt writes the same.
      const columns = {
        apiKey: secrets.write(credentials.apiKey, { ...of, field: "api_key" }, format),
        apiSecret: secrets.write(credentials.secret, { ...of, field: "api_secret" }, format),
        isActive: true,
        verified: false,
      };
      let outcome: "added" | "replaced" | undefined;
      return database.transaction("store a key", async (executor) => {
        const exchangeId = await exchangeIdOf(executor, userId, venue);
        if (exchangeId === undefined) return undefined;
        const before = await keyOf(executor, userId, exchangeId);
        outcome ??= before?.apiKey ? "replaced" : "added";
        const createdAt = new Date(atMs);
        await executor
          .insert(userExchanges)
          .values({ userId, exchangeId, ...columns, createdAt })
          .onConflictDoUpdate({ target: [userExchanges.userId, userExchanges.exchangeId], set: columns });
        await addAuditOnce(executor, {
          ...changeOf(of, "key.added", atMs),
          detail: { replaced: outcome === "replaced", format },
        });
        return outcome;
      });
    },

    remove(userId, venue, atMs) {
      let isDone = false;
      return database.transaction("remove a key", async (executor) => {
        const exchangeId = await exchangeIdOf(executor, userId, venue);
        const before = exchangeId && (await keyOf(executor, userId, exchangeId));
        if (!before || (before.apiKey === null && before.apiSecret === null)) {
          return isDone ? "removed" : "none";
        }
        if (await isInUse(executor, userId, venue)) return "in-use";
        await executor
          .update(userExchanges)
          .set({ apiKey: null, apiSecret: null, isActive: false, verified: false })
          .where(eq(userExchanges.id, before.id));
        await addAuditOnce(executor, { ...changeOf({ userId, venue }, "key.removed", atMs), detail: {} });
        isDone = true;
        return "removed";
      });
    },

    async fingerprint(userId, venue) {
      const [row] = await database.run("look at a key", (executor) =>
        executor
          .select({ fingerprint })
          .from(userExchanges)
          .innerJoin(exchanges, eq(exchanges.id, userExchanges.exchangeId))
          .where(and(eq(userExchanges.userId, userId), eq(exchanges.engName, venue), hasTexts)),
      );
      return row?.fingerprint;
    },

    setTested(userId, venue, expected, { ok, findings }, atMs) {
      return database.transaction("note a key's test", async (executor) => {
        const exchangeId = await exchangeIdOf(executor, userId, venue);
        const row = exchangeId && (await keyOf(executor, userId, exchangeId));
        if (!row || row.fingerprint !== expected) return false;
        await executor.update(userExchanges).set({ verified: ok }).where(eq(userExchanges.id, row.id));
        await addAuditOnce(executor, {
          ...changeOf({ userId, venue }, "key.tested", atMs),
          detail: { ok, findings: findings.join(" ") },
        });
        return true;
      });
    },
  };
}

/** Of both ciphertexts, so that it says nothing to whoever has no key. */
const fingerprint = sql<string>`md5(${userExchanges.apiKey} || ' ' || ${userExchanges.apiSecret})`;

function changeOf(
  { userId, venue }: { readonly userId: number; readonly venue: Venue },
  action: string,
  atMs: number,
): Omit<AuditEvent, "detail" | "userId"> & { readonly userId: number } {
  return { atMs, actor: "user", userId, action, subject: venue };
}

/** Undefined when there is no such user or exchange; two changes of one user's keys wait for each other here. */
async function exchangeIdOf(executor: Executor, userId: number, venue: Venue): Promise<number | undefined> {
  const [user] = await executor
    .select({ id: users.id })
    .from(users)
    .where(eq(users.id, userId))
    .for("no key update");
  if (!user) return undefined;
  const [row] = await executor
    .select({ id: exchanges.id })
    .from(exchanges)
    .where(eq(exchanges.engName, venue));
  return row?.id;
}

async function keyOf(executor: Executor, userId: number, exchangeId: number) {
  const { id, apiKey, apiSecret } = userExchanges;
  const [row] = await executor
    .select({ id, apiKey, apiSecret, fingerprint })
    .from(userExchanges)
    .where(and(eq(userExchanges.userId, userId), eq(userExchanges.exchangeId, exchangeId)))
    .for("update");
  return row;
}

/** Whether something live of this user has a leg at the venue: without its key nobody could close it. */
async function isInUse(executor: Executor, userId: number, venue: Venue): Promise<boolean> {
  const pairs = PAIRS.filter(({ domestic, overseas }) => domestic === venue || overseas === venue);
  const keys = pairs.map(({ key }) => key);
  const [position] = await executor
    .select({ id: hedgedPositions.positionId })
    .from(hedgedPositions)
    .where(
      and(
        eq(hedgedPositions.mode, "live"),
        eq(hedgedPositions.userId, userId),
        inArray(hedgedPositions.pair, keys),
        isNull(hedgedPositions.closedAt),
      ),
    )
    .limit(1);
  if (position) return true;
  const [intent] = await executor
    .select({ id: intents.intentId })
    .from(intents)
    .where(
      and(
        eq(intents.mode, "live"),
        eq(intents.userId, userId),
        inArray(intents.pair, keys),
        isNull(intents.endedAt),
      ),
    )
    .limit(1);
  return intent !== undefined;
}
