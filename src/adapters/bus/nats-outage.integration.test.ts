// The bus through kill -9 of the server, wrong credentials, TLS, and servers that come late.

import { afterEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { BusFault, isPassingBusFault } from "../../domain/bus-fault.ts";
import { longTest } from "../../testing/long.ts";
import { needs } from "../../testing/needs.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { freePort, startNats, type TestNats } from "../../testing/services.ts";
import { systemClock } from "../clock.ts";
import { connectNats, type NatsBus, type NatsOptions } from "./nats.ts";

const RESUME_MS = 10_000;
/** Far more than a refusal takes anywhere, and far less than an outage may last. */
const BOUNDED_MS = 15_000;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Resolves once the condition holds; rejects when it does not within the time promised for coming back. */
async function soon(what: string, holds: () => boolean, withinMs = RESUME_MS): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`expected within ${withinMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}

needs(["nats", "openssl"], "the bus on NATS in bad weather", () => {
  const open: NatsBus[] = [];
  let server: TestNats | undefined;
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.drain()));
    await server?.stop();
    server = undefined;
  });
  async function connect(options: Partial<NatsOptions> & { url: string }): Promise<[NatsBus, RecordingLog]> {
    const log = new RecordingLog();
    const bus = await connectNats({ name: "test", log, clock: systemClock, ...options });
    open.push(bus);
    return [bus, log];
  }
  const fault = (work: Promise<unknown>): Promise<BusFault> =>
    work.then(
      () => undefined as never,
      (error) => error,
    );

  test("three times killed and restarted: everything goes on by itself, nothing stored is lost, said once each", async () => {
    server = await startNats();
    const [scheduler, schedulerLog] = await connect({ url: server.url });
    const [worker, workerLog] = await connect({ url: server.url });
    await scheduler.ensureStreams({ tickPeriodMs: 30_000 });
    const heard: string[] = [];
    const frames: string[] = [];
    const late: string[] = [];
    await scheduler.reports.subscribe(systemClock.nowMs() - 1_000, (bytes) => void heard.push(textOf(bytes)));
    await worker.frames.subscribe(
      (bytes) => void frames.push(textOf(bytes)),
      () => void frames.push("back"),
    );
    await worker.announcements.listen("presence", (bytes) => void late.push(textOf(bytes)));

    const expected: string[] = [];
    for (let round = 1; round <= 3; round++) {
      // In round 1 the reader has seen nothing yet: it must begin anew at its moment, not fall silent.
      const waiting = worker.tasks.next(30_000);
      await server.kill9();
      await soon("loss noticed", () => !scheduler.state().up && !worker.state().up);

      const duringMs = performance.now();
      expect(isPassingBusFault(await fault(scheduler.frames.publishFrame(bytesOf("lost"))))).toBeTrue();
      expect(isPassingBusFault(await fault(worker.frames.snapshot()))).toBeTrue();
      worker.announcements.announce("presence", bytesOf("lost"));
      expect(await worker.tasks.next(20)).toBeUndefined();
      expect(performance.now() - duringMs).toBeLessThan(BOUNDED_MS);
      const begun = worker.reports.publish(`${round}.begun`, bytesOf(`${round}.begun`));
      await server.restart();
      await begun;
      await soon("both up", () => scheduler.state().up && worker.state().up);

      await scheduler.tasks.publish(`${round}.0`, bytesOf(`${round}.0`));
      const task = await waiting;
      expect(textOf(task!.bytes)).toBe(`${round}.0`);
      await task!.ack();
      await worker.reports.publish(`${round}.0`, bytesOf(`${round}.0`));
      expected.push(`${round}.begun`, `${round}.0`);
      await soon(`reports of round ${round}`, () => heard.length >= expected.length);
      expect(heard).toEqual(expected);
      await soon("the return told to the frame reader", () => frames.length >= 2 * round - 1);
      await scheduler.frames.publishFrame(bytesOf(`frame ${round}`));
      await soon("a frame", () => frames.length >= 2 * round);
      scheduler.announcements.announce("presence", bytesOf(`${round}`));
      await soon("an announcement", () => late.length >= round);
    }
    expect(frames).toEqual(["back", "frame 1", "back", "frame 2", "back", "frame 3"]);
    expect(late).toEqual(["1", "2", "3"]);
    const once = ["bus lost, reconnecting", "bus is back"];
    expect(schedulerLog.said()).toEqual([...once, ...once, ...once]);
    expect(workerLog.said()).toEqual([...once, ...once, ...once]);
  });

  longTest(
    "while the server stays away a publish is refused in bounded time, and only so many may wait",
    async () => {
      server = await startNats();
      const [bus, log] = await connect({ url: server.url });
      await bus.ensureStreams({ tickPeriodMs: 1_000 });
      await server.kill9();
      await soon("loss noticed", () => !bus.state().up);
      const startMs = performance.now();
      const waiting = Array.from({ length: 1_100 }, (_, shard) =>
        fault(bus.tasks.publish(`1.${shard}`, bytesOf("t"))),
      );
      const first = await Promise.race(waiting);
      expect(first.message).toContain("waiting for the bus already");
      const faults = await Promise.all(waiting);
      expect(faults.every(isPassingBusFault)).toBeTrue();
      expect(performance.now() - startMs).toBeLessThan(BOUNDED_MS);
      expect(bus.state().detail).toContain("reconnecting");
      expect(log.said()).toEqual(["bus lost, reconnecting"]);
    },
  );

  test("a server that comes back with an empty disk gets its streams again, and reports and events are read on", async () => {
    server = await startNats();
    const [scheduler] = await connect({ url: server.url });
    const [worker] = await connect({ url: server.url });
    await scheduler.ensureStreams({ tickPeriodMs: 30_000 });
    const heard: string[] = [];
    await scheduler.reports.subscribe(systemClock.nowMs() - 1_000, (bytes) => void heard.push(textOf(bytes)));
    for (const id of ["1.0", "1.1", "1.2"]) await worker.reports.publish(id, bytesOf(id));
    await soon("reports", () => heard.length === 3);
    const owner = { mode: "live", userId: 7 } as const;
    const events: string[] = [];
    const places: string[] = [];
    const listener = {
      onPlace: (place: string, missed: boolean) => void (missed ? events.push("missed") : places.push(place)),
      onEvent: (bytes: Uint8Array, place: string) => {
        events.push(textOf(bytes));
        places.push(place);
      },
    };
    await worker.userEvents.subscribe(owner, undefined, listener);
    for (const id of ["a", "b"]) await scheduler.userEvents.publish(owner, id, bytesOf(id));
    await soon("events", () => events.length === 2);
    await server.kill9();
    await soon("loss noticed", () => !scheduler.state().up);
    await server.restart();
    await scheduler.userEvents.publish(owner, "c", bytesOf("c"));
    await soon("the event after the restart", () => events.length === 3);
    expect(events).toEqual(["a", "b", "c"]);
    await server.kill9();
    rmSync(join(server.dir, "jetstream"), { recursive: true });
    await server.restart();
    await worker.reports.publish("2.0", bytesOf("2.0"));
    await soon("the report after the loss", () => heard.length === 4);
    expect(heard[3]).toBe("2.0");
    await soon("word of the missed events", () => events.length === 4);
    await scheduler.userEvents.publish(owner, "d", bytesOf("d"));
    await soon("the event after the loss", () => events.length === 5);
    expect(events.slice(3)).toEqual(["missed", "d"]);
    // The number is there again, in another stream.
    const late: string[] = [];
    await worker.userEvents.subscribe(owner, places[0], {
      onPlace: (_, missed) => void late.push(String(missed)),
      onEvent: (bytes) => void late.push(textOf(bytes)),
    });
    expect(late).toEqual(["true"]);
    await scheduler.tasks.publish("2.0", bytesOf("2.0"));
    expect(textOf((await worker.tasks.next(5_000))!.bytes)).toBe("2.0");
  });

  test("waits for a server that comes late, saying so once; gives up when told to", async () => {
    const port = await freePort();
    const url = `nats://127.0.0.1:${port}`;
    const impatient = await fault(connect({ url, connectWithinMs: 600 }));
    expect(impatient.kind).toBe("passing");
    expect(impatient.message).toContain(`cannot reach 127.0.0.1:${port}`);
    const stopped = new AbortController();
    const log = new RecordingLog();
    const stopping = fault(connect({ url, log, signal: stopped.signal }));
    await log.heard("bus not reached yet, waiting for it");
    stopped.abort();
    expect((await stopping).message).toContain("stopped");

    const patientLog = new RecordingLog();
    const patient = connect({ url, log: patientLog });
    await patientLog.heard("bus not reached yet, waiting for it");
    server = await startNats({ port });
    const [bus] = await patient;
    expect(bus.state().up).toBeTrue();
    expect(patientLog.said()).toEqual(["bus not reached yet, waiting for it", "bus reached"]);
  });

  test("a wrong token or address is a defect, told at once", async () => {
    server = await startNats({ token: "right" });
    const [bus] = await connect({ url: server.url });
    expect(bus.state().up).toBeTrue();
    const refused = await fault(connect({ url: server.url, token: "wrong" }));
    expect(refused).toBeInstanceOf(BusFault);
    expect(refused.kind).toBe("defect");
    expect((await fault(connect({ url: "http://127.0.0.1:1" }))).kind).toBe("defect");
  });

  longTest("TLS: the server's certificate is verified against the CA file", async () => {
    server = await startNats({ tls: true });
    const tls = { caFile: server.tls!.caFile };
    const [bus] = await connect({ url: server.url, tls });
    await bus.ensureStreams({ tickPeriodMs: 1_000 });
    await server.kill9();
    await server.restart();
    await bus.tasks.publish("1.0", bytesOf("1.0"));
    expect(textOf((await bus.tasks.next(5_000))!.bytes)).toBe("1.0");

    const untrusted = await fault(connect({ url: server.url, connectWithinMs: 500 }));
    expect(untrusted.message).toContain("certificate");
    const missing = await fault(connect({ url: server.url, tls: { caFile: "/nowhere/ca.pem" } }));
    expect(missing.kind).toBe("defect");
    await server.stop();

    server = await startNats({ tls: { hostnames: ["elsewhere.test"] } });
    const misnamed = fault(
      connect({ url: server.url, tls: { caFile: server.tls!.caFile }, connectWithinMs: 500 }),
    );
    expect((await misnamed).message).toMatch(/127\.0\.0\.1|altname|hostname/i);
  });
});
