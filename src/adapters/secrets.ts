// Users' API keys as they are stored. Two formats, told apart by their beginning:
//
// - Karbit's (contract 3.3): AES-256-CBC, "hex(iv):hex(ciphertext)", no authentication, the same wherever it stands.
// - the envelope of installs without Karbit: AES-256-GCM, bound to its user, venue and column (secret-envelope.ts).
//
// What is read is handed to the caller and kept nowhere; no error ever holds a key, a plain text or a stored one.

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { isEnvelope, SecretEnvelope, type SecretPlace } from "./secret-envelope.ts";

export type { SecretPlace } from "./secret-envelope.ts";

/** How a text is stored. */
export type SecretFormat = "karbit" | "envelope";

export interface SecretReader {
  /**
   * The plain text of what is stored at that place; undefined when it cannot be read: a wrong key, an envelope of
   * another place, or never such a text.
   */
  read(stored: string, place: SecretPlace): string | undefined;
}

export interface Secrets extends SecretReader {
  /** Another text each time. Throws RangeError, without the text, for what no venue issues as a key. */
  write(text: string, place: SecretPlace, format: SecretFormat): string;
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
export function createSecrets(encryptionKey: string | undefined): Secrets {
  return secretsOf(requireKey(encryptionKey));
}

/** With a key that is to be left: also one that should never have been used, or no one could leave it. */
export function createFormerSecrets(encryptionKey: string): Secrets {
  return secretsOf(encryptionKey);
}

function secretsOf(given: string): Secrets {
  const karbitKey = createSecretKey(keyBytesOf(given));
  const envelope = new SecretEnvelope(given);
  return {
    read(stored, place) {
      const text = isEnvelope(stored) ? envelope.open(stored, place) : openKarbit(stored, karbitKey);
      return text !== undefined && PLAUSIBLE.test(text) ? text : undefined;
    },
    write(text, place, format) {
      if (!PLAUSIBLE.test(text)) {
        throw new RangeError(`expected 8 to ${TEXT_CHARS_MAX} printable ASCII characters to encrypt`);
      }
      return format === "envelope" ? envelope.seal(text, place) : sealKarbit(text, karbitKey);
    },
  };
}

export function createSecretReader(encryptionKey: string | undefined): SecretReader {
  return createSecrets(encryptionKey);
}

export function secretFormatOf(stored: string): SecretFormat {
  return isEnvelope(stored) ? "envelope" : "karbit";
}

function sealKarbit(text: string, key: KeyObject): string {
  const iv = randomBytes(BLOCK_BYTES);
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  return `${iv.toString("hex")}:${cipher.update(text, "utf8", "hex")}${cipher.final("hex")}`;
}

function openKarbit(stored: string, key: KeyObject): string | undefined {
  const [, iv, ciphertext] = STORED.exec(stored) ?? [];
  if (iv === undefined || ciphertext === undefined) return undefined;
  const decipher = createDecipheriv("aes-256-cbc", key, Buffer.from(iv, "hex"));
  try {
    // One character a byte, so that bytes outside ASCII are seen as such.
    return decipher.update(ciphertext, "hex", "latin1") + decipher.final("latin1");
  } catch {
    return undefined;
  }
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
