// Settings of more than one process.

import * as v from "valibot";
import {
  type Fields,
  httpUrl,
  integer,
  onOff,
  operatorToken,
  percent,
  secretText,
  text,
  url,
} from "./field.ts";

export const logFields = {
  LOG_LEVEL: {
    about: "How much is logged: debug, info, warn or error.",
    default: "info",
    schema: v.picklist(["debug", "info", "warn", "error"], "expected debug, info, warn or error"),
  },
  LOG_FORMAT: {
    about: "json (one object a line, for machines) or text (for a terminal).",
    default: "json",
    schema: v.picklist(["json", "text"], "expected json or text"),
  },
} as const satisfies Fields;

export const metricsFields = {
  METRICS_HOST: {
    about: "Address the port for Prometheus binds to. Keep it private.",
    default: "127.0.0.1",
    schema: text,
  },
  METRICS_PORT: {
    about: "Port at which Prometheus reads GET /metrics. Without it there is none.",
    schema: integer(0, 65_535),
  },
  METRICS_TOKEN: {
    about:
      "Bearer token of that port, at least 16 characters. Without it everybody who reaches the port may read.",
    secret: true,
    schema: operatorToken,
  },
} as const satisfies Fields;

const otlpHeaders = v.pipe(
  v.string(),
  v.check(
    (value) => value.split(",").every((pair) => /^\s*[A-Za-z0-9_-]+=[\x21-\x7e ]+$/.test(pair)),
    "expected name=value pairs with commas between",
  ),
  v.transform(
    (value): Readonly<Record<string, string>> =>
      Object.fromEntries(
        value.split(",").map((pair) => {
          const at = pair.indexOf("=");
          return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
        }),
      ),
  ),
);

/** Values may be percent-encoded; what is no such text stands as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

export const traceFields = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    about:
      "OpenTelemetry collector that gets traces by OTLP over HTTP, e.g. http://127.0.0.1:4318; /v1/traces is added. Without it there are no traces.",
    schema: httpUrl,
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    about: "Headers sent to it, as name=value with commas between, e.g. an authorization.",
    secret: true,
    schema: otlpHeaders,
  },
  TRACES_TICK_PCT: {
    about:
      "Part of all ticks that is traced, %. Which ones follows from their instants: give all processes the same. Every intent is traced.",
    default: "1",
    schema: v.pipe(
      v.string(),
      v.regex(/^(100|\d{1,2}(\.\d{1,4})?)$/, "expected a percentage from 0 to 100"),
      v.transform(Number),
    ),
  },
  TRACES_NAMESPACE: {
    about:
      "Name of this service at the collector, the same in all its processes: two services that share one would mix their traces.",
    default: "schedulerx",
    schema: v.pipe(text, v.regex(/^[A-Za-z0-9._-]{1,60}$/, "expected up to 60 of A-Za-z0-9._-")),
  },
} as const satisfies Fields;

export const natsFields = {
  NATS_URL: {
    about: "Where the bus is; tls:// for an encrypted link.",
    default: "nats://127.0.0.1:4222",
    schema: url(["nats", "tls"]),
  },
  NATS_CA_FILE: { about: "CA certificate (PEM) that signed the bus's certificate.", schema: text },
  NATS_USER: { about: "User name at the bus.", schema: text },
  NATS_PASSWORD: { about: "Password at the bus.", secret: true, schema: secretText },
  NATS_TOKEN: { about: "Token at the bus, instead of user and password.", secret: true, schema: secretText },
} as const satisfies Fields;

const venueUrlFields = {
  UPBIT_URL: { about: "Upbit's REST address.", default: "https://api.upbit.com", schema: httpUrl },
  BITHUMB_URL: { about: "Bithumb's REST address.", default: "https://api.bithumb.com", schema: httpUrl },
  BYBIT_URL: { about: "Bybit's REST address.", default: "https://api.bybit.com", schema: httpUrl },
  BINANCE_URL: {
    about: "Binance USD-M's REST address.",
    default: "https://fapi.binance.com",
    schema: httpUrl,
  },
  REQUEST_TIMEOUT_MS: {
    about: "A request to a venue that takes longer is given up.",
    default: "3000",
    schema: integer(100, 30_000),
  },
} as const satisfies Fields;

export const venueFields = {
  SOURCE_ADDRESS: {
    about:
      "Label of the network address this process reaches the venues from. Processes with the same label share one rate budget: give hosts with addresses of their own labels of their own, and never two labels to one address.",
    default: "shared",
    schema: v.pipe(text, v.regex(/^[A-Za-z0-9._:-]{1,60}$/, "expected up to 60 of A-Za-z0-9._:-")),
  },
  ...venueUrlFields,
  RATE_GOVERNOR: {
    about: "on, or off to show what it is for: venues answer 429 and then ban the address.",
    default: "on",
    schema: onOff,
  },
} as const satisfies Fields;

export const tickField = {
  TICK_INTERVAL_MS: {
    about:
      "Length of a tick. The venues' limits decide how short it can be: --check prints the shortest feasible one.",
    default: "30000",
    schema: integer(1_000, 30_000),
  },
} as const satisfies Fields;

export const autoExitGainField = {
  about:
    "In auto mode a position is left at its average entry rate and this on top, %. Give the api the same: it shows the target.",
  default: "2",
  schema: percent(0.01, 50),
} as const;

/** What entries and exits are decided by (specification: targets, guard, add-ons, break-even). */

export const tradingModeField = {
  about:
    "off: rates only. paper: strategies trade on paper accounts against the real books. live: with the users' own keys and money.",
  default: "paper",
  schema: v.picklist(["off", "paper", "live"], "expected off, paper or live"),
} as const;

export const karbitTablesField = {
  about:
    "expect: Karbit's own migrations have made its tables (refuses to start without them). create: make them, for installs without Karbit.",
  default: "expect",
  schema: v.picklist(["expect", "create"], "expected expect or create"),
} as const;

export const encryptionKeyField = {
  about:
    "Karbit's ENCRYPTION_KEY, the same text, or one of your own without Karbit: users' API keys are encrypted with it. Needed with TRADING_MODE=live.",
  secret: true,
  schema: v.pipe(secretText, v.minLength(16, "expected at least 16 characters")),
} as const;

export const databaseFields = {
  DATABASE_URL: {
    about: "PostgreSQL, e.g. postgres://user:password@host:5432/name?sslmode=verify-full.",
    required: true,
    schema: url(["postgres", "postgresql"]),
  },
  DATABASE_CA_FILE: { about: "CA certificate (PEM) for sslmode=verify-full, as RDS needs.", schema: text },
} as const satisfies Fields;
