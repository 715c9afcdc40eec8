import { expect, test } from "bun:test";
import { statfsSync } from "node:fs";
import { Histogram } from "../../domain/histogram.ts";
import { counter, gauge, histogram, samplesByWords } from "../../ports/metrics.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { createProcessMetrics, metricsText } from "./metrics.ts";

test("counters, gauges and histograms are written as Prometheus reads them", () => {
  const ages = new Histogram([0.5, 1]);
  ages.observe(0.25);
  ages.observe(3);
  const text = metricsText([
    counter(
      "fetches_total",
      "Answers.",
      samplesByWords(new Map([["upbit http 404", 2]]), "venue", "outcome"),
    ),
    gauge("price_krw", "Unknown now.", undefined),
    gauge("paused", "A\nback\\slash.", true),
    histogram("age_seconds", "Age.", ages.read()),
  ]);
  expect(text.split("\n")).toEqual([
    "# HELP fetches_total Answers.",
    "# TYPE fetches_total counter",
    'fetches_total{venue="upbit",outcome="http 404"} 2',
    "# HELP price_krw Unknown now.",
    "# TYPE price_krw gauge",
    "# HELP paused A\\nback\\\\slash.",
    "# TYPE paused gauge",
    "paused 1",
    "# HELP age_seconds Age.",
    "# TYPE age_seconds histogram",
    'age_seconds_bucket{le="0.5"} 1',
    'age_seconds_bucket{le="1"} 1',
    'age_seconds_bucket{le="+Inf"} 2',
    "age_seconds_sum 3.25",
    "age_seconds_count 2",
    "",
  ]);
});

test("a label's value cannot break out of its quotes", () => {
  const samples = [{ labels: { outcome: 'a"} 1\nx\\' }, value: 1 }];
  expect(metricsText([gauge("a", "b", samples)]).split("\n")[2]).toBe('a{outcome="a\\"} 1\\nx\\\\"} 1');
});

test("a process tells its start, its memory and its version", () => {
  const clock = new ManualClock(1_000_000_000_000);
  const text = metricsText(createProcessMetrics("worker", "1.2.3", clock)());
  expect(text).toContain('schedulerx_build_info{process="worker",version="1.2.3"} 1\n');
  const numberOf = (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  expect(numberOf("process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
  expect(numberOf("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(numberOf("process_start_time_seconds")).toBeWithin(999_990_000, 1_000_000_001);
});

test("a process tells what is left of the disks of its folders, and nothing of folders that are not there", () => {
  const text = metricsText(
    createProcessMetrics("worker", "1", new ManualClock(0), undefined, ["/", "/nowhere"])(),
  );
  const { bavail, blocks, bsize } = statfsSync("/");
  expect(text).toContain(`schedulerx_disk_size_bytes{folder="/"} ${blocks * bsize}\n`);
  const [free, ...others] = [...text.matchAll(/^schedulerx_disk_free_bytes\{folder="\/"\} (\d+)$/gm)];
  // Others write meanwhile.
  expect(Number(free?.[1])).toBeWithin((bavail * bsize) / 2, blocks * bsize);
  expect([others, text.includes("nowhere")]).toEqual([[], false]);
});
