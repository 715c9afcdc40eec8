// A user's events as server-sent events. The caller is known before anything is opened, and only his are read.

import { Hono } from "hono";
import { isPassingBusFault } from "../../src/domain/bus-fault.ts";
import { type SignedIn, textAnswer, type Validates } from "../answers.ts";
import { problem } from "../problem.ts";
import type { UserStreams } from "../user-streams.ts";

export const EVENT_PATHS = { "/api/events": ["GET", "HEAD"] } as const satisfies Record<
  string,
  readonly string[]
>;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
};
const RETRY_AFTER_SECONDS = 10;

export function eventRoutes({
  streams,
  signedIn,
}: {
  readonly streams: UserStreams;
  readonly signedIn: SignedIn;
}) {
  return new Hono().get("/api/events", signedIn, lastEventQuery, async (c) => {
    // A HEAD arrives here too and takes no stream: nobody would ever read or cancel it.
    if (c.req.raw.method === "HEAD") return textAnswer(null, HEADERS);
    try {
      const body = await streams.open({
        ...{ userId: c.var.account.userId, token: c.var.token, request: c.req.raw },
        // A browser that comes back repeats its address and names a newer event beside it.
        lastEventId: c.req.header("Last-Event-ID") ?? c.req.valid("query").lastEventId,
      });
      if (body) return textAnswer(body, HEADERS);
      return problem(503, {
        code: "places-taken",
        detail: "All streams of events are taken.",
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    } catch (error) {
      if (!isPassingBusFault(error)) throw error;
      return problem(503, {
        code: "bus-away",
        detail: "Events cannot be read right now.",
        retryAfterSeconds: 2,
      });
    }
  });
}

interface LastEvent {
  /** The id of the last event seen. */
  lastEventId?: string | undefined;
}

const lastEventQuery: Validates<"query", LastEvent, LastEvent, 400> = async (c, next) => {
  const { lastEventId, ...others } = c.req.query();
  if (Object.keys(others).length > 0) {
    return problem(400, { code: "query-unusable", detail: "Expected no parameter but lastEventId." });
  }
  c.req.addValidatedData("query", { lastEventId });
  await next();
};
