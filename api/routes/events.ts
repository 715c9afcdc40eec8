// A user's events as server-sent events. The caller is known before anything is opened, and only his are read.

import type { Context, Hono } from "hono";
import { isPassingBusFault } from "../../src/domain/bus-fault.ts";
import type { Account } from "../../src/ports/sessions.ts";
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

/** `sessionOf` answers who calls and by which token, or the refusal. */
export function addEventRoutes(
  routes: Hono,
  streams: UserStreams,
  sessionOf: (c: Context) => Promise<{ readonly account: Account; readonly token: string } | Response>,
): void {
  routes.get("/api/events", async (c) => {
    const session = await sessionOf(c);
    if (session instanceof Response) return session;
    const { lastEventId, ...others } = c.req.query();
    if (Object.keys(others).length > 0) {
      return problem(400, { detail: "Expected no parameter but lastEventId." });
    }
    // A HEAD arrives here too and takes no stream: nobody would ever read or cancel it.
    if (c.req.raw.method === "HEAD") return new Response(null, { headers: HEADERS });
    try {
      const body = await streams.open({
        ...{ userId: session.account.userId, token: session.token, request: c.req.raw },
        // A browser that comes back repeats its address and names a newer event beside it.
        lastEventId: c.req.header("Last-Event-ID") ?? lastEventId,
      });
      if (body) return new Response(body, { headers: HEADERS });
      return problem(503, {
        detail: "All streams of events are taken.",
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    } catch (error) {
      if (!isPassingBusFault(error)) throw error;
      return problem(503, { detail: "Events cannot be read right now.", retryAfterSeconds: 2 });
    }
  });
}
