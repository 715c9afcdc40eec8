// The distributed form on machines of its own, from the scripts alone and in the order of docs/deploy.md. It gives rates
// out of five addresses' budgets; then machines are cut off and processes killed, and it heals within the times of
// docs/faults.md.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { PublishedRates, type PublishedTick } from "../../src/testing/e2e/published.ts";
import { needs } from "../../src/testing/needs.ts";
import { Installation, privateOf, publicOf, TICK_MS, WORKERS } from "./installation-testing.ts";
import { BUN, inRepository, whyNoMachines } from "./machines-testing.ts";

const LEASE_MS_MAX = 15_000;
const RESUME_MS_MAX = 10_000;
/** The api shows no rate for longer than this that nobody renews. */
const RATE_AGE_MS_MAX = 15_000;
/** For what takes a moment, on a machine that has other things to do. */
const PATIENCE_MS = 60_000;
const WHOLE_IN_A_ROW = 2;
const POLL_MS = 100;
/** Part of the requests: what leaves in time may arrive bunched where all share a machine that stalls. */
const REFUSED_MAX = 0.01;

const INTRUDER = `
const { connect } = require("@nats-io/transport-node");
process.loadEnvFile("/etc/schedulerx/worker.env");
const { NATS_URL, NATS_USER, NATS_PASSWORD, NATS_CA_FILE } = process.env;
const tls = { ca: require("node:fs").readFileSync(NATS_CA_FILE, "utf8") };
const as = { servers: new URL(NATS_URL).host, tls, inboxPrefix: "_INBOX." + NATS_USER, reconnect: false };
const bus = await connect({ ...as, user: NATS_USER, pass: NATS_PASSWORD });
bus.publish("schedulerx.frames", "forged");
const ended = await bus.request("$JS.API.STREAM.DELETE.TASKS", "", { timeout: 2000 }).catch((error) => error);
const other = await connect({ ...as, user: "scheduler", pass: NATS_PASSWORD }).catch((error) => error);
console.log(ended.name, other.name);
process.exit();
`;

const why = whyNoMachines();
const title = "an installation on machines of its own";
if (why) test.skipIf(true)(`${title} (${why})`, () => {});
else
  needs(["nats", "redis", "postgres", "openssl", "ip"], title, () => {
    setDefaultTimeout(2 * PATIENCE_MS);
    let it: Installation;
    let published: PublishedRates;
    let api: string;
    /** Rows that have a rate when all is well. */
    let quoted: ReadonlySet<string>;
    beforeAll(async () => {
      it = await Installation.begin();
    });
    afterAll(async () => {
      await published?.close();
      await it?.stop();
    });

    const hasRate = (tick: PublishedTick, key: string) =>
      tick.rows.get(key)?.some(({ reason }) => reason === "none") ?? false;
    const isWhole = (tick: PublishedTick) => [...quoted].every((key) => hasRate(tick, key));

    /** Resolves with how long it took until ticks that began after `fromMs` were whole, several in a row. */
    async function whole(fromMs: number, withinMs: number): Promise<number> {
      const look = () => {
        const ticks = published.closed(fromMs).slice(-WHOLE_IN_A_ROW);
        return ticks.length === WHOLE_IN_A_ROW && ticks.every(isWhole) && ticks[0];
      };
      const last = await published
        .until("whole ticks", look, withinMs + WHOLE_IN_A_ROW * TICK_MS)
        .catch((error) => {
          console.log(published.closed(fromMs).map(lackingOf).join("\n"));
          console.log(
            logged(/"level":"(warn|error)"/)
              .slice(-30)
              .join("\n"),
          );
          throw error;
        });
      return last.tickAtMs - fromMs;
    }

    /** What a tick lacks, with the reasons. */
    function lackingOf(tick: PublishedTick): string {
      const lacking = [...quoted].filter((key) => !hasRate(tick, key));
      const reasons = lacking.slice(0, 10).map((key) => `${key} ${tick.rows.get(key)?.at(-1)?.reason}`);
      return `${new Date(tick.tickAtMs).toISOString()} lacks ${lacking.length}: ${reasons.join(", ")}`;
    }

    /** The longest a row was without a new rate among ticks that began since `fromMs`, in ticks. */
    function ticksLacking(fromMs: number): number {
      const ticks = published.closed(fromMs);
      const lacking = [...quoted].map((key) => {
        let longest = 0;
        let run = 0;
        for (const tick of ticks) {
          run = hasRate(tick, key) ? 0 : run + 1;
          longest = Math.max(longest, run);
        }
        return longest;
      });
      return Math.max(...lacking);
    }

    const ticks = (count: number) => published.closedTicks(count, Date.now(), count * TICK_MS + PATIENCE_MS);
    /** What all have logged so far that fits. */
    const logged = (pattern: RegExp) =>
      it.services.flatMap((service) =>
        service
          .output()
          .split("\n")
          .filter((line) => pattern.test(line))
          .map((line) => `${service.name}: ${line}`),
      );
    /** Who of the two schedulers trades, by their own word. */
    async function leaders(): Promise<string[]> {
      const asked = ["scheduler", "standby"].map(async (name) => ((await leads(name)) ? [name] : []));
      return (await Promise.all(asked)).flat();
    }
    async function leads(name: string): Promise<boolean> {
      return (await it.operate(name, "status", "--json")).said.includes('"role": "trading"');
    }
    /** Resolves once that one leads, because whoever else did gave the lease back; the other stands by. */
    async function lead(name: string): Promise<void> {
      const [leader = ""] = await leaders();
      if (leader === name) return;
      expect(await it.service(leader, "scheduler").stop()).toBe(0);
      const stoppedAtMs = Date.now();
      while (!(await leads(name))) {
        if (Date.now() - stoppedAtMs > PATIENCE_MS) throw new Error(`expected ${name} to lead`);
        await Bun.sleep(POLL_MS);
      }
      await it.service(leader, "scheduler").start();
    }
    /** Resolves once the standby leads, which it does without a bus. */
    async function standbyLeads(sinceMs: number): Promise<void> {
      while (!(await leads("standby"))) {
        if (Date.now() - sinceMs > PATIENCE_MS) throw new Error("expected the standby to lead without a bus");
        await Bun.sleep(POLL_MS);
      }
    }
    /** Resolves once that worker's address asks the exchanges again. */
    async function asks(worker: string, sinceMs: number): Promise<number> {
      const count = async () => (await it.requests()).from[publicOf(worker)] ?? 0;
      for (const before = await count(); (await count()) === before; ) {
        if (Date.now() - sinceMs > PATIENCE_MS) throw new Error(`expected ${worker} to come back`);
        await Bun.sleep(50);
      }
      return Date.now() - sinceMs;
    }

    test(
      "comes up from the scripts, machine by machine",
      async () => {
        await it.makeSecrets();
        // Nobody has been heard yet, so its --check takes one address for all.
        const said = await it.install("scheduler", "scheduler", "--no-check");
        expect(said).toMatch(
          /runs +schedulerx-nats\n.*runs +schedulerx-redis\n.*runs +schedulerx-scheduler/s,
        );
        await Promise.all(WORKERS.map((name) => it.install(name, "worker")));
        await it.install("api", "api");
        await it.install("standby", "scheduler");
        api = await it.publicUrl();
        published = new PublishedRates(`${api}/api/premium/stream`);
        await ticks(WHOLE_IN_A_ROW);
        const seen = published
          .closed()
          .flatMap((tick) => [...tick.rows.keys()].filter((key) => hasRate(tick, key)));
        quoted = new Set(seen);
        expect(quoted.size).toBeGreaterThan(100);
        await whole(Date.now(), PATIENCE_MS);
      },
      5 * PATIENCE_MS,
    );

    test("is well: doctor finds nothing wrong, five addresses are used, nobody is refused or complains", async () => {
      expect(logged(/violation|authentication error/i)).toEqual([]);
      // While machines were still missing there was reason to complain.
      const complaints = /"level":"(warn|error)"/;
      const earlier = new Set(logged(complaints));
      await ticks(WHOLE_IN_A_ROW);
      expect(logged(complaints).filter((line) => !earlier.has(line))).toEqual([]);
      expect((await it.operate("scheduler", "doctor")).code).toBe(0);
      expect((await fetch(`${api}/health/ready`)).status).toBe(200);
      const { from, refused } = await it.requests();
      const addresses = ["scheduler", "standby", ...WORKERS].map(publicOf);
      expect([Object.keys(from).toSorted(), refused]).toEqual([addresses.toSorted(), {}]);
      expect(await leaders()).toEqual(["scheduler"]);
    });

    test("listens where the guide says, and lets a worker do a worker's work", async () => {
      const listening = await Promise.all(
        ["scheduler", "standby", "api", ...WORKERS].map(async (name) => {
          const said = await it.machine(name).sh("ss -Hltn");
          const open = said.split("\n").map((line) => line.split(/ +/)[3] ?? "");
          return open.filter((address) => address !== "" && !/^127\.|^\[::1\]/.test(address));
        }),
      );
      const own = privateOf("scheduler");
      // The bus, Redis, and what Prometheus reads of the scheduler.
      expect(listening.flat().toSorted()).toEqual([`${own}:4222`, `${own}:6379`, `${own}:8093`]);
      const intrude = `cd ${inRepository(".")}; exec ${BUN} -e '${INTRUDER}'`;
      expect(await it.machine("worker-3").sh(intrude)).toBe("RequestError AuthorizationError");
      const refused = it.service("scheduler", "nats").output();
      const ofWorker = 'Publish Violation - User "worker-3", Subject';
      expect(refused).toContain(`${ofWorker} "schedulerx.frames"`);
      expect(refused).toContain(`${ofWorker} "$JS.API.STREAM.DELETE.TASKS"`);
      expect(refused).toContain('authentication error - User "scheduler"');
    });

    test("does without a worker that is cut off, and has it back", async () => {
      const cutAtMs = Date.now();
      await it.internet.cut(it.machine("worker-2"));
      await ticks(5);
      const lacking = ticksLacking(cutAtMs);
      const { from } = await it.requests();
      await ticks(1);
      expect((await it.requests()).from[publicOf("worker-2")]).toBe(from[publicOf("worker-2")]);
      const healedAtMs = Date.now();
      await it.internet.heal(it.machine("worker-2"));
      const backMs = await asks("worker-2", healedAtMs);
      console.log(`worker cut off: rows without a rate for ${lacking} ticks; back after ${backMs} ms`);
      expect(lacking).toBeLessThanOrEqual(2);
      expect(backMs).toBeLessThan(RESUME_MS_MAX);
      await whole(Date.now(), RESUME_MS_MAX);
    });

    test("goes on when the scheduler is killed, and when the one that leads is stopped", async () => {
      const killedAtMs = Date.now();
      await it.service("scheduler", "scheduler").kill9();
      const afterKillMs = await whole(killedAtMs, LEASE_MS_MAX + RESUME_MS_MAX);
      const [leader = ""] = await leaders();
      const stoppedAtMs = Date.now();
      expect(await it.service(leader, "scheduler").stop()).toBe(0);
      const afterStopMs = await whole(stoppedAtMs, RESUME_MS_MAX);
      console.log(`killed: whole ticks after ${afterKillMs} ms; ${leader} stopped: after ${afterStopMs} ms`);
      await it.service(leader, "scheduler").start();
      expect(await leaders()).toHaveLength(1);
    });

    test("shows no old rate while the leader's machine is cut off with the bus, and follows the standby once healed", async () => {
      await lead("scheduler");
      const cutAtMs = Date.now();
      await it.internet.cut(it.machine("scheduler"));
      const blank = async () => {
        const answer = (await (await fetch(`${api}/api/premium`)).json()) as {
          rows: { entryRatesKrwPerUsdt: (number | null)[] }[];
        };
        return answer.rows.every(({ entryRatesKrwPerUsdt: rates }) => rates.every((rate) => rate === null));
      };
      while (!(await blank())) await Bun.sleep(100);
      const blankMs = Date.now() - cutAtMs;
      expect((await fetch(`${api}/health/ready`)).status).toBe(503);
      await standbyLeads(cutAtMs);
      const ledMs = Date.now() - cutAtMs;
      // Nobody can tell it: it goes by its own clock.
      expect(await leads("scheduler")).toBe(false);
      const healedAtMs = Date.now();
      await it.internet.heal(it.machine("scheduler"));
      const wholeMs = await whole(healedAtMs, LEASE_MS_MAX + RESUME_MS_MAX);
      console.log(
        `leader cut off: no rate is shown after ${blankMs} ms, the standby leads after ${ledMs} ms; ` +
          `whole ${wholeMs} ms after healing`,
      );
      expect(blankMs).toBeLessThan(RATE_AGE_MS_MAX + 2 * TICK_MS);
      expect((await fetch(`${api}/health/ready`)).status).toBe(200);
      expect(await leaders()).toEqual(["standby"]);
    });

    test("the standby trades once the leader's machine is lost; all is whole on an empty one at its address", async () => {
      await lead("scheduler");
      const lostAtMs = Date.now();
      await it.replace("scheduler");
      await standbyLeads(lostAtMs);
      const beganAtMs = Date.now();
      // The same folder. Its bus is empty, and the workers need a moment to find it.
      const said = await it.install("scheduler", "scheduler", "--no-check");
      const installedMs = Date.now() - beganAtMs;
      const wholeMs = await whole(beganAtMs, LEASE_MS_MAX + RESUME_MS_MAX);
      console.log(
        `machine lost: the standby led after ${beganAtMs - lostAtMs} ms; installed in ${installedMs} ms; ` +
          `whole ticks ${wholeMs} ms after that began`,
      );
      expect(said).toMatch(/runs +schedulerx-nats\n.*runs +schedulerx-scheduler/s);
      for (const worker of WORKERS) await asks(worker, Date.now());
      expect(await leaders()).toEqual(["standby"]);
      expect((await fetch(`${api}/health/ready`)).status).toBe(200);
      const { code, said: diagnosis } = await it.operate("standby", "doctor");
      expect([code, diagnosis]).toEqual([0, expect.any(String)]);
      expect(logged(/violation|authentication error/i)).toEqual([]);
    });

    test("has used five budgets: together more than one address may, and none more than it may", async () => {
      const { limit, peaks } = await it.weights();
      const own = WORKERS.map((name) => peaks[publicOf(name)] ?? 0);
      console.log(`weight within a minute: ${own.join(", ")} of ${limit} each`);
      expect(own.reduce((sum, peak) => sum + peak)).toBeGreaterThan(limit);
      expect(Math.min(...own)).toBeGreaterThan(limit / 10);
      const { from, refused } = await it.requests();
      const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
      console.log("refused for a limit", refused);
      expect(sum(refused)).toBeLessThanOrEqual(REFUSED_MAX * sum(from));
      expect(published.backwards).toEqual([]);
    });

    test("ends in order", async () => {
      await published.close();
      const codes = Object.values(await it.stop()).flatMap((ofMachine) => Object.entries(ofMachine));
      const programs = codes.filter(([name]) => !/nats|redis/.test(name));
      expect(programs.filter(([, code]) => code !== 0)).toEqual([]);
    });
  });
