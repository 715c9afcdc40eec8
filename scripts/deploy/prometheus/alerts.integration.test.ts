// The alert rules on scrapes by the processes' own functions, judged by Prometheus' promtool: none fires while all is
// well, and each fires, alone, when what it is for is made to happen. What rules and dashboard name is told by somebody.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Decimal } from "../../../src/domain/decimal.ts";
import { longTest } from "../../../src/testing/long.ts";
import { needs } from "../../../src/testing/needs.ts";
import { requireProgram } from "../../../src/testing/services/programs.ts";
import { makeTempDir, removeTempDir } from "../../../src/testing/services/temp-dir.ts";
import { DASHBOARD_FILE, dashboard } from "../../dashboard.ts";
import { namesOf, Recording, SCRAPE_SECONDS, Situation } from "./scrapes-testing.ts";

const ALERTS_FILE = join(import.meta.dir, "alerts.yml");
const JOBS = ["schedulerx-scheduler", "schedulerx-worker", "schedulerx-api"];
/** Fires whatever happens, so that its silence is noticed elsewhere. */
const WATCHDOG = "SchedulerxWatchdog";
const LENGTH_SECONDS = 450;
/** When what is to go wrong does. */
const TROUBLE_AT_SECONDS = 240;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}
const rules = (
  Bun.YAML.parse(readFileSync(ALERTS_FILE, "utf8")) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);

/** What happens at that instant, or again at every scrape from there on. */
interface Case {
  readonly once?: (now: Situation) => void;
  readonly always?: (now: Situation) => void;
}

const openLeg = (now: Situation) =>
  void now.running.push({
    ...{ kind: "entry", state: "overseas-sending", unhedgedKrw: Decimal.of(1_000_000) },
    sendingAtMs: now.clock.nowMs(),
  });

const CASES: Readonly<Record<string, Case>> = {
  SchedulerxUnhedged: { once: openLeg },
  SchedulerxIncidentOpen: { once: (now) => (now.incidents["unknown-difference"] = 1) },
  SchedulerxNobodyLeads: {
    once: (now) => {
      now.role = "standby";
      now.fence = undefined;
    },
  },
  SchedulerxTwoLead: {},
  SchedulerxRecoveryStuck: { once: (now) => (now.role = "recovering") },
  SchedulerxComparisonStopped: { once: (now) => (now.isComparing = false) },
  SchedulerxEntriesOffLong: { once: (now) => (now.offSinceMs = -3_600_000) },
  SchedulerxTicksStopped: { once: (now) => (now.ticking.isStopped = true) },
  SchedulerxTicksIncomplete: { always: (now) => (now.counters.incomplete = now.counters.closed) },
  SchedulerxNoWorker: { once: (now) => (now.workers = []) },
  SchedulerxWorkerMissing: { once: (now) => (now.workers = ["a"]) },
  SchedulerxRatesMissing: { once: (now) => now.rows.fill("stale", 0, 10) },
  SchedulerxNoReference: { once: (now) => (now.reference = undefined) },
  SchedulerxVenueBan: {
    once: (now) => Object.assign(now.budgets.binance, { holdMs: 90_000, banMs: 90_000 }),
  },
  SchedulerxVenueRefuses: { once: (now) => now.refusals.set("upbit 429", 1) },
  SchedulerxNoList: { once: (now) => (now.lists.bithumb.count = 0) },
  SchedulerxProcessDown: { once: (now) => (now.answering.worker = false) },
  SchedulerxRestarts: { always: (now) => (now.startedAtSeconds = Math.floor(now.at / 60) * 60) },
  SchedulerxLinkDown: { once: (now) => (now.links.redis.up = false) },
  SchedulerxApiStale: { once: (now) => (now.apiFrameAgeMs = 121_000) },
  SchedulerxApiErrors: {
    always: (now) => {
      for (const status of [200, 200, 200, 503]) now.api.answered(status);
    },
  },
  SchedulerxCertificateEnds: { once: (now) => (now.busCertificateDays = 29) },
  SchedulerxDiskLow: { once: (now) => (now.diskFreeBytes = 2.9e9) },
  SchedulerxDiskFull: { once: (now) => (now.diskFreeBytes = 0.9e9) },
  SchedulerxNoticesLost: { once: (now) => (now.notices.lost = 1) },
};

async function seriesOf({ once, always }: Case, jobs = JOBS) {
  const now = new Situation();
  const recording = new Recording();
  for (let at = 0; at <= LENGTH_SECONDS; at += SCRAPE_SECONDS) {
    if (at === TROUBLE_AT_SECONDS) once?.(now);
    if (at >= TROUBLE_AT_SECONDS) always?.(now);
    recording.add(now.scrape(), jobs);
    await now.pass();
  }
  return recording.series();
}

needs(["promtool"], "the alert rules", () => {
  let dir: string;
  beforeAll(() => void (dir = makeTempDir("alerts")));
  afterAll(() => removeTempDir(dir));

  function promtool(...args: string[]) {
    const { exitCode, stdout, stderr } = Bun.spawnSync([requireProgram("promtool"), ...args], { cwd: dir });
    return { exitCode, said: `${stdout}${stderr}` };
  }

  /** In each, over the whole of it, exactly these fire; one run for all, since most of it is promtool's start. */
  async function judged(
    situations: readonly { readonly series: readonly object[]; readonly firing: readonly string[] }[],
  ): Promise<void> {
    const expr = `group by (alertname) (max_over_time(ALERTS{alertstate="firing"}[${LENGTH_SECONDS}s]))`;
    const tests = situations.map(({ series, firing }) => {
      const exp_samples = [...firing, WATCHDOG].map((alertname) => ({
        labels: `{alertname="${alertname}"}`,
        value: 1,
      }));
      const promql_expr_test = [{ expr, eval_time: `${LENGTH_SECONDS}s`, exp_samples }];
      return { interval: `${SCRAPE_SECONDS}s`, input_series: series, promql_expr_test };
    });
    const document = { rule_files: [ALERTS_FILE], evaluation_interval: `${SCRAPE_SECONDS}s`, tests };
    const file = join(dir, "situations.yml");
    await Bun.write(file, JSON.stringify(document));
    const { exitCode, said } = promtool("test", "rules", file);
    expect([exitCode, said]).toEqual([0, expect.stringContaining("SUCCESS")]);
  }

  test("rules and the example of a configuration are spelt right, and every rule says what to do", () => {
    expect(promtool("check", "rules", ALERTS_FILE)).toMatchObject({ exitCode: 0 });
    const config = join(import.meta.dir, "prometheus.yml");
    expect(promtool("check", "config", "--syntax-only", config)).toMatchObject({ exitCode: 0 });
    for (const { alert, annotations } of rules)
      expect([alert, annotations.summary.length > 60]).toEqual([alert, true]);
  });

  longTest(
    "none fires while all is well, nor for legs alone for a few seconds, one after the other",
    async () => {
      const oneAfterAnother = (now: Situation) => {
        now.running.length = 0;
        openLeg(now);
        now.running[0]!.sendingAtMs -= 5_000;
      };
      await judged([
        { series: await seriesOf({}), firing: [] },
        { series: await seriesOf({ always: oneAfterAnother }), firing: [] },
      ]);
    },
  );

  longTest("each fires when what it is for happens, and no other does", async () => {
    expect([...Object.keys(CASES), WATCHDOG].sort()).toEqual(rules.map(({ alert }) => alert).sort());
    const situations = Object.entries(CASES).map(async ([alert, trouble]) => {
      const series = await seriesOf(trouble);
      if (alert === "SchedulerxTwoLead") series.push(...(await secondScheduler()));
      return { series, firing: [alert] };
    });
    await judged(await Promise.all(situations));
  });
});

async function secondScheduler() {
  const series = await seriesOf({}, ["schedulerx-scheduler"]);
  return series.map((one) => ({ ...one, series: one.series.replace("scheduler:1", "scheduler:2") }));
}

test("what rules and dashboard name is told by some process", () => {
  const told = namesOf(new Situation().scrape());
  const expressions = `${rules.map(({ expr }) => expr).join("\n")}\n${JSON.stringify(dashboard())}`;
  const named = new Set(expressions.match(/\b(schedulerx|process)_\w+/g));
  expect(named.size).toBeGreaterThan(40);
  expect([...named].filter((name) => !told.has(name))).toEqual([]);
});

test("the dashboard is the one the script writes", () => {
  expect(JSON.parse(readFileSync(DASHBOARD_FILE, "utf8"))).toEqual(dashboard());
});
