// The public rates: the stream as server-sent events and the latest table as JSON.

import { Hono } from "hono";
import type { PairKey } from "../../schema/vocabulary.ts";
import { jsonAnswer, textAnswer, type Validates } from "../answers.ts";
import {
  type Filter,
  type Parsed,
  parseStreamQuery,
  parseTableQuery,
  type QueryIssue,
  type StreamFormat,
} from "../filters.ts";
import { formOf, type PremiumTable } from "../forms.ts";
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

/** One parameter of comma-separated items, or several. */
type List<Item extends string = string> = Item | readonly Item[] | (string & {});

/** A query as clients write it. */
interface TableQuery {
  readonly pairs?: List<PairKey>;
  readonly coins?: List;
  /** KRW. */
  readonly seeds?: List;
}
interface StreamQuery extends TableQuery {
  readonly format?: StreamFormat;
}

function query<In, Out extends object>(
  parse: (query: URLSearchParams) => Parsed<Out>,
): Validates<"query", In, Out, 400> {
  return async (c, next) => {
    const parsed = parse(new URL(c.req.url).searchParams);
    if ("issues" in parsed) return badQuery(parsed.issues);
    c.req.addValidatedData("query", parsed.value);
    await next();
  };
}

export function premiumRoutes(deps: ApiDeps, streams: Streams, tables: TableDocuments) {
  const streamQuery = query<StreamQuery, { format: StreamFormat; filter: Filter }>(parseStreamQuery);
  const tableQuery = query<TableQuery, Filter>(parseTableQuery);
  return new Hono()
    .get("/api/premium/stream", streamQuery, async (c) => {
      const { format, filter } = c.req.valid("query");
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
      return textAnswer(request.method === "HEAD" ? null : streams.open(wanted), headers);
    })
    .get("/api/premium", tableQuery, async (c) => {
      const { live } = deps;
      if (live.latest === undefined) {
        return problem(503, {
          code: "no-frame-yet",
          detail: "No frame has arrived yet.",
          retryAfterSeconds: 1,
        });
      }
      const publication = { frame: live.latest, reference: live.reference };
      const document = await tables.get(c.req.valid("query"), publication);
      if (document === undefined) {
        return problem(503, {
          code: "places-taken",
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
      if (matchesEtag(c.req.header("If-None-Match"), document.etag)) return c.body(null, 304, headers);
      const gzip = acceptsGzip(c.req.header("Accept-Encoding"));
      return jsonAnswer<PremiumTable>(gzip ? document.gzip : document.plain, {
        ...headers,
        "Content-Type": "application/json; charset=utf-8",
        ...(gzip && { "Content-Encoding": "gzip" }),
      });
    });
}

function badQuery(issues: readonly QueryIssue[]) {
  const names = [...new Set(issues.map((issue) => issue.parameter))].join(", ");
  return problem(400, { code: "query-unusable", detail: `The query cannot be used: ${names}.`, issues });
}
