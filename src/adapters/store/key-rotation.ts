// Every stored API key written anew with another ENCRYPTION_KEY, or in the other format: all in one transaction, or
// nothing when a single text cannot be read. Venues we do not trade at are Karbit's, and are rotated with the rest.

import { asc, eq, isNotNull, or, sql } from "drizzle-orm";
import { exchanges, userExchanges } from "../../../schema/tables/karbit.ts";
import type { AuditEvent } from "../../ports/audit.ts";
import { type SecretFormat, type SecretPlace, type Secrets, secretFormatOf } from "../secrets.ts";
import { addAudits } from "./audit.ts";
import type { Database, Executor } from "./database.ts";

export interface RotationOrder {
  readonly from: Secrets;
  readonly to: Secrets;
  /** Undefined: each in the format it has. */
  readonly convertTo: SecretFormat | undefined;
  readonly dryRun: boolean;
  readonly atMs: number;
}

export interface RotationReport {
  /** One per format found and written: rows, and how many of them the new key reads already. */
  readonly groups: readonly RotationGroup[];
  readonly unread: readonly { readonly userId: number; readonly venue: string }[];
  /** Rows written anew; 0 in a dry run, or when one could not be read. */
  readonly written: number;
}

export interface RotationGroup {
  readonly from: SecretFormat;
  readonly to: SecretFormat;
  readonly rows: number;
  /** Of these, as they are to be already: left alone. */
  readonly already: number;
}

interface StoredRow {
  readonly id: number;
  readonly userId: number;
  readonly venue: string;
  readonly apiKey: string | null;
  readonly apiSecret: string | null;
}

type Field = SecretPlace["field"];
type Change = Pick<StoredRow, "id" | "apiKey" | "apiSecret">;

const BATCH_ROWS = 500;

/** Rejects with StoreFault. A text that the new key reads already is no fault: so a rotation may be run again. */
export async function rotateKeys(database: Database, order: RotationOrder): Promise<RotationReport> {
  let earlier: RotationReport | undefined;
  return await database.transaction("rotate keys", async (executor) => {
    // Nobody may put in a key that is encrypted with the old one meanwhile.
    await executor.execute(sql`lock table ${userExchanges} in share row exclusive mode`);
    const groups = new Map<string, RotationGroup>();
    const unread: { userId: number; venue: string }[] = [];
    const changes: Change[] = [];
    const events: AuditEvent[] = [];
    for (const row of await storedRows(executor)) {
      const { userId, venue } = row;
      const from = secretFormatOf(row.apiKey ?? row.apiSecret ?? "");
      const to = order.convertTo ?? from;
      const change = changeOf(row, order, to);
      if (change === undefined) {
        unread.push({ userId, venue });
        continue;
      }
      const isAlready = change === "already";
      const group = groups.get(`${from} ${to}`) ?? { from, to, rows: 0, already: 0 };
      groups.set(`${from} ${to}`, {
        ...group,
        rows: group.rows + 1,
        already: group.already + Number(isAlready),
      });
      if (isAlready) continue;
      changes.push(change);
      events.push({
        ...{ atMs: order.atMs, actor: "operator", userId, action: "key.rotated", subject: venue },
        detail: { from, to },
      });
    }
    const writes = !order.dryRun && unread.length === 0;
    if (writes) {
      for (let at = 0; at < changes.length; at += BATCH_ROWS) {
        await write(executor, changes.slice(at, at + BATCH_ROWS));
        await addAudits(executor, events.slice(at, at + BATCH_ROWS));
      }
    }
    // Nothing is left to do when a commit's answer was lost and this is tried again: the report is what was done.
    if (earlier && changes.length === 0 && unread.length === 0) return earlier;
    earlier = { groups: [...groups.values()], unread, written: writes ? changes.length : 0 };
    return earlier;
  });
}

async function storedRows(executor: Executor): Promise<StoredRow[]> {
  const { id, userId, apiKey, apiSecret } = userExchanges;
  return await executor
    .select({ id, userId, apiKey, apiSecret, venue: exchanges.engName })
    .from(userExchanges)
    .innerJoin(exchanges, eq(exchanges.id, userExchanges.exchangeId))
    .where(or(isNotNull(apiKey), isNotNull(apiSecret)))
    .orderBy(asc(userId), asc(exchanges.engName));
}

/** Undefined when a text of the row cannot be read with either key. */
function changeOf(row: StoredRow, order: RotationOrder, to: SecretFormat): Change | "already" | undefined {
  const parts = [rewritten(row, "api_key", order, to), rewritten(row, "api_secret", order, to)] as const;
  if (parts.includes(undefined)) return undefined;
  const [apiKey, apiSecret] = parts;
  if (apiKey === row.apiKey && apiSecret === row.apiSecret) return "already";
  return { id: row.id, apiKey: apiKey ?? null, apiSecret: apiSecret ?? null };
}

/** The text as it is to be stored, the same where it is so already; undefined when it cannot be read. */
function rewritten(
  { userId, venue, apiKey, apiSecret }: StoredRow,
  field: Field,
  { from, to }: RotationOrder,
  format: SecretFormat,
): string | null | undefined {
  const stored = field === "api_key" ? apiKey : apiSecret;
  // Karbit leaves an empty text where nothing was given.
  if (stored === null || stored === "") return stored;
  const place = { userId, venue, field };
  const known = to.read(stored, place);
  if (known !== undefined && secretFormatOf(stored) === format) return stored;
  const text = known ?? from.read(stored, place);
  return text === undefined ? undefined : to.write(text, place, format);
}

async function write(executor: Executor, changes: readonly Change[]): Promise<void> {
  const values = sql.join(
    changes.map(({ id, apiKey, apiSecret }) => sql`(${id}::int, ${apiKey}::text, ${apiSecret}::text)`),
    sql`, `,
  );
  await executor.execute(
    sql`update user_exchanges as held set api_key = fresh.api_key, api_secret = fresh.api_secret
        from (values ${values}) as fresh(id, api_key, api_secret) where held.id = fresh.id`,
  );
}
