// A user's own strategies and his consent to trading with real money. The caller is known before anything is read, and
// only his rows are touched.

import { Hono } from "hono";
import * as v from "valibot";
import { type ExitTerms, type StrategyTerms, termFaults } from "../../src/domain/strategy-terms.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { TradingMode } from "../../src/ports/journal.ts";
import type { Consent, OwnStrategies, OwnStrategy, StrategyStore } from "../../src/ports/strategies.ts";
import type { SignedIn } from "../answers.ts";
import { json } from "../body.ts";
import { problem } from "../problem.ts";
import { noQuery } from "../query.ts";
import { whole } from "../whole.ts";

export const STRATEGY_PATHS = {
  "/api/strategies": ["GET", "HEAD", "POST"],
  "/api/strategies/active": ["PATCH", "DELETE"],
  "/api/consent": ["GET", "HEAD", "PUT"],
} as const satisfies Record<string, readonly string[]>;

/** What a user has to say before orders are real; nobody says it by accident. */
export const CONSENT_WORDS = "trade with my real money";
const NO_STORE = { "Cache-Control": "no-store" };
const COINS_MAX = 100;
const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 86_400_000;

const about = <T extends v.GenericSchema>(schema: T, text: string) => v.pipe(schema, v.description(text));
const DECIMAL_EXPECTED = "expected a decimal as text, below 10^10, with at most 8 decimals";
const decimal = v.pipe(v.string(DECIMAL_EXPECTED), v.regex(/^\d{1,10}(\.\d{1,8})?$/, DECIMAL_EXPECTED));
const wholeTo = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
const mode = v.picklist(["auto", "custom"]);
const coins = v.pipe(
  v.array(v.pipe(v.string(), v.regex(/^[0-9A-Z]{1,20}$/, "expected tickers of letters and digits, as BTC"))),
  v.maxLength(COINS_MAX, `expected at most ${COINS_MAX} coins`),
);
const fields = {
  name: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(100),
    // Nor halves of characters, which no JSON column takes.
    v.regex(/^[^\p{Cc}\p{Cs}]*$/u, "expected no control characters"),
  ),
  seedAmountKrw: about(decimal, "KRW for all entries together; at least 10,000 for each."),
  seedDivision: about(wholeTo(1_000_000), "Entries the seed is cut into."),
  tradeMode: about(mode, "custom: at the two rates. auto: by the reference price; the rates mean nothing."),
  entryRate: about(decimal, "KRW per USDT; entered at or below it. Needed in custom."),
  exitRate: about(decimal, "KRW per USDT; left at or above it. Above the entry rate. Needed in custom."),
  coinMode: about(mode, "custom: the selected coins alone."),
  selectedCoins: about(coins, "Tickers as Korea has them."),
  leverage: about(wholeTo(100), "Of the short; the limit here is 5 unless the operator set another."),
  allowAverageDown: v.boolean(),
  allowAverageUp: v.boolean(),
  stopRate: about(v.nullable(decimal), "KRW per USDT; a position is left at or below it. Null: never."),
  holdingMsMax: about(
    v.nullable(v.pipe(v.number(), v.integer(), v.minValue(MINUTE_MS), v.maxValue(YEAR_MS))),
    "A position is left after this long, 60,000 ms to a year. Null: never.",
  ),
};
const { stopRate, holdingMsMax, ...termFields } = fields;

export const newStrategySchema = v.strictObject({
  ...fields,
  entryRate: v.optional(fields.entryRate, "0"),
  exitRate: v.optional(fields.exitRate, "0"),
  selectedCoins: v.optional(fields.selectedCoins, []),
  stopRate: v.optional(stopRate, null),
  holdingMsMax: v.optional(holdingMsMax, null),
});
export const strategyChangeSchema = v.partial(v.strictObject(fields));
export const strategyStartedSchema = v.object({ strategyId: whole });
export const strategiesSchema = v.object({
  activeStrategyId: about(v.nullable(whole), "Null: nothing is entered for you."),
  exitTerms: about(
    v.object({ stopRate: v.nullable(v.string()), holdingMsMax: v.nullable(whole) }),
    "Of positions entered from now on; those open carry their own.",
  ),
  strategies: v.array(
    v.object({
      ...termFields,
      strategyId: whole,
      isActive: v.boolean(),
      createdAtMs: v.nullable(whole),
    }),
  ) satisfies v.GenericSchema<unknown, OwnStrategy[]>,
}) satisfies v.GenericSchema<unknown, OwnStrategies>;
export const consentSchema = v.object({
  consent: v.boolean(),
  atMs: about(v.nullable(whole), "When it was last given or taken back; null: never asked."),
  words: about(v.string(), "What has to be sent to consent."),
}) satisfies v.GenericSchema<unknown, Consent & { words: string }>;
export const consentChangeSchema = v.variant("consent", [
  v.strictObject({
    consent: v.literal(true),
    words: v.literal(CONSENT_WORDS, `expected the words "${CONSENT_WORDS}"`),
  }),
  v.strictObject({ consent: v.literal(false) }),
]);

export function strategyRoutes({
  store,
  tradingMode,
  clock,
  signedIn,
}: {
  readonly store: StrategyStore;
  readonly tradingMode: TradingMode;
  readonly clock: Clock;
  readonly signedIn: SignedIn;
}) {
  const judge = async (userId: number) => {
    const bounds = await store.bounds(userId);
    return (terms: StrategyTerms & ExitTerms, keptCoins?: readonly string[]) =>
      termFaults(terms, bounds, keptCoins);
  };
  const consentOf = async (userId: number) => ({ ...(await store.consent(userId)), words: CONSENT_WORDS });

  return new Hono()
    .get("/api/strategies", signedIn, noQuery, async (c) =>
      c.json(await store.read(c.var.account.userId), 200, NO_STORE),
    )
    .post("/api/strategies", signedIn, noQuery, json(newStrategySchema), async (c) => {
      const { userId } = c.var.account;
      const terms = c.req.valid("json");
      const faults = (await judge(userId))(terms);
      if (faults.length > 0) return unfit(faults);
      const started = await store.start(userId, terms, clock.nowMs());
      if (!("refused" in started)) return c.json(started, 201, NO_STORE);
      return problem(409, {
        code: "strategy-active",
        detail: `Strategy ${started.strategyId} is active. Stop it first, or change it by PATCH /api/strategies/active.`,
      });
    })
    .patch("/api/strategies/active", signedIn, noQuery, json(strategyChangeSchema), async (c) => {
      const change = c.req.valid("json");
      if (Object.keys(change).length === 0) {
        return problem(400, { code: "body-unusable", detail: "Expected at least one field to change." });
      }
      const { userId } = c.var.account;
      const faultsOf = await judge(userId);
      const changed = await store.change(userId, change, {
        ...{ mode: tradingMode, atMs: clock.nowMs(), faultsOf },
      });
      if (!("refused" in changed)) return c.json(changed, 200, NO_STORE);
      if (changed.refused === "none") return noneActive();
      if (changed.refused === "faults") return unfit(changed.faults);
      return problem(409, {
        code: "something-open",
        detail: `There are positions or running orders in ${changed.coins.join(", ")}. Leave them first, or stop the strategy; they are then left on the terms they were entered with.`,
      });
    })
    .delete("/api/strategies/active", signedIn, noQuery, async (c) => {
      const stopped = await store.stop(c.var.account.userId, clock.nowMs());
      return stopped === undefined ? noneActive() : c.json({ strategyId: stopped }, 200, NO_STORE);
    })
    .get("/api/consent", signedIn, noQuery, async (c) =>
      c.json(await consentOf(c.var.account.userId), 200, NO_STORE),
    )
    .put("/api/consent", signedIn, noQuery, json(consentChangeSchema), async (c) => {
      const { userId } = c.var.account;
      await store.setConsent(userId, c.req.valid("json").consent, clock.nowMs());
      return c.json(await consentOf(userId), 200, NO_STORE);
    });
}

const noneActive = () => problem(404, { code: "no-active-strategy", detail: "No strategy is active." });

function unfit(faults: ReturnType<typeof termFaults>) {
  const words = faults.map(({ parameter, expected, received }) => {
    return `${parameter}: expected ${expected}, was ${received}`;
  });
  return problem(400, {
    code: "strategy-unfit",
    detail: `The strategy cannot be started. ${words.join(". ")}.`,
    issues: faults,
  });
}
