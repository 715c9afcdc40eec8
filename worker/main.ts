// schedulerx-worker: pulls quote tasks from the bus, fetches books, computes rates, reports. Carries no ccxt.

import { hostname } from "node:os";
import { systemClock } from "../src/adapters/clock.ts";
import { createProcessMetrics } from "../src/adapters/telemetry/metrics.ts";
import { VENUE_BOOKS } from "../src/adapters/venue/books.ts";
import { createBookFetcher } from "../src/adapters/venue/http.ts";
import { workerFields } from "../src/config.ts";
import { check, checkFeasibleTick, checkVenues } from "../src/main/check.ts";
import { busOf, governorOf, quietLog, venueUrlsOf } from "../src/main/connect.ts";
import { serveMetrics } from "../src/main/metrics.ts";
import { runProcess } from "../src/main/process.ts";
import { VERSION } from "../src/version.ts";
import { QuoteAnswerer } from "./answer-quote-task.ts";
import { workerMetrics } from "./metrics.ts";
import { runWorker, type WorkerCounters } from "./run.ts";

const CHECK_WITHIN_MS = 3_000;
const REPORT_COUNTERS_MS = 300_000;

await runProcess({
  name: "schedulerx-worker",
  about:
    "Fetches order books and computes rates for the tasks it pulls from the bus. Run as many as there are addresses.",
  fields: workerFields,
  check: async (settings) => {
    const results = await checkVenues(venueUrlsOf(settings), settings.REQUEST_TIMEOUT_MS);
    let bus: Awaited<ReturnType<typeof busOf>> | undefined;
    results.push(
      await check("bus", async () => {
        bus = await busOf(settings, "schedulerx-check", quietLog, { withinMs: CHECK_WITHIN_MS });
        return bus.state().detail;
      }),
    );
    if (bus) {
      results.push(await checkFeasibleTick(bus, undefined));
      await bus.drain();
    }
    return results;
  },
  start: async (settings, log, releases, stop, _logLevel, tracing) => {
    const clock = systemClock;
    const id = settings.WORKER_ID ?? `${hostname()}-${process.pid}`;
    const bus = await busOf(settings, id, log, { signal: stop });
    releases.push(() => bus.drain());
    const governor = await governorOf(settings, bus, log, { id, role: "worker" });
    releases.push(() => governor.stop());
    const answerer = new QuoteAnswerer({
      clock,
      fetcher: createBookFetcher(venueUrlsOf(settings), clock),
      governor,
      venues: VENUE_BOOKS,
      settings: {
        requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
        bookAgeMsMax: settings.BOOK_AGE_MS_MAX,
        legSkewMsMax: settings.LEG_SKEW_MS_MAX,
      },
    });
    const counters: WorkerCounters = { answered: 0, late: 0, unreadable: 0, givenBack: 0 };
    const running = runWorker(
      {
        id,
        sourceAddress: settings.SOURCE_ADDRESS,
        clock,
        log,
        tasks: bus.tasks,
        reports: bus.reports,
        governor,
        answerer,
        tracer: tracing?.tracer,
      },
      stop,
      counters,
    );
    // The task in hand is finished before anything it needs is released.
    releases.push(() => running);
    const ofProcess = createProcessMetrics("worker", VERSION, clock, tracing?.counts);
    const metrics = serveMetrics(
      settings,
      () => [
        ...ofProcess(),
        ...workerMetrics({
          ...{ counters, budgets: governor.state(), refusals: governor.refusals, bus: bus.state() },
          hasShare: governor.hasShare(),
        }),
      ],
      log,
    );
    if (metrics) releases.push(() => metrics.stop());
    const timer = setInterval(
      () => log.info("counters", { ...counters, refusals: Object.fromEntries(governor.refusals) }),
      REPORT_COUNTERS_MS,
    );
    releases.push(() => clearInterval(timer));
  },
});
