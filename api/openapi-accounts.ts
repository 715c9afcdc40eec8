// The private paths in the OpenAPI document, with examples.

import type { OpenApiDocument } from "./openapi.ts";
import { body, content, problems, SECURED, SESSION_COOKIE } from "./openapi-parts.ts";

const ACCOUNT = { userId: 7, email: "kim@mail.kr", name: "Kim" };
const SESSION = { account: ACCOUNT, token: "eyJhbGciOi...", expiresAtMs: 1_780_000_000_000 };
const SIGN_IN = { email: "kim@mail.kr", password: "a long password" };

const tags = ["account"];

export function accountOperations(): OpenApiDocument["paths"] {
  return {
    "/api/session": {
      post: {
        summary: "Log in",
        description:
          "Begins a session of two hours and ends the user's others. An unknown address and a wrong password are answered alike; five failures within a quarter of an hour lock the address.",
        ...{ tags, parameters: [], requestBody: body("SignIn", SIGN_IN) },
        responses: {
          200: {
            description: "Logged in; the cookie auth-token is set.",
            ...{ headers: SESSION_COOKIE, ...content("Session", SESSION) },
          },
          ...problems(400, 413, 415, 503, [
            401,
            "Unknown address or wrong password.",
            "wrong-credentials",
            "The address or the password is wrong.",
          ]),
          ...problems([
            429,
            "Locked after repeated failures; Retry-After says how long.",
            "address-locked",
            "Too many failed logins for this address.",
          ]),
        },
      },
      delete: {
        summary: "Log out",
        description: "Ends the session at once, wherever its token is still kept.",
        ...{ tags, parameters: [], security: SECURED },
        responses: {
          204: { description: "Logged out.", headers: SESSION_COOKIE },
          ...problems(400, 401, 503),
        },
      },
    },
    "/api/account": {
      post: {
        summary: "Make an account",
        description: "Only where SIGN_UP is on. Logs in as well.",
        ...{ tags, parameters: [], requestBody: body("SignUp", { ...SIGN_IN, name: "Kim" }) },
        responses: {
          201: {
            description: "Made and logged in; the cookie auth-token is set.",
            ...{ headers: SESSION_COOKIE, ...content("Session", SESSION) },
          },
          ...problems(400, 413, 415, 503),
          ...problems([
            403,
            "Sign-up is closed.",
            "sign-up-closed",
            "Accounts are not made here; SIGN_UP is off.",
          ]),
          ...problems([
            409,
            "The address is taken.",
            "address-taken",
            "There is an account with this address.",
          ]),
        },
      },
    },
    "/api/me": {
      get: {
        summary: "Who is logged in",
        description: "The account the session belongs to.",
        ...{ tags, parameters: [], security: SECURED },
        responses: {
          200: { description: "The account.", ...content("Account", ACCOUNT) },
          ...problems(400, 401, 503),
        },
      },
    },
  };
}
