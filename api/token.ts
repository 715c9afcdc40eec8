// The text of a session: a JSON Web Token (RFC 7519) signed with HS256, as Karbit's server makes and reads them. Checked
// without leaving the thread: it is done for every private request, and takes a few microseconds.

import { createHmac, timingSafeEqual } from "node:crypto";

const HEADER = encoded({ alg: "HS256", typ: "JWT" });

export function signedToken(claims: Readonly<Record<string, unknown>>, secret: string): string {
  const text = `${HEADER}.${encoded(claims)}`;
  return `${text}.${signatureOf(text, secret)}`;
}

/** What the token claims; undefined: it was not signed with this secret, or is none. Its times are not looked at. */
export function claimsOf(token: string, secret: string): unknown {
  const parts = token.split(".");
  const [header, claims, signature] = parts;
  if (parts.length !== 3 || !isSame(signature!, signatureOf(`${header}.${claims}`, secret))) return undefined;
  try {
    const { alg, crit } = decoded(header!) as { readonly alg?: unknown; readonly crit?: unknown };
    // An extension that has to be understood is not.
    return alg === "HS256" && crit === undefined ? decoded(claims!) : undefined;
  } catch {
    return undefined;
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const signatureOf = (text: string, secret: string) =>
  createHmac("sha256", secret).update(text).digest("base64url");

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decoded(part: string): unknown {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}
