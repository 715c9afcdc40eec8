// What install.sh and the units need of systemd, for machines of tests: units are read as they stand, programs are started
// with the credentials, environment and user they name, are ready when they say so, and are started again when they end.
// Limits, sandboxes and the watchdog's kill are systemd's own and not played.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Child } from "../../src/testing/services/child-process.ts";
import type { Machine } from "./machines-testing.ts";

/** Sends its arguments, prints the answer's text and ends with the code that the answer begins with. */
const CONTROL = String.raw`#!/usr/bin/perl
use Socket;
(my $name = $0) =~ s,.*/,,;
my $line;
socket($line, AF_UNIX, SOCK_STREAM, 0) and connect($line, sockaddr_un("/run/init")) or die "$name: $!";
syswrite $line, "$name @ARGV\n";
local $/;
my ($code, $text) = <$line> =~ /^(\d+)\n(.*)/s;
print $text;
exit $code;
`;
const EAR = String.raw`
use Socket; $| = 1;
my $ear;
socket($ear, AF_UNIX, SOCK_DGRAM, 0) and bind($ear, sockaddr_un($ARGV[0])) or die "cannot listen: $!";
chmod 0777, $ARGV[0];
print "listening\n";
while (defined recv($ear, my $words, 4096, 0)) { print "$words\n" }
`;
/** Of the numbers systemd takes for DynamicUser. */
const USER_MIN = 61_184;

interface Unit {
  readonly all: (key: string) => string[];
  readonly one: (key: string, otherwise: string) => string;
}

function readUnit(text: string): Unit {
  const pairs = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value] as const);
  const all = (key: string) => pairs.filter(([name]) => name === key).map(([, value]) => value!);
  return { all, one: (key, otherwise) => all(key).at(-1) ?? otherwise };
}

export class Service {
  readonly lives: Child[] = [];
  #ear: Child | undefined;
  #isWanted = false;
  #isReady = false;

  constructor(
    private readonly machine: Machine,
    readonly name: string,
    private readonly user: number,
  ) {}

  get isActive(): boolean {
    return this.#isReady && (this.lives.at(-1)?.isRunning() ?? false);
  }

  output(): string {
    return this.lives.map((life) => life.output()).join("\n");
  }

  /** False unless it says that it runs. */
  async start(): Promise<boolean> {
    this.#isWanted = true;
    return await this.#live();
  }

  /** The exit code; null when it had to be killed, undefined when it did not run. */
  async stop(): Promise<number | null | undefined> {
    this.#isWanted = false;
    const life = this.lives.at(-1);
    if (!life?.isRunning()) return undefined;
    const unit = this.#unit();
    const signal = unit.one("KillSignal", "SIGTERM") as NodeJS.Signals;
    return await life.stop(signal, Number(unit.one("TimeoutStopSec", "90")) * 1_000);
  }

  /** Its machine has no power any more: nothing says goodbye, and nothing is started again. */
  async lose(): Promise<void> {
    this.#isWanted = false;
    await this.kill9();
  }

  /** kill -9, as anything may do to it: the unit has it started again. */
  async kill9(): Promise<void> {
    await this.lives.at(-1)?.kill9();
  }

  #unit(): Unit {
    return readUnit(readFileSync(this.machine.seen(`/etc/systemd/system/${this.name}.service`), "utf8"));
  }

  async #live(): Promise<boolean> {
    const unit = this.#unit();
    this.#isReady = false;
    const socket = `/run/notify-${this.name}-${this.lives.length}`;
    await this.#ear?.kill9();
    this.#ear = this.machine.start({ name: "ear", command: ["perl", "-e", EAR, socket] });
    await this.#ear.waitForLine(/^listening$/);
    const life = await this.#launch(unit, socket);
    this.lives.push(life);
    void life.exited.then(() => this.#rise(unit, life));
    const startMsMax = Number(unit.one("TimeoutStartSec", "90")) * 1_000;
    const said = this.#ear.waitForLine(/^READY=1$/, startMsMax).then(
      () => true,
      () => false,
    );
    const ready = unit.one("Type", "simple") === "simple" ? Promise.resolve(life.isRunning()) : said;
    this.#isReady = await Promise.race([ready, life.exited.then(() => false)]);
    return this.#isReady;
  }

  /** Restart=always. */
  async #rise(unit: Unit, life: Child): Promise<void> {
    if (this.#isWanted) await Bun.sleep(Number(unit.one("RestartSec", "0.1")) * 1_000);
    if (this.#isWanted && this.lives.at(-1) === life) await this.#live();
  }

  async #launch(unit: Unit, socket: string): Promise<Child> {
    const { machine, user } = this;
    const credentials = `/run/credentials/${this.name}`;
    const copies = unit.all("LoadCredential").map((line) => line.split(":") as [string, string]);
    const state = unit.all("StateDirectory").map((name) => `/var/lib/${name}`);
    await machine.sh(
      [
        `rm -rf ${credentials}; mkdir -p -m 700 ${[credentials, ...state].join(" ")}`,
        ...copies.map(([name, file]) => `install -m 400 ${file} ${credentials}/${name}`),
        `chown -R ${user}:${user} ${[credentials, ...state].join(" ")}`,
      ].join("; "),
    );
    const words = unit
      .one("ExecStart", "")
      .replaceAll("%d", credentials)
      .replaceAll("%S", "/var/lib")
      .split(" ");
    const watched = Number(unit.one("WatchdogSec", "0")) * 1e6;
    const env = {
      ...Object.fromEntries(unit.all("Environment").flatMap((line) => line.split(" ").map(pairOf))),
      ...{ NOTIFY_SOCKET: socket, ...(watched ? { WATCHDOG_USEC: `${watched}` } : {}) },
    };
    const as = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--no-new-privs"];
    const bare = ["--inh-caps=-all", "--bounding-set=-all", "--pdeathsig=KILL", "--"];
    return machine.start({ name: this.name, command: ["setpriv", ...as, ...bare, ...words], env });
  }
}

const pairOf = (text: string) => text.split(/=(.*)/s).slice(0, 2) as [string, string];

/** One machine's systemd: systemctl and journalctl there end up here. */
export class ServiceManager {
  readonly services = new Map<string, Service>();
  readonly #line: { stop(): void };

  constructor(private readonly machine: Machine) {
    mkdirSync(machine.seen("/usr/local/sbin"), { recursive: true });
    for (const name of ["systemctl", "journalctl"]) {
      const file = machine.seen(`/usr/local/sbin/${name}`);
      writeFileSync(file, CONTROL);
      chmodSync(file, 0o755);
    }
    this.#line = Bun.listen({
      unix: machine.seen("/run/init"),
      socket: {
        data: (socket, words) => void this.#answer(words.toString().trim()).then((text) => socket.end(text)),
      },
    });
  }

  service(name: string): Service {
    const found = this.services.get(name);
    if (found) return found;
    const made = new Service(this.machine, name, USER_MIN + this.services.size);
    this.services.set(name, made);
    return made;
  }

  /** Ends all, what was started last first. */
  async stop(): Promise<Record<string, number | null | undefined>> {
    const codes: Record<string, number | null | undefined> = {};
    for (const service of [...this.services.values()].reverse()) codes[service.name] = await service.stop();
    this.#line.stop();
    return codes;
  }

  async lose(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.lose()));
    this.#line.stop();
  }

  async #answer(words: string): Promise<string> {
    const [program, ...args] = words.split(" ");
    const named = args.find((arg) => arg.startsWith("schedulerx-"))?.replace(/\.service$/, "");
    if (named === undefined) return "0\n";
    if (program === "journalctl") return `0\n${this.service(named).output()}\n`;
    switch (args[0]) {
      case "daemon-reload":
      case "enable":
        return "0\n";
      case "restart":
        await this.service(named).stop();
        return (await this.service(named).start()) ? "0\n" : "1\n";
      case "is-active":
        return this.services.get(named)?.isActive ? "0\n" : "3\n";
      default:
        return `1\nexpected a command that install.sh uses, was ${words}\n`;
    }
  }
}
