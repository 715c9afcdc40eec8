// How each venue wants a request signed. Pure: instants and nonces come in, so the published vectors can be checked.
// What is signed here is, byte for byte, what is sent: callers take query and body from these functions.

import { createHash, createHmac } from "node:crypto";

/** A user's key at one venue. The secret is used as it is, never decoded. */
export interface VenueKey {
  readonly apiKey: string;
  readonly secret: string;
}

/** In the order sent. Arrays are repeated as `name[]=a&name[]=b` (Upbit, Bithumb). */
export type Params = readonly (readonly [name: string, value: string | readonly string[]])[];

/** Characters that every URL parser leaves alone, so that the bytes signed cannot differ from the bytes sent. */
const PLAIN = /^[A-Za-z0-9_.,:%~*+-]*$/;

/**
 * `a=1&b[]=2&b[]=3`, not URL-encoded: what Upbit and Bithumb hash, Bybit and Binance sign. Throws RangeError on a
 * value that a URL would have to escape (none of ours does).
 */
export function plainQuery(params: Params): string {
  const parts: string[] = [];
  for (const [name, value] of params) {
    const values = typeof value === "string" ? [value] : value;
    for (const each of values) {
      if (!PLAIN.test(each)) throw new RangeError(`expected a plain value of ${name}`);
      parts.push(typeof value === "string" ? `${name}=${each}` : `${name}[]=${each}`);
    }
  }
  return parts.join("&");
}

export type JwtAlgorithm = "HS256" | "HS512";

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A signed JSON web token; claims in the order given. */
export function jwt(algorithm: JwtAlgorithm, claims: object, secret: string): string {
  const text = `${segment({ alg: algorithm, typ: "JWT" })}.${segment(claims)}`;
  const hash = algorithm === "HS256" ? "sha256" : "sha512";
  return `${text}.${createHmac(hash, secret).update(text).digest("base64url")}`;
}

/** SHA-512 of a query, lower-case hex. */
export function queryHash(query: string): string {
  return createHash("sha512").update(query).digest("hex");
}

export interface KrwToken {
  readonly algorithm: JwtAlgorithm;
  /** Fresh for every attempt: a repeated one is refused. */
  readonly nonce: string;
  /** Epoch ms; Bithumb requires it, Upbit does not know it. */
  readonly timestampMs?: number;
  /** From plainQuery, of the query or of the body's members. */
  readonly query: string;
}

/** The Authorization header of Upbit and Bithumb. */
export function krwAuthorization(key: VenueKey, token: KrwToken): string {
  const { algorithm, nonce, timestampMs, query } = token;
  const claims = {
    access_key: key.apiKey,
    nonce,
    ...(timestampMs !== undefined && { timestamp: timestampMs }),
    ...(query !== "" && { query_hash: queryHash(query), query_hash_alg: "SHA512" }),
  };
  return `Bearer ${jwt(algorithm, claims, key.secret)}`;
}

function hmacHex(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** What Bybit signs: `payload` is the query string of a GET, the raw body of a POST. */
export function bybitSignedText(
  apiKey: string,
  timestampMs: number,
  recvWindowMs: number,
  payload: string,
): string {
  return `${timestampMs}${apiKey}${recvWindowMs}${payload}`;
}

/** Bybit's four headers. */
export function bybitHeaders(
  key: VenueKey,
  timestampMs: number,
  recvWindowMs: number,
  payload: string,
): Record<string, string> {
  return {
    "X-BAPI-API-KEY": key.apiKey,
    "X-BAPI-TIMESTAMP": String(timestampMs),
    "X-BAPI-RECV-WINDOW": String(recvWindowMs),
    "X-BAPI-SIGN": hmacHex(key.secret, bybitSignedText(key.apiKey, timestampMs, recvWindowMs, payload)),
  };
}

/** What Bybit's private stream wants beside the key and the instant it expires at, epoch ms. */
export function bybitStreamSignature(key: VenueKey, expiresAtMs: number): string {
  return hmacHex(key.secret, `GET/realtime${expiresAtMs}`);
}

/** A Binance query or form body with its signature last. */
export function binanceSigned(key: VenueKey, query: string): string {
  return `${query}&signature=${hmacHex(key.secret, query)}`;
}
