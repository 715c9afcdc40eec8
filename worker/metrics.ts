// What a worker says of itself to Prometheus. What it fetched stands in its reports, and so with the scheduler.

import type { BudgetParts } from "../src/ports/budget-metrics.ts";
import { budgetMetrics } from "../src/ports/budget-metrics.ts";
import { counter, gauge, type Metric, samplesByKey } from "../src/ports/metrics.ts";
import type { WorkerCounters } from "./run.ts";

export interface WorkerMetricsParts extends BudgetParts {
  readonly counters: WorkerCounters;
  readonly bus: { readonly up: boolean };
  readonly hasShare: boolean;
}

export function workerMetrics({ counters, bus, hasShare, ...budget }: WorkerMetricsParts): Metric[] {
  const { answered, late, unreadable, givenBack } = counters;
  return [
    gauge("schedulerx_link_up", "1 while a server is reached.", [
      { labels: { link: "bus" }, value: +bus.up },
    ]),
    gauge("schedulerx_worker_has_share", "0 while it is a spare: others use up its address.", hasShare),
    counter(
      "schedulerx_worker_tasks_total",
      "Tasks taken, by what became of them.",
      samplesByKey("outcome", { answered, late, unreadable, "given-back": givenBack }),
    ),
    ...budgetMetrics(budget),
  ];
}
