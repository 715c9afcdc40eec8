// A user's own API keys: put in, listed without themselves, tested by the scheduler, taken out. The caller is known before anything is read, and
// only his rows are touched. No answer, log line or audit event here has a key in it.

import { Hono, type MiddlewareHandler } from "hono";
import * as v from "valibot";
import { KEY_FINDING_CODES, VENUES, type Venue } from "../../schema/vocabulary.ts";
import { isKeyFault, keyFindingWords } from "../../src/domain/key-finding.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Desk } from "../../src/ports/desk.ts";
import type { KeyStore, OwnKey } from "../../src/ports/keys.ts";
import type { VenueCredentials } from "../../src/ports/traders.ts";
import type { SignedIn } from "../answers.ts";
import { json } from "../body.ts";
import { type ProblemAnswer, problem } from "../problem.ts";
import { noQuery, path } from "../query.ts";
import { whole } from "../whole.ts";
import { deskRefusal, unread, wordsSchema } from "./balances.ts";

export const KEY_PATHS = {
  "/api/keys": ["GET", "HEAD"],
  "/api/keys/:venue": ["PUT", "DELETE"],
  "/api/keys/:venue/test": ["POST"],
} as const satisfies Record<string, readonly string[]>;

const NO_STORE = { "Cache-Control": "no-store" };

/** As venues issue them; blanks about a pasted one are left off. */
const keyText = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^[\x21-\x7e]{8,256}$/, "expected 8 to 256 printable characters without blanks"),
);
export const newKeySchema = v.strictObject({
  apiKey: v.pipe(keyText, v.description("The access key, as the venue issued it.")),
  secret: v.pipe(keyText, v.description("Its secret. Stored encrypted, and never given out again.")),
}) satisfies v.GenericSchema<unknown, VenueCredentials>;
export const keyStoredSchema = v.object({
  venue: v.picklist(VENUES),
  replaced: v.pipe(v.boolean(), v.description("Whether there was one before.")),
});
export const ownKeysSchema = v.array(
  v.object({
    venue: v.picklist(VENUES),
    active: v.pipe(v.boolean(), v.description("False: disconnected in Karbit, kept and not used.")),
    verified: v.pipe(v.boolean(), v.description("Whether the last test of this key found it good.")),
    addedAtMs: v.pipe(v.nullable(whole), v.description("When the venue was first connected.")),
  }),
) satisfies v.GenericSchema<unknown, OwnKey[]>;

export const keyTestSchema = v.object({
  venue: v.picklist(VENUES),
  ok: v.pipe(v.boolean(), v.description("Whether the key does: balances were read and no fault was found.")),
  findings: v.array(
    v.object({
      code: v.picklist(KEY_FINDING_CODES),
      severity: v.pipe(
        v.picklist(["fault", "warning"]),
        v.description(
          "fault: the key does not do, or endangers the money. warning: it does, and asks for attention.",
        ),
      ),
      words: wordsSchema,
    }),
  ),
  testedAtMs: whole,
});

export interface KeyRouteDeps {
  /** Undefined: there is no ENCRYPTION_KEY to keep them with. */
  readonly keys: KeyStore | undefined;
  readonly desk: Desk;
  readonly clock: Clock;
  readonly signedIn: SignedIn;
}

interface KeysEnv {
  Variables: { readonly keys: KeyStore };
}

export function keyRoutes({ keys, desk, clock, signedIn }: KeyRouteDeps) {
  const withKeys: MiddlewareHandler<KeysEnv, string, object, ProblemAnswer<503>> = async (c, next) => {
    if (!keys)
      return problem(503, {
        code: "setting-missing",
        detail: "Keys are not kept here; expected the setting ENCRYPTION_KEY.",
      });
    c.set("keys", keys);
    await next();
  };

  return new Hono()
    .get("/api/keys", signedIn, noQuery, withKeys, async (c) =>
      c.json(await c.var.keys.list(c.var.account.userId), 200, NO_STORE),
    )
    .put("/api/keys/:venue", signedIn, noQuery, withKeys, venueInPath, json(newKeySchema), async (c) => {
      const { venue } = c.req.valid("param");
      const { userId } = c.var.account;
      const outcome = await c.var.keys.put(userId, venue, c.req.valid("json"), clock.nowMs());
      if (outcome === undefined)
        return problem(404, { code: "no-such-venue", detail: `The database does not know ${venue}.` });
      return c.json({ venue, replaced: outcome === "replaced" }, 200, NO_STORE);
    })
    .post("/api/keys/:venue/test", signedIn, noQuery, withKeys, venueInPath, async (c) => {
      const { venue } = c.req.valid("param");
      const { userId } = c.var.account;
      const fingerprint = await c.var.keys.fingerprint(userId, venue);
      if (fingerprint === undefined)
        return problem(404, { code: "no-key", detail: `There is no key for ${venue}.` });
      const answer = await desk.ask({ version: 1, op: "test-key", userId, venue });
      if (answer?.kind === "unread") return answer.why === "no-key" ? unusable(venue) : unread(answer.why);
      if (answer?.kind !== "tested") return deskRefusal(answer?.kind === "busy");
      const ok = !answer.findings.some(isKeyFault);
      const codes = answer.findings.map(({ code }) => code);
      const testedAtMs = clock.nowMs();
      const result = { ok, findings: codes };
      const isSame = await c.var.keys.setTested(userId, venue, fingerprint, result, testedAtMs);
      if (!isSame) {
        return problem(409, {
          code: "key-changed",
          detail: "The key was changed while it was tested. Test it again.",
        });
      }
      const findings = answer.findings.map((finding) => ({
        code: finding.code,
        severity: isKeyFault(finding) ? ("fault" as const) : ("warning" as const),
        words: { ko: keyFindingWords(finding, "ko"), en: keyFindingWords(finding, "en") },
      }));
      return c.json({ venue, ok, findings, testedAtMs }, 200, NO_STORE);
    })
    .delete("/api/keys/:venue", signedIn, noQuery, withKeys, venueInPath, async (c) => {
      const { venue } = c.req.valid("param");
      const outcome = await c.var.keys.remove(c.var.account.userId, venue, clock.nowMs());
      if (outcome === "none")
        return problem(404, { code: "no-key", detail: `There is no key for ${venue}.` });
      if (outcome === "removed") return c.body(null, 204, NO_STORE);
      return problem(409, {
        code: "key-needed",
        detail: `A position or an order at ${venue} needs this key. Close it first; to stop the key at once, delete it at ${venue}.`,
      });
    });
}

function unusable(venue: Venue) {
  return problem(409, {
    code: "key-unusable",
    detail: `The key for ${venue} is switched off, or the scheduler cannot decrypt it. Put it in again.`,
  });
}

const venueInPath = path({ venue: v.picklist(VENUES) }, () =>
  problem(404, {
    code: "no-such-venue",
    detail: `There is no such venue; expected one of ${VENUES.join(", ")}.`,
  }),
);
