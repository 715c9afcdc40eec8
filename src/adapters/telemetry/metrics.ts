// Prometheus' text format (version 0.0.4), and what is said of every process.

import { readdirSync } from "node:fs";
import { cpuUsage, memoryUsage, uptime } from "node:process";
import type { Clock } from "../../ports/clock.ts";
import type { DiskState } from "../../ports/disks.ts";
import { counter, gauge, type Metric, type Sample, samplesByKey } from "../../ports/metrics.ts";
import { readDisks } from "./disks.ts";
import type { SpanCounts } from "./span-outbox.ts";

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(
      (metric) =>
        `# HELP ${metric.name} ${escaped(metric.help)}\n# TYPE ${metric.name} ${metric.type}\n${linesOf(metric)}`,
    )
    .join("");
}

function linesOf(metric: Metric): string {
  const { name } = metric;
  if (metric.type !== "histogram") return metric.samples.map((sample) => line(name, sample)).join("");
  const { bounds, counts, sum, count } = metric.reading;
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) =>
    line(`${name}_bucket`, { labels: { le: numberText(bound) }, value: counts[index] ?? count }),
  );
  return [...buckets, line(`${name}_sum`, { value: sum }), line(`${name}_count`, { value: count })].join("");
}

function line(name: string, { labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`,
  );
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${numberText(value)}\n`;
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

const FDS = "/proc/self/fd";
const MICROSECONDS = 1e6;

/** Where Debian's servers and our units keep what they store. */
const DATA_FOLDERS = ["/var/lib"];

/** Which program this is, its use of the machine, and what is left of the disks that hold `folders`. */
export function createProcessMetrics(
  process: string,
  version: string,
  clock: Clock,
  spans?: () => SpanCounts,
  folders: readonly string[] = DATA_FOLDERS,
): () => Metric[] {
  const startedAtSeconds = Math.round(clock.nowMs() / 1_000 - uptime());
  return () => {
    const { user, system } = cpuUsage();
    const disks = readDisks(folders);
    const samples = (value: (disk: DiskState) => number) =>
      disks.map((disk) => ({ labels: { folder: disk.folder }, value: value(disk) }));
    return [
      gauge("schedulerx_build_info", "Which program and version runs; always 1.", [
        { labels: { process, version }, value: 1 },
      ]),
      gauge("process_start_time_seconds", "When the process started, Unix time.", startedAtSeconds),
      counter("process_cpu_seconds_total", "CPU time taken.", (user + system) / MICROSECONDS),
      gauge("process_resident_memory_bytes", "Memory held.", memoryUsage.rss()),
      gauge("process_open_fds", "Open files and sockets.", openFds()),
      ...(spans ? [spanMetric(spans())] : []),
      gauge(
        "schedulerx_disk_free_bytes",
        "What a server that is not root may still write to the disk that holds a folder.",
        samples(({ freeBytes }) => freeBytes),
      ),
      gauge(
        "schedulerx_disk_size_bytes",
        "Size of that disk.",
        samples(({ sizeBytes }) => sizeBytes),
      ),
    ];
  };
}

function spanMetric({ exported, lost }: SpanCounts): Metric {
  const help = "Spans of traces that have ended, by what became of them.";
  return counter("schedulerx_spans_total", help, samplesByKey("outcome", { exported, lost }));
}

/** Undefined where the system does not tell. */
function openFds(): number | undefined {
  try {
    return readdirSync(FDS).length;
  } catch {
    return undefined;
  }
}
