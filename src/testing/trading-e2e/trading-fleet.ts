// The service that trades, on this machine: PostgreSQL, NATS, one worker and one or two schedulers as processes of their
// own, with real adapters, keys out of Karbit's tables and everything live. The venues are in this process, so that a
// test steers the market and sees what reaches a venue at the moment it does.

import { sql } from "drizzle-orm";
import type { PairKey } from "../../../schema/vocabulary.ts";
import { type Database, rowsOf } from "../../adapters/store/database.ts";
import type { KarbitTablesMode } from "../../adapters/store/migrate.ts";
import { openPostgres, withDedicatedConnection } from "../../adapters/store/postgres.ts";
import { type Simulator, startSimulator } from "../../simulator/server.ts";
import { Program } from "../e2e/program.ts";
import { makeKarbitDatabase, makeKarbitGuest, publicCatalog } from "../karbit-schema/karbit-schema.ts";
import { RecordingLog } from "../recording-log.ts";
import { freePort, startNats, startPostgres, type TestNats, type TestPostgres } from "../services.ts";
import { type Steer, SteeredMarket } from "./steered-market.ts";
import { addTestTrader, ENCRYPTION_KEY, type TestTrader, type TraderWish } from "./test-traders.ts";

export interface TradingFleetOptions {
  readonly tickMs: number;
  readonly traders: readonly TraderWish[];
  /** Coins beside those of the traders; they say what USDT is worth. */
  readonly idleCoins?: number;
  readonly schedulers?: 1 | 2;
  /** "create": an install without Karbit. By default its tables were there before, and must stay as they were. */
  readonly karbitTables?: KarbitTablesMode;
  /** Of the database server and of the schedulers; what they store is the same in each. */
  readonly zone?: "UTC" | "Asia/Seoul";
  /** Makes the database the schedulers use, and their role; its url. By default they own the server. */
  readonly makeDatabase?: (server: TestPostgres) => Promise<string>;
  /** Added to the settings of all. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What the operator's port says of trading. */
export interface TradingSeen {
  readonly role: "trading" | "recovering" | "standby" | "off";
  readonly running: number;
  readonly incidents: number;
  readonly positions: readonly { readonly userId: number; readonly coin: string; readonly pair: PairKey }[];
}

const OPERATOR_KEY = { apiKey: "operator-access-key", secret: "operator-wallet-states-0123456789abcdef" };
const CONTROL_TOKEN = "trading-end-to-end-operator-word";
/** What the schedulers are given and must never say. */
export const OPERATOR_SECRETS = {
  ...{ ENCRYPTION_KEY, CONTROL_TOKEN },
  "the operator's key": OPERATOR_KEY.apiKey,
  "the operator's secret": OPERATOR_KEY.secret,
} as const;
const POLL_MS = 10;

export class TradingFleet {
  private constructor(
    readonly market: SteeredMarket,
    readonly simulator: Simulator,
    readonly postgres: TestPostgres,
    readonly nats: TestNats,
    readonly database: Database,
    readonly schedulers: readonly Program[],
    readonly worker: Program,
    readonly traders: readonly TestTrader[],
    private readonly controlPorts: readonly number[],
  ) {}

  /** Resolves when everything runs, rates come and entries may begin. Leaves nothing behind when it rejects. */
  static async start(options: TradingFleetOptions): Promise<TradingFleet> {
    const { tickMs, traders: wishes, idleCoins = 12, schedulers: schedulerCount = 1 } = options;
    const { karbitTables = "expect", zone = "UTC" } = options;
    const coins = new Set(wishes.map(({ coin }) => coin));
    const market = new SteeredMarket([
      ...coins,
      ...Array.from({ length: idleCoins }, (_, index) => `IDLE${index}`),
    ]);
    const opened: { stop(): Promise<unknown> }[] = [];
    const open = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
      const server = await starting;
      opened.push(server);
      return server;
    };
    try {
      const [simulator, nats, postgres] = await Promise.all([
        open(
          startSimulator({
            seed: 1,
            market,
            keys: [OPERATOR_KEY],
            limits: false,
            sources: schedulerCount + 1,
          }),
        ),
        open(startNats()),
        open(startPostgres()),
      ]);
      let url = (await options.makeDatabase?.(postgres)) ?? postgres.url;
      if (karbitTables === "expect") {
        await makeKarbitDatabase(url, { firstExchangeId: 41 });
        url = await makeKarbitGuest(url, { role: "schedulerx", rights: "trading" });
      }
      const catalog = await withDedicatedConnection({ url: postgres.url }, async (executor) => {
        await executor.execute(sql.raw(`alter database app set timezone to '${zone}'`));
        return await publicCatalog(executor);
      });
      const controlPorts: number[] = [];
      for (let index = 0; index < schedulerCount; index++) controlPorts.push(await freePort());
      // Who trades has an address of its own: beside a worker it would have next to nothing of the venues' budgets.
      const atSource = (source: number) => {
        const urls = simulator.urls[source]!;
        return {
          ...{ NATS_URL: nats.url, TICK_INTERVAL_MS: `${tickMs}`, SOURCE_ADDRESS: `pretended-${source}` },
          ...{ UPBIT_URL: urls.upbit, BITHUMB_URL: urls.bithumb },
          ...{ BYBIT_URL: urls.bybit, BINANCE_URL: urls.binance, BINANCE_SPOT_URL: urls.binanceSpot },
          ...options.env,
        };
      };
      const { apiKey, secret } = OPERATOR_KEY;
      const schedulers = controlPorts.map(
        (port, index) =>
          new Program(`scheduler-${index}`, "scheduler", {
            ...atSource(index + 1),
            DATABASE_URL: url,
            ...{ KARBIT_TABLES: karbitTables, TZ: zone },
            TRADING_MODE: "live",
            LIVE_TRADING_CONSENT: "real orders with real money",
            ENCRYPTION_KEY,
            ...{ UPBIT_ACCESS_KEY: apiKey, UPBIT_SECRET_KEY: secret },
            ...{ BITHUMB_ACCESS_KEY: apiKey, BITHUMB_SECRET_KEY: secret },
            ...{ CONTROL_PORT: `${port}`, CONTROL_TOKEN },
          }),
      );
      const worker = new Program("worker", "worker", { ...atSource(0), WORKER_ID: "worker-0" });
      for (const each of [...schedulers, worker]) {
        opened.push({ stop: async () => (each.isRunning() ? await each.stop() : undefined) });
      }
      // The first makes the tables; a standby comes when there is somebody to stand by for.
      await Promise.all([schedulers[0]!.start(), worker.start()]);
      const asOwner = Object.assign(new URL(url), { username: new URL(postgres.url).username }).href;
      const database = openPostgres({ url: asOwner, log: new RecordingLog(), poolSize: 2 });
      opened.push({ stop: () => database.close() });
      const traders: TestTrader[] = [];
      for (const wish of wishes) traders.push(await addTestTrader(database, simulator.control, wish));
      const fleet = new TradingFleet(
        ...([market, simulator, postgres, nats, database, schedulers, worker, traders] as const),
        controlPorts,
      );
      fleet.#opened = opened;
      fleet.#catalog = catalog;
      await fleet.untilTrading(0);
      await Promise.all(schedulers.slice(1).map((each) => each.start()));
      return fleet;
    } catch (fault) {
      await stopAll(opened);
      throw fault;
    }
  }

  #opened: { stop(): Promise<unknown> }[] = [];
  #catalog: readonly string[] = [];

  async stop(): Promise<void> {
    await stopAll(this.#opened);
  }

  /** What has changed of Karbit's tables since the start, their rows apart. */
  async karbitAlterations(): Promise<string[]> {
    const now = await this.database.run("look", publicCatalog);
    const before = this.#catalog;
    return [
      ...before.filter((line) => !now.includes(line)).map((line) => `gone: ${line}`),
      ...now.filter((line) => !before.includes(line)).map((line) => `new: ${line}`),
    ];
  }

  get scheduler(): Program {
    return this.schedulers[0]!;
  }

  /** The coin of every trader, or of some, where they buy it. */
  steer(change: Partial<Steer>, traders: readonly TestTrader[] = this.traders): void {
    for (const { domestic, coin } of traders) this.market.steer(domestic, coin, change);
  }

  /** The control port of a scheduler; undefined while it does not answer. */
  async control<T>(path: string, body?: object, scheduler = 0): Promise<T | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.controlPorts[scheduler]}${path}`, {
        method: body ? "POST" : "GET",
        headers: { authorization: `Bearer ${CONTROL_TOKEN}`, "content-type": "application/json" },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return (await response.json()) as T;
    } catch {
      return undefined;
    }
  }

  trading(scheduler = 0): Promise<TradingSeen | undefined> {
    return this.control<TradingSeen>("/trading", undefined, scheduler);
  }

  /** Index of the one that holds the lease and has recovered; undefined while there is none. */
  async activeScheduler(): Promise<number | undefined> {
    for (const index of this.schedulers.keys()) {
      if ((await this.trading(index))?.role === "trading") return index;
    }
    return undefined;
  }

  async positionCount(): Promise<number | undefined> {
    const active = await this.activeScheduler();
    return active === undefined ? undefined : (await this.trading(active))?.positions.length;
  }

  /** Leaves a position by the operator's word to whoever trades. */
  async force(userId: number, coin: string): Promise<void> {
    const active = await this.until("one that trades", async () => {
      const index = await this.activeScheduler();
      return index === undefined ? undefined : { index };
    });
    await this.control("/trading/force", { userId, coin }, active.index);
  }

  async rows<Row>(statement: ReturnType<typeof sql>): Promise<Row[]> {
    return await this.database.run("look", (executor) => rowsOf<Row>(executor, statement));
  }

  /** Until `look` gives something; what it was about and what was said last is in the error. */
  async until<T>(
    what: string,
    look: () => Promise<T | undefined | false> | T | undefined | false,
    withinMs = 30_000,
  ) {
    const untilMs = Date.now() + withinMs;
    for (;;) {
      const seen = await look();
      if (seen) return seen;
      if (Date.now() > untilMs) {
        throw new Error(`expected ${what} within ${withinMs} ms\n${await this.#story()}`);
      }
      await Bun.sleep(POLL_MS);
    }
  }

  async untilTrading(scheduler: number, withinMs = 60_000): Promise<void> {
    await this.until(
      "a scheduler that trades",
      async () => (await this.trading(scheduler))?.role === "trading",
      withinMs,
    );
  }

  /** Until no intent is left that has not ended, and the one who trades knows it. */
  async untilQuiet(withinMs = 90_000): Promise<void> {
    await this.until("every intent to end", async () => (await this.unfinished()).length === 0, withinMs);
    const seen = async () => await Promise.all(this.schedulers.keys().map((index) => this.trading(index)));
    const isTrading = (each: TradingSeen | undefined) => each?.role === "trading" && each.running === 0;
    await this.until("a scheduler at rest", async () => (await seen()).some(isTrading), withinMs);
  }

  async unfinished(): Promise<{ intentId: string; userId: number; kind: string; state: string }[]> {
    return await this.rows(
      sql`select intent_id as "intentId", user_id as "userId", kind, state from schedulerx.intents
          where ended_at is null order by planned_at`,
    );
  }

  /** As if everything so far had happened a minute and more earlier; the engine must be started again to read it. */
  async ageEntries(byMs: number): Promise<void> {
    await this.rows(
      sql`update schedulerx.position_entries set at = at - ${`${byMs} milliseconds`}::interval`,
    );
    await this.rows(sql`delete from schedulerx.cooling_rests`);
  }

  async #story(): Promise<string> {
    const lines = this.schedulers.flatMap((each) =>
      each
        .lines()
        .filter(({ level, event }) => level !== "debug" && !/^(tick|rates)/.test(event))
        .slice(-25)
        .map((line) => `${each.name} ${JSON.stringify(line)}`),
    );
    const decisions = await this.rows<object>(
      sql`select * from schedulerx.last_decisions order by at desc limit 12`,
    ).catch(() => []);
    return [...lines, ...decisions.map((row) => JSON.stringify(row))].join("\n");
  }
}

async function stopAll(opened: { stop(): Promise<unknown> }[]): Promise<void> {
  for (const each of opened.reverse()) await each.stop().catch(() => undefined);
}
