import { expect, test } from "bun:test";
import { apiFields, readSettings, SettingsError, schedulerFields, workerFields } from "./config.ts";

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

test("readSettings fills defaults and converts units", () => {
  const settings = readSettings(workerFields, {
    SOURCE_ADDRESS: "host-1",
    UPBIT_URL: "http://127.0.0.1:7001/",
  });
  expect(settings.SOURCE_ADDRESS).toBe("host-1");
  expect(settings.UPBIT_URL).toBe("http://127.0.0.1:7001");
  expect(settings.BOOK_AGE_MS_MAX).toBe(5000);
  expect(settings.RATE_GOVERNOR).toBe(true);
  expect(settings.NATS_CA_FILE).toBeUndefined();
});

test("readSettings reports every fault at once, with name, expectation and finding", () => {
  const faults = faultsOf(() =>
    readSettings(schedulerFields, {
      TICK_INTERVAL_MS: "500",
      NATS_URL: "http://x",
      KARBIT_TABLES: "maybe",
      UPBIT_ACCESS_KEY: "abcdefgh12345678",
      REDIS_URL: "redis://h",
      UPSTASH_REDIS_REST_URL: "https://h",
    }),
  );
  const names = faults.map((fault) => fault.split(":")[0]);
  expect(names.sort()).toEqual([
    "DATABASE_URL",
    "KARBIT_TABLES",
    "NATS_URL",
    "REDIS_URL",
    "TICK_INTERVAL_MS",
    "UPBIT_SECRET_KEY",
    "UPSTASH_REDIS_REST_TOKEN",
  ]);
  expect(faults.find((fault) => fault.startsWith("TICK"))).toBe(
    'TICK_INTERVAL_MS: expected at least 1000, was "500"',
  );
});

test("chats are not linked, nor operators told, by a bot that has no token", () => {
  const base = { DATABASE_URL: "postgres://h/d" };
  for (const more of [{ TELEGRAM_LINKS: "on" }, { TELEGRAM_OPERATOR_CHAT: "-5" }]) {
    const faults = faultsOf(() => readSettings(schedulerFields, { ...base, ...more }));
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(["TELEGRAM_BOT_TOKEN"]);
  }
  expect(readSettings(schedulerFields, { ...base, TELEGRAM_LINKS: "off" }).TELEGRAM_LINKS).toBeFalse();
});

test("a placeholder is refused and a secret is never printed", () => {
  const faults = faultsOf(() =>
    readSettings(schedulerFields, { DATABASE_URL: "postgres://h/d", CONTROL_TOKEN: "changeme-changeme-1" }),
  );
  expect(faults).toEqual(["CONTROL_TOKEN: expected a real value, was a placeholder, was [hidden]"]);
});

test("a fault about an address shows it without its password, however it is spelt", () => {
  for (const given of [
    "postgress://user:hunter22@host/db",
    "user:hunter22@host:5432/db",
    "mysql://user:hun/ter22@host/db",
    "mysql://user:hunter22@x@host/db",
    "mysql://host/db?user=u&password=hunter22",
  ]) {
    const [fault] = faultsOf(() => readSettings(schedulerFields, { DATABASE_URL: given }));
    expect(fault).toStartWith(
      "DATABASE_URL: expected a URL beginning with postgres:// or postgresql://, was ",
    );
    expect(fault).not.toContain("ter22");
    expect(fault).toContain("host");
  }
});

test("an empty variable counts as absent", () => {
  expect(readSettings(apiFields, { PORT: "" }).PORT).toBe(8080);
});

test("a secret for sessions that anybody could guess is refused", () => {
  const given = ["short-one", "your-jwt-secret-of-karbit", "my-default-signing-text", "a".repeat(32)];
  for (const JWT_SECRET of given) {
    const faults = faultsOf(() => readSettings(apiFields, { JWT_SECRET }));
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(["JWT_SECRET"]);
    expect(faults[0]).not.toContain(JWT_SECRET);
  }
  const JWT_SECRET = "0f3c9a7d5b1e8246";
  expect(readSettings(apiFields, { JWT_SECRET }).JWT_SECRET).toBe(JWT_SECRET);
});

test("the api can show live trading without being told what the scheduler is told", () => {
  expect(readSettings(apiFields, { TRADING_MODE: "live" }).TRADING_MODE).toBe("live");
  expect(() => readSettings(schedulerFields, { TRADING_MODE: "live" })).toThrow("ENCRYPTION_KEY");
});
