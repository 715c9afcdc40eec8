import { expect, test } from "bun:test";
import { createCipheriv } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { createSecretReader } from "./secrets.ts";

const IV = "000102030405060708090a0b0c0d0e0f";
const KEY = "0123456789abcdef0123456789abcdef";

/** What Karbit stores, written down once more from the contract's words. */
function stored(text: string | Buffer, key = KEY, { padding = true } = {}): string {
  const bytes = Buffer.concat([Buffer.from(key), Buffer.alloc(32)]).subarray(0, 32);
  const cipher = createCipheriv("aes-256-cbc", bytes, Buffer.from(IV, "hex")).setAutoPadding(padding);
  const parts = [cipher.update(text as Buffer), cipher.final()];
  return `${IV}:${Buffer.concat(parts).toString("hex")}`;
}

test("The contract's three texts are read: a short key padded, a full one, a long one cut", () => {
  const read = (key: string, ciphertext: string) => createSecretReader(key).read(`${IV}:${ciphertext}`);
  const full = "4ed059b2562e7d41345898d107ce864c";
  expect(read("rig-encryption-key", "7b10f861da90af84bca4f5658025f7c7")).toBe("access-key-123");
  expect(read(KEY, full)).toBe("access-key-123");
  expect(read(`${KEY}EXTRA`, full)).toBe("access-key-123");
});

test("A key is cut by bytes, not by characters", () => {
  const key = "열쇠열쇠열쇠열쇠열쇠열쇠열쇠열쇠";
  expect(createSecretReader(key).read(stored("access-key-123", key))).toBe("access-key-123");
});

test("Every text a venue could issue as a key is read as it was stored", () => {
  const reader = createSecretReader(KEY);
  const text = fc.string({ unit: "grapheme-ascii", minLength: 8, maxLength: 256 });
  fc.assert(fc.property(text, (plain) => reader.read(stored(plain)) === plain));
});

test("What is no key is unreadable: another shape, another key, other bytes, another length", () => {
  const reader = createSecretReader(KEY);
  const good = stored("access-key-123");
  for (const shape of [
    "",
    ":",
    "plain text",
    good.slice(0, -1),
    good.slice(1),
    `${good}:${IV}`,
    `${good} `,
  ]) {
    expect(reader.read(shape)).toBeUndefined();
  }
  expect(reader.read(`${IV}:`)).toBeUndefined();
  expect(reader.read(good.toUpperCase())).toBe("access-key-123");
  expect(createSecretReader("another key of 16").read(good)).toBeUndefined();
  expect(reader.read(stored("1234567"))).toBeUndefined();
  expect(reader.read(stored("x".repeat(257)))).toBeUndefined();
  expect(reader.read(stored("x".repeat(4096)))).toBeUndefined();
  expect(reader.read(stored("비밀 access-key"))).toBeUndefined();
  expect(reader.read(stored("access\nkey-123"))).toBeUndefined();
  expect(reader.read(stored(Buffer.from("no padding here!"), KEY, { padding: false }))).toBeUndefined();
});

test("Garbage whose padding happens to fit is unreadable", () => {
  // A wrong key is as good as random: one in 256 passes the padding, and must not pass as a key.
  const reader = createSecretReader(KEY);
  let read = 0;
  for (let last = 0; last < 256; last++) {
    const iv = Buffer.from(IV, "hex");
    iv[15] = last;
    if (reader.read(`${iv.toString("hex")}:${"5a".repeat(16)}`) !== undefined) read++;
  }
  expect(read).toBe(0);
});

test("A key that is unset, short or a placeholder is refused by the setting's name, never by its value", () => {
  const refused = [
    [undefined, "ENCRYPTION_KEY: expected the key Karbit encrypts API keys with, was not set"],
    ["", "ENCRYPTION_KEY: expected the key Karbit encrypts API keys with, was not set"],
    ["fifteen chars..", "ENCRYPTION_KEY: expected at least 16 characters, was 15"],
    ...[
      "your-own-key-of-32-characters-00",
      "please-CHANGE-this-key",
      "a-placeholder-for-the-key",
      "the-default-encryption-key",
      "example-key-0123456789",
      "32-char-secret-key-here-0",
      "SECRET_KEY_0123456789",
      "x".repeat(32),
      "0".repeat(16),
    ].map((key) => [key, "ENCRYPTION_KEY: expected a key of your own, was a placeholder"]),
  ] as const;
  for (const [key, message] of refused) expect(() => createSecretReader(key)).toThrow(new Error(message));
  expect(() => createSecretReader("karbit-exchange-keys-9f3a")).not.toThrow();
});

test("Nothing of the key or a text shows when the reader is looked at", () => {
  const reader = createSecretReader(KEY);
  reader.read(stored("access-key-123"));
  const shown = inspect(reader, { depth: 9, showHidden: true }) + JSON.stringify(reader) + String(reader);
  expect(shown).not.toContain(KEY);
  expect(shown).not.toContain("access-key-123");
});
