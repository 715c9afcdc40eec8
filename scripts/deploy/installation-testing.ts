// The distributed form on machines of its own, set up as docs/deploy.md says: a scheduler, a standby, an api, five workers,
// a managed database, and the simulated exchanges, which count per address.

import { appendFileSync, chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { COINS } from "../../src/simulator/coins.ts";
import type { CounterTable } from "../../src/simulator/counters.ts";
import type { LimitUsage } from "../../src/simulator/limits.ts";
import { makeCertificates } from "../../src/testing/services/certificates.ts";
import { requireProgram } from "../../src/testing/services/programs.ts";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";
import { BUN, type Done, inRepository, Machine, reach, Switch } from "./machines-testing.ts";
import { type Service, ServiceManager } from "./systemd-testing.ts";
import { makeSecrets } from "./testing.ts";

export const WORKERS = ["worker-1", "worker-2", "worker-3", "worker-4", "worker-5"];
export const TICK_MS = 2_000;
/** So many at this tick are more than one address may ask for. */
const COIN_COUNT = 48;

const MAINS = { scheduler: "src/scheduler/main.ts", worker: "worker/main.ts", api: "api/main.ts" };
type Program = keyof typeof MAINS;

/** By the last number of its two addresses: one on the private network, one towards the exchanges. */
const HOSTS: Readonly<Record<string, number>> = {
  ...{ scheduler: 10, standby: 11, api: 12, database: 13 },
  ...Object.fromEntries(WORKERS.map((name, index) => [name, 21 + index])),
};
export const privateOf = (name: string) => `10.0.0.${HOSTS[name]}`;
export const publicOf = (name: string) => `198.51.100.${HOSTS[name]}`;
const EXCHANGES = "198.51.100.1";
const DATABASE = "database.internal";
/** Where what the guide has copied to a machine lies there. */
const HOME = "/run/home/schedulerx";

export class Installation {
  readonly #machines = new Map<string, Machine>();
  readonly #managers = new Map<string, ServiceManager>();
  readonly #closers: (() => void)[] = [];
  #exchangesUrl = "";

  private constructor(
    readonly dir: string,
    readonly internet: Switch,
  ) {}

  /** The machines, empty, and the exchanges. */
  static async begin(): Promise<Installation> {
    const internet = await Switch.boot("internet", [`${EXCHANGES}/24`]);
    const made = new Installation(makeTempDir("installation"), internet);
    await Promise.all([...Object.keys(HOSTS).map((name) => made.#boot(name)), made.#openExchanges()]);
    return made;
  }

  async #boot(name: string): Promise<void> {
    const machine = await Machine.boot(name);
    this.#machines.set(name, machine);
    this.#managers.set(name, new ServiceManager(machine));
    await this.internet.join(machine, [`${privateOf(name)}/24`, `${publicOf(name)}/24`]);
    appendFileSync(machine.seen("/etc/hosts"), `${privateOf("database")} ${DATABASE}\n`);
  }

  async #openExchanges(): Promise<void> {
    const coins = COINS.slice(0, COIN_COUNT).map(({ ticker }) => ticker);
    const command = [BUN, inRepository("scripts/simulator.ts"), "--host", "0.0.0.0", "--coins", coins.join()];
    const child = this.internet.machine.start({ name: "exchanges", command });
    await child.waitForLine(/^control /);
    this.#exchangesUrl = await this.#reach(this.internet.machine, 18_000);
  }

  async #reach(machine: Machine, port: number): Promise<string> {
    const { url, close } = await reach(machine, port);
    this.#closers.push(close);
    return url;
  }

  machine(name: string): Machine {
    return this.#machines.get(name)!;
  }

  service(name: string, program: string): Service {
    return this.#managers.get(name)!.service(`schedulerx-${program}`);
  }

  get services(): Service[] {
    return [...this.#managers.values()].flatMap((manager) => [...manager.services.values()]);
  }

  /** Secrets on the administrator's computer, with where the exchanges are and how long a tick is. */
  async makeSecrets(): Promise<void> {
    const database = await this.#manageDatabase();
    const options = ["--address", privateOf("scheduler"), "--standby", "--api-host", "--redis"];
    const made = makeSecrets(join(this.dir, "made"), options, { DATABASE_URL: database.url });
    if (made.exitCode !== 0) throw new Error(made.faults);
    for (const name of ["scheduler", "standby", "api"])
      cpSync(database.authority, join(this.dir, "made", name, "database-ca.pem"));
    const names = ["UPBIT_URL", "BITHUMB_URL", "BYBIT_URL", "BINANCE_URL", "BINANCE_SPOT_URL"];
    const urls = names.map((name, index) => `${name}=http://${EXCHANGES}:${18_001 + index}`);
    const tick = `TICK_INTERVAL_MS=${TICK_MS}`;
    const add = (file: string, ...lines: string[]) =>
      appendFileSync(join(this.dir, "made", file), `${lines.join("\n")}\n`);
    for (const name of ["scheduler", "standby"]) add(`${name}/scheduler.env`, ...urls, tick);
    for (const name of WORKERS) add(`${name}/worker.env`, ...urls.slice(0, 4));
    add("api/api.env", tick);
  }

  /** The machine is gone with its disk; there is an empty one with its addresses. */
  async replace(name: string): Promise<void> {
    const lost = this.machine(name);
    await this.internet.cut(lost);
    await this.#managers.get(name)!.lose();
    await this.internet.leave(lost);
    await lost.stop();
    await this.#boot(name);
  }

  /** What the guide has done on a machine: scripts, folder and program are copied there and installed. */
  async install(name: string, program: Program, ...options: string[]): Promise<string> {
    const machine = this.machine(name);
    mkdirSync(machine.seen(HOME), { recursive: true });
    cpSync(join(this.dir, "made", name), machine.seen(`${HOME}/${name}`), { recursive: true });
    const file = machine.seen(`${HOME}/schedulerx-${program}`);
    writeFileSync(file, `#!/bin/sh\nexec ${BUN} --no-install ${inRepository(MAINS[program])} "$@"\n`);
    chmodSync(file, 0o755);
    return await machine.sh(
      [
        `cd ${HOME}; tar -cf - -C ${inRepository("scripts")} deploy | tar -xf -`,
        `deploy/install.sh settings ${name}`,
        `deploy/install.sh program schedulerx-${program} --settle 0 ${options.join(" ")}`,
        `rm -r ${name}`,
      ].join("; "),
    );
  }

  /** An operator's command on that machine. */
  async operate(name: string, ...words: string[]): Promise<Done> {
    const settings = ["--env-file", "/etc/schedulerx/scheduler.env"];
    return await this.machine(name).run(["schedulerx-scheduler", ...words, ...settings]);
  }

  /** The api behind a reverse proxy. */
  async publicUrl(): Promise<string> {
    return await this.#reach(this.machine("api"), 8080);
  }

  /** PostgreSQL as a provider gives it: TLS and a name; and what the guide has done there. */
  async #manageDatabase(): Promise<{ url: string; authority: string }> {
    const machine = this.machine("database");
    const { certFile, keyFile, caFile } = makeCertificates(this.dir, { hostnames: [DATABASE] })!;
    const bin = dirname(requireProgram("postgres"));
    const as = "setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig=QUIT --";
    const folder = "/var/lib/managed";
    await machine.sh(
      [
        `mkdir -p /run/postgresql ${folder}; cp ${certFile} ${keyFile} ${folder}`,
        `chown -R postgres:postgres /run/postgresql ${folder}`,
        `${as} ${bin}/initdb -D ${folder}/data -E UTF8 --locale=C --no-sync`,
        `echo local all postgres peer >${folder}/data/pg_hba.conf`,
        `echo hostssl all all 10.0.0.0/24 scram-sha-256 >>${folder}/data/pg_hba.conf`,
      ].join("; "),
    );
    const settings = [
      ...["listen_addresses=*", "ssl=on", "fsync=off", "shared_buffers=32MB"],
      ...[`ssl_cert_file=${folder}/server.pem`, `ssl_key_file=${folder}/server.key`],
    ].flatMap((setting) => ["-c", setting]);
    const options = ["-D", `${folder}/data`, "-k", "/run/postgresql", ...settings];
    const postgres = machine.start({
      name: "postgres",
      command: [...as.split(" "), `${bin}/postgres`, ...options],
    });
    await postgres.waitForLine(/ready to accept connections/);
    await machine.sh(
      `${as} ${bin}/psql -h /run/postgresql -c "CREATE ROLE schedulerx LOGIN PASSWORD 'a-word'" \
        -c 'GRANT schedulerx TO postgres' -c 'CREATE DATABASE schedulerx OWNER schedulerx'`,
    );
    const url = `postgres://schedulerx:a-word@${DATABASE}:5432/schedulerx?sslmode=verify-full`;
    return { url, authority: caFile };
  }

  /**
   * How many requests came from each address so far, and what was refused for a limit, by exchange and address. A request
   * whose connection was closed before it was looked at came from nowhere.
   */
  async requests(): Promise<{ from: Record<string, number>; refused: Record<string, number> }> {
    const { hosts } = await this.#ask<{ hosts: CounterTable }>("/counters");
    const from: Record<string, number> = {};
    const refused: Record<string, number> = {};
    for (const [host, sources] of Object.entries(hosts)) {
      for (const [source, { requests, limited }] of Object.entries(sources)) {
        const address = addressOf(source);
        if (address === "unknown") continue;
        from[address] = (from[address] ?? 0) + requests;
        if (limited > 0) refused[`${host} ${address}`] = limited;
      }
    }
    return { from, refused };
  }

  /** Binance's weight within a minute: what one address may spend, and the most that each has spent. */
  async weights(): Promise<{ limit: number; peaks: Record<string, number> }> {
    const { usage } = await this.#ask<{ usage: (LimitUsage & { host: string })[] }>("/limits");
    const own = usage.filter(({ host, group }) => host === "binance" && group === "weight");
    const peaks = Object.fromEntries(own.map(({ source, peak }) => [addressOf(source), peak]));
    return { limit: own[0]!.limit, peaks };
  }

  async #ask<T>(path: string): Promise<T> {
    return (await (await fetch(this.#exchangesUrl + path)).json()) as T;
  }

  /** Ends everything; exit codes by machine. */
  async stop(): Promise<Record<string, Record<string, number | null | undefined>>> {
    const stopped = [...this.#managers].map(async ([name, manager]) => [name, await manager.stop()] as const);
    const codes = Object.fromEntries(await Promise.all(stopped));
    for (const close of this.#closers) close();
    await Promise.all([...this.#machines.values(), this.internet.machine].map((each) => each.stop()));
    removeTempDir(this.dir);
    return codes;
  }
}

/** The simulator names a source by its address and which of its pretended ones was used. */
const addressOf = (source: string) => source.split("#")[0]!;
