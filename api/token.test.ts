import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Tokens } from "./token.ts";

const SECRET = "a-text-of-this-test-only";
const CLAIMS = { userId: 7, email: "김@mail.kr", exp: 4_000_000_000 };
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a token is read as it was signed, again and again", async () => {
  const tokens = new Tokens(SECRET);
  const token = await tokens.signed(CLAIMS);
  for (let turn = 0; turn < 3; turn++) expect(await tokens.claimsOf(token)).toEqual(CLAIMS);
  expect(await new Tokens(SECRET).claimsOf(token)).toEqual(CLAIMS);
});

test("another secret, any other character and any other form are nobody's token, also next to one that is known", async () => {
  const tokens = new Tokens(SECRET);
  const token = await tokens.signed(CLAIMS);
  expect(await tokens.claimsOf(token)).toEqual(CLAIMS);
  expect(await new Tokens(`${SECRET} `).claimsOf(token)).toBeUndefined();
  for (let index = 0; index < token.length - 1; index++) {
    const other = token[index] === "A" ? "B" : "A";
    expect(await tokens.claimsOf(token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined();
  }
  const [header, claims, signature] = token.split(".");
  const others = ["", ".", "..", `${header}.${claims}`, `${header}.${claims}.`, `${token}.`];
  others.push(`${token}.${signature}`, `${header}..${signature}`, token.toLowerCase());
  for (const other of others) expect(await tokens.claimsOf(other)).toBeUndefined();
});

test("a header that names another algorithm or none is refused though the signature is right", async () => {
  const tokens = new Tokens(SECRET);
  const signed = (header: unknown) => {
    const text = `${b64(header)}.${b64(CLAIMS)}`;
    return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
  };
  expect(await tokens.claimsOf(signed({ alg: "HS256", typ: "JWT" }))).toEqual(CLAIMS);
  for (const header of [{}, { alg: "none" }, { alg: "HS512" }, null, "HS256", 1]) {
    expect(await tokens.claimsOf(signed(header))).toBeUndefined();
  }
});
