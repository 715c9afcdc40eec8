// schedulerx-api: reads frames from the bus and serves them to clients, with the page.

import { hostname } from "node:os";
import { systemClock } from "../src/adapters/clock.ts";
import { packFrame, packText, unpackFrame } from "../src/adapters/frame-codec.ts";
import { createCoinListingStore } from "../src/adapters/store/coin-listings.ts";
import type { Database } from "../src/adapters/store/database.ts";
import type { RightsFor } from "../src/adapters/store/karbit-rights.ts";
import { openPostgres } from "../src/adapters/store/postgres.ts";
import { createHistoryStore } from "../src/adapters/store/rate-history.ts";
import { createProcessMetrics } from "../src/adapters/telemetry/metrics.ts";
import { createCandleSource } from "../src/adapters/venue/candles.ts";
import { type ApiSettings, apiFields } from "../src/config.ts";
import { Decimal } from "../src/domain/decimal.ts";
import { DECISION_SETTINGS_DEFAULT } from "../src/domain/strategy.ts";
import { check, checkFeasibleTick } from "../src/main/check.ts";
import { checkDatabase } from "../src/main/check-database.ts";
import { busOf, newGovernor, postgresOf, quietLog, venueUrlsOf } from "../src/main/connect.ts";
import { serveMetrics } from "../src/main/metrics.ts";
import { runProcess } from "../src/main/process.ts";
import type { Bus } from "../src/ports/bus.ts";
import type { RateGovernor } from "../src/ports/rate-governor.ts";
import type { Log } from "../src/ports/telemetry.ts";
import { VERSION } from "../src/version.ts";
import { createAccounts } from "./main/accounts.ts";
import { startApiServer } from "./serve.ts";
import type { ApiDeps } from "./settings.ts";

const CHECK_WITHIN_MS = 3_000;
/** More than what anybody may read without a login takes at a time (api/routes/market.ts). */
const CONNECTIONS_MAX = 6;

/** The settings with their DATABASE_URL; undefined without one. */
function withDatabase(settings: ApiSettings) {
  const { DATABASE_URL } = settings;
  return DATABASE_URL === undefined ? undefined : { ...settings, DATABASE_URL };
}

/** Of Karbit's tables the public routes read none. */
function rightsFor({ JWT_SECRET, SIGN_UP }: ApiSettings): readonly RightsFor[] {
  if (JWT_SECRET === undefined) return [];
  return SIGN_UP ? ["accounts", "sign-up"] : ["accounts"];
}

/** Connected to at the first request that needs it. */
function databaseOf(settings: ApiSettings, log: Log): Database | undefined {
  const found = withDatabase(settings);
  return found && openPostgres({ ...postgresOf(found), poolSize: CONNECTIONS_MAX, prepares: true, log });
}

function marketOf(
  settings: ApiSettings,
  database: Database | undefined,
  governor: RateGovernor,
): ApiDeps["market"] {
  if (!database) return { missing: ["DATABASE_URL"] };
  return {
    listings: createCoinListingStore(database),
    history: createHistoryStore(database),
    candles: createCandleSource({
      urls: venueUrlsOf(settings),
      clock: systemClock,
      governor,
      timeoutMs: settings.REQUEST_TIMEOUT_MS,
    }),
  };
}

async function accountsOf(
  settings: ApiSettings,
  database: Database | undefined,
  { bus, log }: { readonly bus: Pick<Bus, "requests" | "userEvents">; readonly log: Log },
): Promise<NonNullable<ApiDeps["accounts"]>> {
  const { DATABASE_URL, JWT_SECRET, SIGN_UP, TRADING_MODE, ENCRYPTION_KEY } = settings;
  if (database === undefined || JWT_SECRET === undefined) {
    const missing = Object.entries({ DATABASE_URL, JWT_SECRET })
      .filter(([, value]) => value === undefined)
      .map(([name]) => name);
    return { missing };
  }
  return await createAccounts(database, {
    ...{ bus, log, jwtSecret: JWT_SECRET, signUpOpen: SIGN_UP },
    mode: TRADING_MODE === "paper" ? "paper" : "live",
    decision: {
      ...DECISION_SETTINGS_DEFAULT,
      autoExitGain: Decimal.of(settings.AUTO_EXIT_GAIN_PCT).dividedBy(Decimal.of(100), 8, "half-up"),
    },
    encryption: ENCRYPTION_KEY
      ? { key: ENCRYPTION_KEY, format: settings.KARBIT_TABLES === "expect" ? "karbit" : "envelope" }
      : undefined,
    telegramBotName: settings.TELEGRAM_BOT_NAME,
  });
}

await runProcess({
  name: "schedulerx-api",
  about: "Streams live rates to clients over SSE, serves the latest table and the page.",
  fields: apiFields,
  check: async (settings) => {
    const results = [
      await check("port", async () => {
        const probe = Bun.serve({
          hostname: settings.HOST,
          port: settings.PORT,
          fetch: () => new Response(),
        });
        await probe.stop(true);
        return `${settings.HOST}:${settings.PORT} is free`;
      }),
    ];
    const found = withDatabase(settings);
    if (found) results.push(await checkDatabase(found, rightsFor(settings)));
    let bus: Awaited<ReturnType<typeof busOf>> | undefined;
    results.push(
      await check("bus", async () => {
        bus = await busOf(settings, "schedulerx-check", quietLog, { withinMs: CHECK_WITHIN_MS });
        const snapshot = await bus.frames.snapshot();
        return snapshot ? `reached, snapshot of ${snapshot.length} bytes` : "reached, no snapshot yet";
      }),
    );
    if (bus) {
      results.push(await checkFeasibleTick(bus, settings.TICK_INTERVAL_MS));
      await bus.drain();
    }
    return results;
  },
  start: async (settings, log, releases, stop, _logLevel, tracing) => {
    const bus = await busOf(settings, "schedulerx-api", log, { signal: stop });
    releases.push(() => bus.drain());
    const database = databaseOf(settings, log);
    if (database) releases.push(() => database.close());
    const governor = newGovernor(settings, bus, log, { id: `api-${hostname()}-${process.pid}`, role: "api" });
    releases.push(() => governor.stop());
    // Until it has heard the others there is no share, and charts are 503; rates need not wait for that.
    void governor.start();
    const server = await startApiServer({
      feed: bus.frames,
      codec: { packFrame, unpackFrame, packText },
      clock: systemClock,
      log,
      hostname: settings.HOST,
      port: settings.PORT,
      tickPeriodMs: settings.TICK_INTERVAL_MS,
      version: VERSION,
      simulated: settings.SIMULATED,
      accounts: await accountsOf(settings, database, { bus, log }),
      market: marketOf(settings, database, governor),
      tracer: tracing?.tracer,
      settings: {
        addressRequestsPerMinuteMax: settings.ADDRESS_REQUESTS_PER_MINUTE_MAX,
        addressLoginsPerMinuteMax: settings.ADDRESS_LOGINS_PER_MINUTE_MAX,
        userWritesPerMinuteMax: settings.USER_WRITES_PER_MINUTE_MAX,
        userReadsPerMinuteMax: settings.USER_READS_PER_MINUTE_MAX,
        trustedProxies: settings.TRUSTED_PROXIES,
        corsOrigins: settings.CORS_ORIGINS ?? [],
      },
    });
    releases.push(() => server.stop());
    const ofProcess = createProcessMetrics("api", VERSION, systemClock, tracing?.counts);
    const metrics = serveMetrics(settings, () => [...ofProcess(), ...server.metrics()], log);
    if (metrics) releases.push(() => metrics.stop());
    log.info("listening", { url: server.url });
  },
});
