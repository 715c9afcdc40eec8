// The OpenAPI 3.1 document of the public API, made from the valibot schemas the routes themselves parse with.

import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { UserEvent } from "../schema/messages/user-event.ts";
import type { Elsewhere } from "./elsewhere.ts";
import { streamQuerySchema, tableQuerySchema } from "./filters.ts";
import { tableSchema } from "./forms.ts";
import { aboutOperation, clientOperation } from "./openapi-about.ts";
import { accountOperations } from "./openapi-accounts.ts";
import { eventOperations } from "./openapi-events.ts";
import { NOT_READY, READY, STREAM, TABLE, TRADING } from "./openapi-examples.ts";
import { keyOperations } from "./openapi-keys.ts";
import { MARKET_SCHEMAS, marketOperations, venuesOperation } from "./openapi-market.ts";
import { PAPER_SCHEMAS, paperOperations } from "./openapi-paper.ts";
import { content, PROBLEM_SCHEMAS, problems, withElsewhere, withGuards } from "./openapi-parts.ts";
import { POSITION_SCHEMAS, positionOperations } from "./openapi-positions.ts";
import { SAFETY_SCHEMAS, safetyOperations } from "./openapi-safety.ts";
import { STRATEGY_SCHEMAS, strategyOperations } from "./openapi-strategies.ts";
import { TELEGRAM_SCHEMAS, telegramOperations } from "./openapi-telegram.ts";
import type { ProblemCode } from "./problem.ts";
import { aboutSchema } from "./routes/about.ts";
import { accountSchema, sessionSchema, signInSchema, signUpSchema } from "./routes/accounts.ts";
import { balancesSchema } from "./routes/balances.ts";
import { liveSchema, readySchema } from "./routes/health.ts";
import { keyStoredSchema, keyTestSchema, newKeySchema, ownKeysSchema } from "./routes/keys.ts";
import { TRADING_PATH, tradingSchema } from "./routes/trading.ts";

type Json = Record<string, unknown>;

export interface OpenApiOperation {
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Json[];
  readonly requestBody?: Json;
  readonly security?: readonly Json[];
  readonly responses: Record<string, Json>;
}

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<
    string,
    Partial<Record<"get" | "post" | "put" | "patch" | "delete", OpenApiOperation>>
  >;
  readonly components: { readonly schemas: Record<string, Json>; readonly securitySchemes?: Json };
}

function jsonSchema(schema: v.GenericSchema): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore",
  });
  return rest as Json;
}

/** Lists travel as one comma-separated text: style "form" without "explode". */
function queryParameters(schema: typeof tableQuerySchema | typeof streamQuerySchema): Json[] {
  const { properties = {} } = jsonSchema(schema) as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: "query",
    required: false,
    description,
    schema: property,
    ...(property.type === "array" && { style: "form", explode: false }),
  }));
}

const header = (name: string, description: string): Json => ({
  name,
  in: "header",
  required: false,
  description,
  schema: { type: "string" },
});

function mapValues<T, U>(of: Readonly<Record<string, T>>, to: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, to(value)]));
}

const ABOUT = [
  "Implied KRW-per-USDT rates between Korean spot and overseas perpetual markets, computed from order books.",
  "Names say the unit: `priceKrw`, `qtyCoin`, `profitRatePct`; `...AtMs` are milliseconds since 1970, days are days of Korea. Money, quantities and rates that are somebody's own are decimal texts and exact: read them as such, not as floats.",
  "A session's token comes with the log-in, and is sent as `Authorization: Bearer` or as the cookie `auth-token`. Bodies are JSON of at most 4 KiB.",
  "Every refusal is a problem document (RFC 9457): `code` is for programs and is never renamed, `detail` is for people, `issues` names each parameter or field that is wrong. Parameters and fields that nobody knows are refused (400). Answers may get further fields.",
].join("\n\n");
const UNUSABLE = [
  400,
  "The query cannot be used.",
  "query-unusable",
  "The query cannot be used: seeds, expected whole millions of KRW.",
] as const;
const busy = (code: ProblemCode<503>, detail: string): Record<string, Json> =>
  problems([503, "Not available now; try again after Retry-After seconds.", code, detail]);

interface Served
  extends Partial<Readonly<Record<"about" | "client" | "trading" | "accounts" | "market", boolean>>> {
  /** How another server answers what this one does not have. */
  readonly elsewhere?: Elsewhere["how"] | undefined;
}

/**
 * The document; `version` is the program's, `trading` whether it shows any, `accounts` whether it has private paths,
 * `market` whether it has coins and history.
 */
export function openApiDocument(
  version: string,
  {
    about = false,
    client = false,
    trading = false,
    accounts = false,
    market = false,
    elsewhere,
  }: Served = {},
): OpenApiDocument {
  const further = (isWanted: boolean): OpenApiDocument["paths"] => ({
    ...(about === isWanted && aboutOperation()),
    ...(client === isWanted && clientOperation()),
    ...(market === isWanted && marketOperations()),
    ...(accounts === isWanted && {
      ...accountOperations(),
      ...keyOperations(),
      ...positionOperations(),
      ...eventOperations(),
      ...strategyOperations(),
      ...safetyOperations(),
      ...telegramOperations(),
      ...paperOperations(),
    }),
  });
  const hasAccounts = accounts || elsewhere !== undefined;
  return {
    openapi: "3.1.0",
    info: {
      title: "SchedulerX",
      version,
      description: ABOUT,
    },
    servers: [{ url: "/" }],
    paths: withGuards({
      "/api/premium/stream": { get: streamOperation() },
      "/api/premium": { get: tableOperation() },
      ...venuesOperation(),
      ...further(true),
      ...(trading && { [TRADING_PATH]: { get: tradingOperation() } }),
      ...(elsewhere && withElsewhere(further(false), elsewhere)),
      "/health/live": {
        get: {
          summary: "Whether the process lives",
          description: "Always 200 while the process answers.",
          tags: ["health"],
          parameters: [],
          responses: { 200: { description: "It does.", ...content("Live", { status: "live" }) } },
        },
      },
      "/health/ready": {
        get: {
          summary: "Whether there are fresh rates",
          description:
            "The feed is up and the newest frame is younger than 2.5 periods; otherwise 503 says why not.",
          tags: ["health"],
          parameters: [],
          responses: {
            200: { description: "Ready.", ...content("Ready", READY) },
            503: { description: "Not ready.", ...content("Ready", NOT_READY) },
          },
        },
      },
    }),
    components: {
      schemas: {
        PremiumTable: jsonSchema(tableSchema),
        ...mapValues(PROBLEM_SCHEMAS, jsonSchema),
        Live: jsonSchema(liveSchema),
        Ready: jsonSchema(readySchema),
        About: jsonSchema(aboutSchema),
        ...mapValues(MARKET_SCHEMAS, jsonSchema),
        ...(trading && { Trading: jsonSchema(tradingSchema) }),
        ...(hasAccounts && {
          ...mapValues(
            {
              ...POSITION_SCHEMAS,
              ...STRATEGY_SCHEMAS,
              ...SAFETY_SCHEMAS,
              ...TELEGRAM_SCHEMAS,
              ...PAPER_SCHEMAS,
            },
            jsonSchema,
          ),
          UserEvent: jsonSchema(UserEvent),
          Account: jsonSchema(accountSchema),
          Session: jsonSchema(sessionSchema),
          SignIn: jsonSchema(signInSchema),
          SignUp: jsonSchema(signUpSchema),
          OwnKeys: jsonSchema(ownKeysSchema),
          NewKey: jsonSchema(newKeySchema),
          KeyStored: jsonSchema(keyStoredSchema),
          KeyTest: jsonSchema(keyTestSchema),
          Balances: jsonSchema(balancesSchema),
        }),
      },
      ...(hasAccounts && {
        securitySchemes: {
          cookie: { type: "apiKey", in: "cookie", name: "auth-token" },
          bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        },
      }),
    },
  };
}

function streamOperation(): OpenApiOperation {
  return {
    summary: "Rates as server-sent events",
    description:
      "The full table first, then what changes, merged by coin and pair. A comment comes at least every 15 seconds. A reader that falls behind gets the newest full table instead of what it missed; one that stops reading is dropped.",
    tags: ["premium"],
    parameters: [
      ...queryParameters(streamQuerySchema),
      header(
        "Last-Event-ID",
        "Id of the last event seen, tickAtMs.part; an unknown one gets the full table.",
      ),
    ],
    responses: {
      200: {
        description: "The stream; gzip, flushed after each event, where Accept-Encoding has it.",
        content: { "text/event-stream": { schema: { type: "string" }, example: STREAM } },
      },
      ...problems(UNUSABLE),
      ...busy("places-taken", "All streams are taken."),
    },
  };
}

function tableOperation(): OpenApiOperation {
  return {
    summary: "The latest table",
    description:
      "Every pair's newest rates. Ask again with If-None-Match to hear 304 while nothing has changed.",
    tags: ["premium"],
    parameters: [
      ...queryParameters(tableQuerySchema),
      header("If-None-Match", "The ETag of the table at hand."),
    ],
    responses: {
      200: {
        description: "The table.",
        headers: { ETag: { schema: { type: "string" } } },
        ...content("PremiumTable", TABLE),
      },
      304: { description: "Nothing has changed." },
      ...problems(UNUSABLE),
      ...busy("no-frame-yet", "No frame has arrived yet."),
    },
  };
}

function tradingOperation(): OpenApiOperation {
  return {
    summary: "Traders, positions and decisions",
    description:
      "What is open with its projected profit, what was closed, and why nothing happens. At most two seconds old. Only where trading is simulated.",
    tags: ["trading"],
    parameters: [],
    responses: {
      200: { description: "The view.", ...content("Trading", TRADING) },
      ...problems(400),
      ...busy("database-away", "Trading cannot be shown right now."),
    },
  };
}
