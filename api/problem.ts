// Problem documents (RFC 9457) for every answer that is not what was asked for. They carry what to do about it and
// never a stack, and they are readable across origins like the answers themselves. With them what makes them so.

import type { TypedResponse } from "hono";
import type { QueryIssue } from "./filters.ts";

/** Contract 2.6: without it nothing arrives in a browser on another origin, errors included. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "ETag, Retry-After",
};

/** What a client may send along: its bearer with everything it asks, and what libraries add of their own. */
export const ALLOWED_HEADERS =
  "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Pragma, X-Requested-With";

/** Asked by browsers only before requests with headers of their own. */
export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS_HEADERS,
      "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
      "Access-Control-Allow-Headers": ALLOWED_HEADERS,
      "Access-Control-Max-Age": "86400",
    },
  });
}

/** By status: its title, and the codes by which programs tell its refusals apart (docs/api.md). A code is never renamed. */
export const PROBLEMS = {
  400: {
    title: "Bad request",
    codes: ["query-unusable", "body-unusable", "header-unusable", "path-unusable", "strategy-unfit"],
  },
  401: { title: "Not logged in", codes: ["no-session", "wrong-credentials"] },
  403: { title: "Not allowed", codes: ["other-site", "sign-up-closed"] },
  404: {
    title: "Not found",
    codes: [
      ...[
        "no-such-path",
        "no-such-venue",
        "no-key",
        "no-active-strategy",
        "no-open-position",
        "no-open-incident",
      ],
      "no-linked-chat",
    ],
  },
  405: { title: "Method not allowed", codes: ["method-not-allowed"] },
  408: { title: "Too slow", codes: ["body-too-slow"] },
  409: {
    title: "In conflict with what is there",
    codes: [
      ...["address-taken", "strategy-active", "something-open", "key-needed", "key-changed", "key-unusable"],
      ...["entries-off", "not-yours-to-close", "idempotency-key-used"],
    ],
  },
  413: { title: "Too large", codes: ["body-too-large"] },
  415: { title: "Unsupported content type", codes: ["body-not-json"] },
  429: { title: "Too many attempts", codes: ["address-limit", "user-limit", "address-locked"] },
  500: { title: "Internal error", codes: ["internal"] },
  503: {
    title: "Not available now",
    codes: [
      ...["setting-missing", "database-away", "scheduler-away", "venue-unread", "bus-away", "server-away"],
      ...["no-frame-yet", "places-taken", "ending"],
    ],
  },
} as const satisfies Record<number, { readonly title: string; readonly codes: readonly string[] }>;
export type ProblemStatus = keyof typeof PROBLEMS;
export type ProblemCode<S extends ProblemStatus = ProblemStatus> = (typeof PROBLEMS)[S]["codes"][number];

export interface ProblemOptions<S extends ProblemStatus = ProblemStatus> {
  readonly code: ProblemCode<S>;
  readonly detail: string;
  /** One entry per fault found in the request. */
  readonly issues?: readonly QueryIssue[];
  readonly retryAfterSeconds?: number;
  readonly allow?: string;
}

export interface ProblemDocument<S extends ProblemStatus = ProblemStatus> {
  readonly type: string;
  readonly title: string;
  readonly status: S;
  readonly code: ProblemCode<S>;
  readonly detail: string;
  readonly issues?: readonly QueryIssue[];
}
/** The typed client tells such answers from the others by their status. */
export type ProblemAnswer<S extends ProblemStatus> = Response &
  (S extends ProblemStatus ? TypedResponse<ProblemDocument<S>, S, "json"> : never);

/** The answer for that status as application/problem+json. */
export function problem<S extends ProblemStatus>(status: S, options: ProblemOptions<S>): ProblemAnswer<S> {
  const { code, detail, issues, retryAfterSeconds, allow } = options;
  const body: ProblemDocument<S> = {
    ...{ type: "about:blank", title: PROBLEMS[status].title, status, code, detail },
    ...(issues && { issues }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...CORS_HEADERS,
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(retryAfterSeconds !== undefined && { "Retry-After": String(retryAfterSeconds) }),
      ...(allow !== undefined && { Allow: allow }),
    },
  }) as ProblemAnswer<S>;
}
