// What stands before every route: how often an address may ask, which other sites' pages may use the private paths, and
// the headers browsers protect their users by (docs/accounts.md, Safety).

import type { Context, MiddlewareHandler } from "hono";
import type { Clock } from "../src/ports/clock.ts";
import type { Client } from "./client-address.ts";
import { ALLOWED_HEADERS, type ProblemAnswer, type ProblemCode, problem } from "./problem.ts";
import type { ApiSettings } from "./settings.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** Whose request it is; undefined where sockets are not known, and then addresses are not counted. */
export type ClientOf = (request: Request) => Client | undefined;

export const NO_FRAMES = "frame-ancestors 'none'";
const HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};
const POLICY = `default-src 'none'; ${NO_FRAMES}`;
const HTTPS_ONLY = "max-age=31536000";

/** Sets them on an answer; a policy of its own stays. */
export function protect(headers: Headers, isHttps: boolean): void {
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", POLICY);
  if (isHttps) headers.set("Strict-Transport-Security", HTTPS_ONLY);
}

export function securityHeaders(clientOf: ClientOf): MiddlewareHandler {
  return async (c, next) => {
    await next();
    protect(c.res.headers, clientOf(c.req.raw)?.isHttps ?? c.req.url.startsWith("https:"));
  };
}

/** Without a host that can be one there is no address to tell paths and origins by. */
export const knownHost: MiddlewareHandler = async (c, next) => {
  if (URL.canParse(c.req.url)) return await next();
  return problem(400, { code: "header-unusable", detail: "The header Host cannot be used." });
};

/** The token of a bearer; undefined: there is none, or not in this form. */
export const bearerOf = (c: Context): string | undefined =>
  /^Bearer (\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];

/** These check a password or ask a venue: guessing, or asking in our name, is to be slow. */
const DEAR = /^POST \/api\/(session|account|keys\/[^/]+\/test)$/;

/** Many may live behind one address, and all of them come back at once when a process starts anew. */
const STREAM = /^(GET|HEAD) \/api\/premium\/stream$/;
const STREAMS_RATIO = 10;
/** Each of these may cost the database or the venues something that nobody else has asked for. */
const CHART = /^(GET|HEAD) \/api\/(rates\/history|kline)$/;
const CHARTS_RATIO = 0.1;

/** Counts requests by address; an open stream was one request, and is counted apart from the others. */
export function addressLimits(
  clock: Clock,
  {
    addressRequestsPerMinuteMax,
    addressLoginsPerMinuteMax,
  }: Pick<ApiSettings, "addressRequestsPerMinuteMax" | "addressLoginsPerMinuteMax">,
  clientOf: ClientOf,
): MiddlewareHandler {
  const all = new TokenBuckets(clock, addressRequestsPerMinuteMax);
  const dear = new TokenBuckets(clock, addressLoginsPerMinuteMax);
  const streams = new TokenBuckets(clock, addressRequestsPerMinuteMax * STREAMS_RATIO);
  const charts = new TokenBuckets(clock, Math.ceil(addressRequestsPerMinuteMax * CHARTS_RATIO));
  return async (c, next) => {
    const client = clientOf(c.req.raw);
    if (!client) return await next();
    const { address } = client;
    const asked = `${c.req.method} ${c.req.path}`;
    const further = DEAR.test(asked) ? dear : CHART.test(asked) ? charts : undefined;
    const waitMs = STREAM.test(asked)
      ? streams.take(address)
      : all.take(address) || (further?.take(address) ?? 0);
    return waitMs > 0
      ? tooMany("address-limit", "Too many requests from this address.", waitMs)
      : await next();
  };
}

export function tooMany(code: ProblemCode<429>, detail: string, waitMs: number): ProblemAnswer<429> {
  return problem(429, { code, detail, retryAfterSeconds: Math.ceil(waitMs / 1000) });
}

export const isReading = (method: string) => method === "GET" || method === "HEAD" || method === "OPTIONS";

/**
 * For all paths, outside of privateOrigins: what every site's page may read, a page of `corsOrigins` may read with its
 * visitor's cookies as well. Clients send them with everything they ask or with nothing, and browsers take no "*" then.
 */
export function listedOrigins({ corsOrigins }: Pick<ApiSettings, "corsOrigins">): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    if (corsOrigins.length === 0 || headers.get("Access-Control-Allow-Origin") !== "*") return;
    headers.append("Vary", "Origin");
    const origin = c.req.header("Origin");
    if (origin === undefined || !corsOrigins.includes(origin)) return;
    headers.set("Access-Control-Allow-Origin", origin);
    headers.set("Access-Control-Allow-Credentials", "true");
  };
}

/**
 * For a private path: pages of `corsOrigins` may use it, and no other site's may read it or change anything with a
 * visitor's cookie. Programs that are no browser send no Origin and are not concerned.
 */
export function privateOrigins(
  methods: readonly string[],
  { corsOrigins }: Pick<ApiSettings, "corsOrigins">,
  clientOf: ClientOf,
): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("Origin");
    const isListed = origin !== undefined && corsOrigins.includes(origin);
    if (isListed && c.req.method === "OPTIONS") c.res = preflight(methods);
    else if (isListed || isReading(c.req.method) || isOwnDoing(c, origin, clientOf)) await next();
    else {
      c.res = problem(403, {
        code: "other-site",
        detail: "Changes are not taken from another site's page (CORS_ORIGINS).",
      });
    }
    const { headers } = c.res;
    headers.append("Vary", "Origin");
    headers.delete("Access-Control-Allow-Origin");
    headers.delete("Access-Control-Expose-Headers");
    if (!isListed) return;
    headers.set("Access-Control-Allow-Origin", origin);
    headers.set("Access-Control-Allow-Credentials", "true");
    headers.set("Access-Control-Expose-Headers", "Content-Disposition, Retry-After");
  };
}

/** Not a request that another site's page has a visitor's browser make. */
function isOwnDoing(c: Context, origin: string | undefined, clientOf: ClientOf): boolean {
  // No browser adds a bearer by itself.
  if (bearerOf(c) !== undefined) return true;
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (origin === undefined) return true;
  // A browser too old for Sec-Fetch-Site.
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  const isHttps = clientOf(c.req.raw)?.isHttps ?? false;
  return host === new URL(c.req.url).host && (protocol === "https:" || !isHttps);
}

function preflight(methods: readonly string[]): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "Access-Control-Allow-Methods": methods.join(", "),
      "Access-Control-Allow-Headers": ALLOWED_HEADERS,
      "Access-Control-Max-Age": "86400",
    },
  });
}
