import { expect, test } from "bun:test";
import { createPasswords } from "./passwords.ts";

const passwords = await createPasswords(4);
const bcrypt = (password: string) => Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 });

test("a new hash is argon2id, and only its password fits it", async () => {
  const stored = await passwords.hash("correct horse");
  expect(stored).toStartWith("$argon2id$");
  expect(await passwords.fits("correct horse", stored)).toBe(true);
  expect(await passwords.fits("correct horsf", stored)).toBe(false);
});

test("Karbit's bcrypt is read under each of its names, and only as far as bcrypt reads", async () => {
  const stored = await bcrypt("가나다 horse");
  for (const name of ["$2a$", "$2b$", "$2y$"]) {
    expect(await passwords.fits("가나다 horse", stored.replace("$2b$", name))).toBe(true);
    expect(await passwords.fits("가나다 horsf", stored.replace("$2b$", name))).toBe(false);
  }
  const cut = await bcrypt("a".repeat(72));
  expect(await passwords.fits("a".repeat(80), cut)).toBe(true);
  expect(await passwords.fits("a".repeat(71), cut)).toBe(false);
});

test("nothing fits where there is no hash or none that can be read, the dummies' own password neither", async () => {
  for (const stored of [undefined, "", "plain", "$argon2id$v=19$broken", "$2b$04$broken"]) {
    for (const password of ["plain", "", "nobody has this password"]) {
      expect([stored, password, await passwords.fits(password, stored)]).toEqual([stored, password, false]);
    }
  }
});
