// The text of a session: a JSON Web Token signed with HS256, as Karbit's server makes and reads them.

import { sign, verify } from "hono/jwt";

const TOKENS_MAX = 10_000;

export class Tokens {
  /** By their text, those whose signature was found right: it stays right, and checking it is dear. Oldest first. */
  readonly #read = new Map<string, unknown>();

  constructor(private readonly secret: string) {}

  signed(claims: Readonly<Record<string, unknown>>): Promise<string> {
    return sign({ ...claims }, this.secret, "HS256");
  }

  /** What the token claims; undefined: it was not signed with this secret, or is none. Its times are not looked at. */
  async claimsOf(token: string): Promise<unknown> {
    const known = this.#read.get(token);
    if (known !== undefined) return known;
    const options = { alg: "HS256", exp: false, iat: false, nbf: false } as const;
    const claims = await verify(token, this.secret, options).catch(() => undefined);
    if (claims === undefined) return undefined;
    if (this.#read.size >= TOKENS_MAX) this.#read.delete(this.#read.keys().next().value!);
    this.#read.set(token, claims);
    return claims;
  }
}
