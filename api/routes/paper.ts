// A user's paper accounts: what is in them, money put in, and the way back to the start.

import type { Context, Hono } from "hono";
import * as v from "valibot";
import { VENUES } from "../../schema/vocabulary.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { OwnPaperAccount, PaperMoney } from "../../src/ports/paper-money.ts";
import type { Account } from "../../src/ports/sessions.ts";
import { jsonBody } from "../body.ts";
import { problem } from "../problem.ts";
import { emptySchema } from "./safety.ts";

export const PAPER_PATHS = {
  "/api/paper": ["GET", "HEAD"],
  "/api/paper/reset": ["POST"],
  "/api/paper/top-up": ["POST"],
} as const satisfies Record<string, readonly string[]>;

const NO_STORE = { "Cache-Control": "no-store" };

const about = <T extends v.GenericSchema>(schema: T, text: string) => v.pipe(schema, v.description(text));
const venue = v.picklist(VENUES);

export const topUpSchema = v.strictObject({
  venue,
  amount: v.pipe(
    v.string(),
    v.regex(
      /^(?=.*[1-9])\d{1,10}(\.\d{1,8})?$/,
      "expected a decimal as text, above 0 and below 10^10, with at most 8 decimals",
    ),
    v.description("KRW in Korea, USDT overseas."),
  ),
});
export const paperAccountsSchema = v.array(
  v.object({
    venue,
    asset: v.picklist(["KRW", "USDT"]),
    balance: about(v.string(), "Overseas with what is margin, without what is not realised."),
    putIn: about(v.string(), "The start, top-ups and what resets added or took; the rest was earned."),
    coins: about(v.array(v.object({ coin: v.string(), amount: v.string() })), "In Korea."),
    positions: about(
      v.array(v.object({ symbol: v.string(), contracts: v.string() })),
      "Overseas; negative: short.",
    ),
    openedAtMs: about(v.nullable(v.number()), "Null: it opens with the first order or the first top-up."),
  }),
) satisfies v.GenericSchema<unknown, OwnPaperAccount[]>;

export function addPaperRoutes(
  routes: Hono,
  {
    paper,
    clock,
    newId,
  }: { readonly paper: PaperMoney; readonly clock: Clock; readonly newId: () => string },
  accountOf: (c: Context) => Promise<Account | Response>,
): void {
  routes.get("/api/paper", async (c) => {
    const account = await accountOf(c);
    return account instanceof Response
      ? account
      : c.json(await paper.accounts(account.userId), 200, NO_STORE);
  });

  routes.post("/api/paper/reset", async (c) => {
    const account = await accountOf(c);
    if (account instanceof Response) return account;
    const body = await jsonBody(c, emptySchema);
    if ("refusal" in body) return body.refusal;
    const outcome = await paper.reset(account.userId, clock.nowMs(), newId());
    if (outcome === "reset") return c.json(await paper.accounts(account.userId), 200, NO_STORE);
    return problem(409, {
      detail: `There are paper positions or running orders in ${outcome.coins.join(", ")}. Leave them first.`,
    });
  });

  routes.post("/api/paper/top-up", async (c) => {
    const account = await accountOf(c);
    if (account instanceof Response) return account;
    const body = await jsonBody(c, topUpSchema);
    if ("refusal" in body) return body.refusal;
    await paper.topUp(account.userId, body.value, clock.nowMs(), newId());
    return c.json(await paper.accounts(account.userId), 200, NO_STORE);
  });
}
