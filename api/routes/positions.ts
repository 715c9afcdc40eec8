// A user's own positions. The caller is known before anything is read, and only his rows are asked for.

import type { Context, Hono } from "hono";
import * as v from "valibot";
import type { ActivePosition, OwnPositionStore } from "../../src/ports/own-positions.ts";
import type { Account } from "../../src/ports/sessions.ts";
import { problem } from "../problem.ts";

export const activePositionsSchema = v.array(
  v.object({
    ...{ coin: v.string(), krExchange: v.string(), frExchange: v.string() },
    ...{
      krVolumeCoin: v.string(),
      frVolumeCoin: v.string(),
      krFundsKrw: v.string(),
      frFundsUsdt: v.string(),
    },
    entryRate: v.pipe(v.nullable(v.string()), v.description("KRW per USDT, average of all entries.")),
    entries: v.number(),
    latestEntryAtMs: v.nullable(v.number()),
    leverage: v.number(),
  }),
) satisfies v.GenericSchema<unknown, ActivePosition[]>;

/** `accountOf` answers who calls, or the refusal. */
export function addPositionRoutes(
  routes: Hono,
  positions: OwnPositionStore,
  accountOf: (c: Context) => Promise<Account | Response>,
): void {
  routes.get("/api/positions/active", async (c) => {
    const account = await accountOf(c);
    if (account instanceof Response) return account;
    if (new URL(c.req.url).search !== "") return problem(400, { detail: "Expected no parameters." });
    return c.json(await positions.active(account.userId), 200, { "Cache-Control": "no-store" });
  });
}
