// What systemd hears from us, on a real unix datagram socket. perl listens, which every Debian has: Bun cannot.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { readNotifySettings } from "../config.ts";
import { needs } from "../testing/needs.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { type Child, startChild } from "../testing/services/child-process.ts";
import { startNats } from "../testing/services/nats.ts";
import { makeTempDir, removeTempDir } from "../testing/services/temp-dir.ts";
import { serviceManagerOf } from "./service-manager.ts";

const LISTENER = String.raw`
use Socket; $| = 1;
(my $name = $ARGV[0]) =~ s/^\@/\0/;
my $ear;
socket($ear, AF_UNIX, SOCK_DGRAM, 0) and bind($ear, sockaddr_un($name)) or die "cannot listen: $!";
print "listening\n";
while (defined recv($ear, my $words, 4096, 0)) { print "heard $words\n" }
`;
const ROOT = join(import.meta.dir, "../..");

async function listen(address: string): Promise<Child> {
  const ear = startChild({ name: "listener", command: ["perl", "-e", LISTENER, address] });
  await ear.waitForLine(/^listening$/);
  return ear;
}

needs(["setpriv"], "the service manager", () => {
  for (const kind of ["a path", "an abstract name"]) {
    test(`hears at ${kind}: running, the loop turning, stopping`, async () => {
      const dir = makeTempDir("notify");
      const address = kind === "a path" ? join(dir, "notify") : `@${dir}`;
      const ear = await listen(address);
      const log = new RecordingLog();
      const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: "90000", WATCHDOG_PID: `${process.pid}` };
      const manager = serviceManagerOf(readNotifySettings(env), log);
      manager.ready();
      await ear.waitForLine(/^heard WATCHDOG=1$/);
      manager.stopping();
      await ear.waitForLine(/^heard STOPPING=1$/);
      const heard = ear
        .output()
        .split("\n")
        .filter((line, at, all) => line !== all[at - 1]);
      expect(heard).toEqual(["listening", "heard READY=1", "heard WATCHDOG=1", "heard STOPPING=1"]);
      expect(log.lines).toEqual([]);
      await ear.stop();
      removeTempDir(dir);
    });
  }

  test("is told nothing where it did not ask, and is watched by its own process id only", () => {
    expect(readNotifySettings({})).toEqual({ NOTIFY_SOCKET: undefined, WATCHDOG_MS: undefined });
    const ofOther = { NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "30000000", WATCHDOG_PID: "1" };
    expect(readNotifySettings(ofOther).WATCHDOG_MS).toBeUndefined();
    expect(readNotifySettings({ ...ofOther, WATCHDOG_PID: undefined }).WATCHDOG_MS).toBe(30_000);
  });

  test("cannot stop a process by not listening: it is said once", () => {
    for (const address of ["/nowhere/notify", "relative", `/${"long".repeat(40)}`]) {
      const log = new RecordingLog();
      const manager = serviceManagerOf({ NOTIFY_SOCKET: address, WATCHDOG_MS: undefined }, log);
      manager.ready();
      manager.stopping();
      expect(log.said()).toEqual(["the service manager cannot be told"]);
    }
  });
});

needs(["nats", "setpriv"], "a worker under systemd", () => {
  test("says that it runs once it does, and that it stops when told to", async () => {
    const dir = makeTempDir("notify");
    const address = join(dir, "notify");
    const ear = await listen(address);
    await using server = await startNats();
    const worker = startChild({
      name: "worker",
      command: [process.execPath, "worker/main.ts"],
      cwd: ROOT,
      env: { NATS_URL: server.url, NOTIFY_SOCKET: address, WATCHDOG_USEC: "300000" },
    });
    await ear.waitForLine(/^heard READY=1$/);
    expect(worker.output()).toContain('"running"');
    await ear.waitForLine(/^heard WATCHDOG=1$/);
    worker.signal("SIGTERM");
    await ear.waitForLine(/^heard STOPPING=1$/);
    expect(await worker.exited).toBe(0);
    await ear.stop();
    removeTempDir(dir);
  });
});
