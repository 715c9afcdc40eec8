// Karbit's ciphertext of API keys (contract 3.3): AES-256-CBC, "hex(iv):hex(ciphertext)", no authentication. What is
// read is handed to the caller and kept nowhere; no error ever holds a key, a plain text or a stored one.

import { createDecipheriv, createSecretKey } from "node:crypto";

export interface SecretReader {
  /** The plain text; undefined when it cannot be read, by a wrong key or because it was never such a text. */
  read(stored: string): string | undefined;
}

const KEY_BYTES = 32;
const KEY_CHARS_MIN = 16;
const BLOCK_BYTES = 16;
const TEXT_CHARS_MAX = 256;
/** With its padding. */
const STORED = new RegExp(
  `^([0-9a-f]{${BLOCK_BYTES * 2}}):((?:[0-9a-f]{${BLOCK_BYTES * 2}}){1,${TEXT_CHARS_MAX / BLOCK_BYTES + 1}})$`,
  "i",
);
/** A wrong key passes the padding one time in 256, and then gives bytes of any kind. */
const PLAUSIBLE = new RegExp(`^[\\x20-\\x7e]{8,${TEXT_CHARS_MAX}}$`);
/** Such as stand in public sources and example files, Karbit's own among them; but a key may speak of an exchange. */
const PLACEHOLDER = /your[-_ ]|(?<!ex)change|placeholder|default|example|secret[-_ ]key|^(.)\1*$/iu;

/** Throws a readable Error, naming the setting and never its value, for a key that cannot be a real one. */
export function createSecretReader(encryptionKey: string | undefined): SecretReader {
  const key = createSecretKey(keyBytesOf(requireKey(encryptionKey)));
  return {
    read(stored) {
      const [, iv, ciphertext] = STORED.exec(stored) ?? [];
      if (iv === undefined || ciphertext === undefined) return undefined;
      const decipher = createDecipheriv("aes-256-cbc", key, Buffer.from(iv, "hex"));
      let text: string;
      try {
        // One character a byte, so that bytes outside ASCII are seen as such.
        text = decipher.update(ciphertext, "hex", "latin1") + decipher.final("latin1");
      } catch {
        return undefined;
      }
      return PLAUSIBLE.test(text) ? text : undefined;
    },
  };
}

function requireKey(encryptionKey: string | undefined): string {
  if (encryptionKey === undefined || encryptionKey === "") {
    throw new Error("ENCRYPTION_KEY: expected the key Karbit encrypts API keys with, was not set");
  }
  const { length } = [...encryptionKey];
  if (length < KEY_CHARS_MIN) {
    throw new Error(`ENCRYPTION_KEY: expected at least ${KEY_CHARS_MIN} characters, was ${length}`);
  }
  if (PLACEHOLDER.test(encryptionKey)) {
    throw new Error("ENCRYPTION_KEY: expected a key of your own, was a placeholder");
  }
  return encryptionKey;
}

/** As Karbit does it: short keys end in zero bytes, long ones are cut. */
function keyBytesOf(encryptionKey: string): Buffer {
  const bytes = Buffer.alloc(KEY_BYTES);
  Buffer.from(encryptionKey, "utf8").copy(bytes);
  return bytes;
}
