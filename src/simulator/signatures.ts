// Checking signed requests as each venue does. Pure: the clock, the keys and the nonces seen come in. Each check
// answers with the key that signed or with the venue's name for what is wrong.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { ApiKey } from "./wire.ts";

export type SignatureCheck<Refusal> =
  | { readonly ok: true; readonly key: ApiKey }
  | { readonly ok: false; readonly refusal: Refusal };

/** Nonces a venue has seen, newest 100,000. */
export class NonceBook {
  private readonly seen = new Set<string>();

  /** False when it was used before. */
  use(nonce: string): boolean {
    if (this.seen.has(nonce)) return false;
    this.seen.add(nonce);
    if (this.seen.size > 100_000) this.seen.delete(this.seen.values().next().value!);
    return true;
  }
}

export type TokenRefusal =
  | "no_authorization_token"
  | "jwt_verification"
  | "invalid_access_key"
  | "invalid_query_payload"
  | "nonce_used"
  | "expired_jwt";

export interface TokenRules {
  readonly algorithms: readonly ("HS256" | "HS512")[];
  /** Set: a `timestamp` claim (ms) is required and must lie within this of the server's clock. */
  readonly driftMsMax?: number;
}

/** Upbit takes both algorithms and no timestamp; Bithumb HS256 with a timestamp (allowed drift: as its older API). */
export const UPBIT_TOKEN: TokenRules = { algorithms: ["HS256", "HS512"] };
export const BITHUMB_TOKEN: TokenRules = { algorithms: ["HS256"], driftMsMax: 20_000 };

export interface TokenRequest {
  /** The Authorization header. */
  readonly authorization: string | null;
  /** What the query hash is computed over (see `hashedText`); empty when there are no parameters. */
  readonly hashed: string;
  readonly nowMs: number;
}

interface TokenClaims {
  readonly access_key?: unknown;
  readonly nonce?: unknown;
  readonly timestamp?: unknown;
  readonly query_hash?: unknown;
  readonly query_hash_alg?: unknown;
}

/** Bearer JWT of Upbit and Bithumb. */
export function checkToken(
  request: TokenRequest,
  keys: readonly ApiKey[],
  nonces: NonceBook,
  rules: TokenRules,
): SignatureCheck<TokenRefusal> {
  const refuse = (refusal: TokenRefusal) => ({ ok: false, refusal }) as const;
  const token = request.authorization?.match(/^Bearer\s+(\S+)$/i)?.[1];
  if (token === undefined) return refuse("no_authorization_token");
  const [headerText, claimsText, signature, ...rest] = token.split(".");
  if (signature === undefined || rest.length > 0) return refuse("jwt_verification");
  const header = segment<{ alg?: unknown }>(headerText!);
  const claims = segment<TokenClaims>(claimsText!);
  const algorithm = rules.algorithms.find((name) => name === header?.alg);
  if (claims === undefined || algorithm === undefined) return refuse("jwt_verification");
  const key = keys.find((candidate) => candidate.apiKey === claims.access_key);
  if (key === undefined) return refuse("invalid_access_key");
  const digest = createHmac(algorithm === "HS256" ? "sha256" : "sha512", key.secret);
  if (!equal(digest.update(`${headerText}.${claimsText}`).digest("base64url"), signature)) {
    return refuse("jwt_verification");
  }
  if (rules.driftMsMax !== undefined) {
    if (typeof claims.timestamp !== "number") return refuse("jwt_verification");
    if (Math.abs(request.nowMs - claims.timestamp) > rules.driftMsMax) return refuse("expired_jwt");
  }
  if (request.hashed !== "") {
    const expected = createHash("sha512").update(request.hashed).digest("hex");
    if (claims.query_hash_alg !== "SHA512" || claims.query_hash !== expected) {
      return refuse("invalid_query_payload");
    }
  }
  if (typeof claims.nonce !== "string" || claims.nonce === "") return refuse("jwt_verification");
  if (!nonces.use(`${key.apiKey} ${claims.nonce}`)) return refuse("nonce_used");
  return { ok: true, key };
}

/**
 * What Upbit and Bithumb hash: the query as sent but not URL-encoded; of a JSON body its members as `k=v`, arrays
 * as `k[]=v`, in the body's order. A body that is not a JSON object yields its own text.
 */
export function hashedText(query: string, body: string): string {
  if (body === "") return unescaped(query);
  let members: unknown;
  try {
    members = JSON.parse(body);
  } catch {
    return body;
  }
  if (typeof members !== "object" || members === null || Array.isArray(members)) return body;
  return Object.entries(members)
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((item) => `${name}[]=${item}`) : [`${name}=${value}`],
    )
    .join("&");
}

export type BybitRefusal = "no-key" | "bad-window" | "bad-key" | "bad-sign";

export interface BybitSigned {
  readonly apiKey: string | null;
  readonly timestamp: string | null;
  readonly recvWindow: string | null;
  readonly sign: string | null;
  readonly query: string;
  readonly body: string;
  readonly nowMs: number;
}

/** X-BAPI headers; the window is server - recvWindow <= timestamp < server + 1000. */
export function checkBybit(request: BybitSigned, keys: readonly ApiKey[]): SignatureCheck<BybitRefusal> {
  const refuse = (refusal: BybitRefusal) => ({ ok: false, refusal }) as const;
  if (!request.apiKey || !request.timestamp || !request.sign) return refuse("no-key");
  const recvWindow = request.recvWindow ?? "5000";
  const timestampMs = Number(request.timestamp);
  const windowMs = Number(recvWindow);
  if (!(timestampMs >= request.nowMs - windowMs && timestampMs < request.nowMs + 1_000)) {
    return refuse("bad-window");
  }
  const key = keys.find((candidate) => candidate.apiKey === request.apiKey);
  if (key === undefined) return refuse("bad-key");
  const text = bybitSignedText({ ...request, timestamp: request.timestamp, apiKey: key.apiKey, recvWindow });
  if (!equal(createHmac("sha256", key.secret).update(text).digest("hex"), request.sign)) {
    return refuse("bad-sign");
  }
  return { ok: true, key };
}

/** What Bybit signs: timestamp, key, window, then the query string or the raw body. */
export function bybitSignedText(parts: {
  timestamp: string;
  apiKey: string;
  recvWindow: string;
  query: string;
  body: string;
}): string {
  return parts.timestamp + parts.apiKey + parts.recvWindow + (parts.query === "" ? parts.body : parts.query);
}

export type BinanceRefusal =
  | "no-key"
  | "bad-key-format"
  | "bad-key"
  | "no-timestamp"
  | "no-signature"
  | "late"
  | "early"
  | "bad-sign";

export interface BinanceSigned {
  readonly apiKey: string | null;
  readonly query: string;
  readonly body: string;
  readonly nowMs: number;
}

/** HMAC over query and body joined without a separator; `signature` must come last. */
export function checkBinance(
  request: BinanceSigned,
  keys: readonly ApiKey[],
): SignatureCheck<BinanceRefusal> {
  const refuse = (refusal: BinanceRefusal) => ({ ok: false, refusal }) as const;
  if (!request.apiKey) return refuse("no-key");
  if (!/^[\w-]{8,128}$/.test(request.apiKey)) return refuse("bad-key-format");
  const text = request.query + request.body;
  const fields = new URLSearchParams([request.query, request.body].filter((part) => part !== "").join("&"));
  const timestamp = fields.get("timestamp");
  if (timestamp === null || !/^\d+$/.test(timestamp)) return refuse("no-timestamp");
  const signature = fields.get("signature");
  if (signature === null) return refuse("no-signature");
  const key = keys.find((candidate) => candidate.apiKey === request.apiKey);
  if (key === undefined) return refuse("bad-key");
  const windowMs = Math.min(Number(fields.get("recvWindow") ?? "5000"), 60_000);
  const timestampMs = Number(timestamp);
  if (timestampMs >= request.nowMs + 1_000) return refuse("early");
  if (!(request.nowMs - timestampMs <= windowMs)) return refuse("late");
  const signed = text.match(/^(.*?)&?signature=([^&]*)$/s);
  if (signed === null) return refuse("bad-sign");
  const expected = createHmac("sha256", key.secret).update(signed[1]!).digest("hex");
  return equal(expected, signed[2]!) ? { ok: true, key } : refuse("bad-sign");
}

function segment<Shape>(text: string): Shape | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Shape) : undefined;
  } catch {
    return undefined;
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function equal(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}
