// The public HTTP API as one Hono app, the same under Bun and Deno. Everything it needs is handed in; it opens no
// connection and reads no environment. Bad requests are answered with problem documents, never with a stack.

import { Hono } from "hono";
import type { BlankEnv, ExtractSchema } from "hono/types";
import { ClientAddresses } from "./client-address.ts";
import { CLIENT_PATH, clientRoutes } from "./client-route.ts";
import { docsPage } from "./docs-page.ts";
import { answerElsewhere } from "./elsewhere.ts";
import { EncodedCache } from "./encoded-cache.ts";
import {
  addressLimits,
  knownHost,
  listedOrigins,
  NO_FRAMES,
  privateOrigins,
  securityHeaders,
} from "./guard.ts";
import { openApiDocument } from "./openapi.ts";
import { CORS_HEADERS, preflight, problem } from "./problem.ts";
import { ABOUT_PATH, aboutRoutes } from "./routes/about.ts";
import { ACCOUNT_PATHS, accountRoutes, missingAccounts } from "./routes/accounts.ts";
import { healthRoutes } from "./routes/health.ts";
import { MARKET_PATHS, marketRoutes, missingMarket, venueRoutes } from "./routes/market.ts";
import { premiumRoutes } from "./routes/premium.ts";
import { TRADING_PATH, tradingRoutes } from "./routes/trading.ts";
import { API_SETTINGS_DEFAULT, type ApiDeps } from "./settings.ts";
import { Streams } from "./streams.ts";
import { TableDocuments } from "./table-documents.ts";

const PATHS = [
  "/api/premium/stream",
  "/api/premium",
  "/api/venues",
  "/api/openapi.json",
  "/api/docs",
  "/health/live",
  "/health/ready",
];

/** Every route there can be, for the typed client: `hc<Api>(url)` of "hono/client". */
export type Api = Hono<
  BlankEnv,
  ExtractSchema<
    | ReturnType<typeof premiumRoutes>
    | ReturnType<typeof healthRoutes>
    | ReturnType<typeof venueRoutes>
    | ReturnType<typeof aboutRoutes>
    | ReturnType<typeof marketRoutes>
    | ReturnType<typeof tradingRoutes>
    | ReturnType<typeof accountRoutes>
  >,
  "/"
>;

/**
 * Builds the app. `deps.live` is to be started and stopped by the caller; aborting `deps.signal` ends all streams.
 *
 *     const live = new LiveFrames({ feed, unpackFrame, clock, log });
 *     void live.start();
 *     const app = createApp({ live, codec, clock, log, signal });
 *     Bun.serve({ fetch: app.fetch });
 */
export function createApp(deps: ApiDeps): Hono {
  const settings = { ...API_SETTINGS_DEFAULT, ...deps.settings };
  const streams = new Streams(deps, settings, new EncodedCache(settings.encodedBytesMax));
  const tables = new TableDocuments(deps, settings);
  const document = openApiDocument(deps.version ?? "0.0.0", {
    about: deps.about !== undefined,
    client: deps.clientModule !== undefined,
    trading: deps.trading !== undefined,
    accounts: deps.accounts !== undefined,
    market: deps.market !== undefined,
    elsewhere: deps.elsewhere?.how,
  });
  const documentText = JSON.stringify(document);
  const pageText = docsPage(document);

  const addresses = new ClientAddresses(settings.trustedProxies);
  const clientOf = (request: Request) => addresses.of(request, deps.sockets?.peerOf?.(request));

  const app = new Hono();
  app.use(securityHeaders(clientOf));
  app.use(listedOrigins(settings));
  app.use(knownHost);
  if (deps.accounts) {
    for (const [path, methods] of Object.entries(ACCOUNT_PATHS)) {
      app.use(path, privateOrigins(methods, settings, clientOf));
    }
  }
  app.use("/api/*", addressLimits(deps.clock, settings, clientOf));
  app.route("/", premiumRoutes(deps, streams, tables));
  app.route("/", healthRoutes(deps, settings, streams));
  app.route("/", venueRoutes());
  const { about, clientModule, market, accounts } = deps;
  if (about) app.route("/", aboutRoutes(about));
  if (clientModule) app.route("/", clientRoutes(clientModule));
  if (market)
    app.route("/", "missing" in market ? missingMarket(market.missing) : marketRoutes(market, deps));
  if (deps.trading) app.route("/", tradingRoutes(deps.trading, deps.log));
  if (accounts && "missing" in accounts) app.route("/", missingAccounts(accounts.missing));
  else if (accounts) app.route("/", accountRoutes(accounts, { ...deps, clientOf }));
  app.get("/api/openapi.json", () => {
    return new Response(documentText, { headers: { ...CORS_HEADERS, "Content-Type": "application/json" } });
  });
  app.get("/api/docs", (c) =>
    c.html(pageText, 200, {
      "Content-Security-Policy": `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; ${NO_FRAMES}`,
    }),
  );
  const further = [
    ...(about ? [ABOUT_PATH] : []),
    ...(clientModule ? [CLIENT_PATH] : []),
    ...(deps.trading ? [TRADING_PATH] : []),
    ...(deps.market ? MARKET_PATHS : []),
  ];
  for (const path of [...PATHS, ...further]) {
    app.all(path, (c) => (c.req.method === "OPTIONS" ? preflight() : wrongMethod(c.req.method)));
  }
  const { elsewhere } = deps;
  if (elsewhere) app.all("/api/*", (c) => answerElsewhere(c, elsewhere, addresses, deps.log));
  app.notFound((c) =>
    problem(404, { code: "no-such-path", detail: `There is nothing at ${new URL(c.req.url).pathname}.` }),
  );
  app.onError((error, c) => {
    deps.log.error("request failed", { path: new URL(c.req.url).pathname, error });
    return problem(500, {
      code: "internal",
      detail: "The request could not be answered; the fault has been logged.",
    });
  });
  return app;
}

function wrongMethod(method: string): Response {
  const allow = "GET, HEAD, OPTIONS";
  return problem(405, {
    code: "method-not-allowed",
    detail: `${method} is not possible here; expected one of ${allow}.`,
    allow,
  });
}
