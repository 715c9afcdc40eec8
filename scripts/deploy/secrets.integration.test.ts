// secrets.sh: everything is there, readable by its owner alone, never overwritten, and what the programs are given fits
// their settings. Redis runs with its part of it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RedisClient } from "bun";
import { openTcpLink } from "../../src/adapters/redis/tcp-link.ts";
import { apiFields, readSettings, schedulerFields, workerFields } from "../../src/config.ts";
import { needs } from "../../src/testing/needs.ts";
import { makeTempDir, removeTempDir } from "../../src/testing/services/temp-dir.ts";
import { makeSecrets, SECRETS, settingsIn, startWithSecrets } from "./testing.ts";

function textsIn(dir: string): Map<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(dir.length + 1), readFileSync(path, "utf8")]));
}

needs(["shellcheck"], "the scripts", () => {
  test("pass shellcheck, and say what they are for", () => {
    const scripts = readdirSync(import.meta.dir).filter((name) => name.endsWith(".sh"));
    expect(scripts).toContain("secrets.sh");
    for (const name of scripts) {
      const checked = Bun.spawnSync(["shellcheck", join(import.meta.dir, name)]);
      expect(checked.stdout.toString()).toBe("");
      const help = Bun.spawnSync([join(import.meta.dir, name), "--help"]);
      expect([help.exitCode, help.stdout.toString().startsWith(name)]).toEqual([0, true]);
    }
  });
});

needs(["openssl", "redis"], "secrets.sh", () => {
  let dir: string;
  let first: Map<string, string>;
  beforeAll(() => {
    dir = join(makeTempDir("secrets"), "deploy");
    const made = makeSecrets(dir, ["--workers", "2", "--redis"]);
    if (made.exitCode !== 0) throw new Error(made.faults);
    first = textsIn(dir);
  });
  afterAll(() => removeTempDir(join(dir, "..")));

  test("makes a folder for each machine with all it needs", () => {
    const wanted = [
      ...["ca.pem", "ca.key", "address"],
      ...["nats.conf", "redis.conf", "server.pem", "server.key", "ca.pem", "scheduler.env", "api.env"]
        .concat("postgres.sql")
        .map((name) => `scheduler/${name}`),
      ...["worker-1", "worker-2"].flatMap((name) => [`${name}/ca.pem`, `${name}/worker.env`]),
      ...["karbit/ca.pem", "karbit/karbit.env"],
    ];
    const found = [...first.keys()].filter((name) => !name.startsWith("passwords/"));
    expect(found.toSorted()).toEqual(wanted.toSorted());
  });

  test("lets nobody else read any of it, and gives each machine only what is its own", () => {
    for (const [name] of first) expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600]);
    for (const name of [".", "passwords", "scheduler", "worker-1"]) {
      expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o700]);
    }
    const passwords = [...first]
      .filter(([name]) => name.startsWith("passwords/"))
      .map(([, text]) => text.trim());
    expect(passwords.every((text) => /^[0-9a-f]{48}$/.test(text))).toBeTrue();
    expect(new Set(passwords).size).toBe(passwords.length);
    const onWorker = passwords.filter((text) => first.get("worker-1/worker.env")!.includes(text));
    expect(onWorker.toSorted()).toEqual(
      ["metrics-token", "nats-worker-1"].map((name) => first.get(`passwords/${name}`)!.trim()).toSorted(),
    );
    expect(passwords.some((text) => first.get("scheduler/redis.conf")!.includes(text))).toBeFalse();
  });

  test("writes settings that the programs take", () => {
    const read = (name: string) => settingsIn(join(dir, name));
    expect(readSettings(workerFields, read("worker-2/worker.env")).SOURCE_ADDRESS).toBe("worker-2");
    expect(readSettings(schedulerFields, read("scheduler/scheduler.env")).KARBIT_TABLES).toBe("create");
    const { SIGN_UP, SOURCE_ADDRESS } = readSettings(apiFields, read("scheduler/api.env"));
    expect([SIGN_UP, SOURCE_ADDRESS]).toEqual([false, "scheduler"]);
  });

  test("opens a port for Prometheus in each, whose token is not the operator's", () => {
    const ports = { "scheduler/scheduler.env": 8093, "scheduler/api.env": 8092, "worker-1/worker.env": 8091 };
    for (const [name, port] of Object.entries(ports)) {
      const { METRICS_HOST, METRICS_PORT, METRICS_TOKEN } = settingsIn(join(dir, name));
      // A worker's own address is known to its owner alone.
      const host = name.startsWith("worker") ? undefined : "127.0.0.1";
      const token = first.get("passwords/metrics-token")!.trim();
      expect([name, METRICS_HOST, METRICS_PORT, METRICS_TOKEN]).toEqual([name, host, `${port}`, token]);
    }
    const targets = readFileSync(join(import.meta.dir, "prometheus/prometheus.yml"), "utf8").match(
      /:809\d"/g,
    );
    expect(new Set(targets)).toEqual(new Set(Object.values(ports).map((port) => `:${port}"`)));
  });

  test("overwrites nothing: more workers are added, what would change is put beside", () => {
    writeFileSync(join(dir, "scheduler/api.env"), "mine\n");
    const again = makeSecrets(dir, ["--workers", "3", "--redis"]);
    expect(again.exitCode).toBe(0);
    const after = textsIn(dir);
    for (const [name, text] of first) {
      expect([name, after.get(name)]).toEqual([name, name === "scheduler/api.env" ? "mine\n" : text]);
    }
    expect(after.get("scheduler/api.env.new")).toBe(first.get("scheduler/api.env")!);
    expect(after.get("scheduler/nats.conf.new")).toContain('user: "worker-3"');
    expect(after.has("worker-3/worker.env")).toBeTrue();
    expect(again.said).toContain("DIFFERS   scheduler/nats.conf is kept");
  });

  test("puts the api into a folder of its own where it has a machine of its own", () => {
    const out = join(dir, "../api-host");
    const made = makeSecrets(out, ["--api-host"], { DATABASE_URL: "postgres://s:p@db.internal/s" });
    expect([made.exitCode, made.faults]).toEqual([0, ""]);
    expect(settingsIn(join(out, "api/api.env")).SOURCE_ADDRESS).toBe("api");
    expect(readdirSync(join(out, "api")).toSorted()).toEqual(["api.env", "ca.pem"]);
    expect(readdirSync(join(out, "scheduler"))).not.toContain("api.env");
  });

  test("gives workers elsewhere the address they reach, and the certificate it too", () => {
    for (const [address, kind] of [
      ["bus.example.com", "DNS"],
      ["203.0.113.7", "IP Address"],
    ] as const) {
      const out = join(dir, `../elsewhere-${kind.slice(0, 2)}`);
      const made = makeSecrets(out, ["--workers", "1", "--worker-address", address]);
      expect([made.exitCode, made.faults]).toEqual([0, ""]);
      const busOf = (name: string) => new URL(settingsIn(join(out, name)).NATS_URL!).hostname;
      expect(busOf("worker-1/worker.env")).toBe(address);
      expect(busOf("scheduler/scheduler.env")).toBe(busOf("scheduler/api.env"));
      expect(busOf("scheduler/scheduler.env")).not.toBe(address);
      const listen = `listen: "${busOf("scheduler/scheduler.env")}:4222"`;
      expect(readFileSync(join(out, "scheduler/nats.conf"), "utf8")).toContain(listen);
      const pem = join(out, "scheduler/server.pem");
      const read = Bun.spawnSync(["openssl", "x509", "-in", pem, "-noout", "-ext", "subjectAltName"]);
      expect(read.stdout.toString()).toContain(`${kind}:${address}`);
    }
    // The certificate is for that address: another one is not written beside it.
    const out = join(dir, "../elsewhere-IP");
    expect(makeSecrets(out, ["--workers", "1"]).faults).toContain("--worker-address");
    const wrong = makeSecrets(join(dir, "../wrong"), ["--worker-address", "a b"]);
    expect([wrong.exitCode, wrong.faults]).toEqual([2, expect.stringContaining("--worker-address")]);
    expect(makeSecrets(join(dir, "../wrong"), ["--worker-address", "b.kr", "--one-host"]).exitCode).toBe(2);
  });

  test("takes Karbit's secrets and a database elsewhere as they are, through the binaries' own reader", async () => {
    const url = "postgres://s:p%23w@db.internal:5432/s?sslmode=verify-full";
    const plain = {
      DATABASE_URL: url,
      JWT_SECRET: 'Karbit # "own" $HOME',
      ENCRYPTION_KEY: "Karbit # has \\n spaces",
    };
    const made = makeSecrets(join(dir, "../karbit"), ["--karbit", "--one-host"], plain);
    expect([made.exitCode, made.faults]).toEqual([0, ""]);
    const script = `process.loadEnvFile(process.argv[1]);
      const { JWT_SECRET, ENCRYPTION_KEY, DATABASE_URL } = process.env;
      console.log(JSON.stringify({ JWT_SECRET, ENCRYPTION_KEY, DATABASE_URL }));`;
    const file = join(dir, "../karbit/scheduler/api.env");
    const read = Bun.spawnSync([process.execPath, "-e", script, file], { env: {} });
    expect(JSON.parse(read.stdout.toString())).toEqual(plain);
    expect(settingsIn(file).KARBIT_TABLES).toBe("expect");
    expect(settingsIn(join(dir, "../karbit/scheduler/worker.env")).SOURCE_ADDRESS).toBe("scheduler");
  });

  test("says what it expected", () => {
    for (const [options, words] of [
      [["--workers", "0"], "--workers: expected 1 to 50"],
      [["--address", "example.com"], "--address: expected an IPv4 address"],
      [["--karbit"], "expected Karbit's JWT_SECRET"],
      [["--standby"], "--standby: expected DATABASE_URL"],
      [["--api-host"], "--api-host: expected DATABASE_URL"],
      [["--name"], "--name: expected a value"],
      [["--whatever"], "--whatever: expected one of the options"],
      [["--name", "other.internal"], "was made for '127.0.0.1'"],
    ] as const) {
      const { exitCode, faults } = makeSecrets(dir, options);
      expect([exitCode, faults]).toEqual([2, expect.stringContaining(words)]);
    }
    const other = makeSecrets(dir, [], { JWT_SECRET: "another one than was made" });
    expect([other.exitCode, other.faults]).toEqual([2, expect.stringContaining("JWT_SECRET: ")]);
    const quoted = makeSecrets(join(dir, "../none"), ["--karbit"], {
      JWT_SECRET: "it's",
      ENCRYPTION_KEY: "x",
    });
    expect([quoted.exitCode, quoted.faults]).toEqual([2, expect.stringContaining("without a single quote")]);
    expect(Bun.spawnSync([SECRETS]).stderr.toString()).toContain("expected --out DIR");
  });

  test("lets the scheduler publish to Redis, readers read, and nobody else in", async () => {
    await using server = await startWithSecrets("redis", { folder: join(dir, "scheduler"), port: 6379 });
    const caFile = join(dir, "ca.pem");
    const urlFor = (user: string) => {
      const password = readFileSync(join(dir, `passwords/redis-${user}`), "utf8").trim();
      return server.url.replace("//", `//${user}:${password}@`);
    };
    const link = openTcpLink({ url: urlFor("publisher"), caFile }, () => {});
    await link.send([
      { name: "ping" },
      { name: "publish", channel: "schedulerx:frames", text: "frame" },
      { name: "publish", channel: "exchange_rate", text: "rows" },
      { name: "set", key: "schedulerx:snapshot", text: "all", ttlMs: 60_000 },
      { name: "set", key: "upbit:KRW-USDT", text: "1400", ttlMs: 60_000 },
    ]);
    const opened: RedisClient[] = [];
    const open = (url: string) => {
      const client = new RedisClient(url, {
        tls: { ca: readFileSync(caFile, "utf8") },
        autoReconnect: false,
      });
      opened.push(client);
      return client;
    };
    const reader = open(urlFor("reader"));
    expect(await reader.send("GET", ["schedulerx:snapshot"])).toBe("all");
    const refusal = (client: RedisClient, words: readonly [string, ...string[]]) =>
      client.send(words[0], words.slice(1)).then(
        () => "done",
        (error) => String(error),
      );
    const karbit = open(
      settingsIn(join(dir, "karbit/karbit.env")).REDIS_URL!.replace("6379", `${server.port}`),
    );
    expect(await refusal(karbit, ["SET", "exchange-rate:USD-KRW", "1", "EX", "10"])).toBe("done");
    expect(await karbit.send("GET", ["upbit:KRW-USDT"])).toBe("1400");
    const heard = Promise.withResolvers<string>();
    await reader.subscribe("schedulerx:frames", (message) => heard.resolve(message));
    await link.send([{ name: "publish", channel: "schedulerx:frames", text: "next" }]);
    expect(await heard.promise).toBe("next");
    const refused = [
      ["SET", "schedulerx:snapshot", "mine"],
      ["PUBLISH", "exchange_rate", "mine"],
      ["FLUSHALL"],
      ["CONFIG", "GET", "*"],
      ["ACL", "LIST"],
      ["KEYS", "*"],
    ] as const;
    for (const words of refused) expect(await refusal(karbit, words)).toContain("NOPERM");
    const publisher = open(urlFor("publisher"));
    for (const words of [
      ["GET", "upbit:KRW-USDT"],
      ["SET", "other", "x"],
      ["CONFIG", "GET", "*"],
    ] as const) {
      expect(await refusal(publisher, words)).toContain("NOPERM");
    }
    for (const url of [server.url, server.url.replace("//", "//default:guess@")]) {
      expect(await refusal(open(url), ["GET", "upbit:KRW-USDT"])).toMatch(/NOAUTH|NOPERM|WRONGPASS|closed/i);
    }
    link.close();
    for (const client of opened) client.close();
  });
});
