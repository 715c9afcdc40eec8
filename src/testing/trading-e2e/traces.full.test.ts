// Traces of real processes at a real collector: a tick through scheduler, worker and api over NATS, an entry whose
// scheduler is killed between its legs, a collector that hangs, and what must never be in a span.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { traceIdOf } from "../../domain/trace-ids.ts";
import type { ClosedTick } from "../../scheduler/collect-frame.ts";
import { Program } from "../e2e/program.ts";
import { needs } from "../needs.ts";
import { OtlpReceiver, type ReceivedSpan } from "../otlp-receiver.ts";
import { CHEAP, ENCRYPTION_KEY } from "./test-traders.ts";
import { TradingFleet } from "./trading-fleet.ts";

const TICK_MS = 2_000;
const NAMESPACE = "traced-end-to-end";
const COLLECTOR_TOKEN = "collector-token-0123456789";

if (process.env.FULL) {
  needs(["nats", "postgres"], "traces of real processes", () => {
    const receiver = new OtlpReceiver();
    let fleet: TradingFleet;
    let api: Program;

    beforeAll(async () => {
      const env = {
        ...{ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, TRACES_TICK_PCT: "100" },
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${COLLECTOR_TOKEN}`,
        ...{ TRACES_NAMESPACE: NAMESPACE, LOG_LEVEL: "debug" },
      };
      fleet = await TradingFleet.start({
        ...{ tickMs: TICK_MS, traders: [{ coin: "AAA", pair: "upbit-bybit" }], env },
      });
      const ofApi = { NATS_URL: fleet.nats.url, TICK_INTERVAL_MS: `${TICK_MS}`, PORT: "0" };
      api = new Program("api", "api", { ...ofApi, ...env });
      await api.start();
    }, 120_000);

    afterAll(async () => {
      if (api?.isRunning()) await api.stop();
      await fleet?.stop();
      await receiver.stop();
    });

    const ofTrace = (traceId: string) => receiver.spans.filter((span) => span.traceId === traceId);
    const serviceOf = ({ resource }: ReceivedSpan) => resource["service.name"];
    const processOf = ({ resource }: ReceivedSpan) => resource["service.instance.id"];

    test("a tick is one tree of spans from three processes, and their logs carry its id", async () => {
      const fromMs = Date.now();
      const isWhole = ({ traceId, attributes }: ReceivedSpan) =>
        Number(attributes["schedulerx.tick.at_ms"]) > fromMs &&
        ofTrace(traceId).some((span) => serviceOf(span) === "schedulerx-api");
      // Two later ones: by then everybody has sent what he has of it.
      await receiver.until(() => receiver.named("tick").filter(isWhole).length > 2);
      const tick = receiver.named("tick").find(isWhole)!;
      const tickAtMs = Number(tick.attributes["schedulerx.tick.at_ms"]);
      expect(tick.traceId).toBe(traceIdOf(NAMESPACE, `tick ${tickAtMs}`));
      const spans = ofTrace(tick.traceId);
      for (const span of spans) expect(receiver.lineOf(span).at(-1)).toBe("tick");
      const count = (name: string) => spans.filter((span) => span.name === name).length;
      const taskCount = count("send schedulerx.tasks");
      expect(taskCount).toBeGreaterThan(2);
      for (const name of [
        "process schedulerx.tasks",
        "send schedulerx.reports",
        "process schedulerx.reports",
      ]) {
        expect([name, count(name)]).toEqual([name, taskCount]);
      }
      expect(count("process schedulerx.frames")).toBe(count("send schedulerx.frames"));
      expect([...new Set(spans.map(serviceOf))].sort()).toEqual([
        "schedulerx-api",
        "schedulerx-scheduler",
        "schedulerx-worker",
      ]);
      console.log(`${spans.length} spans of a tick of ${taskCount} tasks`);
      const said = [...fleet.scheduler.lines(), ...fleet.worker.lines()].filter(
        (line) => line.tickAtMs === tickAtMs,
      );
      expect(said.map(({ event }) => event)).toContain("task answered");
      expect(new Set(said.map(({ traceId }) => traceId))).toEqual(new Set([tick.traceId]));
    }, 60_000);

    test("an entry killed between its legs is one trace by two processes", async () => {
      const { control } = fleet.simulator;
      const fault = control.setFault({
        ...{ kind: "delay", delayMs: 15_000, count: 1 },
        ...{ venue: "bybit", method: "POST", path: "/v5/order/create$" },
      });
      fleet.steer({ premium: CHEAP });
      await fleet.until("a hedge at the venue", () => fault.hits > 0);
      await receiver.until(() => receiver.named("order buy").length > 0);
      await fleet.scheduler.kill9();
      const { intentId } = (await fleet.unfinished())[0]!;
      const traceId = traceIdOf(NAMESPACE, `intent ${intentId}`);
      const before = ofTrace(traceId);
      expect(before.map(({ name }) => name)).toContain("order buy");
      expect(before.map(({ name }) => name)).not.toContain("intent entry");
      await fleet.scheduler.start();
      await fleet.untilQuiet();
      await receiver.until(() => ofTrace(traceId).some(({ name }) => name === "intent entry"));
      const spans = ofTrace(traceId);
      for (const span of spans) expect(receiver.lineOf(span).at(-1)).toBe("intent entry");
      const [first, second] = [before[0]!, spans.find(({ name }) => name === "intent entry")!].map(processOf);
      expect(first).not.toBe(second);
      const ofSecond = spans.filter((span) => processOf(span) === second).map(({ name }) => name);
      for (const name of ["look up order", "order hedge", "journal settle entry"]) {
        expect(ofSecond).toContain(name);
      }
      console.log(`${spans.length} spans of an entry by two processes`);
      const said = fleet.scheduler.lines().filter((line) => line.intentId === intentId);
      expect(said.map(({ event }) => event)).toEqual(
        expect.arrayContaining(["intent begun", "intent goes on", "intent ended"]),
      );
      expect(new Set(said.map((line) => line.traceId))).toEqual(new Set([traceId]));
    }, 120_000);

    test("while the collector hangs ticks are as whole as before, and it is said once", async () => {
      receiver.mood = "hang";
      const closedWhole = async () => {
        const seen = await fleet.control<{ lastClosed?: ClosedTick }>("/ticks");
        return seen?.lastClosed?.missing.length === 0 ? seen.lastClosed.tickAtMs : 0;
      };
      const away = (program: Program) =>
        program.lines().filter(({ event }) => event === "traces do not reach the collector");
      const programs = [fleet.scheduler, fleet.worker, api];
      await fleet.until("everybody to notice", () => programs.every((each) => away(each).length > 0), 40_000);
      const fromMs = Date.now();
      await fleet.until("a whole tick", async () => (await closedWhole()) > fromMs);
      receiver.mood = "take";
      const back = (program: Program) =>
        program.lines().some(({ event }) => event === "traces reach the collector again");
      await fleet.until("everybody to come back", () => programs.every(back), 40_000);
      expect(programs.map((each) => away(each).length)).toEqual([1, 1, 1]);
    }, 120_000);

    test("no key, token or password is in any span", () => {
      const bodies = receiver.texts.filter((text) => text.startsWith("{")).join("\n");
      expect(bodies.length).toBeGreaterThan(50_000);
      expect(receiver.texts.some((text) => text.includes(`Bearer ${COLLECTOR_TOKEN}`))).toBe(true);
      const secrets = [
        ENCRYPTION_KEY,
        COLLECTOR_TOKEN,
        "operator-word",
        "access-key",
        "operator-wallet-states",
      ];
      for (const secret of [...secrets, "secret-of-an-account", "signature", "authorization", "@"]) {
        expect([secret, bodies.includes(secret)]).toEqual([secret, false]);
      }
      expect(receiver.faults).toEqual([]);
    });
  });
}
