// A user's own positions and the last decisions about his strategies. The caller is known before anything is read, and
// only his rows are asked for.

import { Hono } from "hono";
import * as v from "valibot";
import { PAIR_KEYS } from "../../schema/vocabulary.ts";
import { breakEvenPctOf } from "../../src/domain/decision-note.ts";
import { reasonWords } from "../../src/domain/notice-words.ts";
import type { StoredPosition } from "../../src/domain/position-view.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { TradingMode } from "../../src/ports/journal.ts";
import type {
  ActivePosition,
  DailyProfit,
  OwnPositionStore,
  PositionRow,
  PositionStatistics,
} from "../../src/ports/own-positions.ts";
import type { OwnSafety } from "../../src/ports/own-safety.ts";
import type { StrategyStore } from "../../src/ports/strategies.ts";
import type { DecisionRow } from "../../src/ports/traders.ts";
import { type SignedIn, textAnswer } from "../answers.ts";
import { coinDecisions } from "../coin-decisions.ts";
import { type LiveFrames, rowAgeMsMaxOf, WHOLE_TABLE } from "../live-frames.ts";
import { positionsCsv } from "../positions-csv.ts";
import { type ProblemAnswer, problem } from "../problem.ts";
import { daySchema, noQuery, query, wholeNumber } from "../query.ts";
import { whole } from "../whole.ts";

const DAY_MS = 86_400_000;
const KST_MS = 9 * 3_600_000;
/** Karbit's. */
const PAGE_SIZE_DEFAULT = 5;
const PAGE_SIZE_MAX = 100;
const PAGES_MAX = 100_000;
const DAYS_DEFAULT = 30;
const DAYS_MAX = 366;
const NO_STORE = { "Cache-Control": "no-store" };

export const POSITION_PATHS = {
  "/api/positions/active": ["GET", "HEAD"],
  "/api/positions/history": ["GET", "HEAD"],
  "/api/positions/statistics": ["GET", "HEAD"],
  "/api/positions/daily": ["GET", "HEAD"],
  "/api/positions/export.csv": ["GET", "HEAD"],
  "/api/strategies/decisions": ["GET", "HEAD"],
} as const satisfies Record<string, readonly string[]>;

const about = (text: string) => v.pipe(v.string(), v.description(text));
const orNull = (text: string) => v.pipe(v.nullable(v.string()), v.description(text));

const exchange = v.pipe(v.string(), v.description("As Karbit stores it, in capitals: UPBIT, BYBIT."));

export const activePositionsSchema = v.array(
  v.object({
    ...{ coin: v.string(), krExchange: exchange, frExchange: exchange },
    ...{
      krVolumeCoin: v.string(),
      frVolumeCoin: v.string(),
      krFundsKrw: v.string(),
      frFundsUsdt: v.string(),
    },
    entryRate: orNull("KRW per USDT, average of all entries."),
    entries: whole,
    latestEntryAtMs: v.nullable(whole),
    leverage: whole,
  }),
) satisfies v.GenericSchema<unknown, ActivePosition[]>;

const positionRowSchema = v.object({
  id: v.string(),
  status: v.pipe(
    v.picklist(["OPEN", "CLOSED"]),
    v.description("OPEN: an entry, and for ever. CLOSED: the close."),
  ),
  ...{ coin: v.string(), krExchange: exchange, frExchange: exchange, leverage: whole },
  ...{ krPriceKrw: v.string(), krVolumeCoin: v.string(), krFundsKrw: v.string(), krFeeKrw: v.string() },
  ...{ frPriceUsdt: v.string(), frVolumeCoin: v.string(), frFundsUsdt: v.string(), frFeeUsdt: v.string() },
  entryRate: orNull("KRW per USDT, as exitRate and usdtPriceKrw."),
  exitRate: v.nullable(v.string()),
  usdtPriceKrw: v.nullable(v.string()),
  profitKrw: orNull("On CLOSED rows alone, after fees and funding."),
  profitRatePct: v.nullable(v.string()),
  entryAtMs: v.pipe(v.nullable(whole), v.description("On CLOSED rows the instant of closing.")),
  exitAtMs: v.nullable(whole),
}) satisfies v.GenericSchema<unknown, PositionRow>;

export const positionHistorySchema = v.object({
  ...{ page: whole, size: whole, total: whole },
  rows: v.array(positionRowSchema),
});
export const positionStatisticsSchema = v.object({
  entries: v.pipe(whole, v.description("OPEN rows, of closed positions too.")),
  ...{ closed: whole, wins: whole, losses: whole },
  winRatePct: orNull("Of closes with a known profit; null: there is none."),
  profitKrw: v.string(),
  profitTodayKrw: about("Closed today, by the calendar of Korea."),
  meanProfitRatePct: v.nullable(v.string()),
  bestProfitKrw: v.nullable(v.string()),
  worstProfitKrw: v.nullable(v.string()),
  byCoin: v.pipe(
    v.array(v.object({ coin: v.string(), closed: whole, wins: whole, profitKrw: v.string() })),
    v.description("The twenty with the highest profit."),
  ),
}) satisfies v.GenericSchema<unknown, PositionStatistics>;
export const dailyProfitSchema = v.object({
  from: v.string(),
  to: v.string(),
  days: v.pipe(
    v.array(v.object({ day: v.string(), closed: whole, wins: whole, profitKrw: v.string() })),
    v.description("Every day of the span, by the calendar of Korea."),
  ),
});
export const decisionsSchema = v.array(
  v.object({
    strategyId: whole,
    coin: v.string(),
    pair: v.picklist(PAIR_KEYS),
    action: v.picklist(["enter", "exit", "hold"]),
    reason: about("A code; docs/trading.md says what each means."),
    words: v.pipe(v.object({ ko: v.string(), en: v.string() }), v.description("The reason in words.")),
    context: v.string(),
    breakEvenPct: orNull(
      "What the round trip was expected to cost: fees of both venues both ways and funding, % of the rate; null: not known.",
    ),
    atMs: whole,
  }),
);

export const historyQuerySchema = v.strictObject({
  page: v.optional(v.pipe(wholeNumber(1, PAGES_MAX), v.description("From 1, the newest rows.")), "1"),
  size: v.optional(
    v.pipe(wholeNumber(1, PAGE_SIZE_MAX), v.description(`Rows a page, ${PAGE_SIZE_MAX} at most.`)),
    String(PAGE_SIZE_DEFAULT),
  ),
});
export const dailyQuerySchema = v.strictObject({
  from: v.optional(v.pipe(daySchema, v.description("First day, as 2026-01-31; 29 days before `to`."))),
  to: v.optional(v.pipe(daySchema, v.description("Last day; today."))),
});

export interface PositionDeps {
  readonly positions: OwnPositionStore;
  /** Newest first. */
  readonly decisions: (userId: number) => Promise<readonly DecisionRow[]>;
  readonly strategies: Pick<StrategyStore, "read" | "consent">;
  readonly safety: Pick<OwnSafety, "entries" | "incidents">;
  readonly openPositions: (userId: number) => Promise<readonly StoredPosition[]>;
  readonly mode: TradingMode;
}

export function positionRoutes({
  positions,
  decisions,
  strategies,
  safety,
  openPositions,
  mode,
  live,
  periodMs,
  clock,
  signedIn,
}: PositionDeps & {
  readonly live: Pick<LiveFrames, "rowsSince" | "reference">;
  /** Length of a tick. */
  readonly periodMs: number;
  readonly clock: Clock;
  readonly signedIn: SignedIn;
}) {
  const decisionsOf = async (userId: number) => {
    const [stored, own, consent, entries, incidents, open] = await Promise.all([
      ...([decisions(userId), strategies.read(userId), strategies.consent(userId)] as const),
      ...([safety.entries(userId), safety.incidents(mode, userId), openPositions(userId)] as const),
    ]);
    return coinDecisions({
      ...{ userId, mode, stored, strategies: own, hasConsent: consent.consent, entries, incidents },
      heldCoins: new Set(open.map(({ coin }) => coin)),
      ...{ rows: live.rowsSince(WHOLE_TABLE), reference: live.reference },
      sinceMs: clock.nowMs() - rowAgeMsMaxOf(periodMs),
    });
  };
  return new Hono()
    .get("/api/positions/active", signedIn, noQuery, async (c) =>
      c.json(await positions.active(c.var.account.userId), 200, NO_STORE),
    )
    .get("/api/positions/history", signedIn, query(historyQuerySchema), async (c) => {
      const { page, size } = c.req.valid("query");
      const part = { offset: (page - 1) * size, limit: size };
      const found = await positions.history(c.var.account.userId, part);
      return c.json({ page, size, ...found }, 200, NO_STORE);
    })
    .get("/api/positions/statistics", signedIn, noQuery, async (c) =>
      c.json(await positions.statistics(c.var.account.userId, clock.nowMs()), 200, NO_STORE),
    )
    .get("/api/positions/daily", signedIn, query(dailyQuerySchema), async (c) => {
      const span = spanOf(c.req.valid("query"), clock.nowMs());
      if ("refusal" in span) return span.refusal;
      const { from, to } = span;
      const found = await positions.daily(c.var.account.userId, { from, to });
      return c.json({ from, to, days: everyDay(span, found) }, 200, NO_STORE);
    })
    .get("/api/positions/export.csv", signedIn, noQuery, async (c) => {
      const name = `positions-${dayOf(clock.nowMs())}.csv`;
      const headers = {
        ...NO_STORE,
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="${name}"`,
      };
      const isWanted = c.req.method !== "HEAD";
      return textAnswer(isWanted ? await positionsCsv(positions, c.var.account.userId) : null, headers);
    })
    .get("/api/strategies/decisions", signedIn, noQuery, async (c) => {
      const rows = await decisionsOf(c.var.account.userId);
      const shown = rows.map((row) => ({
        ...row,
        breakEvenPct: breakEvenPctOf(row.context),
        words: { ko: reasonWords(row.reason, "ko"), en: reasonWords(row.reason, "en") },
      }));
      return c.json(shown satisfies v.InferOutput<typeof decisionsSchema>, 200, NO_STORE);
    });
}

/** The day in Korea. */
const dayOf = (atMs: number) => new Date(atMs + KST_MS).toISOString().slice(0, 10);
const startOf = (day: string) => Date.parse(`${day}T00:00:00Z`);
const daysAfter = (day: string, days: number) =>
  new Date(startOf(day) + days * DAY_MS).toISOString().slice(0, 10);

interface Days {
  readonly from: string;
  readonly to: string;
}

function spanOf(wanted: Partial<Days>, nowMs: number): Days | { refusal: ProblemAnswer<400> } {
  const to = wanted.to ?? dayOf(nowMs);
  const from = wanted.from ?? daysAfter(to, 1 - DAYS_DEFAULT);
  const days = (startOf(to) - startOf(from)) / DAY_MS + 1;
  if (days >= 1 && days <= DAYS_MAX) return { from, to };
  const detail = `The query cannot be used: expected from 1 to ${DAYS_MAX} days, was ${from} to ${to}.`;
  return { refusal: problem(400, { code: "query-unusable", detail }) };
}

function everyDay({ from, to }: Days, found: readonly DailyProfit[]): DailyProfit[] {
  const byDay = new Map(found.map((one) => [one.day, one]));
  const days: DailyProfit[] = [];
  for (let day = from; day <= to; day = daysAfter(day, 1)) {
    days.push(byDay.get(day) ?? { day, closed: 0, wins: 0, profitKrw: "0.00" });
  }
  return days;
}
