// Password hashes by Bun: new ones are argon2id, Karbit's bcrypt is read (contract 3.5).

import type { Passwords } from "../ports/sessions.ts";

/** bcrypt reads no more; Bun hashes longer passwords down first, which bcryptjs, Karbit's, does not. */
const BCRYPT_BYTES_MAX = 72;
/** What an attacker pays for each guess: bcrypt as Karbit made it, argon2id as Bun does by default (64 MiB, twice). */
export const PASSWORD_COSTS = { bcryptRounds: 12, argonMemoryKib: 65_536, argonPasses: 2 } as const;
export type PasswordCosts = { readonly [Key in keyof typeof PASSWORD_COSTS]: number };
const NOBODYS_PASSWORD = "nobody has this password";

type Kind = "argon2id" | "bcrypt";

/** Every check verifies one hash of each kind, so its length does not tell what the user has, if there is one. */
export async function createPasswords(costs: PasswordCosts = PASSWORD_COSTS): Promise<Passwords> {
  const argon2id = {
    algorithm: "argon2id",
    memoryCost: costs.argonMemoryKib,
    timeCost: costs.argonPasses,
  } as const;
  const dummies: Readonly<Record<Kind, string>> = {
    argon2id: await Bun.password.hash(NOBODYS_PASSWORD, argon2id),
    bcrypt: await Bun.password.hash(NOBODYS_PASSWORD, { algorithm: "bcrypt", cost: costs.bcryptRounds }),
  };
  const fitsAs = async (kind: Kind, password: string, stored: string | undefined) => {
    const isOwn = stored !== undefined && kindOf(stored) === kind;
    const bytes = new TextEncoder().encode(password);
    const read = kind === "bcrypt" ? bytes.subarray(0, BCRYPT_BYTES_MAX) : bytes;
    // A damaged hash rejects: nothing fits it.
    const fits = await Bun.password.verify(read, isOwn ? stored : dummies[kind], kind).catch(() => false);
    return isOwn && fits;
  };
  return {
    hash: (password) => Bun.password.hash(password, argon2id),
    fits: async (password, stored) => {
      const argon = await fitsAs("argon2id", password, stored);
      const bcrypt = await fitsAs("bcrypt", password, stored);
      return argon || bcrypt;
    },
  };
}

function kindOf(stored: string): Kind | undefined {
  if (stored.startsWith("$argon2id$")) return "argon2id";
  return /^\$2[aby]\$/.test(stored) ? "bcrypt" : undefined;
}
