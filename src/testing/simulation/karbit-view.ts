// Karbit's reading of its `positions` (contract 3.6): active are the OPEN rows of a user and coin that are strictly
// later than the newest CLOSED one, grouped by the two exchanges.

import { sql } from "drizzle-orm";
import { type Database, rowsOf } from "../../adapters/store/database.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { ExitEnd, OpenPosition } from "../../ports/journal.ts";
import { Broken } from "./checks.ts";

interface Active {
  readonly kr: string;
  readonly fr: string;
  readonly volume: string;
  readonly count: number;
}

async function activeOf(database: Database, userId: number): Promise<readonly Active[]> {
  return await database.run("read Karbit's positions", (executor) =>
    rowsOf<Active>(
      executor,
      sql`select kr_exchange as kr, fr_exchange as fr, sum(kr_volume)::text as volume, count(*)::int as count
          from positions as open
          where user_id = ${userId} and status = 'OPEN' and not exists (
            select 1 from positions as closed where closed.user_id = open.user_id
              and closed.coin_symbol = open.coin_symbol and closed.status = 'CLOSED'
              and closed.entry_time >= open.entry_time)
          group by kr_exchange, fr_exchange`,
    ),
  );
}

/** Throws Broken when Karbit shows something else than what is open, or other profits than were settled. */
export async function checkKarbit(
  database: Database,
  userId: number,
  position: OpenPosition | undefined,
  exits: readonly ExitEnd[],
): Promise<void> {
  const active = await activeOf(database, userId);
  if (active.length !== (position ? 1 : 0)) {
    throw new Broken(
      `Karbit: expected ${position ? "one active position" : "none active"}, was ${active.length}`,
    );
  }
  if (position) {
    const [shown] = active;
    const kept = [...position.entries, ...position.parts];
    const volume = Decimal.sum(kept.map(({ qtyCoin }) => qtyCoin));
    if (!Decimal.of(shown!.volume).equals(Decimal.of(volume.toFixed(8))))
      throw new Broken(`Karbit: expected ${volume} coins, was ${shown!.volume}`);
    const pair = `${shown!.kr}-${shown!.fr}`.toLowerCase();
    if (pair !== position.pair || shown!.kr !== shown!.kr.toUpperCase())
      throw new Broken(`Karbit: expected ${position.pair} in upper case, was ${shown!.kr} and ${shown!.fr}`);
  }
  const closed = await database.run("read Karbit's closed rows", (executor) =>
    rowsOf<{ readonly profit: string; readonly exitTime: string | null }>(
      executor,
      sql`select profit::text, exit_time::text as "exitTime" from positions
          where user_id = ${userId} and status = 'CLOSED' order by entry_time`,
    ),
  );
  const settled = exits.flatMap(({ closedRow }) => (closedRow ? [closedRow.profit] : []));
  if (closed.map(({ profit }) => profit).join() !== settled.join())
    throw new Broken(`Karbit: expected profits ${settled}, was ${closed.map(({ profit }) => profit)}`);
  if (closed.some(({ exitTime }) => exitTime === null)) throw new Broken("Karbit: expected every exit_time");
}

/** The parts of a position's exits add up to the profit of its one CLOSED row. */
export function checkProfits(exits: readonly ExitEnd[]): void {
  let sum = Decimal.ZERO;
  for (const { profitKrw, to, closedRow } of exits) {
    sum = sum.plus(profitKrw ?? Decimal.ZERO);
    if (to !== "closed") continue;
    const row = Decimal.of(closedRow!.profit);
    if (sum.minus(row).abs().above(Decimal.ONE))
      throw new Broken(`profit of the parts: expected ${row}, was ${sum}`);
    sum = Decimal.ZERO;
  }
}
