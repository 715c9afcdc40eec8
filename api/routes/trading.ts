// What is shown of trading, as the process hands it in. Open to everybody, so it is mounted only where the money is
// nobody's.

import { Hono } from "hono";
import * as v from "valibot";
import { PAIR_KEYS } from "../../schema/vocabulary.ts";
import type { Log } from "../../src/ports/telemetry.ts";
import type { TradingView, TradingViewSource } from "../../src/ports/trading-view.ts";
import { CORS_HEADERS, problem } from "../problem.ts";
import { noQuery } from "../query.ts";
import { whole } from "../whole.ts";

export const TRADING_PATH = "/api/trading";
const RETRY_AFTER_SECONDS = 2;

const about = (text: string) => v.pipe(v.string(), v.description(text));
const pair = v.picklist(PAIR_KEYS);

const openSchema = v.object({
  coin: v.string(),
  pair,
  qtyCoin: v.string(),
  spentKrw: about("Without fees."),
  receivedUsdt: about("Without fees."),
  entryRate: about("KRW per USDT, average of all entries."),
  exitTargetRate: v.pipe(
    v.nullable(v.string()),
    v.description("The exit rate at which it is closed; null: its terms cannot be read."),
  ),
  exitRateNow: v.pipe(v.nullable(v.string()), v.description("At the position's size; null: there is none.")),
  profitNowKrw: v.pipe(v.nullable(v.string()), v.description("Projected, after fees both ways.")),
  openedAtMs: whole,
  entries: whole,
});
const closedSchema = v.object({
  coin: v.string(),
  pair,
  profitKrw: v.string(),
  profitRatePct: v.string(),
  openedAtMs: whole,
  closedAtMs: whole,
});
const decisionSchema = v.object({
  coin: v.string(),
  pair,
  action: v.picklist(["enter", "exit", "hold"]),
  reason: about("A code; docs/trading.md says what each means."),
  context: v.string(),
  atMs: whole,
});
const strategySchema = v.object({
  name: v.string(),
  entryRate: v.string(),
  exitRate: v.string(),
  sliceKrw: v.string(),
  division: whole,
  leverage: whole,
  isAuto: v.boolean(),
});
export const tradingSchema = v.object({
  mode: v.picklist(["paper", "live"]),
  role: v.picklist(["trading", "recovering", "standby", "off"]),
  asOfMs: whole,
  traders: v.array(
    v.object({
      userId: whole,
      name: v.string(),
      strategy: v.nullable(strategySchema),
      profitKrw: about("Realised, of all exits so far."),
      openCount: whole,
      open: v.array(openSchema),
      closed: v.pipe(v.array(closedSchema), v.description("The newest ten exits.")),
      decisions: v.pipe(v.array(decisionSchema), v.description("The newest five of ten minutes.")),
    }),
  ),
}) satisfies v.GenericSchema<unknown, TradingView>;

export function tradingRoutes(source: TradingViewSource, log: Log) {
  return new Hono().get(TRADING_PATH, noQuery, async (c) => {
    try {
      return c.json(await source.read(), 200, { ...CORS_HEADERS, "Cache-Control": "no-store" });
    } catch (error) {
      log.warn("trading cannot be shown", { error });
      return problem(503, {
        code: "database-away",
        detail: "Trading cannot be shown right now.",
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
  });
}
