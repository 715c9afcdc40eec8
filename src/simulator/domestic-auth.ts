// Tokens and keys of Upbit and Bithumb: who signed, and the venue's word for what is wrong with it.

import { type KeyProblem, keyProblem, type SimUser } from "./accounts.ts";
import { domesticError } from "./domestic.ts";
import { checkToken, hashedText, type NonceBook, type TokenRefusal, type TokenRules } from "./signatures.ts";
import type { Route, VenueEnvironment, WireReply, WireRequest } from "./wire.ts";

/** HTTP status and Korean text for each way a token can be wrong. */
const TOKEN_ERRORS: Readonly<Record<TokenRefusal, readonly [status: number, message: string]>> = {
  no_authorization_token: [401, "인증 토큰이 없습니다."],
  jwt_verification: [401, "Jwt 토큰 검증에 실패했습니다."],
  invalid_access_key: [401, "잘못된 엑세스 키입니다."],
  invalid_query_payload: [401, "Jwt의 query를 검증하는데 실패하였습니다."],
  nonce_used: [401, "이미 요청한 nonce값이 다시 사용되었습니다."],
  expired_jwt: [401, "만료된 토큰입니다."],
};

export type KeyErrors = Readonly<
  Record<KeyProblem, readonly [status: number, name: string, message: string]>
>;

export interface TokenCheck {
  readonly venue: "upbit" | "bithumb";
  readonly nonces: NonceBook;
  readonly rules: TokenRules;
  readonly keyErrors: KeyErrors;
}

/** The user behind a signed request, or the refusal. */
export function checkUser(
  { accounts }: VenueEnvironment,
  request: WireRequest,
  route: Route,
  { venue, nonces, rules, keyErrors }: TokenCheck,
): { readonly user: SimUser } | { readonly refusal: WireReply } {
  const claimed = accounts.find(claimedKey(request) ?? "");
  const check = checkToken(
    {
      authorization: request.header("authorization"),
      hashed: hashedText(request.query, request.body),
      nowMs: request.clockMs,
    },
    claimed === undefined ? [] : [claimed],
    nonces,
    rules,
  );
  if (!check.ok) {
    const [status, message] = TOKEN_ERRORS[check.refusal];
    return { refusal: domesticError(status, check.refusal, message) };
  }
  const user = accounts.get(check.key.apiKey);
  const use = { source: request.source, trades: route.trades === true, nowMs: request.nowMs };
  const problem = keyProblem(user.keys[venue], use);
  if (problem === undefined) return { user };
  return { refusal: domesticError(...keyErrors[problem]) };
}

/** The access key a token claims, whatever its signature. */
export function claimedKey(request: WireRequest): string | undefined {
  const claims = request.header("authorization")?.match(/^Bearer\s+[^.\s]+\.([^.\s]+)\./i)?.[1];
  if (claims === undefined) return undefined;
  try {
    const { access_key: key } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}
