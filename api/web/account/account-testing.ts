// The account's page behind the real api and a database of its own, for its browser tests and for looking at it: one user
// with some weeks of paper trades, open positions, decisions, and what needs a look.

import { sql } from "drizzle-orm";
import type { DeskQuestion } from "../../../schema/messages/desk.ts";
import { PAIRS, SEED_COUNT } from "../../../schema/vocabulary.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { serveDesk } from "../../../src/adapters/desk.ts";
import type { Decimal } from "../../../src/domain/decimal.ts";
import { nullRow, type RateRow } from "../../../src/domain/rate-table.ts";
import { RecordingLog } from "../../../src/testing/recording-log.ts";
import { type ApiServer, startApiServer } from "../../serve.ts";
import { accountsDatabase } from "../../test-accounts.ts";
import { codec, fakeFrame, MemoryFeed } from "../../test-kit.ts";
import { TestTrades, type TradeOf } from "../../test-trades.ts";
import { WAVING_HISTORY } from "../page-history-testing.ts";

const DAY_MS = 86_400_000;
export const EMAIL = "kim@mail.kr";
const REFERENCE_KRW = 1_400;

/** What the user has open: coin, pair, coins, KRW and USDT per coin at the entry, the exit rate of now. */
const OPEN = [
  ["XRP", "upbit-bybit", "3000", "3402.5", "2.46", 1_389.2],
  ["SOL", "upbit-binance", "40", "251400", "182.3", 1_377.5],
  ["DOGE", "bithumb-binance", "21000", "238.1", "0.1722", undefined],
] as const;

/** Coins nobody holds, with an entry rate of now from 1,401 on. */
const OTHERS = 30;

export class AccountServer {
  readonly context: Awaited<ReturnType<typeof accountsDatabase>>;
  readonly userId: number;
  readonly trades: TestTrades;
  readonly feed = new MemoryFeed();
  /** Realised so far. */
  readonly profits: { readonly atMs: number; readonly profitKrw: Decimal }[] = [];
  readonly nowMs = systemClock.nowMs();
  #server: ApiServer | undefined;
  #port = 0;

  private constructor(context: AccountServer["context"], userId: number) {
    this.context = context;
    this.userId = userId;
    this.trades = new TestTrades(context.database);
  }

  static async create(): Promise<AccountServer> {
    const context = await accountsDatabase();
    const server = new AccountServer(context, await context.addUser(EMAIL));
    await serveDesk(context.requests, async (question) => answerOf(question), new RecordingLog());
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/account`;
  }

  async start(): Promise<void> {
    this.#server = await startApiServer({
      ...{ feed: this.feed, codec, clock: systemClock, log: new RecordingLog(), hostname: "127.0.0.1" },
      ...{ port: this.#port, tickPeriodMs: 2_000, version: "9.8.7", simulated: false },
      ...{ accounts: this.context.accounts, market: { ...this.context.market, history: WAVING_HISTORY } },
    });
    this.#port = Number(new URL(this.#server.url).port);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.context.database.close();
  }

  put(statement: ReturnType<typeof sql>): Promise<unknown> {
    return this.context.database.run("put", (executor) => executor.execute(statement));
  }

  /** Rates of now for what is open and what is not, and the reference price. */
  publishRates(change = 0): void {
    const tickAtMs = systemClock.nowMs();
    const rows = OPEN.flatMap(([coin, pair, , , , rate]): RateRow[] => {
      const row = nullRow(
        coin,
        PAIRS.findIndex(({ key }) => key === pair),
        tickAtMs,
        "none",
      );
      row.ratesJeon.fill(Math.round(((rate ?? Number.NaN) + change) * 100), SEED_COUNT);
      return rate === undefined ? [] : [row];
    });
    for (let index = 0; index < OTHERS; index++) {
      const row = nullRow(`C${index}`, index % PAIRS.length, tickAtMs, "none");
      rows.push({ ...row, ratesJeon: row.ratesJeon.fill(140_100 + index * 25, 0, SEED_COUNT) });
    }
    const reference = { priceKrw: REFERENCE_KRW, venue: "upbit", atMs: tickAtMs } as const;
    this.feed.publish(fakeFrame(rows, { tickAtMs, reference }));
  }

  /** Positions that were entered and left over the last days, one or two a day, with gains and losses. */
  async addHistory(days: number): Promise<void> {
    const coins = ["XRP", "SOL", "ETH", "ADA", "BTC"];
    for (let index = 0; index < days; index++) {
      const day = days - index;
      if (day % 6 === 2) continue;
      const coin = coins[index % coins.length]!;
      const rates = { krw: "137000", usdt: "100" };
      const sold = 138_050 + ((index * 7_919) % 1_300) - (index % 4 === 3 ? 1_700 : 0);
      const of = this.#trade(coin, PAIRS[index % PAIRS.length]!.key, String(60 + (index % 5) * 17));
      const atMs = this.nowMs - day * DAY_MS;
      await this.trades.enter(of, { ...rates, atMs });
      const left = { krw: String(sold), usdt: "100", atMs: atMs + 7_200_000 };
      this.profits.push({ atMs: left.atMs, profitKrw: await this.trades.leave(of, left) });
    }
  }

  async addOpen(count: number = OPEN.length): Promise<void> {
    for (const [index, [coin, pair, qtyCoin, krw, usdt]] of OPEN.slice(0, count).entries()) {
      await this.trades.enter(this.#trade(coin, pair, qtyCoin), {
        ...{ krw, usdt, atMs: this.nowMs - (index + 1) * 3_600_000 },
      });
    }
  }

  /** As addOpen entered it. */
  openTrade(coin: string): TradeOf {
    const [name, pair, qtyCoin] = OPEN.find((one) => one[0] === coin)!;
    return this.#trade(name, pair, qtyCoin);
  }

  async addDecisions(): Promise<void> {
    const decided = [
      ["XRP", "upbit-bybit", "enter", "enter", 12],
      ["BTC", "upbit-binance", "hold", "spread-too-wide", 40],
      ["DOGE", "bithumb-binance", "hold", "division-used-up", 95],
      ["SOL", "upbit-binance", "exit", "target", 700],
      ["BTT", "bithumb-binance", "hold", "wallet-closed", 4_000],
    ] as const;
    for (const [coin, pair, action, reason, secondsAgo] of decided) {
      await this.put(
        sql`insert into schedulerx.last_decisions (mode, user_id, strategy_id, coin, pair, action, reason, context, at)
            values ('paper', ${this.userId}, 1, ${coin}, ${pair}, ${action}, ${reason}, 'spread=0.01 breakEvenPct=0.31',
              ${new Date(this.nowMs - secondsAgo * 1_000).toISOString()}::timestamptz)`,
      );
    }
  }

  async addIncident(kind: string, detail: string): Promise<void> {
    await this.put(
      sql`insert into schedulerx.incidents (mode, user_id, kind, coin, intent_id, detail, opened_at)
          values ('paper', ${this.userId}, ${kind}, '', '', ${detail}, now())`,
    );
  }

  #trade(coin: string, pair: TradeOf["pair"], qtyCoin: string): TradeOf {
    const { userId } = this;
    return { userId, coin, pair, qtyCoin, referenceKrw: String(REFERENCE_KRW), exitTargetRate: "1392" };
  }
}

function answerOf(question: DeskQuestion) {
  if (question.op === "balances") {
    return {
      ...({ kind: "balances", mode: "paper" } as const),
      venues: [
        {
          ...({ venue: "upbit", state: "read" } as const),
          balances: [{ asset: "KRW", free: "1.5", total: "2" }],
        },
      ],
    };
  }
  const findings = [
    { code: "may-withdraw", detail: "" },
    { code: "ends-soon", detail: "2026-06-03" },
  ] as const;
  return { kind: "tested" as const, findings: question.venue === "upbit" ? [...findings] : [] };
}
