// One request for books in a task's trace, by OpenTelemetry's conventions for HTTP clients.

import type { Venue } from "../schema/vocabulary.ts";
import type { FetchedBooks } from "../src/ports/book-fetcher.ts";
import type { BookRequest } from "../src/ports/market-data.ts";
import type { Span } from "../src/ports/tracing.ts";

export function bookSpan(
  task: Span | undefined,
  venue: Venue,
  { path, symbols, cost }: BookRequest,
): Span | undefined {
  return task?.begin({
    name: "GET",
    kind: "client",
    attributes: {
      "http.request.method": "GET",
      "url.path": path.split("?", 1)[0],
      "schedulerx.venue": venue,
      "schedulerx.symbols": symbols.join(" "),
      "schedulerx.budget.cost": cost,
    },
  });
}

export function endBookSpan(span: Span, { outcome, answer, bytes }: FetchedBooks): void {
  const { status } = answer;
  span.end({
    attributes: {
      "http.response.status_code": status > 0 ? status : undefined,
      "http.response.body.size": bytes?.length,
    },
    fault: outcome === "ok" ? undefined : outcome,
  });
}
