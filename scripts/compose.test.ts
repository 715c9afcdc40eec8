// compose.yaml against src/config.ts: a setting in .env that does not reach its process would be ignored in silence,
// and a limit of risk that is ignored costs money. And no service is given what is another's.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { apiFields, type Fields, readSettings, schedulerFields, workerFields } from "../src/config.ts";

const SERVICES: Readonly<Record<string, Fields>> = {
  scheduler: schedulerFields,
  worker: workerFields,
  api: apiFields,
};

/** What compose.yaml says itself: where the services find each other, and what they listen on. */
const FIXED = new Set([
  ...["NATS_URL", "NATS_USER", "DATABASE_URL", "REDIS_URL", "SOURCE_ADDRESS"],
  ...["HOST", "PORT", "METRICS_HOST", "CONTROL_HOST"],
]);

/** What no service is given, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  NATS_TOKEN: "the bus asks for a user and a password",
  NATS_CA_FILE: "the bus is in the same private network, without TLS",
  DATABASE_CA_FILE: "so is PostgreSQL",
  REDIS_CA_FILE: "so is Redis",
  UPSTASH_REDIS_REST_URL: "REDIS_URL is set, and either is used",
  UPSTASH_REDIS_REST_TOKEN: "REDIS_URL is set, and either is used",
  WORKER_ID: "five workers would share one; each container's name is its own",
  CONTROL_PORT: "the published port leads to the default",
};

const PASSWORDS: Readonly<Record<string, string>> = {
  NATS_PASSWORD: "a-password-of-the-bus",
  POSTGRES_PASSWORD: "a-password-of-postgres",
  REDIS_PASSWORD: "a-password-of-redis",
};

const compose = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "../compose.yaml")).text()) as {
  services: Record<string, { environment: Record<string, string> }>;
};

/** A value as compose passes it on: ${NAME:-default} and ${NAME:?words} are all that is written there. */
function passedOn(value: string, dotEnv: Readonly<Record<string, string>>): string {
  return value.replace(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, sign: string | undefined, rest: string) => {
      const given = dotEnv[name] || undefined;
      if (given === undefined && sign === "?") throw new Error(rest);
      return given ?? (sign === "-" ? rest : "");
    },
  );
}

for (const [service, fields] of Object.entries(SERVICES)) {
  const environment = compose.services[service]!.environment;

  test(`${service} is given each of its settings from .env, and nobody else's`, () => {
    const expected = Object.keys(fields).filter((name) => !(name in LEFT_OUT));
    expect(Object.keys(environment).sort()).toEqual(expected.sort());
    for (const [name, value] of Object.entries(environment)) {
      if (FIXED.has(name)) continue;
      expect([name, passedOn(value, { ...PASSWORDS, [name]: "what .env says" })]).toEqual([
        name,
        "what .env says",
      ]);
    }
  });

  test(`${service} starts with nothing but the passwords in .env`, () => {
    const passed = Object.entries(environment).map(([name, value]) => [name, passedOn(value, PASSWORDS)]);
    const settings = readSettings(fields, Object.fromEntries(passed));
    const unlike = Object.entries(readSettings(fields, { DATABASE_URL: "postgres://127.0.0.1/any" }))
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify((settings as typeof fields)[name]))
      .map(([name]) => name)
      .filter((name) => !FIXED.has(name));
    // Without Karbit nobody else makes its tables.
    expect(unlike).toEqual("KARBIT_TABLES" in fields ? ["KARBIT_TABLES"] : []);
  });

  test(`${service} does not start without the passwords`, () => {
    const everything = Object.values(environment).join(" ");
    for (const name of Object.keys(PASSWORDS).filter((each) => everything.includes(each))) {
      expect(() => passedOn(everything, { ...PASSWORDS, [name]: "" })).toThrow(`set ${name} in .env`);
    }
  });
}
