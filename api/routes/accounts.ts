// Logging in and out, and who one is. Never cached, and for no other origin but those of the list (guard.ts).

import { type Context, Hono, type MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { BlankEnv } from "hono/types";
import * as v from "valibot";
import { isPassing } from "../../src/domain/store-fault.ts";
import type { Account } from "../../src/ports/sessions.ts";
import { Accounts, type AccountsDeps, type Session } from "../accounts.ts";
import type { SignedIn } from "../answers.ts";
import { json } from "../body.ts";
import { bearerOf, type ClientOf, isReading, tooMany } from "../guard.ts";
import { type ProblemAnswer, problem } from "../problem.ts";
import { noQuery } from "../query.ts";
import { API_SETTINGS_DEFAULT, type ApiDeps } from "../settings.ts";
import { TokenBuckets } from "../token-buckets.ts";
import { UserStreams } from "../user-streams.ts";
import { whole } from "../whole.ts";
import { BALANCE_PATHS, balanceRoutes } from "./balances.ts";
import { EVENT_PATHS, eventRoutes } from "./events.ts";
import { KEY_PATHS, keyRoutes } from "./keys.ts";
import { OPEN_POSITION_PATHS, openPositionRoutes } from "./open-positions.ts";
import { PAPER_PATHS, paperRoutes } from "./paper.ts";
import { POSITION_PATHS, positionRoutes } from "./positions.ts";
import { SAFETY_PATHS, safetyRoutes } from "./safety.ts";
import { STRATEGY_PATHS, strategyRoutes } from "./strategies.ts";
import { TELEGRAM_PATHS, telegramRoutes } from "./telegram.ts";

/** Karbit's. */
const COOKIE = "auth-token";
const SIGN_UP_PASSWORD_CHARS_MIN = 10;
const NO_STORE = { "Cache-Control": "no-store" };

/** Every private path with its methods; all others are refused with 405. */
export const ACCOUNT_PATHS = {
  "/api/session": ["POST", "DELETE"],
  "/api/account": ["POST"],
  "/api/me": ["GET", "HEAD"],
  ...KEY_PATHS,
  ...BALANCE_PATHS,
  ...POSITION_PATHS,
  ...OPEN_POSITION_PATHS,
  ...EVENT_PATHS,
  ...STRATEGY_PATHS,
  ...SAFETY_PATHS,
  ...TELEGRAM_PATHS,
  ...PAPER_PATHS,
} as const satisfies Record<string, readonly string[]>;

const plainText = v.regex(/^\P{Cc}*$/u, "expected no control characters");
const emailSchema = v.pipe(v.string(), v.minLength(3), v.maxLength(255), plainText);
const passwordSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const signInSchema = v.strictObject({ email: emailSchema, password: passwordSchema });
export const signUpSchema = v.strictObject({
  email: v.pipe(emailSchema, v.email("expected an e-mail address")),
  password: v.pipe(
    passwordSchema,
    v.minLength(SIGN_UP_PASSWORD_CHARS_MIN, `expected at least ${SIGN_UP_PASSWORD_CHARS_MIN} characters`),
  ),
  name: v.optional(v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(100), plainText)), null),
});
export const accountSchema = v.object({
  userId: whole,
  email: v.string(),
  name: v.nullable(v.string()),
}) satisfies v.GenericSchema<unknown, Account>;
export const sessionSchema = v.object({
  account: accountSchema,
  token: v.pipe(v.string(), v.description("For clients without cookies: Authorization: Bearer and this.")),
  expiresAtMs: whole,
}) satisfies v.GenericSchema<unknown, Session>;

/** All private paths answer 503 and name the settings that are missing. */
export function missingAccounts(missing: readonly string[]): Hono {
  const routes = new Hono();
  const detail = `Accounts are not served here; expected the settings ${missing.join(" and ")}.`;
  for (const path of Object.keys(ACCOUNT_PATHS))
    routes.all(path, () => problem(503, { code: "setting-missing", detail }));
  return routes;
}

export function accountRoutes(
  given: AccountsDeps,
  deps: Pick<ApiDeps, "clock" | "counts" | "live" | "log" | "settings" | "signal" | "sockets"> & {
    readonly clientOf: ClientOf;
  },
) {
  const { clock, log, clientOf } = deps;
  const settings = { ...API_SETTINGS_DEFAULT, ...deps.settings };
  const writes = new TokenBuckets(clock, settings.userWritesPerMinuteMax);
  const reads = new TokenBuckets(clock, settings.userReadsPerMinuteMax);
  const accounts = new Accounts(given, clock);
  const streams = new UserStreams(
    {
      ...{
        clock,
        log,
        counts: deps.counts,
        signal: deps.signal,
        sockets: deps.sockets,
        events: given.events,
        mode: given.mode,
      },
      isLive: async (token, userId) => (await accounts.accountOf(token))?.userId === userId,
    },
    settings,
  );

  const signedIn: SignedIn = async (c, next) => {
    const token = tokenOf(c);
    const account = token === undefined ? undefined : await accounts.accountOf(token);
    if (token === undefined || !account) return notLoggedIn();
    // Whoever wants to leave is let go.
    const isLeaving = c.req.path === "/api/session";
    const [counted, what] = isReading(c.req.method) ? [reads, "requests"] : [writes, "changes"];
    const waitMs = isLeaving ? 0 : counted.take(account.userId);
    if (waitMs > 0) return tooMany("user-limit", `Too many ${what} by this user.`, waitMs);
    c.set("account", account);
    c.set("token", token);
    await next();
  };
  const signUpOpen: MiddlewareHandler<BlankEnv, string, object, ProblemAnswer<403>> = async (_, next) => {
    if (!accounts.signUpOpen)
      return problem(403, { code: "sign-up-closed", detail: "Accounts are not made here; SIGN_UP is off." });
    await next();
  };
  const isHttps = (c: Context) => clientOf(c.req.raw)?.isHttps ?? c.req.url.startsWith("https:");
  const setSessionCookie = (c: Context, { token, expiresAtMs }: Session) => {
    // A length, not an instant: the visitor's clock may be wrong.
    const maxAge = Math.floor((expiresAtMs - clock.nowMs()) / 1_000);
    setCookie(c, COOKIE, token, { path: "/", httpOnly: true, sameSite: "Lax", secure: isHttps(c), maxAge });
  };

  const own = new Hono()
    .post("/api/session", noQuery, json(signInSchema), async (c) => {
      const { email, password } = c.req.valid("json");
      const outcome = await accounts.signIn(email, password);
      if ("session" in outcome) {
        // The others of this user have ended by it.
        void streams.check(outcome.session.account.userId);
        setSessionCookie(c, outcome.session);
        return c.json(outcome.session, 200, NO_STORE);
      }
      if (outcome.refused === "busy") return busy();
      if (outcome.refused === "wrong")
        return problem(401, { code: "wrong-credentials", detail: "The address or the password is wrong." });
      return problem(429, {
        code: "address-locked",
        detail: "Too many failed logins for this address.",
        retryAfterSeconds: Math.ceil(outcome.waitMs / 1000),
      });
    })
    .delete("/api/session", signedIn, noQuery, async (c) => {
      await accounts.signOut(c.var.token);
      void streams.check(c.var.account.userId);
      deleteCookie(c, COOKIE, { path: "/" });
      return c.body(null, 204, NO_STORE);
    })
    .post("/api/account", signUpOpen, noQuery, json(signUpSchema), async (c) => {
      const outcome = await accounts.signUp(c.req.valid("json"));
      if (outcome === "busy") return busy();
      if (outcome === "taken")
        return problem(409, { code: "address-taken", detail: "There is an account with this address." });
      setSessionCookie(c, outcome);
      return c.json(outcome, 201, NO_STORE);
    })
    .get("/api/me", signedIn, noQuery, (c) => c.json(c.var.account, 200, NO_STORE));

  const { keys, desk, paper, newId, safety, forcedCloses, mode, strategies, telegram } = given;
  const routes = new Hono();
  routes.onError((error, c) => {
    if (!isPassing(error)) throw error;
    log.warn("an account cannot be served", { path: c.req.path, error });
    return problem(503, {
      code: "database-away",
      detail: "The database does not answer right now.",
      retryAfterSeconds: 2,
    });
  });
  const served = routes
    .route("/", own)
    .route("/", positionRoutes({ ...given, live: deps.live, periodMs: settings.periodMs, clock, signedIn }))
    .route(
      "/",
      openPositionRoutes({ ...given, live: deps.live, periodMs: settings.periodMs, clock, signedIn }),
    )
    .route("/", eventRoutes({ streams, signedIn }))
    .route("/", keyRoutes({ keys, desk, clock, signedIn }))
    .route("/", balanceRoutes({ desk, signedIn }))
    .route("/", paperRoutes({ paper, clock, newId, signedIn }))
    .route("/", safetyRoutes({ safety, forcedCloses, mode, clock, signedIn }))
    .route("/", strategyRoutes({ store: strategies, tradingMode: mode, clock, signedIn }))
    .route("/", telegramRoutes({ store: telegram, botName: given.telegramBotName, clock, signedIn }));
  for (const [path, methods] of Object.entries(ACCOUNT_PATHS)) {
    const allow = methods.join(", ");
    routes.all(path, (c) => {
      return problem(405, {
        code: "method-not-allowed",
        detail: `${c.req.method} is not possible here; expected one of ${allow}.`,
        allow,
      });
    });
  }
  return served;
}

/** A bearer counts before a cookie: it was sent on purpose. */
function tokenOf(c: Context): string | undefined {
  return bearerOf(c) ?? getCookie(c, COOKIE);
}

const notLoggedIn = () =>
  problem(401, { code: "no-session", detail: "Expected a live session, by cookie or as a bearer." });
const busy = () =>
  problem(503, { code: "places-taken", detail: "Too many logins at once.", retryAfterSeconds: 1 });
