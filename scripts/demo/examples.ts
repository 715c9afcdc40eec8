// Two example traders for the demo: one that waits for a deep discount, one that takes small gains often. Their targets
// are set anew at every start, from the price of the dollar then. Trading live they have accounts of their own at the
// simulated exchanges, with keys stored as Karbit stores them; these keys open nothing else.

import { createCipheriv, randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import { VENUES } from "../../schema/vocabulary.ts";
import { createSecretReader, type SecretReader } from "../../src/adapters/secrets.ts";
import { type Database, rowsOf } from "../../src/adapters/store/database.ts";
import { createTraderStore } from "../../src/adapters/store/traders.ts";

interface Example {
  readonly email: string;
  readonly name: string;
  readonly strategy: string;
  /** Of the reference price. */
  readonly entryRatio: number;
  readonly exitRatio: number;
  readonly seedKrw: number;
  readonly division: number;
  readonly leverage: number;
  readonly account: ExampleAccount;
}

interface ExampleAccount {
  readonly apiKey: string;
  readonly secret: string;
}

const EXAMPLES: readonly Example[] = [
  {
    email: "patient@demo.invalid",
    name: "Patient",
    strategy: "Deep discounts",
    entryRatio: 0.9925,
    exitRatio: 0.998,
    seedKrw: 40_000_000,
    division: 4,
    leverage: 2,
    account: { apiKey: "simulated-patient-access", secret: "simulated-patient-signing-0123456789ab" },
  },
  {
    email: "quick@demo.invalid",
    name: "Quick",
    strategy: "Small gains, often",
    entryRatio: 0.9965,
    exitRatio: 0.9982,
    seedKrw: 15_000_000,
    division: 5,
    leverage: 3,
    account: { apiKey: "simulated-quick-access", secret: "simulated-quick-signing-0123456789abcd" },
  },
];

/**
 * Whoever reaches the demo may be this user: it is bound to this machine, and its money is nobody's. The one that trades
 * soon: who logs in in the first minutes shall not find an empty account.
 */
export const EXAMPLE_LOGIN = { email: "quick@demo.invalid", password: "kimchi-premium" };
const PASSWORD_COST = 4;

/** What the simulated exchanges have to know. */
export const EXAMPLE_ACCOUNTS: readonly ExampleAccount[] = EXAMPLES.map(({ account }) => account);

export async function seedExamples(database: Database, referenceKrw: number): Promise<void> {
  for (const example of EXAMPLES) await seedExample(database, example, referenceKrw);
}

/** The examples' own keys and their consent. Called after seedExamples. */
export async function giveKeys(database: Database, encryptionKey: string, atMs: number): Promise<void> {
  const traders = createTraderStore(database, createSecretReader(encryptionKey));
  for (const { email, account } of EXAMPLES) {
    const userId = await database.transaction("give keys", async (executor) => {
      const [user] = await rowsOf<{ id: number }>(executor, sql`select id from users where email = ${email}`);
      for (const venue of VENUES) {
        const key = encrypted(account.apiKey, encryptionKey);
        const secret = encrypted(account.secret, encryptionKey);
        await executor.execute(
          sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret, is_active)
              select ${user!.id}::int, id, ${key}, ${secret}, true from exchanges where eng_name = ${venue}`,
        );
      }
      return user!.id;
    });
    await traders.setConsent(userId, true, atMs);
  }
}

/** Made for one start: nothing encrypted with it is kept. */
export function newEncryptionKey(): { readonly text: string; readonly secrets: SecretReader } {
  const text = randomBytes(16).toString("hex");
  return { text, secrets: createSecretReader(text) };
}

/** As Karbit does it: AES-256-CBC, "hex(iv):hex(ciphertext)". */
function encrypted(text: string, encryptionKey: string): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", Buffer.from(encryptionKey, "utf8"), iv);
  return `${iv.toString("hex")}:${cipher.update(text, "utf8", "hex")}${cipher.final("hex")}`;
}

async function seedExample(database: Database, example: Example, referenceKrw: number): Promise<void> {
  const entryRate = (referenceKrw * example.entryRatio).toFixed(2);
  const exitRate = (referenceKrw * example.exitRatio).toFixed(2);
  const isLogin = example.email === EXAMPLE_LOGIN.email;
  const { password } = EXAMPLE_LOGIN;
  const hash = isLogin ? await Bun.password.hash(password, { algorithm: "bcrypt", cost: PASSWORD_COST }) : "";
  await database.transaction("seed an example", async (executor) => {
    const [user] = await rowsOf<{ id: number; strategy: number | null }>(
      executor,
      sql`insert into users (email, password_hash, name) values (${example.email}, ${hash}, ${example.name})
          on conflict (email) do update set name = excluded.name, password_hash = excluded.password_hash returning id, active_strategy_id as strategy`,
    );
    if (user!.strategy !== null) {
      await executor.execute(
        sql`update strategies set entry_rate = ${entryRate}::numeric, exit_rate = ${exitRate}::numeric,
              seed_amount = ${example.seedKrw}::numeric, seed_division = ${example.division}::int
            where id = ${user!.strategy}`,
      );
      return;
    }
    const [strategy] = await rowsOf<{ id: number }>(
      executor,
      sql`insert into strategies (user_id, name, is_active, seed_amount, entry_rate, exit_rate, coin_mode, trade_mode,
            seed_division, leverage, allow_average_down)
          values (${user!.id}, ${example.strategy}, true, ${example.seedKrw}::numeric, ${entryRate}::numeric,
            ${exitRate}::numeric, 'auto', 'custom', ${example.division}::int, ${example.leverage}::int, true)
          returning id`,
    );
    await executor.execute(sql`update users set active_strategy_id = ${strategy!.id} where id = ${user!.id}`);
  });
}
