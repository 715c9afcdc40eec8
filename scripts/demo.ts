// The whole service in one process: the same stages as distributed, only the ports exchanged. Simulated exchanges,
// in-process bus, PGlite. Nothing here touches a real venue: "live" trading is signed orders to the simulated ones.

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { rowAgeMsMaxOf } from "../api/live-frames.ts";
import { createAccounts } from "../api/main/accounts.ts";
import { startApiServer } from "../api/serve.ts";
import { InProcessBus } from "../src/adapters/bus/in-process.ts";
import { systemClock } from "../src/adapters/clock.ts";
import { serveDesk } from "../src/adapters/desk.ts";
import { packFrame, packText, unpackFrame } from "../src/adapters/frame-codec.ts";
import { createAuditStore } from "../src/adapters/store/audit.ts";
import { createCoinListingStore } from "../src/adapters/store/coin-listings.ts";
import type { Database } from "../src/adapters/store/database.ts";
import { createHoldingStore } from "../src/adapters/store/holdings.ts";
import { createInstrumentStore } from "../src/adapters/store/instruments.ts";
import { migratePglite } from "../src/adapters/store/migrate.ts";
import { openPglite, openPgliteInMemory } from "../src/adapters/store/pglite.ts";
import { createHistoryStore } from "../src/adapters/store/rate-history.ts";
import { createTradingViewStore } from "../src/adapters/store/trading-view.ts";
import { createLog, errorText, type LogOptions } from "../src/adapters/telemetry/log.ts";
import {
  createProcessMetrics,
  METRICS_CONTENT_TYPE,
  metricsText,
} from "../src/adapters/telemetry/metrics.ts";
import { VENUE_BOOKS } from "../src/adapters/venue/books.ts";
import { createCandleSource } from "../src/adapters/venue/candles.ts";
import { createBookFetcher } from "../src/adapters/venue/http.ts";
import { createVenueLists } from "../src/adapters/venue/lists.ts";
import { PresenceBoard } from "../src/adapters/venue/presence-board.ts";
import { Governor, type GovernorOptions } from "../src/adapters/venue/rate-governor.ts";
import { createWalletReaders } from "../src/adapters/venue/wallets.ts";
import { type DemoSettings, demoFields, readEnvironment, SettingsError } from "../src/config.ts";
import { DECISION_SETTINGS_DEFAULT } from "../src/domain/strategy.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { startControlServer } from "../src/scheduler/control-server.ts";
import { createTrading } from "../src/scheduler/main/trading.ts";
import { createTradingView } from "../src/scheduler/main/trading-view.ts";
import { Scheduler } from "../src/scheduler/run.ts";
import { UserEventOutbox } from "../src/scheduler/user-event-outbox.ts";
import { createMarket } from "../src/simulator/market.ts";
import { SIMULATOR_KEYS, startSimulator } from "../src/simulator/server.ts";
import { VERSION } from "../src/version.ts";
import { QuoteAnswerer } from "../worker/answer-quote-task.ts";
import { runWorker } from "../worker/run.ts";
import {
  EXAMPLE_ACCOUNTS,
  EXAMPLE_LOGIN,
  giveKeys,
  newEncryptionKey,
  seedExamples,
} from "./demo/examples.ts";

const WORKER_COUNT = 5;
const REQUEST_TIMEOUT_MS = 3_000;
const STOP_MS_MAX = 4_000;
/** Who looks on shall see positions open and close within minutes; in the recorded market that takes hours. */
const PREMIUM_PACE = 16;
/** Where the simulated dollar begins; the examples' targets are set from the price of the moment where there is one. */
const EXAMPLE_REFERENCE_KRW = 1_385;

const HELP = `bun run demo

Runs the whole service on simulated exchanges in one process and prints the page's address.

  PORT              port of the page (8080)
  CONTROL_PORT      port of the operator's page (any free one)
  DATA_DIR          folder of its database (data/demo); the first start needs about 2 GB of memory for a moment
  TICK_INTERVAL_MS  length of a tick, 1000 to 30000 (5000)
  SIMULATOR_SEED    same seed, same market (1)
  DEMO_TRADING      paper, or live: signed orders to the simulated exchanges, nothing kept (paper)
  LOG_LEVEL         debug, info, warn or error (info)
`;

type Release = () => Promise<unknown> | unknown;

async function openFolder(dataDir: string, log: Log): Promise<Database> {
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true });
  log.info("opening the database; the first start takes a few seconds and 2 GB of memory", { folder });
  return await openPglite(folder);
}

interface DemoPages {
  readonly url: string;
  readonly operatorUrl: string;
  /** Made anew at each start; the port is open on this machine alone. */
  readonly operatorToken: string;
}

async function startDemo(settings: DemoSettings, releases: Release[]): Promise<DemoPages> {
  const clock = systemClock;
  const logOptions: LogOptions = {
    level: settings.LOG_LEVEL,
    format: settings.LOG_FORMAT,
    process: "demo",
    nowMs: clock.nowMs,
  };
  const log = createLog(logOptions);
  log.warn("SIMULATED exchanges: these are not real prices, and nobody's money is traded");

  // One pretended source address per worker, one for the scheduler: one would starve on Binance's limit.
  const seed = settings.SIMULATOR_SEED;
  const market = createMarket({ seed, startAtMs: clock.nowMs(), premiumPace: PREMIUM_PACE });
  const simulator = await startSimulator({
    ...{ seed, market, sources: WORKER_COUNT + 2 },
    keys: [...SIMULATOR_KEYS, ...EXAMPLE_ACCOUNTS],
  });
  releases.push(() => simulator.stop());

  const mode = settings.DEMO_TRADING;
  // Accounts at the simulated exchanges end with the process; a journal that outlived them would miss its positions.
  const database = mode === "live" ? await openPgliteInMemory() : await openFolder(settings.DATA_DIR, log);
  releases.push(() => database.close());
  await migratePglite(database, { karbitTables: "create", log });

  const bus = new InProcessBus(clock);
  releases.push(() => bus.drain());
  const governorOf = async (index: number, role: GovernorOptions["role"]): Promise<Governor> => {
    const governor = new Governor({
      id: `${role}-${index}`,
      role,
      sourceAddress: `simulated-${index}`,
      version: VERSION,
      clock,
      log,
      announcements: bus.announcements,
      linkUp: () => true,
      helloMs: 0,
      enabled: true,
    });
    await governor.start();
    releases.push(() => governor.stop());
    return governor;
  };

  const schedulerUrls = simulator.urls[WORKER_COUNT]!;
  const key = SIMULATOR_KEYS[0]!;
  const governor = await governorOf(WORKER_COUNT, "scheduler");
  const fetcher = createBookFetcher(schedulerUrls, clock);
  const encryption = newEncryptionKey();
  // Looks at the scheduler only once that is there: rates come from it.
  const events = new UserEventOutbox({ clock, log, stream: bus.userEvents });
  releases.push(() => events.stop());
  const { engine: trading, answerDesk } = createTrading({
    ...{ clock, log, database, governor, fetcher },
    mode,
    venueBooks: VENUE_BOOKS,
    urls: schedulerUrls,
    secrets: mode === "live" ? encryption.secrets : undefined,
    notifier: { tell: () => undefined },
    events,
    scheduler: () => scheduler,
  });
  const scheduler = new Scheduler({
    clock,
    log,
    bus,
    governor,
    fetcher,
    onRows: (rows) => trading.onRows(rows),
    venues: VENUE_BOOKS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    lists: createVenueLists({
      urls: schedulerUrls,
      clock,
      log,
      governor,
      timeoutMs: REQUEST_TIMEOUT_MS,
      readWallets: createWalletReaders({
        keys: { upbit: key, bithumb: key, bybit: key, binance: key },
        urls: schedulerUrls,
        timeoutMs: REQUEST_TIMEOUT_MS,
      }),
    }),
    instruments: createInstrumentStore(database),
    history: createHistoryStore(database),
    holdings: createHoldingStore(database),
    pack: packFrame,
    previousRows: async () => {
      const packed = await bus.frames.snapshot();
      return packed ? unpackFrame(packed).rows : [];
    },
    offer: () => undefined,
    offerReference: () => undefined,
    tickPeriodMs: settings.TICK_INTERVAL_MS,
    historyDays: 90,
  });

  await serveDesk(bus.requests, answerDesk, log);
  const server = await startApiServer({
    feed: bus.frames,
    codec: { packFrame, unpackFrame, packText },
    clock,
    log,
    hostname: "localhost",
    port: settings.PORT,
    tickPeriodMs: settings.TICK_INTERVAL_MS,
    version: VERSION,
    simulated: true,
    market: {
      listings: createCoinListingStore(database),
      history: createHistoryStore(database),
      candles: createCandleSource({
        ...{ urls: simulator.urls[WORKER_COUNT + 1]!, clock, timeoutMs: REQUEST_TIMEOUT_MS },
        governor: await governorOf(WORKER_COUNT + 1, "api"),
      }),
    },
    accounts: await createAccounts(database, {
      ...{ bus, log, mode, signUpOpen: true, telegramBotName: undefined },
      decision: DECISION_SETTINGS_DEFAULT,
      jwtSecret: randomBytes(32).toString("hex"),
      encryption: { key: encryption.text, format: "karbit" },
    }),
    trading: createTradingView({
      clock,
      store: createTradingViewStore(database),
      engine: () => trading.state(),
      table: () => scheduler.collector.table,
      decision: DECISION_SETTINGS_DEFAULT,
      rateAgeMsMax: rowAgeMsMaxOf(settings.TICK_INTERVAL_MS),
    }),
  });
  releases.push(() => server.stop());

  const stopWorkers = new AbortController();
  for (let index = 0; index < WORKER_COUNT; index++) {
    const workerGovernor = await governorOf(index, "worker");
    const fetcher = createBookFetcher(simulator.urls[index]!, clock);
    const answerer = new QuoteAnswerer({
      clock,
      fetcher,
      governor: workerGovernor,
      venues: VENUE_BOOKS,
      settings: { requestTimeoutMs: REQUEST_TIMEOUT_MS, bookAgeMsMax: 5_000, legSkewMsMax: 2_000 },
    });
    const id = `worker-${index}`;
    const counters = { answered: 0, late: 0, unreadable: 0, givenBack: 0 };
    const running = runWorker(
      {
        id,
        sourceAddress: `simulated-${index}`,
        clock,
        log: log.child({ worker: id }),
        tasks: bus.tasks,
        reports: bus.reports,
        governor: workerGovernor,
        answerer,
      },
      stopWorkers.signal,
      counters,
    );
    releases.push(async () => {
      stopWorkers.abort();
      await running;
    });
  }
  releases.push(() => scheduler.stop());
  await scheduler.start();
  await seedExamples(database, scheduler.collector.table.reference?.priceKrw ?? EXAMPLE_REFERENCE_KRW);
  if (mode === "live") await giveKeys(database, encryption.text, clock.nowMs());
  releases.push(() => trading.stop());
  trading.start();
  const board = new PresenceBoard({ clock, announcements: bus.announcements });
  await board.start();
  releases.push(() => board.stop());
  const operatorToken = randomBytes(24).toString("hex");
  const ofProcess = createProcessMetrics("demo", VERSION, clock);
  const control = startControlServer(
    {
      ...{ scheduler, trading, clock, log, logLevel: logOptions, disks: () => [] },
      audit: createAuditStore(database),
      token: operatorToken,
      version: VERSION,
      tickPeriodMs: settings.TICK_INTERVAL_MS,
      links: () => ({
        bus: { up: true, detail: "in this process" },
        database: { up: true, detail: "in this process" },
      }),
      budgets: () => governor.state(),
      fleet: () => board.processes(),
      metrics: () => ({ text: metricsText(ofProcess()), contentType: METRICS_CONTENT_TYPE }),
    },
    { hostname: "127.0.0.1", port: settings.CONTROL_PORT },
  );
  releases.push(() => control.stop());
  return { url: server.url, operatorUrl: control.url, operatorToken };
}

async function main(): Promise<number> {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    process.stdout.write(HELP);
    return 0;
  }
  const releases: Release[] = [];
  const release = async (): Promise<void> => {
    // In reverse; one that hangs must not keep the others.
    for (const each of releases.reverse()) {
      await Promise.race([
        Promise.resolve(each()).catch(() => undefined),
        systemClock.sleep(STOP_MS_MAX / 2),
      ]);
    }
  };
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(130);
    stopping = true;
    process.stdout.write("stopping\n");
    setTimeout(() => process.exit(0), STOP_MS_MAX).unref();
    void release().then(() => process.exit(0));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    const { url, operatorUrl, operatorToken } = await startDemo(readEnvironment(demoFields), releases);
    const { email, password } = EXAMPLE_LOGIN;
    if (!stopping) {
      process.stdout.write(
        `
  SchedulerX demo (simulated exchanges): ${url}
` +
          `  A user's own view: ${url}/account, as ${email} with the password ${password}
` +
          `  The operator's page: ${operatorUrl}  token ${operatorToken}

`,
      );
    }
    return 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof SettingsError ? error.message : errorText(error)}\n`);
    await release();
    process.exit(1);
  }
}

process.exitCode = await main();
