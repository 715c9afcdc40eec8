// From a process that dies to the operator's chat, with Prometheus and Alertmanager running on the files of this folder:
// what is told, in which words, what is held back, and that it is over. Their secrets as text where Debian's Alertmanager
// is too old for files.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { METRICS_TOKEN, startFleet } from "../../../src/testing/e2e/fleet.ts";
import { needs } from "../../../src/testing/needs.ts";
import { type Alert, Alerting } from "./alerting-testing.ts";

const WORDS = 'Run "status" <now> & look.';

function alert(alertname: string, severity: string, instance: string, isOver = false): Alert {
  return {
    labels: { alertname, severity, instance },
    annotations: { summary: `${alertname} at ${instance}. ${WORDS}` },
    ...(isOver ? { endsAt: new Date(Date.now() - 1).toISOString() } : {}),
  };
}

needs(["alertmanager"], "Alertmanager", () => {
  let it: Alerting;
  beforeAll(async () => {
    it = await Alerting.start();
  });
  afterAll(async () => {
    await it?.stop();
  });
  const down = (instance: string, isOver = false) =>
    alert("SchedulerxProcessDown", "warning", instance, isOver);

  test("tells of two instances in one message, of the one that is over, and of both", async () => {
    await it.tell(down("a"));
    await it.tell(down("b"));
    const head = "SchedulerxProcessDown (warning)";
    const words = (instance: string) => `SchedulerxProcessDown at ${instance}. ${WORDS}\n`;
    expect(await it.message(/a\..*\n.*b\./)).toBe(`🔴 ${head}\n${words("a")}${words("b")}`);
    await it.tell(down("a", true));
    expect(await it.message(/over: .*a\./)).toBe(`🔴 ${head}\nover: ${words("a")}${words("b")}`);
    await it.tell(down("b", true));
    expect(await it.message(/over: .*b\./)).toBe(`🟢 ${head}\nover: ${words("b")}`);
    expect(it.chat.messages).toHaveLength(3);
  });

  test("says a cause alone, also where what follows from it came first in the same breath", async () => {
    const before = it.chat.messages.length;
    const follows = ["SchedulerxTicksStopped", "SchedulerxApiStale"];
    const names = [...follows, "SchedulerxNobodyLeads", "SchedulerxUnhedged"];
    await it.tell(...names.map((name) => alert(name, "critical", "s")));
    await it.message(/SchedulerxNobodyLeads/);
    await it.message(/SchedulerxUnhedged/);
    await it.tell(...names.map((name) => alert(name, "critical", "s", true)));
    await it.message(/🟢 SchedulerxNobodyLeads/);
    await it.message(/🟢 SchedulerxUnhedged/);
    const told = it.chat.messages.slice(before).map(({ text }) => text);
    expect(told).toHaveLength(4);
    expect(told.filter((text) => follows.some((name) => text.includes(name)))).toEqual([]);
  });

  test("asks again where Telegram does not take it", async () => {
    it.chat.trouble = "internal-error";
    const asked = Object.values(it.chat.requests).reduce((sum, count) => sum + count);
    await it.tell(alert("SchedulerxLinkDown", "critical", "s"));
    await it.chat.asked(asked + 3);
    it.chat.trouble = "none";
    expect(await it.message(/SchedulerxLinkDown/)).toStartWith("🔴 SchedulerxLinkDown (critical)\n");
  });

  test("tells the check elsewhere again and again that it lives, and nobody's phone", async () => {
    await it.tell(alert("SchedulerxWatchdog", "none", ""));
    await it.toldCheck(3);
    expect(new Set(it.checked.flat())).toEqual(new Set(["SchedulerxWatchdog"]));
    expect(it.chat.messages.filter(({ text }) => text.includes("Watchdog"))).toEqual([]);
  });
});

needs(["alertmanager", "prometheus", "nats", "redis", "postgres"], "Prometheus", () => {
  test("hears that the worker is gone, and that it is back", async () => {
    const fleet = await startFleet({
      tickMs: 2_000,
      workerCount: 1,
      coins: ["BTC", "XRP", "SOL"],
      record: false,
    });
    const it = await Alerting.start();
    try {
      const portOf = (name: string) =>
        fleet.programs
          .find((each) => each.name === name)!
          .lines()
          .findLast(({ event }) => event === "metrics port open")!.port;
      const workerPort = portOf("worker-0");
      const jobs = { scheduler: portOf("scheduler"), worker: workerPort, api: portOf("api") };
      await it.startPrometheus(
        Object.fromEntries(
          Object.entries(jobs).map(([job, port]) => [`schedulerx-${job}`, [`127.0.0.1:${port}`]]),
        ),
        METRICS_TOKEN,
      );
      await it.toldCheck(1);
      expect(it.chat.messages).toEqual([]);
      const [worker] = fleet.workers;
      const killedAtMs = Date.now();
      await worker!.kill9();
      expect(await it.message(/SchedulerxNoWorker/)).toStartWith(
        "🔴 SchedulerxNoWorker (critical)\nNo worker reports. Start schedulerx-worker;",
      );
      expect(await it.message(/SchedulerxProcessDown/)).toContain(
        `\nschedulerx-worker at 127.0.0.1:${workerPort} does not answer.`,
      );
      console.log(`told within ${Date.now() - killedAtMs} ms`);
      await worker!.start({ METRICS_PORT: `${workerPort}` });
      const startedAtMs = Date.now();
      await it.message(/🟢 SchedulerxNoWorker/);
      await it.message(/🟢 SchedulerxProcessDown/);
      console.log(`over within ${Date.now() - startedAtMs} ms`);
      // What follows from it, rates that are missing and ticks that are not whole, was not said.
      expect(it.chat.messages.map(({ text }) => text.split(" ")[1]).sort()).toEqual([
        "SchedulerxNoWorker",
        "SchedulerxNoWorker",
        "SchedulerxProcessDown",
        "SchedulerxProcessDown",
      ]);
    } finally {
      await it.stop();
      await fleet.stop();
    }
  }, 180_000);
});
