// The envelope users' API keys are stored in where there is no Karbit: `v2.<key id>.<iv>.<ciphertext and tag>`, each
// part base64url. AES-256-GCM with a random IV of 96 bits; the key is HKDF-SHA256 of ENCRYPTION_KEY. Authenticated with
// it: version, key id, user, venue and column, so that a text that was copied to another row or column does not open.
// A text has one spelling only: one that decodes to the same bytes but is spelt otherwise is refused.

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/** Where a text belongs. */
export interface SecretPlace {
  readonly userId: number;
  /** `eng_name` of the exchange. */
  readonly venue: string;
  readonly field: "api_key" | "api_secret";
}

const PREFIX = "v2.";
const KEY_BYTES = 32;
const KEY_ID_BYTES = 6;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export const isEnvelope = (stored: string): boolean => stored.startsWith(PREFIX);

export class SecretEnvelope {
  readonly #key: KeyObject;
  /** Says which key a text was written with, and nothing else about it. */
  readonly #keyId: string;

  constructor(encryptionKey: string) {
    const derived = (info: string, length: number) =>
      Buffer.from(hkdfSync("sha256", Buffer.from(encryptionKey, "utf8"), "", info, length));
    this.#key = createSecretKey(derived("schedulerx user api keys v2", KEY_BYTES));
    this.#keyId = derived("schedulerx user api keys v2 key id", KEY_ID_BYTES).toString("base64url");
  }

  seal(text: string, place: SecretPlace): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(this.#authenticated(place));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `${PREFIX}${this.#keyId}.${iv.toString("base64url")}.${sealed.toString("base64url")}`;
  }

  /** Undefined for whatever was not sealed by this key for this place. */
  open(stored: string, place: SecretPlace): string | undefined {
    const [keyId, ivText = "", sealedText = "", ...rest] = stored.slice(PREFIX.length).split(".");
    const iv = bytesOf(ivText);
    const sealed = bytesOf(sealedText);
    if (keyId !== this.#keyId || rest.length > 0 || iv?.length !== IV_BYTES || !sealed) return undefined;
    if (sealed.length <= TAG_BYTES) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(this.#authenticated(place));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return decipher.update(sealed.subarray(0, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      return undefined;
    }
  }

  #authenticated({ userId, venue, field }: SecretPlace): Buffer {
    return Buffer.from(JSON.stringify([PREFIX, this.#keyId, userId, venue, field]), "utf8");
  }
}

function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
