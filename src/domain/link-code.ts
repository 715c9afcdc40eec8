// Codes that link a chat with a user: shown to him once, kept only as their hash.

import { createHash, randomBytes } from "node:crypto";

/** 128 bits, as 22 characters that may stand in a link. */
export function newLinkCode(): string {
  return randomBytes(16).toString("base64url");
}

export function isLinkCode(text: string): boolean {
  return /^[\w-]{22}$/.test(text);
}

/** SHA-256, hex. */
export function linkCodeHash(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}
