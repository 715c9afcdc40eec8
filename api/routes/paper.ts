// A user's paper accounts: what is in them, money put in, and the way back to the start.

import { Hono } from "hono";
import * as v from "valibot";
import { VENUES } from "../../schema/vocabulary.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { OwnPaperAccount, PaperMoney } from "../../src/ports/paper-money.ts";
import type { SignedIn } from "../answers.ts";
import { json } from "../body.ts";
import { problem } from "../problem.ts";
import { header, noQuery } from "../query.ts";
import { whole } from "../whole.ts";
import { emptySchema } from "./safety.ts";

export const PAPER_PATHS = {
  "/api/paper": ["GET", "HEAD"],
  "/api/paper/reset": ["POST"],
  "/api/paper/top-up": ["POST"],
} as const satisfies Record<string, readonly string[]>;

const ONCE = "Idempotency-Key" as const;
const NO_STORE = { "Cache-Control": "no-store" };

const about = <T extends v.GenericSchema>(schema: T, text: string) => v.pipe(schema, v.description(text));
const venue = v.picklist(VENUES);

const AMOUNT_EXPECTED = "expected a decimal as text, above 0 and below 10^10, with at most 8 decimals";

export const topUpSchema = v.strictObject({
  venue,
  amount: v.pipe(
    v.string(AMOUNT_EXPECTED),
    v.regex(/^(?=.*[1-9])\d{1,10}(\.\d{1,8})?$/, AMOUNT_EXPECTED),
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
    openedAtMs: about(v.nullable(whole), "Null: it opens with the first order or the first top-up."),
  }),
) satisfies v.GenericSchema<unknown, OwnPaperAccount[]>;

export function paperRoutes({
  paper,
  clock,
  newId,
  signedIn,
}: {
  readonly paper: PaperMoney;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly signedIn: SignedIn;
}) {
  const refOf = ({ [ONCE]: key }: { readonly [ONCE]: string | undefined }) =>
    key === undefined ? newId() : `client ${key}`;
  return new Hono()
    .get("/api/paper", signedIn, noQuery, async (c) =>
      c.json(await paper.accounts(c.var.account.userId), 200, NO_STORE),
    )
    .post("/api/paper/reset", signedIn, noQuery, onceHeader, json(emptySchema), async (c) => {
      const { userId } = c.var.account;
      const outcome = await paper.reset(userId, clock.nowMs(), refOf(c.req.valid("header")));
      if (outcome === "reset") return c.json(await paper.accounts(userId), 200, NO_STORE);
      if (outcome.refused === "ref") return keyTaken();
      return problem(409, {
        code: "something-open",
        detail: `There are paper positions or running orders in ${outcome.coins.join(", ")}. Leave them first.`,
      });
    })
    .post("/api/paper/top-up", signedIn, noQuery, onceHeader, json(topUpSchema), async (c) => {
      const { userId } = c.var.account;
      const ref = refOf(c.req.valid("header"));
      const outcome = await paper.topUp(userId, c.req.valid("json"), clock.nowMs(), ref);
      return outcome === "topped-up" ? c.json(await paper.accounts(userId), 200, NO_STORE) : keyTaken();
    });
}

const keyTaken = () =>
  problem(409, { code: "idempotency-key-used", detail: `This ${ONCE} came with another request before.` });

/** A client that hears no answer sends the same again with the same key, and it is carried out once. */
const onceHeader = header(
  ONCE,
  v.pipe(
    v.string(),
    v.regex(/^[\x21-\x7e]{8,100}$/, "expected 8 to 100 printable characters without blanks"),
  ),
);
