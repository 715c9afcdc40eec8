// What a user has at his venues, and whether his keys do: asked of the scheduler, which alone has the venues.

import { Hono } from "hono";
import * as v from "valibot";
import { DeskBalance, UNREAD_REASONS, type UnreadReason } from "../../schema/messages/desk.ts";
import { VENUES } from "../../schema/vocabulary.ts";
import { unreadWords } from "../../src/domain/unread-words.ts";
import type { Desk } from "../../src/ports/desk.ts";
import type { SignedIn } from "../answers.ts";
import { type ProblemAnswer, problem } from "../problem.ts";
import { noQuery } from "../query.ts";

export const BALANCE_PATHS = {
  "/api/balances": ["GET", "HEAD"],
} as const satisfies Record<string, readonly string[]>;

const RETRY_SECONDS = 5;
const NO_STORE = { "Cache-Control": "no-store" };

export const wordsSchema = v.object({ ko: v.string(), en: v.string() });
export const balancesSchema = v.object({
  mode: v.pipe(v.picklist(["paper", "live"]), v.description("paper: of the paper accounts.")),
  venues: v.array(
    v.object({
      venue: v.picklist(VENUES),
      balances: v.pipe(
        v.nullable(v.array(DeskBalance)),
        v.description("KRW or USDT first, then every other asset there is some of. null: not read."),
      ),
      unread: v.pipe(
        v.nullable(v.object({ code: v.picklist(UNREAD_REASONS), words: wordsSchema })),
        v.description("Why they could not be read; null: they were."),
      ),
    }),
  ),
});

export interface BalanceRouteDeps {
  readonly desk: Desk;
  readonly signedIn: SignedIn;
}

export function balanceRoutes({ desk, signedIn }: BalanceRouteDeps) {
  return new Hono().get("/api/balances", signedIn, noQuery, async (c) => {
    const answer = await desk.ask({ version: 1, op: "balances", userId: c.var.account.userId });
    if (answer?.kind === "unread") return unread(answer.why);
    if (answer?.kind !== "balances") return deskRefusal(answer?.kind === "busy");
    const body: v.InferInput<typeof balancesSchema> = {
      mode: answer.mode,
      venues: answer.venues.map((one) =>
        one.state === "read"
          ? { venue: one.venue, balances: one.balances, unread: null }
          : { venue: one.venue, balances: null, unread: { code: one.why, words: inBoth(one.why) } },
      ),
    };
    return c.json(body, 200, NO_STORE);
  });
}

function inBoth(reason: UnreadReason) {
  return { ko: unreadWords(reason, "ko"), en: unreadWords(reason, "en") };
}

/** 503 for a question that came back without an answer. */
export function unread(why: UnreadReason): ProblemAnswer<503> {
  const words = unreadWords(why, "en");
  return problem(503, {
    code: "venue-unread",
    detail: `${words[0]!.toUpperCase()}${words.slice(1)}.`,
    retryAfterSeconds: RETRY_SECONDS,
  });
}

/** 503 for a scheduler that is away, or has too much to answer. */
export function deskRefusal(isBusy: boolean): ProblemAnswer<503> {
  return isBusy
    ? problem(503, {
        code: "places-taken",
        detail: "Too many questions to the venues at once.",
        retryAfterSeconds: 2,
      })
    : problem(503, {
        code: "scheduler-away",
        detail: "The scheduler does not answer right now.",
        retryAfterSeconds: RETRY_SECONDS,
      });
}
