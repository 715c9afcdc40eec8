// Two example traders for the demo, on paper: one that waits for a deep discount, one that takes small gains often.
// Their targets are set anew at every start, from the price of the dollar then.

import { sql } from "drizzle-orm";
import { type Database, rowsOf } from "../../src/adapters/store/database.ts";

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
}

const EXAMPLES: readonly Example[] = [
  {
    email: "patient@demo.invalid",
    name: "Patient",
    strategy: "Deep discounts",
    entryRatio: 0.9905,
    exitRatio: 1.001,
    seedKrw: 40_000_000,
    division: 4,
    leverage: 2,
  },
  {
    email: "quick@demo.invalid",
    name: "Quick",
    strategy: "Small gains, often",
    entryRatio: 0.995,
    exitRatio: 0.9985,
    seedKrw: 15_000_000,
    division: 5,
    leverage: 3,
  },
];

export async function seedExamples(database: Database, referenceKrw: number): Promise<void> {
  for (const example of EXAMPLES) await seedExample(database, example, referenceKrw);
}

async function seedExample(database: Database, example: Example, referenceKrw: number): Promise<void> {
  const entryRate = (referenceKrw * example.entryRatio).toFixed(2);
  const exitRate = (referenceKrw * example.exitRatio).toFixed(2);
  await database.transaction("seed an example", async (executor) => {
    const [user] = await rowsOf<{ id: number; strategy: number | null }>(
      executor,
      sql`insert into users (email, password_hash, name) values (${example.email}, '', ${example.name})
          on conflict (email) do update set name = excluded.name returning id, active_strategy_id as strategy`,
    );
    if (user!.strategy !== null) {
      await executor.execute(
        sql`update strategies set entry_rate = ${entryRate}::numeric, exit_rate = ${exitRate}::numeric
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
