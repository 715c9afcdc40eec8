import { expect, test } from "bun:test";
import { createPasswords, PASSWORD_COSTS } from "./passwords.ts";

const LOW = { bcryptRounds: 4, argonMemoryKib: 8, argonPasses: 1 };
const passwords = await createPasswords(LOW);
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

test("in production a hash costs a guesser as much as Bun's default, and a dummy as much as Karbit's", async () => {
  expect(PASSWORD_COSTS).toEqual({ bcryptRounds: 12, argonMemoryKib: 65_536, argonPasses: 2 });
  const costly = await createPasswords({ ...LOW, argonMemoryKib: 16, argonPasses: 3 });
  expect(await costly.hash("correct horse")).toStartWith("$argon2id$v=19$m=16,t=3,p=1$");
});

test("nothing fits where there is no hash or none that can be read, the dummies' own password neither", async () => {
  for (const stored of [undefined, "", "plain", "$argon2id$v=19$broken", "$2b$04$broken"]) {
    for (const password of ["plain", "", "nobody has this password"]) {
      expect([stored, password, await passwords.fits(password, stored)]).toEqual([stored, password, false]);
    }
  }
});
