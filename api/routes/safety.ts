// What a user may do himself when something is wrong: leave a position, stop entries, close an incident. Each of them
// wants a body, so that no form on another site can send it along with a cookie.

import { Hono } from "hono";
import * as v from "valibot";
import type { Clock } from "../../src/ports/clock.ts";
import type { ForcedCloses } from "../../src/ports/forced-closes.ts";
import type { TradingMode } from "../../src/ports/journal.ts";
import { type OwnEntries, type OwnSafety, USER_CLOSABLE } from "../../src/ports/own-safety.ts";
import { INCIDENT_KINDS, type IncidentKind } from "../../src/ports/traders.ts";
import type { SignedIn } from "../answers.ts";
import { json } from "../body.ts";
import { problem } from "../problem.ts";
import { noQuery, path, wholeNumber } from "../query.ts";
import { whole } from "../whole.ts";

export const SAFETY_PATHS = {
  "/api/positions/:coin/close": ["POST"],
  "/api/entries": ["GET", "HEAD", "PUT"],
  "/api/incidents": ["GET", "HEAD"],
  "/api/incidents/:id/close": ["POST"],
} as const satisfies Record<string, readonly string[]>;

const NO_STORE = { "Cache-Control": "no-store" };
const INTEGER_MAX = 2_147_483_647;
const MEANINGS: Readonly<Record<IncidentKind, string>> = {
  "needs-human":
    "An order could not be brought to an end; it is tried again with care, and the operator looks.",
  "unknown-difference":
    "Your accounts and our record differ, and nothing explains it. Close this when you know why.",
  "projection-failed": "A position is kept, but is not shown in the table shared with others yet.",
  key: "A key of yours does not do any more. Close this when it has been replaced.",
  defect: "A fault of ours; the operator looks.",
};

export const emptySchema = v.strictObject({});
export const closeAskedSchema = v.object({ asked: v.literal(true) });
export const entriesSchema = v.object({
  off: v.pipe(v.boolean(), v.description("Your own; exits go on.")),
  by: v.nullable(v.picklist(["user", "operator", "engine"])),
  why: v.nullable(v.string()),
  atMs: v.nullable(whole),
  everybodysOff: v.pipe(v.boolean(), v.description("Besides, the operator has switched off everybody's.")),
}) satisfies v.GenericSchema<unknown, OwnEntries>;
export const entriesChangeSchema = v.variant("off", [
  v.strictObject({
    off: v.literal(true),
    why: v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(200),
      v.regex(/^[^\p{Cc}\p{Cs}]*$/u, "expected no control characters"),
    ),
  }),
  v.strictObject({ off: v.literal(false) }),
]);
export const incidentsSchema = v.array(
  v.object({
    incidentId: whole,
    kind: v.picklist(INCIDENT_KINDS),
    coin: v.pipe(v.string(), v.description("Empty where it is about no coin.")),
    intentId: v.pipe(v.string(), v.description("Empty where it is about no order.")),
    meaning: v.pipe(v.string(), v.description("What such an incident is.")),
    detail: v.pipe(v.string(), v.description("What was met.")),
    openedAtMs: whole,
    closable: v.pipe(v.boolean(), v.description("Whether you may close it yourself.")),
  }),
);

export function safetyRoutes({
  safety,
  forcedCloses,
  mode,
  clock,
  signedIn,
}: {
  readonly safety: OwnSafety;
  readonly forcedCloses: Pick<ForcedCloses, "ask">;
  readonly mode: TradingMode;
  readonly clock: Clock;
  readonly signedIn: SignedIn;
}) {
  return new Hono()
    .post("/api/positions/:coin/close", signedIn, noQuery, coinInPath, json(emptySchema), async (c) => {
      const { coin } = c.req.valid("param");
      const { userId } = c.var.account;
      const wish = { mode, userId, coin, by: "user", atMs: clock.nowMs() } as const;
      if ((await forcedCloses.ask(wish)) === "asked") return c.json({ asked: true } as const, 202, NO_STORE);
      return problem(404, {
        code: "no-open-position",
        detail: `No position in ${coin} is open that was entered here. What was opened by hand is left by hand.`,
      });
    })
    .get("/api/entries", signedIn, noQuery, async (c) =>
      c.json(await safety.entries(c.var.account.userId), 200, NO_STORE),
    )
    .put("/api/entries", signedIn, noQuery, json(entriesChangeSchema), async (c) => {
      const { userId } = c.var.account;
      const outcome = await safety.setEntries(userId, c.req.valid("json"), clock.nowMs());
      const entries = await safety.entries(userId);
      if (outcome === "set") return c.json(entries, 200, NO_STORE);
      const who = entries.by === "engine" ? "the engine" : "the operator";
      return problem(409, {
        code: "entries-off",
        detail: `Your entries are off already, by ${who}, and only the operator lifts that. The reason: ${entries.why}`,
      });
    })
    .get("/api/incidents", signedIn, noQuery, async (c) => {
      const open = await safety.incidents(mode, c.var.account.userId);
      const told = open.map((one) => ({
        ...one,
        meaning: MEANINGS[one.kind],
        closable: USER_CLOSABLE.has(one.kind),
      }));
      return c.json(told satisfies v.InferOutput<typeof incidentsSchema>, 200, NO_STORE);
    })
    .post("/api/incidents/:id/close", signedIn, noQuery, incidentInPath, json(emptySchema), async (c) => {
      const { id } = c.req.valid("param");
      const outcome = await safety.closeIncident(mode, c.var.account.userId, id, clock.nowMs());
      if (outcome === "closed") return c.body(null, 204, NO_STORE);
      if (outcome === "none") return noIncident();
      return problem(409, {
        code: "not-yours-to-close",
        detail: "Only the operator closes an incident of this kind.",
      });
    });
}

const coinInPath = path({ coin: v.pipe(v.string(), v.regex(/^[0-9A-Z]{1,20}$/)) }, () =>
  problem(400, {
    code: "path-unusable",
    detail: "Expected a ticker of 1 to 20 letters and digits, as BTC.",
  }),
);

const noIncident = () =>
  problem(404, { code: "no-open-incident", detail: "You have no open incident of this number." });
const incidentInPath = path({ id: wholeNumber(1, INTEGER_MAX) }, noIncident);
