// Problem documents (RFC 9457) for every answer that is not what was asked for. They carry what to do about it and
// never a stack, and they are readable across origins like the answers themselves. With them what makes them so.

import type { TypedResponse } from "hono";
import type { QueryIssue } from "./filters.ts";

/** Contract 2.6: without it nothing arrives in a browser on another origin, errors included. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "ETag, Retry-After",
};

/** Asked by browsers only before requests with headers of their own, as a resuming client sends. */
export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS_HEADERS,
      "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
      "Access-Control-Allow-Headers": "If-None-Match, Last-Event-ID",
      "Access-Control-Max-Age": "86400",
    },
  });
}

const TITLES = {
  400: "Bad request",
  401: "Not logged in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  408: "Too slow",
  409: "In conflict with what is there",
  413: "Too large",
  415: "Unsupported content type",
  429: "Too many attempts",
  500: "Internal error",
  503: "Not available now",
} as const;
export type ProblemStatus = keyof typeof TITLES;

export interface ProblemOptions {
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
  readonly detail: string;
  readonly issues?: readonly QueryIssue[];
}
/** The typed client tells such answers from the others by their status. */
export type ProblemAnswer<S extends ProblemStatus> = Response &
  (S extends ProblemStatus ? TypedResponse<ProblemDocument<S>, S, "json"> : never);

/** The answer for that status as application/problem+json. */
export function problem<S extends ProblemStatus>(status: S, options: ProblemOptions): ProblemAnswer<S> {
  const { detail, issues, retryAfterSeconds, allow } = options;
  const body: ProblemDocument<S> = {
    ...{ type: "about:blank", title: TITLES[status], status, detail },
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
