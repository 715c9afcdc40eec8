import { expect, test } from "bun:test";
import type { Metric } from "../src/ports/metrics.ts";
import { ApiCounts } from "./counts.ts";
import { apiMetrics } from "./metrics.ts";
import { fakeFrame, fakeRows, StreamReader, testApi } from "./test-kit.ts";

const STREAM = "/api/premium/stream?format=compact";

function numberOf(metrics: readonly Metric[], name: string, label = ""): number | undefined {
  const metric = metrics.find((one) => one.name === name);
  if (!metric || metric.type === "histogram") throw new Error(`expected ${name}, was nothing`);
  return metric.samples.find(({ labels = {} }) => Object.values(labels).join() === label)?.value;
}

test("streams are counted by format while they are open, and the bytes of their events for good", async () => {
  const counts = new ApiCounts();
  const api = await testApi({ rows: fakeRows(), deps: { counts } });
  const of = (name: string, label?: string) => numberOf(apiMetrics(counts, api.live.state()), name, label);
  const reader = new StreamReader(await api.app.request(STREAM));
  await reader.events(1);
  expect(of("schedulerx_clients", "compact")).toBe(1);
  expect(of("schedulerx_clients", "karbit")).toBe(0);
  expect(of("schedulerx_stream_events_bytes_total", "compact")).toBe(0);
  const before = reader.byteCount;
  api.feed.publish(fakeFrame(fakeRows({ seed: 9, coins: ["ETH"] }), { part: 1 }));
  await reader.events(2);
  const bytes = of("schedulerx_stream_events_bytes_total", "compact");
  expect(bytes).toBe(reader.byteCount - before);
  expect(of("schedulerx_api_frame_age_seconds")).toBe(2);
  await api.close();
  await reader.toEnd();
  expect(of("schedulerx_clients", "compact")).toBe(0);
  expect(of("schedulerx_stream_events_bytes_total", "compact")).toBe(bytes);
});

test("answers are counted by status, and an api without a frame tells no age", () => {
  const counts = new ApiCounts();
  for (const status of [200, 200, 503]) counts.answered(status);
  const metrics = apiMetrics(counts, { up: false, detail: "", frameAgeMs: undefined, rowCount: 0 });
  expect(numberOf(metrics, "schedulerx_http_responses_total", "200")).toBe(2);
  expect(numberOf(metrics, "schedulerx_http_responses_total", "503")).toBe(1);
  expect(numberOf(metrics, "schedulerx_api_frame_age_seconds")).toBeUndefined();
  expect(numberOf(metrics, "schedulerx_link_up", "bus")).toBe(0);
});
