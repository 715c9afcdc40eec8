// What the api reads, and its public part at the edge.

import { isIP } from "node:net";
import * as v from "valibot";
import { type Fields, httpUrl, integer, listOf, onOff, type Settings, secretText, text } from "./field.ts";
import {
  autoExitGainField,
  databaseFields,
  encryptionKeyField,
  karbitTablesField,
  logFields,
  metricsFields,
  natsFields,
  tickField,
  traceFields,
  tradingModeField,
  venueFields,
} from "./shared.ts";

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
  CORS_ORIGINS: {
    ...apiFields.CORS_ORIGINS,
    about:
      "The api's CORS_ORIGINS: those sites' pages read the public paths here with cookies and bearer, as the private ones.",
  },
  PRIVATE_API_MODE: {
    about:
      "proxy: the edge asks it and passes the answer on. redirect: clients are sent there (307), and lose their bearer and their cookie on the way: for what is public alone.",
    default: "proxy",
    schema: v.picklist(["proxy", "redirect"], "expected proxy or redirect"),
  },
  ...tickField,
  ...logFields,
} as const satisfies Fields;

export type ApiSettings = Settings<typeof apiFields>;
