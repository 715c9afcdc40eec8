// What the scheduler reads, and its command that changes the key of users' keys.

import * as v from "valibot";
import {
  type Fields,
  folder,
  httpUrl,
  integer,
  listOf,
  onOff,
  operatorToken,
  type Settings,
  secretText,
  text,
  url,
} from "./field.ts";
import {
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
import { cautionFields, decisionFields, riskFields } from "./trading.ts";

/** What an operator has to say before orders are real. */
export const LIVE_CONSENT = "real orders with real money";

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

export type SchedulerSettings = Settings<typeof schedulerFields>;
export type RotateKeysSettings = Settings<typeof rotateKeysFields>;
