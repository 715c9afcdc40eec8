// The public rates: the stream as server-sent events and the latest table as JSON.

import { Hono } from "hono";
import { parseStreamQuery, parseTableQuery, type QueryIssue } from "../filters.ts";
import { formOf } from "../forms.ts";
import { acceptsGzip } from "../gzip-blocks.ts";
import { CORS_HEADERS, problem } from "../problem.ts";
import type { ApiDeps } from "../settings.ts";
import type { Streams } from "../streams.ts";
import { matchesEtag, type TableDocuments } from "../table-documents.ts";

/** Contract 2.4: "no-transform" keeps compressing proxies from buffering the stream. */
const STREAM_HEADERS = {
  ...CORS_HEADERS,
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  Connection: "keep-alive",
  "X-Accel-Buffering": "no",
  Vary: "Accept-Encoding",
};

export function premiumRoutes(deps: ApiDeps, streams: Streams, tables: TableDocuments): Hono {
  const routes = new Hono();

  routes.get("/api/premium/stream", (c) => {
    const parsed = parseStreamQuery(new URL(c.req.url).searchParams);
    if ("issues" in parsed) return badQuery(parsed.issues);
    const { format, filter } = parsed.value;
    const gzip = acceptsGzip(c.req.header("Accept-Encoding"));
    const request = c.req.raw;
    const wanted = {
      form: formOf(format, filter),
      gzip,
      lastEventId: c.req.header("Last-Event-ID"),
      request,
    };
    const refusal = streams.refusal(wanted);
    if (refusal) return problem(503, refusal);
    const headers = { ...STREAM_HEADERS, ...(gzip && { "Content-Encoding": "gzip" }) };
    // A HEAD arrives here too and takes no stream: nobody would ever read or cancel it.
    if (request.method === "HEAD") return new Response(null, { headers });
    return new Response(streams.open(wanted), { headers });
  });

  routes.get("/api/premium", async (c) => {
    const parsed = parseTableQuery(new URL(c.req.url).searchParams);
    if ("issues" in parsed) return badQuery(parsed.issues);
    const { live } = deps;
    if (live.latest === undefined) {
      return problem(503, { detail: "No frame has arrived yet.", retryAfterSeconds: 1 });
    }
    const document = await tables.get(parsed.value, { frame: live.latest, reference: live.reference });
    if (document === undefined) {
      return problem(503, {
        detail: "Too many distinct filters are in use: ask without filters, or later.",
        retryAfterSeconds: 1,
      });
    }
    const headers = {
      ...CORS_HEADERS,
      "Cache-Control": "no-cache",
      ETag: document.etag,
      Vary: "Accept-Encoding",
    };
    if (matchesEtag(c.req.header("If-None-Match"), document.etag)) {
      return new Response(null, { status: 304, headers });
    }
    const gzip = acceptsGzip(c.req.header("Accept-Encoding"));
    return new Response(gzip ? document.gzip : document.plain, {
      headers: {
        ...headers,
        "Content-Type": "application/json; charset=utf-8",
        ...(gzip && { "Content-Encoding": "gzip" }),
      },
    });
  });

  return routes;
}

function badQuery(issues: readonly QueryIssue[]): Response {
  const names = [...new Set(issues.map((issue) => issue.parameter))].join(", ");
  return problem(400, { detail: `The query cannot be used: ${names}.`, issues });
}
