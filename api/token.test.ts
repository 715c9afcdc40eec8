// Tokens as Hono's own implementation makes and reads them, and whatever is none.

import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { sign, verify } from "hono/jwt";
import { claimsOf, signedToken } from "./token.ts";

const SECRET = "a-text-of-this-test-only";
const CLAIMS = { userId: 7, email: "김@mail.kr", exp: 4_000_000_000 };
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a token of another implementation is read, and ours by it, whatever the claims and the secret", async () => {
  const claims = fc.dictionary(fc.stringMatching(/^c[a-z]{1,6}$/), fc.jsonValue({ maxDepth: 1 }));
  const secret = fc.string({ minLength: 1, unit: "grapheme" });
  await fc.assert(
    fc.asyncProperty(claims, secret, async (given, key) => {
      const plain = JSON.parse(JSON.stringify(given));
      expect(claimsOf(await sign(given, key, "HS256"), key)).toEqual(plain);
      expect(await verify(signedToken(given, key), key, "HS256")).toEqual(plain);
    }),
  );
});

test("another secret, any other character and any other form are nobody's token", () => {
  const token = signedToken(CLAIMS, SECRET);
  expect(claimsOf(token, SECRET)).toEqual(CLAIMS);
  expect(claimsOf(token, `${SECRET} `)).toBeUndefined();
  for (let index = 0; index < token.length; index++) {
    const other = token[index] === "A" ? "B" : "A";
    expect(claimsOf(token.slice(0, index) + other + token.slice(index + 1), SECRET)).toBeUndefined();
  }
  const [header, claims, signature] = token.split(".");
  const others = ["", ".", "..", `${header}.${claims}`, `${header}.${claims}.`, `${token}.`, `${token}=`];
  others.push(`${token}.${signature}`, `${header}..${signature}`, token.toLowerCase(), ` ${token}`);
  for (const other of others) expect(claimsOf(other, SECRET)).toBeUndefined();
});

test("a header that names another algorithm, none, or an extension is refused though the signature is right", () => {
  const signed = (header: unknown) => {
    const text = `${b64(header)}.${b64(CLAIMS)}`;
    return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
  };
  expect(claimsOf(signed({ alg: "HS256" }), SECRET)).toEqual(CLAIMS);
  for (const header of [
    {},
    { alg: "none" },
    { alg: "HS512" },
    { alg: "HS256", crit: ["exp"] },
    null,
    "HS256",
    1,
  ]) {
    expect(claimsOf(signed(header), SECRET)).toBeUndefined();
  }
});
