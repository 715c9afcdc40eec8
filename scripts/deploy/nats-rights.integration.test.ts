// The rights that secrets.sh writes into nats.conf, at a real nats-server: the whole round works with them, and stolen
// credentials of a worker open nothing else.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { connectNats, type NatsBus } from "../../src/adapters/bus/nats.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { needs } from "../../src/testing/needs.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import type { TestServer } from "../../src/testing/services/server.ts";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";
import { makeSecrets, settingsIn, startWithSecrets } from "./testing.ts";

const PERIOD_MS = 2_000;
const OWNER = { mode: "live", userId: 7 } as const;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

needs(["nats", "openssl"], "rights at the bus", () => {
  let dir: string;
  let server: TestServer;
  const log = new RecordingLog();
  const buses: NatsBus[] = [];
  const raws: NatsConnection[] = [];
  beforeAll(async () => {
    dir = makeTempDir("rights");
    const env = { DATABASE_URL: "postgres://u:p@db.internal/x?sslmode=verify-full" };
    const made = makeSecrets(dir, ["--workers", "2", "--standby"], env);
    if (made.exitCode !== 0) throw new Error(made.faults);
    server = await startWithSecrets("nats", { folder: join(dir, "scheduler"), port: 4222 });
  });
  afterAll(async () => {
    await Promise.all([...buses.map((bus) => bus.drain()), ...raws.map((raw) => raw.close())]);
    await server.stop();
    removeTempDir(dir);
  });

  const credentialsIn = (file: string) => {
    const { NATS_USER, NATS_PASSWORD } = settingsIn(join(dir, file));
    return { user: NATS_USER!, password: NATS_PASSWORD! };
  };
  const join_ = async (file: string): Promise<NatsBus> => {
    const bus = await connectNats({
      ...credentialsIn(file),
      url: server.url,
      tls: { caFile: join(dir, "ca.pem") },
      ...{ name: file, log, clock: systemClock },
    });
    buses.push(bus);
    return bus;
  };
  /** A connection as an intruder would make it, and what the server refused it. */
  const intrude = async (file: string) => {
    const { user, password } = credentialsIn(file);
    const ca = readFileSync(join(dir, "ca.pem"), "utf8");
    const raw = await connect({
      ...{ servers: `127.0.0.1:${server.port}`, user, pass: password, tls: { ca } },
      inboxPrefix: `_INBOX.${user}`,
    });
    raws.push(raw);
    const refused: string[] = [];
    void (async () => {
      for await (const status of raw.status()) {
        if (status.type !== "error" || !(status.error instanceof errors.PermissionViolationError)) continue;
        refused.push(`${status.error.operation} ${status.error.subject}`);
      }
    })();
    return { raw, refused };
  };

  test("let scheduler, worker, api and standby do a whole round", async () => {
    const [scheduler, worker, api] = await Promise.all([
      join_("scheduler/scheduler.env"),
      join_("worker-1/worker.env"),
      join_("scheduler/api.env"),
    ]);
    await scheduler.ensureStreams({ tickPeriodMs: PERIOD_MS });
    const heard = { reports: [] as string[], frames: [] as string[], presence: [] as string[] };
    await scheduler.reports.subscribe(systemClock.nowMs() - 1_000, (bytes) =>
      heard.reports.push(textOf(bytes)!),
    );
    await api.frames.subscribe((bytes) => heard.frames.push(textOf(bytes)!));
    await scheduler.announcements.listen("presence", (bytes) => heard.presence.push(textOf(bytes)!));
    const events: string[] = [];
    let place = "";
    const listener = {
      onPlace: (at: string) => (place = at),
      onEvent: (bytes: Uint8Array) => events.push(textOf(bytes)!),
    };
    const leave = await api.userEvents.subscribe(OWNER, undefined, listener);

    await scheduler.tasks.publish("1.0", bytesOf("task"));
    const first = await worker.tasks.next(1_000);
    expect(textOf(first?.bytes)).toBe("task");
    first!.working();
    first!.nak(0);
    const again = await worker.tasks.next(1_000);
    expect(again?.attempt).toBe(2);
    await worker.reports.publish("1.0", bytesOf("report"));
    await again!.ack();
    worker.announcements.announce("presence", bytesOf("worker-1"));
    await scheduler.frames.publishFrame(bytesOf("frame"));
    await scheduler.frames.putSnapshot(bytesOf("snapshot"));
    expect(textOf(await api.frames.snapshot())).toBe("snapshot");
    expect(textOf(await scheduler.frames.snapshot())).toBe("snapshot");

    await scheduler.requests.serve("desk", async (bytes) => bytesOf(`answer to ${textOf(bytes)}`));
    expect(textOf(await api.requests.ask("desk", bytesOf("question"), 2_000))).toBe("answer to question");

    await leave();
    await scheduler.userEvents.publish(OWNER, "e1", bytesOf("event"));
    await api.userEvents.subscribe(OWNER, place, listener);
    const untilMs = systemClock.monotonicMs() + 5_000;
    while (Object.values(heard).some((list) => list.length === 0) && systemClock.monotonicMs() < untilMs) {
      await systemClock.sleep(5);
    }
    expect(heard).toEqual({ reports: ["report"], frames: ["frame"], presence: ["worker-1"] });
    expect(events).toEqual(["event"]);

    const standby = await join_("standby/scheduler.env");
    await standby.ensureStreams({ tickPeriodMs: 2 * PERIOD_MS });
    const replayed = Promise.withResolvers<string | undefined>();
    await standby.reports.subscribe(systemClock.nowMs() - 60_000, (bytes) => replayed.resolve(textOf(bytes)));
    expect(await replayed.promise).toBe("report");
    expect(log.said("warn")).toEqual([]);
  });

  /** What the server refuses of these, each tried as far as it would go. */
  const tryAll = async (
    { raw, refused }: Awaited<ReturnType<typeof intrude>>,
    { publish = [], subscribe = [] }: { publish?: readonly string[]; subscribe?: readonly string[] },
  ) => {
    for (const subject of publish) raw.publish(subject, "{}", { reply: `_INBOX.${raw.info?.client_id}` });
    const heard: string[] = [];
    for (const subject of subscribe) {
      raw.subscribe(subject, { callback: (error, message) => void (error ?? heard.push(message.subject)) });
    }
    await raw.flush();
    const untilMs = systemClock.monotonicMs() + 3_000;
    while (refused.length < publish.length + subscribe.length && systemClock.monotonicMs() < untilMs) {
      await systemClock.sleep(5);
    }
    return { refused: refused.toSorted(), heard };
  };
  const asRefused = (publish: readonly string[], subscribe: readonly string[]) =>
    [
      ...publish.map((subject) => `publish ${subject}`),
      ...subscribe.map((subject) => `subscription ${subject}`),
    ].toSorted();

  test("keep a worker from tasks, frames, others' streams and answers, and from deleting", async () => {
    const publish = [
      "schedulerx.tasks",
      "schedulerx.frames",
      "schedulerx.snapshot",
      "schedulerx.events.live.7",
      "schedulerx.announce.other",
      "schedulerx.ask.desk",
      "_INBOX.api.forged",
      "_INBOX.worker-2.forged",
      "$JS.API.INFO",
      "$JS.API.STREAM.NAMES",
      "$JS.API.STREAM.CREATE.MINE",
      ...["TASKS", "REPORTS", "SNAPSHOT", "EVENTS"].flatMap((stream) => [
        `$JS.API.STREAM.DELETE.${stream}`,
        `$JS.API.STREAM.PURGE.${stream}`,
        `$JS.API.STREAM.UPDATE.${stream}`,
        `$JS.API.STREAM.MSG.GET.${stream}`,
        `$JS.API.STREAM.MSG.DELETE.${stream}`,
        `$JS.API.CONSUMER.CREATE.${stream}`,
        `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
      ]),
      "$JS.API.CONSUMER.DELETE.TASKS.workers",
      "$SYS.REQ.SERVER.PING",
    ];
    const subscribe = [
      ">",
      "_INBOX.>",
      "_INBOX.worker-2.>",
      "_INBOX.scheduler.>",
      "_INBOX.api.>",
      "schedulerx.>",
      "schedulerx.tasks",
      "schedulerx.frames",
      "schedulerx.events.>",
      "schedulerx.reports",
      "schedulerx.ask.desk",
      "$JS.>",
      "$SYS.>",
    ];
    const stolen = await intrude("worker-1/worker.env");
    const { refused, heard } = await tryAll(stolen, { publish, subscribe });
    expect(refused).toEqual(asRefused(publish, subscribe));
    await buses[0]!.frames.publishFrame(bytesOf("not for workers"));
    await stolen.raw.flush();
    expect(heard).toEqual([]);
  });

  test("keep the api from storing, and the scheduler from deleting", async () => {
    const ofApi = [
      ...["tasks", "reports", "snapshot", "frames", "events.live.7", "announce.other"].map(
        (name) => `schedulerx.${name}`,
      ),
      "$JS.API.STREAM.MSG.GET.REPORTS",
      "$JS.API.STREAM.MSG.GET.TASKS",
      "$JS.API.CONSUMER.MSG.NEXT.TASKS.workers",
      "$JS.API.STREAM.DELETE.EVENTS",
      "$JS.ACK.TASKS.workers.1.1.1.1.0",
    ];
    const api = await tryAll(await intrude("scheduler/api.env"), {
      publish: ofApi,
      subscribe: ["schedulerx.>", "schedulerx.ask.desk"],
    });
    expect(api.refused).toEqual(asRefused(ofApi, ["schedulerx.>", "schedulerx.ask.desk"]));
    const ofScheduler = ["TASKS", "REPORTS", "SNAPSHOT", "EVENTS"].flatMap((stream) => [
      `$JS.API.STREAM.DELETE.${stream}`,
      `$JS.API.STREAM.PURGE.${stream}`,
    ]);
    const scheduler = await tryAll(await intrude("standby/scheduler.env"), { publish: ofScheduler });
    expect(scheduler.refused).toEqual(asRefused(ofScheduler, []));
  });

  test("refuse no right that was given: a report and presence pass", async () => {
    const api = await intrude("scheduler/api.env");
    api.raw.publish("schedulerx.announce.presence", "{}");
    await api.raw.flush();
    expect(api.refused).toEqual([]);
    const { raw, refused } = await intrude("worker-2/worker.env");
    raw.subscribe("schedulerx.announce.presence");
    raw.publish("schedulerx.announce.presence", "{}");
    const stored = await raw.request("schedulerx.reports", "again", { timeout: 2_000 });
    expect(stored.json<{ stream: string }>().stream).toBe("REPORTS");
    expect(refused).toEqual([]);
  });

  test("belong to known users only", async () => {
    const ca = readFileSync(join(dir, "ca.pem"), "utf8");
    const { user } = credentialsIn("worker-1/worker.env");
    for (const who of [{}, { user, pass: "wrong" }, { user: "schedulerx", pass: "" }]) {
      const entered = await connect({
        ...{ servers: `127.0.0.1:${server.port}`, tls: { ca }, ...who },
        reconnect: false,
      }).catch((error) => error);
      expect(entered).toBeInstanceOf(errors.AuthorizationError);
    }
  });
});
