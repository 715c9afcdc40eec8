// Logging in and out, and who one is. Never cached, and for no other origin but those of the list (guard.ts).

import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as v from "valibot";
import { isPassing } from "../../src/domain/store-fault.ts";
import type { Account } from "../../src/ports/sessions.ts";
import { Accounts, type Session } from "../accounts.ts";
import { jsonBody } from "../body.ts";
import { type ClientOf, isReading, tooMany } from "../guard.ts";
import { problem } from "../problem.ts";
import { API_SETTINGS_DEFAULT, type ApiDeps } from "../settings.ts";
import { TokenBuckets } from "../token-buckets.ts";
import { UserStreams } from "../user-streams.ts";
import { addBalanceRoutes, BALANCE_PATHS } from "./balances.ts";
import { addEventRoutes, EVENT_PATHS } from "./events.ts";
import { addKeyRoutes, KEY_PATHS } from "./keys.ts";
import { addOpenPositionRoutes, OPEN_POSITION_PATHS } from "./open-positions.ts";
import { addPaperRoutes, PAPER_PATHS } from "./paper.ts";
import { addPositionRoutes, POSITION_PATHS } from "./positions.ts";
import { addSafetyRoutes, SAFETY_PATHS } from "./safety.ts";
import { addStrategyRoutes, STRATEGY_PATHS } from "./strategies.ts";
import { addTelegramRoutes, TELEGRAM_PATHS } from "./telegram.ts";

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
  userId: v.number(),
  email: v.string(),
  name: v.nullable(v.string()),
}) satisfies v.GenericSchema<unknown, Account>;
export const sessionSchema = v.object({
  account: accountSchema,
  token: v.pipe(v.string(), v.description("For clients without cookies: Authorization: Bearer and this.")),
  expiresAtMs: v.number(),
}) satisfies v.GenericSchema<unknown, Session>;

export function accountRoutes(
  given: NonNullable<ApiDeps["accounts"]>,
  deps: Pick<ApiDeps, "clock" | "counts" | "live" | "log" | "settings" | "signal" | "sockets"> & {
    readonly clientOf: ClientOf;
  },
): Hono {
  const routes = new Hono();
  if ("missing" in given) {
    const detail = `Accounts are not served here; expected the settings ${given.missing.join(" and ")}.`;
    for (const path of Object.keys(ACCOUNT_PATHS)) routes.all(path, () => problem(503, { detail }));
    return routes;
  }
  const { clock, log, clientOf } = deps;
  const settings = { ...API_SETTINGS_DEFAULT, ...deps.settings };
  const writes = new TokenBuckets(clock, settings.userWritesPerMinuteMax);
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

  const sessionOf = async (c: Context) => {
    const token = tokenOf(c);
    const account = token === undefined ? undefined : await accounts.accountOf(token);
    if (token === undefined || !account) return notLoggedIn();
    // Whoever wants to leave is let go.
    const isCounted = !isReading(c.req.method) && c.req.path !== "/api/session";
    const waitMs = isCounted ? writes.take(account.userId) : 0;
    return waitMs > 0 ? tooMany("Too many changes by this user.", waitMs) : { account, token };
  };
  const isHttps = (c: Context) => clientOf(c.req.raw)?.isHttps ?? c.req.url.startsWith("https:");

  routes.post("/api/session", async (c) => {
    const body = await jsonBody(c, signInSchema);
    if ("refusal" in body) return body.refusal;
    const outcome = await accounts.signIn(body.value.email, body.value.password);
    if ("session" in outcome) {
      // The others of this user have ended by it.
      void streams.check(outcome.session.account.userId);
      return begun(c, outcome.session, 200, isHttps(c));
    }
    if (outcome.refused === "busy") return busy();
    if (outcome.refused === "wrong") return problem(401, { detail: "The address or the password is wrong." });
    return problem(429, {
      detail: "Too many failed logins for this address.",
      retryAfterSeconds: Math.ceil(outcome.waitMs / 1000),
    });
  });

  routes.delete("/api/session", async (c) => {
    const session = await sessionOf(c);
    if (session instanceof Response) return session;
    await accounts.signOut(session.token);
    void streams.check(session.account.userId);
    deleteCookie(c, COOKIE, { path: "/" });
    return c.body(null, 204, NO_STORE);
  });

  routes.post("/api/account", async (c) => {
    if (!accounts.signUpOpen) return problem(403, { detail: "Accounts are not made here; SIGN_UP is off." });
    const body = await jsonBody(c, signUpSchema);
    if ("refusal" in body) return body.refusal;
    const outcome = await accounts.signUp(body.value);
    if (outcome === "busy") return busy();
    if (outcome === "taken") return problem(409, { detail: "There is an account with this address." });
    return begun(c, outcome, 201, isHttps(c));
  });

  const accountOf = async (c: Context) => {
    const session = await sessionOf(c);
    return session instanceof Response ? session : session.account;
  };
  routes.get("/api/me", async (c) => {
    const account = await accountOf(c);
    return account instanceof Response ? account : c.json(account, 200, NO_STORE);
  });
  addPositionRoutes(routes, { ...given, clock }, accountOf);
  addEventRoutes(routes, streams, sessionOf);
  addKeyRoutes(routes, { keys: given.keys, desk: given.desk, clock, accountOf });
  addBalanceRoutes(routes, { desk: given.desk, accountOf });
  const { safety, forcedCloses, mode, openPositions } = given;
  const { periodMs } = settings;
  addOpenPositionRoutes(
    routes,
    { openPositions, forcedCloses, mode, live: deps.live, periodMs, clock },
    accountOf,
  );
  addPaperRoutes(routes, { paper: given.paper, clock, newId: given.newId }, accountOf);
  addSafetyRoutes(routes, { safety, forcedCloses, mode, clock }, accountOf);
  addStrategyRoutes(routes, { store: given.strategies, tradingMode: given.mode, clock }, accountOf);
  const { telegram: store, telegramBotName: botName } = given;
  addTelegramRoutes(routes, { store, botName, clock, accountOf });

  for (const [path, methods] of Object.entries(ACCOUNT_PATHS)) {
    const allow = methods.join(", ");
    routes.all(path, (c) => {
      return problem(405, {
        detail: `${c.req.method} is not possible here; expected one of ${allow}.`,
        allow,
      });
    });
  }
  routes.onError((error, c) => {
    if (!isPassing(error)) throw error;
    log.warn("an account cannot be served", { path: c.req.path, error });
    return problem(503, { detail: "The database does not answer right now.", retryAfterSeconds: 2 });
  });
  return routes;
}

function begun(c: Context, session: Session, status: 200 | 201, secure: boolean): Response {
  setCookie(c, COOKIE, session.token, {
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    secure,
    expires: new Date(session.expiresAtMs),
  });
  return c.json(session, status, NO_STORE);
}

/** A bearer counts before a cookie: it was sent on purpose. */
function tokenOf(c: Context): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
  return bearer ?? getCookie(c, COOKIE);
}

const notLoggedIn = () => problem(401, { detail: "Expected a live session, by cookie or as a bearer." });
const busy = () => problem(503, { detail: "Too many logins at once.", retryAfterSeconds: 1 });
