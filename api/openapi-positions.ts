// The caller's positions and decisions in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { content, problems, SECURED } from "./openapi-parts.ts";
import { openPositionsSchema } from "./routes/open-positions.ts";
import {
  activePositionsSchema,
  dailyProfitSchema,
  decisionsSchema,
  positionHistorySchema,
  positionStatisticsSchema,
} from "./routes/positions.ts";

export const POSITION_SCHEMAS = {
  ActivePositions: activePositionsSchema,
  OpenPositions: openPositionsSchema,
  PositionHistory: positionHistorySchema,
  PositionStatistics: positionStatisticsSchema,
  DailyProfit: dailyProfitSchema,
  Decisions: decisionsSchema,
};

const ACTIVE = {
  ...{ coin: "BTC", krExchange: "UPBIT", frExchange: "BYBIT", entries: 2, leverage: 3 },
  ...{ krVolumeCoin: "0.02000000", frVolumeCoin: "0.02000000" },
  ...{ krFundsKrw: "2000000.00000000", frFundsUsdt: "1404.00000000", entryRate: "1424.50" },
  latestEntryAtMs: 1_780_000_000_000,
};
const OPEN = {
  ...{ coin: "BTC", pair: "upbit-bybit", qtyCoin: "0.02", entries: 2, closeAsked: false },
  ...{ spentKrw: "2000000", receivedUsdt: "1404", entryRate: "1424.50", exitTargetRate: "1437.50" },
  ...{ exitRateNow: "1431.20", profitNowKrw: "6120.44", openedAtMs: 1_780_000_000_000 },
};
const CLOSED = {
  ...{ id: "81", status: "CLOSED", coin: "BTC", krExchange: "UPBIT", frExchange: "BYBIT", leverage: 3 },
  ...{ krPriceKrw: "101200000.00000000", krVolumeCoin: "0.02000000" },
  ...{ krFundsKrw: "2024000.00000000", krFeeKrw: "1012.00000000" },
  ...{ frPriceUsdt: "70400.00000000", frVolumeCoin: "0.02000000" },
  ...{ frFundsUsdt: "1400.00000000", frFeeUsdt: "0.77440000" },
  ...{ entryRate: "1424.50", exitRate: "1437.50", usdtPriceKrw: "1430.00" },
  ...{ profitKrw: "15161.21", profitRatePct: "0.76" },
  ...{ entryAtMs: 1_780_000_900_000, exitAtMs: 1_780_000_900_000 },
};
const STATISTICS = {
  ...{ entries: 6, closed: 3, wins: 2, losses: 1, winRatePct: "66.67" },
  ...{ profitKrw: "41200.10", profitTodayKrw: "15161.21", meanProfitRatePct: "0.61" },
  ...{ bestProfitKrw: "30100.00", worstProfitKrw: "-4061.11" },
  byCoin: [{ coin: "BTC", closed: 3, wins: 2, profitKrw: "41200.10" }],
};
const DAILY = {
  ...{ from: "2026-01-30", to: "2026-01-31" },
  days: [
    { day: "2026-01-30", closed: 0, wins: 0, profitKrw: "0.00" },
    { day: "2026-01-31", closed: 2, wins: 1, profitKrw: "26038.89" },
  ],
};
const DECISION = {
  ...{ strategyId: 12, coin: "BTC", pair: "upbit-bybit", action: "hold", reason: "spread-too-wide" },
  words: { ko: "진입·종료 환율 차이가 큼", en: "spread too wide" },
  ...{ context: "spread=0.011", breakEvenPct: null, atMs: 1_780_000_000_000 },
};
const CSV = "\uFEFF상태,코인,국내 거래소,...\r\nCLOSED,BTC,UPBIT,...\r\n";

const parameter = (name: string, description: string, schema: Record<string, unknown>) => ({
  ...{ name, in: "query", required: false, description },
  schema,
});
const day = { type: "string", format: "date" };
const own = { tags: ["account"], parameters: [], security: SECURED };

export function positionOperations(): OpenApiDocument["paths"] {
  return {
    "/api/positions/active": {
      get: {
        summary: "What is open",
        description:
          "The caller's open positions as Karbit computes them: a close hides every earlier entry of its coin. On paper: what is left of each.",
        ...own,
        responses: {
          200: { description: "By coin and exchanges.", ...content("ActivePositions", [ACTIVE]) },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/positions/open": {
      get: {
        summary: "What the engine holds for you",
        description:
          "The caller's open positions that were entered here, oldest first, with the exit rate now and what leaving would bring. What was opened by hand is in /api/positions/active alone.",
        ...own,
        responses: {
          200: { description: "Oldest first.", ...content("OpenPositions", [OPEN]) },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/positions/history": {
      get: {
        summary: "Entries and closes",
        description:
          "The caller's rows by page, the newest first. On paper a position that left in parts is one close.",
        ...own,
        parameters: [
          parameter("page", "From 1, the newest rows.", {
            type: "integer",
            minimum: 1,
            maximum: 100_000,
            default: 1,
          }),
          parameter("size", "Rows a page.", { type: "integer", minimum: 1, maximum: 100, default: 5 }),
        ],
        responses: {
          200: {
            description: "The page, and how many rows there are in all.",
            ...content("PositionHistory", { page: 1, size: 5, total: 1, rows: [CLOSED] }),
          },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/positions/statistics": {
      get: {
        summary: "Profit and counts",
        description: "Over all of the caller's rows, and by coin.",
        ...own,
        responses: {
          200: { description: "The figures.", ...content("PositionStatistics", STATISTICS) },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/positions/daily": {
      get: {
        summary: "Profit by day",
        description: "Days of Korea, whatever the zone of the server; 366 at most.",
        ...own,
        parameters: [
          parameter("from", "First day, as 2026-01-31; 29 days before `to`.", day),
          parameter("to", "Last day; today.", day),
        ],
        responses: {
          200: { description: "Every day of the span.", ...content("DailyProfit", DAILY) },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/positions/export.csv": {
      get: {
        summary: "Entries and closes as CSV",
        description:
          "All of the caller's rows, the newest first, in UTF-8 with a byte order mark and times of Korea. A download that breaks off is not whole.",
        ...own,
        responses: {
          200: {
            description: "The file.",
            headers: {
              "Content-Disposition": { description: "The file's name.", schema: { type: "string" } },
            },
            content: { "text/csv": { schema: { type: "string" }, example: CSV } },
          },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/strategies/decisions": {
      get: {
        summary: "The last decisions",
        description:
          "For each coin why it was entered or left, or why not. First what the engine has decided, the newest first, 500 at most: about coins that met the target, and about those held. Then, of the active strategy, what the newest rates say about every other coin, the lowest rate first; those have the rate's time.",
        ...own,
        responses: {
          200: { description: "By strategy and coin.", ...content("Decisions", [DECISION]) },
          ...problems(400, 401, 503),
        },
      },
    },
  };
}
