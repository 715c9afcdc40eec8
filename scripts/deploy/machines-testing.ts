// Machines for tests, on one Linux host: each a process with a network, mounts and a name of its own, joined by a switch.
// Its /etc, /usr/local, /var/lib and /run are its own, so scripts run there as they stand. Nothing of it is seen outside,
// no interface and no file, and all of it goes with the process that made it.

import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { type Child, type ChildOptions, startChild } from "../../src/testing/services/child-process.ts";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";

const ROOT = resolve(import.meta.dir, "../..");
/** Where a machine sees the repository, whoever may look into the folder it lies in. */
export const REPOSITORY = "/usr/local/src/schedulerx";
export const BUN = "/usr/local/bin/bun";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Arguments: an empty folder, the repository, this bun, the machine's name. Layers lie on a tmpfs: overlays cannot be nested. */
const BOOT = `
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
for top in etc usr/local var/lib; do
  mkdir -p "$1/$top/new" "$1/$top/work"
  mount -t overlay -o "lowerdir=/$top,upperdir=$1/$top/new,workdir=$1/$top/work" machine "/$top"
done
mount -t tmpfs -o mode=755 tmpfs /run
rm -rf /etc/schedulerx
mkdir -p ${REPOSITORY}
mount --bind "$2" ${REPOSITORY}
touch ${BUN}
mount --bind "$3" ${BUN}
printf '%s' "$4" >/proc/sys/kernel/hostname
ip link set lo up
echo booted
exec sleep infinity
`;
const NAMESPACES = ["--net", "--mount", "--uts"];

/** Why this machine cannot play several, or undefined. */
export function whyNoMachines(): string | undefined {
  const dir = makeTempDir("machines");
  const attempt = `${BOOT.replace("exec sleep infinity", "")} ip link add one type veth peer name two; ip link add switch type bridge`;
  const { exitCode, stderr } = Bun.spawnSync([
    ...["unshare", ...NAMESPACES, "--propagation", "private"],
    ...["sh", "-c", attempt, "boot", dir, ROOT, process.execPath, "attempt"],
  ]);
  removeTempDir(dir);
  return exitCode === 0 ? undefined : stderr.toString().trim().split("\n").at(-1) || "no namespaces";
}

export interface Done {
  readonly code: number | null;
  readonly said: string;
}

export class Machine {
  private constructor(
    readonly name: string,
    readonly dir: string,
    private readonly child: Child,
  ) {}

  static async boot(name: string): Promise<Machine> {
    const dir = makeTempDir(`machine-${name}`);
    const unshare = ["unshare", ...NAMESPACES, "--propagation", "private"];
    const command = [...unshare, "sh", "-c", BOOT, "boot", dir, ROOT, process.execPath, name];
    const child = startChild({ name, command });
    await child.waitForLine(/^booted$/);
    return new Machine(name, dir, child);
  }

  get pid(): number {
    return this.child.pid;
  }

  /** What lies at `path` there, as seen from here. */
  seen(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** A command there: no variable of this process's environment goes with it, and it begins in /. */
  entering(command: readonly string[], env: Readonly<Record<string, string>> = {}): string[] {
    const variables = Object.entries({ PATH, ...env }).map(([name, value]) => `${name}=${value}`);
    const enter = ["nsenter", `--target=${this.pid}`, ...NAMESPACES, "--"];
    return [...enter, "env", "--ignore-environment", ...variables, ...command];
  }

  start({ command, env, name, ...options }: ChildOptions & { readonly env?: Record<string, string> }): Child {
    return startChild({ ...options, name: `${this.name}/${name}`, command: this.entering(command, env) });
  }

  /** Runs it to its end. */
  async run(command: readonly string[], env?: Record<string, string>): Promise<Done> {
    const child = this.start({ name: command[0] ?? "", command, env });
    const code = await child.exited;
    return { code, said: child.output() };
  }

  /** As `run` of a shell's words; throws with what was said unless it ends with 0. */
  async sh(words: string): Promise<string> {
    const { code, said } = await this.run(["sh", "-euc", words]);
    if (code !== 0) throw new Error(`${this.name}: ${words}\nended with ${code}: ${said}`);
    return said;
  }

  async stop(): Promise<void> {
    await this.child.kill9();
    removeTempDir(this.dir);
  }
}

/** Administered locally. */
const SWITCH_MAC = "02:00:00:00:00:01";

/** Joins machines; it is one itself, so that nothing is seen of it outside. */
export class Switch {
  private constructor(readonly machine: Machine) {}

  /** `addresses` with their prefix lengths; the machine itself is on the network with them. */
  static async boot(name: string, addresses: readonly string[]): Promise<Switch> {
    const machine = await Machine.boot(name);
    const own = addresses.map((address) => `ip address add ${address} dev switch; `).join("");
    // An address of its own: else it has the lowest of its ports' and another whenever one comes or goes, and the others
    // send to the old one until they ask again, half a minute later.
    await machine.sh(`ip link add switch address ${SWITCH_MAC} type bridge; ${own}ip link set switch up`);
    return new Switch(machine);
  }

  async join(other: Machine, addresses: readonly string[]): Promise<void> {
    const line = lineOf(other);
    await this.machine.sh(
      `ip link add ${line} type veth peer name eth0 netns ${other.pid}; ip link set ${line} master switch up`,
    );
    const own = addresses.map((address) => `ip address add ${address} dev eth0; `).join("");
    await other.sh(`${own}ip link set eth0 up`);
  }

  /** For good; another may then join in its place. */
  async leave(other: Machine): Promise<void> {
    await this.machine.sh(`ip link delete ${lineOf(other)}`);
  }

  /** Pulls that machine's cable out. */
  async cut(other: Machine): Promise<void> {
    await this.machine.sh(`ip link set ${lineOf(other)} down`);
  }

  async heal(other: Machine): Promise<void> {
    await this.machine.sh(`ip link set ${lineOf(other)} up`);
  }
}

/** Names of interfaces have at most 15 characters. */
const lineOf = (machine: Machine) => `to-${machine.name}`.slice(0, 15);

const RELAY = `
const { connect, createServer } = require("node:net");
const [path, port] = process.argv.slice(-2);
createServer((from) => {
  const to = connect(Number(port), "127.0.0.1");
  from.pipe(to).pipe(from);
  from.on("error", () => to.destroy()).on("close", () => to.destroy());
  to.on("error", () => from.destroy()).on("close", () => from.destroy());
}).listen(path, () => console.log("relays"));
`;

/** What listens on 127.0.0.1:`port` of that machine, at an address of this one; what a reverse proxy is for. */
export async function reach(machine: Machine, port: number): Promise<{ url: string; close(): void }> {
  const path = `/run/relay-${port}`;
  const relay = machine.start({ name: "relay", command: [BUN, "-e", RELAY, path, `${port}`] });
  await relay.waitForLine(/^relays$/);
  const front = createServer((from) => {
    const to = connect(machine.seen(path));
    from.pipe(to).pipe(from);
    from.on("error", () => to.destroy()).on("close", () => to.destroy());
    to.on("error", () => from.destroy()).on("close", () => from.destroy());
  });
  await new Promise<void>((listening) => front.listen(0, "127.0.0.1", listening));
  const { port: own } = front.address() as { port: number };
  return { url: `http://127.0.0.1:${own}`, close: () => void front.close() };
}

export const inRepository = (path: string) => join(REPOSITORY, path);
