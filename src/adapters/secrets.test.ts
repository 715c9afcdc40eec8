import { expect, test } from "bun:test";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { createSecretReader, createSecrets, type SecretFormat, type SecretPlace } from "./secrets.ts";

const IV = "000102030405060708090a0b0c0d0e0f";
const KEY = "0123456789abcdef0123456789abcdef";
const PLACE: SecretPlace = { userId: 7, venue: "upbit", field: "api_key" };

/** What Karbit stores, written down once more from the contract's words. */
function stored(text: string | Buffer, key = KEY, { padding = true } = {}): string {
  const bytes = Buffer.concat([Buffer.from(key), Buffer.alloc(32)]).subarray(0, 32);
  const cipher = createCipheriv("aes-256-cbc", bytes, Buffer.from(IV, "hex")).setAutoPadding(padding);
  const parts = [cipher.update(text as Buffer), cipher.final()];
  return `${IV}:${Buffer.concat(parts).toString("hex")}`;
}

test("The contract's three texts are read: a short key padded, a full one, a long one cut", () => {
  const read = (key: string, ciphertext: string) =>
    createSecretReader(key).read(`${IV}:${ciphertext}`, PLACE);
  const full = "4ed059b2562e7d41345898d107ce864c";
  expect(read("rig-encryption-key", "7b10f861da90af84bca4f5658025f7c7")).toBe("access-key-123");
  expect(read(KEY, full)).toBe("access-key-123");
  expect(read(`${KEY}EXTRA`, full)).toBe("access-key-123");
});

test("A key is cut by bytes, not by characters", () => {
  const key = "열쇠열쇠열쇠열쇠열쇠열쇠열쇠열쇠";
  expect(createSecretReader(key).read(stored("access-key-123", key), PLACE)).toBe("access-key-123");
});

test("Every text a venue could issue as a key is read as it was stored", () => {
  const reader = createSecretReader(KEY);
  const text = fc.string({ unit: "grapheme-ascii", minLength: 8, maxLength: 256 });
  fc.assert(fc.property(text, (plain) => reader.read(stored(plain), PLACE) === plain));
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
    expect(reader.read(shape, PLACE)).toBeUndefined();
  }
  expect(reader.read(`${IV}:`, PLACE)).toBeUndefined();
  expect(reader.read(good.toUpperCase(), PLACE)).toBe("access-key-123");
  expect(createSecretReader("another key of 16").read(good, PLACE)).toBeUndefined();
  expect(reader.read(stored("1234567"), PLACE)).toBeUndefined();
  expect(reader.read(stored("x".repeat(257)), PLACE)).toBeUndefined();
  expect(reader.read(stored("x".repeat(4096)), PLACE)).toBeUndefined();
  expect(reader.read(stored("비밀 access-key"), PLACE)).toBeUndefined();
  expect(reader.read(stored("access\nkey-123"), PLACE)).toBeUndefined();
  expect(
    reader.read(stored(Buffer.from("no padding here!"), KEY, { padding: false }), PLACE),
  ).toBeUndefined();
});

test("Garbage whose padding happens to fit is unreadable", () => {
  // A wrong key is as good as random: one in 256 passes the padding, and must not pass as a key.
  const reader = createSecretReader(KEY);
  let read = 0;
  for (let last = 0; last < 256; last++) {
    const iv = Buffer.from(IV, "hex");
    iv[15] = last;
    if (reader.read(`${iv.toString("hex")}:${"5a".repeat(16)}`, PLACE) !== undefined) read++;
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
  reader.read(stored("access-key-123"), PLACE);
  const shown = inspect(reader, { depth: 9, showHidden: true }) + JSON.stringify(reader) + String(reader);
  expect(shown).not.toContain(KEY);
  expect(shown).not.toContain("access-key-123");
});

const FORMATS: readonly SecretFormat[] = ["karbit", "envelope"];
const keyText = fc.string({ unit: "grapheme-ascii", minLength: 8, maxLength: 256 });
const places = fc.record({
  userId: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  venue: fc.constantFrom("upbit", "bithumb", "bybit", "binance", "okx"),
  field: fc.constantFrom("api_key" as const, "api_secret" as const),
});

test("What is written in either format is read again at its place, and is another text each time", () => {
  const secrets = createSecrets(KEY);
  fc.assert(
    fc.property(keyText, places, fc.constantFrom(...FORMATS), (plain, place, format) => {
      const [one, two] = [secrets.write(plain, place, format), secrets.write(plain, place, format)];
      return one !== two && !one.includes(plain) && secrets.read(one, place) === plain;
    }),
  );
});

test("Karbit's format as it is written is the contract's: Karbit's own steps give the text", () => {
  for (const key of ["rig-encryption-key", KEY, `${KEY}EXTRA`]) {
    const [iv = "", ciphertext = ""] = createSecrets(key).write("access-key-123", PLACE, "karbit").split(":");
    expect(iv).toMatch(/^[0-9a-f]{32}$/);
    const bytes = Buffer.concat([Buffer.from(key), Buffer.alloc(32)]).subarray(0, 32);
    const decipher = createDecipheriv("aes-256-cbc", bytes, Buffer.from(iv, "hex"));
    expect(decipher.update(ciphertext, "hex", "utf8") + decipher.final("utf8")).toBe("access-key-123");
  }
});

test("An envelope with any one bit flipped, any character left out or one put in is refused", () => {
  const secrets = createSecrets(KEY);
  // Lengths of every remainder by three, so that spare bits of base64 are flipped too.
  for (const plain of ["access-key-12", "access-key-123", "access-key-1234"]) {
    const bytes = Buffer.from(secrets.write(plain, PLACE, "envelope"), "latin1");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(secrets.read(flipped.toString("latin1"), PLACE)).toBeUndefined();
    }
    const text = bytes.toString("latin1");
    for (let at = 0; at <= text.length; at++) {
      for (const put of [".", "A", "=", "\n"]) {
        expect(secrets.read(text.slice(0, at) + put + text.slice(at), PLACE)).toBeUndefined();
      }
      if (at < text.length) {
        expect(secrets.read(text.slice(0, at) + text.slice(at + 1), PLACE)).toBeUndefined();
      }
    }
    expect(secrets.read(text, PLACE)).toBe(plain);
  }
});

test("An envelope opens with its key at its own user, venue and column, and nowhere else", () => {
  const secrets = createSecrets(KEY);
  const others = [createSecrets(`${KEY}EXTRA`), createSecrets("another key of 16")];
  fc.assert(
    fc.property(keyText, places, places, (plain, place, other) => {
      const text = secrets.write(plain, place, "envelope");
      for (const each of others) expect(each.read(text, place)).toBeUndefined();
      const isSame = JSON.stringify(place) === JSON.stringify(other);
      expect(secrets.read(text, other)).toBe(isSame ? plain : undefined);
      for (const change of [
        { userId: place.userId + 1 },
        { venue: "kraken" },
        { field: place.field === "api_key" ? ("api_secret" as const) : ("api_key" as const) },
      ]) {
        expect(secrets.read(text, { ...place, ...change })).toBeUndefined();
      }
    }),
  );
});

test("What no venue issues as a key is not written, and the refusal does not repeat it", () => {
  const secrets = createSecrets(KEY);
  for (const text of ["", "1234567", "x".repeat(257), "비밀 access-key", "access\nkey-123"]) {
    for (const format of FORMATS) {
      const refusal = new RangeError("expected 8 to 256 printable ASCII characters to encrypt");
      expect(() => secrets.write(text, PLACE, format)).toThrow(refusal);
    }
  }
});
