// The binaries as an operator meets them before anything runs: settings that are wrong are told all at once, and
// --check says in words what cannot be reached.

import { expect, setDefaultTimeout, test } from "bun:test";
import { MAINS, type MainName, runToEnd } from "../testing/e2e/program.ts";
import { longTest } from "../testing/long.ts";
import { freePort } from "../testing/services.ts";

setDefaultTimeout(60_000);

const WRONG: Readonly<Record<MainName, Readonly<Record<string, string>>>> = {
  worker: { NATS_URL: "http://bus", BOOK_AGE_MS_MAX: "soon", RATE_GOVERNOR: "maybe", LOG_LEVEL: "loud" },
  scheduler: {
    TICK_INTERVAL_MS: "31000",
    DATABASE_URL: "mysql://x",
    KARBIT_TABLES: "perhaps",
    CONTROL_TOKEN: "short",
    UPBIT_ACCESS_KEY: "an-access-key-1",
    UPSTASH_REDIS_REST_TOKEN: "change-me",
  },
  api: { PORT: "70000", TICK_INTERVAL_MS: "x", SIMULATED: "yes" },
};

for (const main of Object.keys(MAINS) as MainName[]) {
  test(`${main} tells every wrong setting at once and ends with 1`, async () => {
    const { code, text } = await runToEnd(main, [], WRONG[main]);
    expect(code).toBe(1);
    for (const name of Object.keys(WRONG[main])) {
      if (name !== "UPBIT_ACCESS_KEY") expect(text).toContain(`- ${name}: `);
    }
    expect(text).toMatch(/^\d+ settings are wrong:/);
    expect(text).not.toContain("change-me");
    expect(text).not.toContain("    at ");
  });
}

test("a key without its secret is told by the name of what is missing, and a required value too", async () => {
  const { text } = await runToEnd("scheduler", [], WRONG.scheduler);
  expect(text).toContain("- UPBIT_SECRET_KEY: expected a value because UPBIT_ACCESS_KEY is set");
  const { code, text: without } = await runToEnd("scheduler", [], {});
  expect(code).toBe(1);
  expect(without).toContain("- DATABASE_URL: expected a value, was not set");
});

/** Nobody listens there, in place of every venue and server. */
async function nowhere() {
  const dead = `127.0.0.1:${await freePort()}`;
  const url = `http://${dead}`;
  return { dead, venues: { UPBIT_URL: url, BITHUMB_URL: url, BYBIT_URL: url, BINANCE_URL: url } };
}

longTest("--check with nothing to reach says so for each server and ends with 1", async () => {
  const { dead, venues } = await nowhere();
  const { code, text } = await runToEnd("scheduler", ["--check"], {
    NATS_URL: `nats://${dead}`,
    DATABASE_URL: `postgres://app@${dead}/app`,
    REDIS_URL: `redis://${dead}`,
    ...venues,
  });
  expect(code).toBe(1);
  for (const what of ["upbit", "bithumb", "bybit", "binance", "database", "redis", "bus"]) {
    expect(text).toMatch(new RegExp(`^WRONG ${what} +\\S`, "m"));
  }
  expect(text).toContain("schedulerx-scheduler: 7 wrong");
  expect(text).not.toContain("    at ");
});

test("--check tells an address that cannot be used in words, as it does one that does not answer", async () => {
  const { dead, venues } = await nowhere();
  const { code, text } = await runToEnd("scheduler", ["--check"], {
    NATS_URL: `nats://${dead}`,
    NATS_CA_FILE: "/nowhere/ca.pem",
    DATABASE_URL: `postgres://app@${dead}`,
    REDIS_URL: `rediss://${dead}`,
    REDIS_CA_FILE: "/nowhere/ca.pem",
    ...venues,
  });
  expect(code).toBe(1);
  for (const what of ["database", "redis", "bus"])
    expect(text).toMatch(new RegExp(`^WRONG ${what} +\\S`, "m"));
  expect(text).not.toContain("    at ");
});

test("--check of the api names its database when that cannot be used, and leaves it out without one", async () => {
  const { dead } = await nowhere();
  const common = { NATS_URL: `nats://${dead}`, NATS_CA_FILE: "/nowhere/ca.pem", PORT: "0" };
  const [withOne, without] = await Promise.all([
    runToEnd("api", ["--check"], { ...common, DATABASE_URL: `postgres://app@${dead}` }),
    runToEnd("api", ["--check"], common),
  ]);
  expect(withOne.code).toBe(1);
  expect(withOne.text).toMatch(/^WRONG database +\S/m);
  expect(without.text).not.toContain("database");
});
