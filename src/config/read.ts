// Reads the environment, as the tables of fields say.

import * as v from "valibot";
import type { Fields, Settings } from "./field.ts";

export class SettingsError extends Error {
  override name = "SettingsError";
  constructor(readonly faults: readonly string[]) {
    super(
      `${faults.length} setting${faults.length === 1 ? " is" : "s are"} wrong:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`,
    );
  }
}

/** Reads all fields; empty variables count as absent. Throws SettingsError with every fault at once. */
export function readSettings<F extends Fields>(
  fields: F,
  env: Record<string, string | undefined> = process.env,
): Settings<F> {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const given = env[name]?.trim() || field.default;
    if (given === undefined) {
      if (field.required) faults.push(`${name}: expected a value, was not set. ${field.about}`);
      continue;
    }
    const result = v.safeParse(field.schema, given);
    if (result.success) values[name] = result.output;
    else
      faults.push(
        `${name}: ${result.issues[0].message}, was ${field.secret ? "[hidden]" : JSON.stringify(withoutCredentials(given))}`,
      );
  }
  faults.push(...relationFaults(env, fields));
  if (faults.length > 0) throw new SettingsError(faults);
  return Object.freeze(values) as Settings<F>;
}

/** The same from this process's environment, after an optional file of NAME=value lines, which it overrides. */
export function readEnvironment<F extends Fields>(fields: F, envFile?: string): Settings<F> {
  if (envFile) process.loadEnvFile(envFile);
  return readSettings(fields, process.env);
}

/** A value to be shown: what stands before the last @ of an address may be a password, however badly it is spelt. */
function withoutCredentials(value: string): string {
  return value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/i, "$1[hidden]@")
    .replace(/([?&](?:password|token|secret|key)=)[^&]*/gi, "$1[hidden]");
}

/** Faults that only show when settings are seen together. */
function relationFaults(env: Record<string, string | undefined>, fields: Fields): string[] {
  const faults: string[] = [];
  const isSet = (name: string) => name in fields && Boolean(env[name]?.trim());
  const together = [
    ["UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY"],
    ["BITHUMB_ACCESS_KEY", "BITHUMB_SECRET_KEY"],
    ["BYBIT_API_KEY", "BYBIT_SECRET_KEY"],
    ["BINANCE_API_KEY", "BINANCE_SECRET_KEY"],
    ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
    ["NATS_USER", "NATS_PASSWORD"],
  ] as const;
  for (const [a, b] of together) {
    if (isSet(a) !== isSet(b))
      faults.push(`${isSet(a) ? b : a}: expected a value because ${isSet(a) ? a : b} is set`);
  }
  if (isSet("REDIS_URL") && isSet("UPSTASH_REDIS_REST_URL")) {
    faults.push("REDIS_URL: expected either REDIS_URL or UPSTASH_REDIS_REST_URL, were both");
  }
  if ("LIVE_TRADING_CONSENT" in fields && env.TRADING_MODE?.trim() === "live") {
    for (const name of ["ENCRYPTION_KEY", "LIVE_TRADING_CONSENT"]) {
      if (!isSet(name)) faults.push(`${name}: expected a value because TRADING_MODE is live`);
    }
  }
  if (isSet("TELEGRAM_OPERATOR_CHAT") && !isSet("TELEGRAM_BOT_TOKEN"))
    faults.push("TELEGRAM_BOT_TOKEN: expected a value because TELEGRAM_OPERATOR_CHAT is set");
  if (env.TELEGRAM_LINKS?.trim() === "on" && "TELEGRAM_LINKS" in fields && !isSet("TELEGRAM_BOT_TOKEN"))
    faults.push("TELEGRAM_BOT_TOKEN: expected a value because TELEGRAM_LINKS is on");
  const msOf = (name: string) => Number(env[name]?.trim() || fields[name]?.default);
  if ("REST_MS_MAX" in fields && msOf("REST_MS_MAX") < msOf("REST_AFTER_TROUBLE_MS"))
    faults.push(`REST_MS_MAX: expected at least REST_AFTER_TROUBLE_MS, was ${msOf("REST_MS_MAX")}`);
  if (isSet("NATS_TOKEN") && isSet("NATS_USER"))
    faults.push("NATS_TOKEN: expected a token or a user, were both");
  return faults;
}
