// What an api says of itself to Prometheus.

import { counter, gauge, type Metric, samplesByKey, samplesByWords } from "../src/ports/metrics.ts";
import type { ApiCounts } from "./counts.ts";
import type { LiveFrames } from "./live-frames.ts";

export function apiMetrics(counts: ApiCounts, live: ReturnType<LiveFrames["state"]>): Metric[] {
  return [
    gauge("schedulerx_link_up", "1 while a server is reached.", [
      { labels: { link: "bus" }, value: +live.up },
    ]),
    gauge(
      "schedulerx_api_frame_age_seconds",
      "Age of the newest tick that has arrived.",
      live.frameAgeMs === undefined ? undefined : live.frameAgeMs / 1_000,
    ),
    gauge("schedulerx_api_rates", "Pairs of coins in the table served.", live.rowCount),
    gauge("schedulerx_clients", "Open streams of rates.", samplesByKey("format", counts.clients)),
    gauge("schedulerx_user_clients", "Open streams of users' own events.", counts.userStreams),
    counter(
      "schedulerx_stream_events_bytes_total",
      "Events handed to streams, after compression.",
      samplesByKey("format", counts.eventBytes),
    ),
    counter("schedulerx_readers_dropped_total", "Streams ended because nobody read.", counts.readersDropped),
    counter(
      "schedulerx_http_responses_total",
      "Answers to requests, also to those for streams.",
      samplesByWords(counts.responses, "status"),
    ),
  ];
}
