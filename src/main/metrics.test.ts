import { afterEach, expect, test } from "bun:test";
import { gauge } from "../ports/metrics.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { type MetricsServer, serveMetrics } from "./metrics.ts";

let server: MetricsServer | undefined;
afterEach(() => server?.stop());

const TOKEN = "a-token-for-prometheus";
const log = new RecordingLog();

function serve(token?: string, collect = () => [gauge("a", "b", 1)]): string {
  server = serveMetrics({ METRICS_HOST: "127.0.0.1", METRICS_PORT: 0, METRICS_TOKEN: token }, collect, log);
  return server!.url;
}

test("without a port there is none", () => {
  const settings = { METRICS_HOST: "127.0.0.1", METRICS_PORT: undefined, METRICS_TOKEN: TOKEN };
  expect(serveMetrics(settings, () => [], log)).toBeUndefined();
});

test("what is collected is given at /metrics and nowhere else", async () => {
  const url = serve();
  const given = await fetch(`${url}/metrics`);
  expect(given.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await given.text()).toBe("# HELP a b\n# TYPE a gauge\na 1\n");
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
});

test("with a token nobody reads without it", async () => {
  const url = serve(TOKEN);
  const ask = (authorization: string) => fetch(`${url}/metrics`, { headers: { authorization } });
  for (const wrong of ["", TOKEN, `Bearer ${TOKEN} `.slice(0, -2), "Bearer x"]) {
    const refused = await ask(wrong);
    expect([refused.status, refused.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
  }
  expect((await ask(`Bearer ${TOKEN}`)).status).toBe(200);
});

test("a failing collection is a problem document without the fault, which the log has", async () => {
  const url = serve(undefined, () => {
    throw new Error("the fault");
  });
  const failed = await fetch(`${url}/metrics`);
  expect(failed.status).toBe(500);
  expect(await failed.text()).not.toContain("the fault");
  expect(log.said()).toContain("metrics not given");
});
