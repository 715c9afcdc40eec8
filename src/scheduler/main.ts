// schedulerx-scheduler: issues ticks, merges reports, publishes frames, keeps lists and history.

import { BusCertificate } from "../adapters/bus/bus-certificate.ts";
import { systemClock } from "../adapters/clock.ts";
import { serveDesk } from "../adapters/desk.ts";
import { packFrame, unpackFrame } from "../adapters/frame-codec.ts";
import { createRedisPublisher, type RedisPublisher } from "../adapters/redis/publisher.ts";
import { createSecretReader } from "../adapters/secrets.ts";
import { createAuditStore } from "../adapters/store/audit.ts";
import { createHoldingStore } from "../adapters/store/holdings.ts";
import { createInstrumentStore } from "../adapters/store/instruments.ts";
import { migratePostgres } from "../adapters/store/migrate.ts";
import { openPostgres } from "../adapters/store/postgres.ts";
import { createHistoryStore } from "../adapters/store/rate-history.ts";
import { keepSchedulerLimits } from "../adapters/store/scheduler-limits.ts";
import { readDisks } from "../adapters/telemetry/disks.ts";
import { errorText } from "../adapters/telemetry/log.ts";
import { createProcessMetrics, METRICS_CONTENT_TYPE, metricsText } from "../adapters/telemetry/metrics.ts";
import { VENUE_BOOKS } from "../adapters/venue/books.ts";
import { createBookFetcher } from "../adapters/venue/http.ts";
import { createVenueLists } from "../adapters/venue/lists.ts";
import { PresenceBoard } from "../adapters/venue/presence-board.ts";
import { createWalletReaders, type OperatorKey } from "../adapters/venue/wallets.ts";
import { type SchedulerSettings, SettingsError, schedulerFields } from "../config.ts";
import { linkState } from "../domain/link-said.ts";
import { isPassing } from "../domain/store-fault.ts";
import { busAddressOf, busOf, governorOf, postgresOf, quietLog, venueUrlsOf } from "../main/connect.ts";
import { serveMetrics } from "../main/metrics.ts";
import { runProcess } from "../main/process.ts";
import type { Log } from "../ports/telemetry.ts";
import { VERSION } from "../version.ts";
import { startControlServer } from "./control-server.ts";
import { checkServers, redisTargetOf } from "./main/check.ts";
import { MIGRATE } from "./main/commands/migrate.ts";
import { operatorCommands } from "./main/commands/operator.ts";
import { linksOf, noticesOf } from "./main/notices.ts";
import { ROTATE_KEYS } from "./main/rotate-keys.ts";
import { createTrading, modeFault } from "./main/trading.ts";
import { rulesOf } from "./main/trading-rules.ts";
import { schedulerMetrics } from "./metrics.ts";
import { Scheduler } from "./run.ts";
import { ServiceWatch } from "./service-watch.ts";
import { UserEventOutbox } from "./user-event-outbox.ts";

const MIGRATE_RETRY_MS = 1_000;

function databaseLink(up: boolean) {
  return linkState(up, { code: up ? "requests-pass" : "requests-fail" });
}

function publisherOf(settings: SchedulerSettings, log: Log): RedisPublisher | undefined {
  const target = redisTargetOf(settings);
  if (!target) return undefined;
  const wantsKarbit =
    settings.KARBIT_CHANNEL === "on" || (settings.KARBIT_CHANNEL === "auto" && target.kind === "tcp");
  const karbitChannels = [
    ...(wantsKarbit ? ["exchange_rate"] : []),
    ...(settings.KIMCHI_PREMIUM_CHANNEL ? ["kimchi:premium"] : []),
  ];
  return createRedisPublisher({
    target,
    tickPeriodMs: settings.TICK_INTERVAL_MS,
    karbitChannels,
    log,
    clock: systemClock,
  });
}

function walletReadersOf(settings: SchedulerSettings) {
  const key = (apiKey: string | undefined, secret: string | undefined): OperatorKey | undefined =>
    apiKey && secret ? { apiKey, secret } : undefined;
  const keys = {
    upbit: key(settings.UPBIT_ACCESS_KEY, settings.UPBIT_SECRET_KEY),
    bithumb: key(settings.BITHUMB_ACCESS_KEY, settings.BITHUMB_SECRET_KEY),
    bybit: key(settings.BYBIT_API_KEY, settings.BYBIT_SECRET_KEY),
    binance: key(settings.BINANCE_API_KEY, settings.BINANCE_SECRET_KEY),
  };
  return createWalletReaders({
    keys: Object.fromEntries(Object.entries(keys).filter(([, value]) => value)),
    urls: { ...venueUrlsOf(settings), binanceSpot: settings.BINANCE_SPOT_URL },
    timeoutMs: settings.REQUEST_TIMEOUT_MS,
  });
}

await runProcess({
  name: "schedulerx-scheduler",
  about:
    "Issues ticks, merges the workers' reports into frames and publishes them; keeps lists and history; trades. One leads, a second one stands by.",
  fields: schedulerFields,
  commands: [...operatorCommands(checkServers), MIGRATE, ROTATE_KEYS],
  check: checkServers,
  start: async (settings, log, releases, stop, logLevel, tracing) => {
    const clock = systemClock;
    const id = `scheduler-${process.pid}`;
    const bus = await busOf(settings, id, log, { signal: stop });
    releases.push(() => bus.drain());
    await migrateWhenReachable(settings, log, stop);
    const database = openPostgres({ ...postgresOf(settings), log });
    releases.push(() => database.close());
    const governor = await governorOf(settings, bus, log, {
      id,
      role: settings.TRADING_MODE === "live" ? "trader" : "scheduler",
    });
    releases.push(() => governor.stop());
    const publisher = publisherOf(settings, log);
    if (publisher) releases.push(() => publisher.stop());
    const fault = await modeFault(settings.TRADING_MODE, database);
    if (fault) throw new SettingsError([fault]);
    const rules = rulesOf(settings);
    await keepSchedulerLimits(database, rules.limits, clock.nowMs());
    const notices = noticesOf(settings, { clock, log, database });
    releases.push(() => notices.stop());
    const events = new UserEventOutbox({ clock, log, stream: bus.userEvents });
    releases.push(() => events.stop());
    const fetcher = createBookFetcher(venueUrlsOf(settings), clock);
    // Quiet: it goes and comes back with the other, which says so.
    const leaseDatabase = openPostgres({ ...postgresOf(settings), log: quietLog, poolSize: 1 });
    releases.push(() => leaseDatabase.close());
    const { engine: trading, answerDesk } = createTrading({
      ...{ clock, log, database, leaseDatabase, governor, fetcher, tracer: tracing?.tracer },
      mode: settings.TRADING_MODE,
      venueBooks: VENUE_BOOKS,
      urls: { ...venueUrlsOf(settings), binanceSpot: settings.BINANCE_SPOT_URL },
      secrets: settings.ENCRYPTION_KEY ? createSecretReader(settings.ENCRYPTION_KEY) : undefined,
      notifier: notices,
      events,
      rules,
      // Looked at once rates come, and they come from it.
      scheduler: () => scheduler,
    });
    const scheduler: Scheduler = new Scheduler({
      clock,
      log,
      bus,
      governor,
      fetcher,
      onRows: (rows) => trading.onRows(rows),
      leads: () => trading.isElsewhere !== true,
      tracer: tracing?.tracer,
      venues: VENUE_BOOKS,
      requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
      lists: createVenueLists({
        urls: venueUrlsOf(settings),
        clock,
        log,
        governor,
        timeoutMs: settings.REQUEST_TIMEOUT_MS * 3,
        readWallets: walletReadersOf(settings),
      }),
      instruments: createInstrumentStore(database),
      history: createHistoryStore(database),
      holdings: createHoldingStore(database),
      pack: packFrame,
      previousRows: async () => {
        const packed = await bus.frames.snapshot();
        return packed ? unpackFrame(packed).rows : [];
      },
      offer: (packed) => publisher?.offer(packed),
      offerReference: (reference) => publisher?.offerReference(reference),
      tickPeriodMs: settings.TICK_INTERVAL_MS,
      historyDays: settings.HISTORY_DAYS,
    });
    releases.push(() => scheduler.stop());
    releases.push(() => trading.stop());
    const links = linksOf(settings, { clock, log, database, leads: () => trading.isElsewhere === false });
    releases.push(() => links?.stop());
    trading.start();
    releases.push(await serveDesk(bus.requests, answerDesk, log));
    const linkStates = () => ({
      bus: bus.state(),
      database: databaseLink(database.isUp && leaseDatabase.isUp),
      ...(publisher ? { redis: publisher.state() } : {}),
    });
    const watch = new ServiceWatch({
      ...{ clock, notifier: notices, links: linkStates, leads: () => trading.isElsewhere === false },
      fetches: () => scheduler.ticks.counters.fetches,
      hasReference: () => scheduler.collector.table.reference !== undefined,
    });
    const watchOver = new AbortController();
    const certificate = new BusCertificate({ clock, log, address: busAddressOf(settings) });
    const watching = Promise.all([watch.run(watchOver.signal), certificate.run(watchOver.signal)]);
    releases.push(() => {
      watchOver.abort();
      return watching.then(() => undefined);
    });
    const folders = settings.DISK_FOLDERS;
    const ofProcess = createProcessMetrics("scheduler", VERSION, clock, tracing?.counts, folders);
    const collect = () => [
      ...ofProcess(),
      ...schedulerMetrics({
        ...{ clock, scheduler, trading, links: linkStates(), notices: notices.counts, events: events.counts },
        busCertificateEndAtMs: certificate.endAtMs,
        tickPeriodMs: settings.TICK_INTERVAL_MS,
        budgets: governor.state(),
        refusals: governor.refusals,
      }),
    ];
    const metrics = serveMetrics(settings, collect, log);
    if (metrics) releases.push(() => metrics.stop());
    if (settings.CONTROL_TOKEN) {
      const board = new PresenceBoard({ clock, announcements: bus.announcements });
      await board.start();
      releases.push(() => board.stop());
      const { CONTROL_HOST: host, CONTROL_PORT: port } = settings;
      const server = startControlServer(
        {
          ...{ scheduler, trading, clock, log, logLevel, links: linkStates },
          disks: () => readDisks(folders),
          busCertificateEndAtMs: () => certificate.endAtMs,
          audit: createAuditStore(database),
          token: settings.CONTROL_TOKEN,
          version: VERSION,
          tickPeriodMs: settings.TICK_INTERVAL_MS,
          budgets: () => governor.state(),
          fleet: () => board.processes(),
          metrics: () => ({ text: metricsText(collect()), contentType: METRICS_CONTENT_TYPE }),
        },
        { hostname: host, port },
      );
      releases.push(() => server.stop());
      log.info("control port open", { host, port: server.port });
    } else log.info("control port stays closed: CONTROL_TOKEN is not set");
    await scheduler.start();
  },
});

/** A database that is still starting is waited for; one that is wrong ends the process with its list. */
async function migrateWhenReachable(settings: SchedulerSettings, log: Log, stop: AbortSignal): Promise<void> {
  let said = false;
  for (;;) {
    try {
      await migratePostgres(postgresOf(settings), { karbitTables: settings.KARBIT_TABLES, log });
      return;
    } catch (error) {
      if (!isPassing(error) || stop.aborted) throw error;
      if (!said) log.warn("database not reached yet, waiting for it", { cause: errorText(error) });
      said = true;
      await systemClock.sleep(MIGRATE_RETRY_MS, stop);
    }
  }
}
