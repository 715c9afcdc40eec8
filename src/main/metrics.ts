// The port Prometheus scrapes a process at. Closed unless METRICS_PORT is set. It answers nothing else, so its token is
// worth no more than the numbers.

import { METRICS_CONTENT_TYPE, metricsText } from "../adapters/telemetry/metrics.ts";
import { sameText } from "../domain/same-text.ts";
import type { Metric } from "../ports/metrics.ts";
import type { Log } from "../ports/telemetry.ts";

export interface MetricsSettings {
  readonly METRICS_HOST: string;
  readonly METRICS_PORT: number | undefined;
  readonly METRICS_TOKEN: string | undefined;
}

export interface MetricsServer {
  readonly url: string;
  stop(): Promise<void>;
}

function problem(status: number, title: string, detail: string): Response {
  return Response.json(
    { type: "about:blank", status, title, detail },
    { status, headers: { "content-type": "application/problem+json" } },
  );
}

/** Undefined where the port stays closed. Throws when it is taken. */
export function serveMetrics(
  { METRICS_HOST: hostname, METRICS_PORT: port, METRICS_TOKEN: token }: MetricsSettings,
  collect: () => readonly Metric[],
  log: Log,
): MetricsServer | undefined {
  if (port === undefined) return undefined;
  const server = Bun.serve({
    hostname,
    port,
    development: false,
    fetch(request) {
      const given = request.headers.get("authorization") ?? "";
      if (token !== undefined && !sameText(given, `Bearer ${token}`)) {
        return problem(401, "Unauthorized", "Send METRICS_TOKEN: Authorization: Bearer ...");
      }
      if (new URL(request.url).pathname !== "/metrics")
        return problem(404, "Not found", "There is /metrics.");
      if (request.method !== "GET") return problem(405, "Method not allowed", "Expected GET.");
      return new Response(metricsText(collect()), { headers: { "content-type": METRICS_CONTENT_TYPE } });
    },
    error(error) {
      log.error("metrics not given", { error });
      return problem(500, "Internal error", "The process's log says more.");
    },
  });
  log.info("metrics port open", { host: hostname, port: server.port });
  return { url: `http://${hostname}:${server.port}`, stop: () => server.stop(true) };
}
