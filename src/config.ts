// The only reader of the environment. Every setting has its default, unit and words here and nowhere else; all faults
// are reported at once. `.env.example` and docs/settings.md are printed from these tables (scripts/settings.ts).

import { isIP } from "node:net";
import * as v from "valibot";

interface Field<T> {
  /** One or two sentences for operators. */
  readonly about: string;
  /** As it would stand in the environment; undefined: optional without a default. */
  readonly default?: string;
  readonly required?: boolean;
  /** Never printed; placeholders are refused. */
  readonly secret?: boolean;
  readonly schema: v.GenericSchema<string, T>;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends { schema: v.GenericSchema<string, infer T> }
  ? F extends { default: string } | { required: true }
    ? T
    : T | undefined
  : never;
export type Settings<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

const text = v.pipe(v.string(), v.minLength(1));
const integer = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^-?\d{1,15}$/, `expected a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.minValue(min, `expected at least ${min}`),
    v.maxValue(max, `expected at most ${max}`),
  );
const onOff = v.pipe(
  v.picklist(["on", "off"], "expected on or off"),
  v.transform((value) => value === "on"),
);
const url = (schemes: readonly string[]) =>
  v.pipe(
    v.string(),
    v.check(
      (value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)),
      `expected a URL beginning with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    ),
  );
const httpUrl = v.pipe(
  url(["http", "https"]),
  v.transform((value) => value.replace(/\/+$/, "")),
);
const listOf = (schema: v.GenericSchema<string, string>) =>
  v.pipe(
    v.string(),
    v.transform((value) => value.split(",").map((one) => one.trim())),
    v.array(schema),
  );
const folder = v.pipe(v.string(), v.startsWith("/", "expected folders from / on, with commas between"));
const secretText = v.pipe(
  v.string(),
  v.minLength(8, "expected at least 8 characters"),
  v.check(
    (value) => !/change.?me|placeholder|your[_-]|example|secret_here|^x+$|^<.*>$|password123/i.test(value),
    "expected a real value, was a placeholder",
  ),
);

/** What an operator has to say before orders are real. */
export const LIVE_CONSENT = "real orders with real money";

const logFields = {
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

const operatorToken = v.pipe(secretText, v.minLength(16, "expected at least 16 characters"));

const metricsFields = {
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

const traceFields = {
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

const natsFields = {
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

const venueFields = {
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

const tickField = {
  TICK_INTERVAL_MS: {
    about:
      "Length of a tick. The venues' limits decide how short it can be: --check prints the shortest feasible one.",
    default: "30000",
    schema: integer(1_000, 30_000),
  },
} as const satisfies Fields;

export const workerFields = {
  ...natsFields,
  ...venueFields,
  WORKER_ID: { about: "Name of this worker; host name and process id by default.", schema: text },
  BOOK_AGE_MS_MAX: {
    about:
      "Order books older than this when reported give no rate, by our receipt or by the venue's own time stamp. The host's clock must be right.",
    default: "5000",
    schema: integer(100, 60_000),
  },
  LEG_SKEW_MS_MAX: {
    about: "Two books received further apart than this give no rate.",
    default: "2000",
    schema: integer(50, 30_000),
  },
  ...metricsFields,
  ...traceFields,
  ...logFields,
} as const satisfies Fields;

const amountKrw = v.pipe(
  v.string(),
  v.regex(/^\d{1,15}$/, "expected whole KRW"),
  v.check((value) => BigInt(value) > 0n, "expected more than 0"),
);

/** A share in percent, as exact text; its bounds in percent. */
const percent = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,2}(\.\d{1,4})?$/, `expected a percentage from ${min} to ${max}`),
    v.check(
      (value) => Number(value) >= min && Number(value) <= max,
      `expected a percentage from ${min} to ${max}`,
    ),
  );

const autoExitGainField = {
  about:
    "In auto mode a position is left at its average entry rate and this on top, %. Give the api the same: it shows the target.",
  default: "2",
  schema: percent(0.01, 50),
} as const;

/** What entries and exits are decided by (specification: targets, guard, add-ons, break-even). */
const decisionFields = {
  AUTO_ENTRY_DISCOUNT_PCT: {
    about: "In auto mode an entry is at most the reference price less this, %.",
    default: "1",
    schema: percent(0, 50),
  },
  AUTO_EXIT_GAIN_PCT: autoExitGainField,
  SPREAD_PCT_MAX: {
    about: "No entry where the exit rate is further than this from the entry rate, % of the entry rate.",
    default: "0.5",
    schema: percent(0.01, 5),
  },
  AVERAGE_STEP_PCT: {
    about: "An entry into an open position is at least this much below or above the last one, %.",
    default: "0.3",
    schema: percent(0.01, 50),
  },
  AVERAGE_PAUSE_MS: {
    about: "And at least so long after it.",
    default: "60000",
    schema: integer(1_000, 86_400_000),
  },
  FUNDING_HOURS: {
    about:
      "Funding is expected over so many hours: in the break-even of each decision and for FUNDING_COST_PCT_MAX.",
    default: "8",
    schema: integer(1, 720),
  },
  UPBIT_FEE_PCT: feeField("Upbit", "0.05"),
  BITHUMB_FEE_PCT: feeField("Bithumb", "0.25"),
  BYBIT_FEE_PCT: feeField("Bybit", "0.055"),
  BINANCE_FEE_PCT: feeField("Binance", "0.05"),
} as const satisfies Fields;

function feeField<const D extends string>(venue: string, fee: D) {
  return {
    about: `Taker's fee at ${venue} where the account does not tell its own, %.`,
    default: fee,
    schema: percent(0, 5),
  } as const;
}

/** How the engine keeps away from trouble. */
const cautionFields = {
  REST_AFTER_CLOSE_MS: {
    about: "A user's coin rests so long after a position in it is closed.",
    default: "60000",
    schema: integer(1_000, 21_600_000),
  },
  REST_AFTER_EMPTY_ENTRY_MS: {
    about: "And so long after an entry that filled nothing.",
    default: "30000",
    schema: integer(1_000, 21_600_000),
  },
  REST_AFTER_TROUBLE_MS: {
    about:
      "And so long after an entry was sold back or the guardian closed: each time twice as long, until a round trip was clean.",
    default: "600000",
    schema: integer(1_000, 21_600_000),
  },
  REST_MS_MAX: {
    about: "But never longer than this, at least REST_AFTER_TROUBLE_MS.",
    default: "21600000",
    schema: integer(1_000, 604_800_000),
  },
  UNWINDS_MAX: {
    about:
      "So many entries in one coin, of all users, sold back within UNWINDS_WITHIN_MS switch its entries off until an operator switches them on.",
    default: "3",
    schema: integer(1, 100),
  },
  UNWINDS_WITHIN_MS: {
    about: "See UNWINDS_MAX.",
    default: "300000",
    schema: integer(10_000, 86_400_000),
  },
  NAKED_SPOT: {
    about:
      "When a short is gone by a liquidation or somebody's hand: sell, its coins are sold at once; alert, its user is told, and they wait.",
    default: "sell",
    schema: v.picklist(["sell", "alert"], "expected sell or alert"),
  },
  BITHUMB_ACCEPT_MS: {
    about:
      "Bithumb may carry out an order so long after it was signed: no outcome that is not known is final before. Longer is safer and slower.",
    default: "20000",
    schema: integer(20_000, 600_000),
  },
} as const satisfies Fields;

/** Limits for everybody; users' own may be stricter or wider (our table of limits). Not set: no limit. */
const riskFields = {
  SLICE_KRW_MAX: { about: "Largest single entry, KRW.", schema: amountKrw },
  USER_NOTIONAL_KRW_MAX: { about: "Most KRW a user may have in open positions.", schema: amountKrw },
  COIN_NOTIONAL_KRW_MAX: { about: "Most KRW all users may have in one coin.", schema: amountKrw },
  SERVICE_NOTIONAL_KRW_MAX: { about: "Most KRW all users may have in all.", schema: amountKrw },
  DAILY_LOSS_KRW_MAX: {
    about: "After losing so much since 00:00 KST a user's entries stop for the day, KRW.",
    schema: amountKrw,
  },
  OPEN_POSITIONS_MAX: { about: "Most open positions of a user.", schema: integer(1, 10_000) },
  FUNDING_COST_PCT_MAX: {
    about:
      "When a held coin's funding is expected to cost more than this over FUNDING_HOURS its holders are told, % of the position.",
    default: "0.5",
    schema: v.pipe(
      v.string(),
      v.regex(/^(?!0*\.?0*$)\d{1,2}(\.\d{1,4})?$/, "expected a percentage above 0 and below 100"),
    ),
  },
  LEVERAGE_MAX: { about: "Highest leverage a strategy may ask for.", default: "5", schema: integer(1, 20) },
  NEVER_COINS: {
    about: "Coins that are never traded, with commas between: BTT,LUNC.",
    schema: v.pipe(
      text,
      v.regex(/^[A-Z0-9]{1,20}(,[A-Z0-9]{1,20})*$/, "expected tickers with commas between"),
    ),
  },
} as const satisfies Fields;

const tradingModeField = {
  about:
    "off: rates only. paper: strategies trade on paper accounts against the real books. live: with the users' own keys and money.",
  default: "paper",
  schema: v.picklist(["off", "paper", "live"], "expected off, paper or live"),
} as const;

const karbitTablesField = {
  about:
    "expect: Karbit's own migrations have made its tables (refuses to start without them). create: make them, for installs without Karbit.",
  default: "expect",
  schema: v.picklist(["expect", "create"], "expected expect or create"),
} as const;

const encryptionKeyField = {
  about:
    "Karbit's ENCRYPTION_KEY, the same text, or one of your own without Karbit: users' API keys are encrypted with it. Needed with TRADING_MODE=live.",
  secret: true,
  schema: v.pipe(secretText, v.minLength(16, "expected at least 16 characters")),
} as const;

const databaseFields = {
  DATABASE_URL: {
    about: "PostgreSQL, e.g. postgres://user:password@host:5432/name?sslmode=verify-full.",
    required: true,
    schema: url(["postgres", "postgresql"]),
  },
  DATABASE_CA_FILE: { about: "CA certificate (PEM) for sslmode=verify-full, as RDS needs.", schema: text },
} as const satisfies Fields;

export const schedulerFields = {
  ...tickField,
  ...natsFields,
  ...databaseFields,
  KARBIT_TABLES: karbitTablesField,
  HISTORY_DAYS: {
    about: "Rate history older than this is deleted.",
    default: "90",
    schema: integer(1, 3_650),
  },
  REDIS_URL: {
    about: "Redis by TCP (redis:// or rediss://). Without it and the REST form, none is used.",
    schema: url(["redis", "rediss"]),
  },
  REDIS_CA_FILE: { about: "CA certificate (PEM) for rediss://.", schema: text },
  UPSTASH_REDIS_REST_URL: { about: "Redis by REST, instead of REDIS_URL.", schema: httpUrl },
  UPSTASH_REDIS_REST_TOKEN: { about: "Token of the REST form.", secret: true, schema: secretText },
  KARBIT_CHANNEL: {
    about:
      "Publish Karbit's format to the channel exchange_rate: on, off, or auto (on by TCP, off by REST, where it costs 45 GB a month).",
    default: "auto",
    schema: v.picklist(["auto", "on", "off"], "expected auto, on or off"),
  },
  KIMCHI_PREMIUM_CHANNEL: {
    about: "Publish it to kimchi:premium too, for a Karbit started without REDIS_KIMCHI_CHANNEL.",
    default: "off",
    schema: onOff,
  },
  ...venueFields,
  BINANCE_SPOT_URL: {
    about: "Binance's spot REST address, for wallet states.",
    default: "https://api.binance.com",
    schema: httpUrl,
  },
  UPBIT_ACCESS_KEY: {
    about: "Read-only operator key for wallet states at Upbit.",
    secret: true,
    schema: secretText,
  },
  UPBIT_SECRET_KEY: { about: "Its secret.", secret: true, schema: secretText },
  BITHUMB_ACCESS_KEY: {
    about: "Read-only operator key for wallet states at Bithumb.",
    secret: true,
    schema: secretText,
  },
  BITHUMB_SECRET_KEY: { about: "Its secret.", secret: true, schema: secretText },
  BYBIT_API_KEY: {
    about: "Read-only operator key for wallet states at Bybit.",
    secret: true,
    schema: secretText,
  },
  BYBIT_SECRET_KEY: { about: "Its secret.", secret: true, schema: secretText },
  BINANCE_API_KEY: {
    about: "Read-only operator key for wallet states at Binance.",
    secret: true,
    schema: secretText,
  },
  BINANCE_SECRET_KEY: { about: "Its secret.", secret: true, schema: secretText },
  TRADING_MODE: tradingModeField,
  LIVE_TRADING_CONSENT: {
    about: `With TRADING_MODE=live: the words "${LIVE_CONSENT}". Each user consents besides, in our own tables.`,
    schema: v.literal(LIVE_CONSENT, `expected the words "${LIVE_CONSENT}"`),
  },
  ENCRYPTION_KEY: encryptionKeyField,
  TELEGRAM_BOT_TOKEN: {
    about: "Token of the Telegram bot that sends notices. Without it none are sent.",
    secret: true,
    schema: v.pipe(
      secretText,
      v.regex(/^\d+:[\w-]{20,}$/, "expected a bot's token: digits, a colon, letters"),
    ),
  },
  TELEGRAM_API_URL: {
    about: "The Bot API's address.",
    default: "https://api.telegram.org",
    schema: httpUrl,
  },
  TELEGRAM_OPERATOR_CHAT: {
    about:
      "Chat id that gets incidents and service alerts; a group's begins with a minus. Without it operators read the log.",
    schema: v.pipe(text, v.regex(/^(-?\d{1,20}|@\w{5,})$/, "expected a chat id or @channel")),
  },
  TELEGRAM_LINKS: {
    about:
      "on: asks Telegram for messages to the bot, by which users link their chats. off where Karbit's own program gets them.",
    default: "off",
    schema: onOff,
  },
  TELEGRAM_LANGUAGE: {
    about: "Language of notices: ko or en.",
    default: "ko",
    schema: v.picklist(["ko", "en"], "expected ko or en"),
  },
  ...decisionFields,
  ...cautionFields,
  ...riskFields,
  CONTROL_HOST: {
    about: "Address the operator's control port binds to. Keep it private.",
    default: "127.0.0.1",
    schema: text,
  },
  CONTROL_PORT: { about: "The operator's control port.", default: "8090", schema: integer(0, 65_535) },
  DISK_FOLDERS: {
    about:
      "Folders whose disks Prometheus is told of, with commas between. Name PostgreSQL's where it has a disk of its own on this machine.",
    default: "/var/lib",
    schema: listOf(folder),
  },
  CONTROL_TOKEN: {
    about:
      "Bearer token of the control port, at least 16 characters. Without it the port stays closed. It may do everything: Prometheus gets METRICS_TOKEN instead.",
    secret: true,
    schema: operatorToken,
  },
  ...metricsFields,
  ...traceFields,
  ...logFields,
} as const satisfies Fields;

/** `schedulerx-scheduler keys rotate`. */
export const rotateKeysFields = {
  ...databaseFields,
  ENCRYPTION_KEY: {
    ...encryptionKeyField,
    required: true,
    about: "The key users' API keys are to be encrypted with from now on: Karbit's new ENCRYPTION_KEY.",
  },
  ENCRYPTION_KEY_OLD: {
    about: "The key they are encrypted with now. Without it the key stays and only the format is changed.",
    secret: true,
    schema: text,
  },
} as const satisfies Fields;

const addressOrSubnet = v.pipe(
  v.string(),
  v.check((value) => {
    const [address = "", bits, ...more] = value.split("/");
    const version = isIP(address);
    if (version === 0 || more.length > 0) return false;
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  }, "expected addresses or subnets with commas between, or none"),
);
const origin = v.pipe(
  v.string(),
  v.check(
    (value) => /^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value,
    "expected origins with commas between: https://app.example.com",
  ),
);

/** What the api is protected by against its callers. */
const guardFields = {
  TRUSTED_PROXIES: {
    about:
      "Addresses and subnets of the reverse proxies in front, with commas between, or none. Their X-Forwarded-For and X-Forwarded-Proto are believed, nobody else's.",
    default: "127.0.0.1,::1",
    schema: v.union([
      v.pipe(
        v.literal("none"),
        v.transform((): string[] => []),
      ),
      listOf(addressOrSubnet),
    ]),
  },
  CORS_ORIGINS: {
    about:
      "Other sites whose pages may use the private paths with their visitors' cookies, with commas between: https://app.example.com. The public paths are for every site.",
    schema: listOf(origin),
  },
  ADDRESS_REQUESTS_PER_MINUTE_MAX: {
    about:
      "Requests by one address (IPv6: one /64), at once and a minute. A tenth of it for charts; beside it ten times as many openings of rate streams. 0: no limit.",
    default: "1200",
    schema: integer(0, 1_000_000),
  },
  ADDRESS_LOGINS_PER_MINUTE_MAX: {
    about: "Of these logins, sign-ups and tests of keys. 0: no limit.",
    default: "30",
    schema: integer(0, 1_000_000),
  },
  USER_WRITES_PER_MINUTE_MAX: {
    about: "Changes by one user, at once and a minute. 0: no limit.",
    default: "300",
    schema: integer(0, 1_000_000),
  },
  USER_READS_PER_MINUTE_MAX: {
    about: "What one user reads of his own, at once and a minute. 0: no limit.",
    default: "600",
    schema: integer(0, 1_000_000),
  },
} as const satisfies Fields;

export const apiFields = {
  HOST: { about: "Address to listen on.", default: "127.0.0.1", schema: text },
  PORT: { about: "Port to listen on.", default: "8080", schema: integer(0, 65_535) },
  ...tickField,
  SIMULATED: {
    about: "on when the venues behind the bus are simulated: the page says so loudly.",
    default: "off",
    schema: onOff,
  },
  ...natsFields,
  ...venueFields,
  DATABASE_URL: {
    about: "The scheduler's PostgreSQL, for what needs a login. Without it the private routes answer 503.",
    schema: databaseFields.DATABASE_URL.schema,
  },
  DATABASE_CA_FILE: databaseFields.DATABASE_CA_FILE,
  JWT_SECRET: {
    about:
      "Karbit's JWT_SECRET, the same text, or one of your own without Karbit: sessions are signed with it. Without it the private routes answer 503.",
    secret: true,
    schema: v.pipe(
      secretText,
      v.minLength(16, "expected at least 16 characters"),
      v.check(
        (value) => !/default|secret[-_ ]?key|jwt[-_ ]?secret|^(.)\1*$/i.test(value),
        "expected a real value, was a placeholder",
      ),
    ),
  },
  TRADING_MODE: {
    ...tradingModeField,
    about:
      "The scheduler's TRADING_MODE: whose strategies and positions are shown, those on paper or the real ones.",
  },
  AUTO_EXIT_GAIN_PCT: {
    ...autoExitGainField,
    about: "The scheduler's AUTO_EXIT_GAIN_PCT: the rate that open positions wait for is shown by it.",
  },
  KARBIT_TABLES: {
    ...karbitTablesField,
    about:
      "The scheduler's KARBIT_TABLES. expect: users' API keys are stored in Karbit's format. create: in an authenticated envelope that Karbit cannot read.",
  },
  ENCRYPTION_KEY: {
    ...encryptionKeyField,
    about:
      "The scheduler's ENCRYPTION_KEY, the same text: users' API keys are stored with it. Without it the routes about keys answer 503.",
  },
  SIGN_UP: {
    about: "on: strangers may make an account here. off where Karbit does that.",
    default: "off",
    schema: onOff,
  },
  TELEGRAM_BOT_NAME: {
    about:
      "User name of the scheduler's bot, without @: users link their chats with it. Without it none are linked here.",
    schema: v.pipe(text, v.regex(/^[A-Za-z]\w{4,31}$/, "expected a bot's user name, without @")),
  },
  ...metricsFields,
  ...guardFields,
  ...traceFields,
  ...logFields,
} as const satisfies Fields;

/** The public part of the API near its readers (api/edge.ts). */
export const edgeFields = {
  HOST: apiFields.HOST,
  PORT: apiFields.PORT,
  TRUSTED_PROXIES: apiFields.TRUSTED_PROXIES,
  UPSTASH_REDIS_REST_URL: {
    about: "Redis by REST, the one the scheduler publishes to.",
    required: true,
    schema: httpUrl,
  },
  UPSTASH_REDIS_REST_TOKEN: {
    about: "Its token; a read-only one is enough.",
    required: true,
    secret: true,
    schema: secretText,
  },
  PRIVATE_API_URL: {
    about:
      "Address of the api that has the database, e.g. https://api.mine.kr: what the edge does not know itself is had from there. Without it that is 404.",
    schema: httpUrl,
  },
  PRIVATE_API_MODE: {
    about: "proxy: the edge asks it and passes the answer on. redirect: clients are sent there (307).",
    default: "proxy",
    schema: v.picklist(["proxy", "redirect"], "expected proxy or redirect"),
  },
  ...tickField,
  ...logFields,
} as const satisfies Fields;

export const demoFields = {
  PORT: apiFields.PORT,
  CONTROL_PORT: {
    about: "Port of the operator's page on this machine; 0: any free one. The demo prints it with its token.",
    default: "0",
    schema: integer(0, 65_535),
  },
  DATA_DIR: { about: "Where the demo keeps its database.", default: "data/demo", schema: text },
  TICK_INTERVAL_MS: { ...tickField.TICK_INTERVAL_MS, default: "5000" },
  SIMULATOR_SEED: {
    about: "Seed of the simulated market: same seed, same market.",
    default: "1",
    schema: integer(0, 2 ** 31),
  },
  DEMO_TRADING: {
    about:
      "paper: the example strategies trade on paper. live: by signed orders at the simulated exchanges, all in memory.",
    default: "paper",
    schema: v.picklist(["paper", "live"], "expected paper or live"),
  },
  LOG_LEVEL: logFields.LOG_LEVEL,
  LOG_FORMAT: { ...logFields.LOG_FORMAT, default: "text" },
} as const satisfies Fields;

export type WorkerSettings = Settings<typeof workerFields>;
export type SchedulerSettings = Settings<typeof schedulerFields>;
export type RotateKeysSettings = Settings<typeof rotateKeysFields>;
export type ApiSettings = Settings<typeof apiFields>;
export type DemoSettings = Settings<typeof demoFields>;

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

export interface NotifySettings {
  /** The unix datagram socket systemd listens on; undefined: nobody wants to be told. */
  readonly NOTIFY_SOCKET: string | undefined;
  /** Silence for this long counts as hung. */
  readonly WATCHDOG_MS: number | undefined;
}

/** What systemd passes to a service of Type=notify, and to it alone: WATCHDOG_PID names whom it watches. */
export function readNotifySettings(env: Record<string, string | undefined> = process.env): NotifySettings {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  const watchdogMs = Math.floor(Number(WATCHDOG_USEC) / 1_000);
  const isWatched = watchdogMs > 0 && (WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid);
  return { NOTIFY_SOCKET: NOTIFY_SOCKET || undefined, WATCHDOG_MS: isWatched ? watchdogMs : undefined };
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
