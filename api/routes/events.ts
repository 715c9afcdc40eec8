// A user's events as server-sent events. The caller is known before anything is opened, and only his are read.

import { Hono } from "hono";
import * as v from "valibot";
import { isPassingBusFault } from "../../src/domain/bus-fault.ts";
import { type SignedIn, textAnswer } from "../answers.ts";
import { problem } from "../problem.ts";
import { query } from "../query.ts";
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
/** Of any id ever given. */
export const PLACE_CHARS_MAX = 40;

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

const lastEventQuery = query(
  v.strictObject({ lastEventId: v.optional(v.pipe(v.string(), v.maxLength(PLACE_CHARS_MAX))) }),
);
