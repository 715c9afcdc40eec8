// --check of the scheduler: every server its settings name, reached. `doctor` says the same where the port is silent.

import { systemClock } from "../../adapters/clock.ts";
import { createRedisPublisher, type RedisTarget } from "../../adapters/redis/publisher.ts";
import type { SchedulerSettings } from "../../config.ts";
import { type CheckResult, check, checkFeasibleTick, checkVenues } from "../../main/check.ts";
import { checkDatabase } from "../../main/check-database.ts";
import { busOf, quietLog, venueUrlsOf } from "../../main/connect.ts";

const CHECK_WITHIN_MS = 3_000;

/** At once: whatever is away takes its whole time to be given up. Changes nothing. */
export async function checkServers(settings: SchedulerSettings): Promise<CheckResult[]> {
  const results = await Promise.all([
    checkVenues(venueUrlsOf(settings), settings.REQUEST_TIMEOUT_MS),
    checkDatabase(settings, settings.TRADING_MODE === "live" ? ["rates", "live"] : ["rates"]),
    checkRedis(settings),
    checkBus(settings),
  ]);
  return results.flat();
}

export function redisTargetOf(settings: SchedulerSettings): RedisTarget | undefined {
  const { REDIS_URL, REDIS_CA_FILE, UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = settings;
  if (REDIS_URL) return { kind: "tcp", url: REDIS_URL, ...(REDIS_CA_FILE ? { caFile: REDIS_CA_FILE } : {}) };
  if (UPSTASH_REDIS_REST_URL && UPSTASH_REDIS_REST_TOKEN) {
    return { kind: "rest", url: UPSTASH_REDIS_REST_URL, token: UPSTASH_REDIS_REST_TOKEN };
  }
  return undefined;
}

async function checkRedis(settings: SchedulerSettings): Promise<CheckResult[]> {
  const target = redisTargetOf(settings);
  if (!target) return [];
  const result = await check("redis", async () => {
    const publisher = createRedisPublisher({
      target,
      tickPeriodMs: settings.TICK_INTERVAL_MS,
      karbitChannels: [],
      karbitReference: false,
      log: quietLog,
      clock: systemClock,
    });
    await systemClock.sleep(CHECK_WITHIN_MS);
    const { up, detail } = publisher.state();
    await publisher.stop();
    if (!up) throw new Error(detail);
    return detail;
  });
  return [result];
}

async function checkBus(settings: SchedulerSettings): Promise<CheckResult[]> {
  let bus: Awaited<ReturnType<typeof busOf>> | undefined;
  const reached = await check("bus", async () => {
    bus = await busOf(settings, "schedulerx-check", quietLog, { withinMs: CHECK_WITHIN_MS });
    return bus.state().detail;
  });
  if (!bus) return [reached];
  const feasible = await checkFeasibleTick(bus, settings.TICK_INTERVAL_MS);
  await bus.drain();
  return [reached, feasible];
}
