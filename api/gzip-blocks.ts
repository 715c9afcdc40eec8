// gzip that many connections share: each one starts with the ten-byte header of its own, then takes raw deflate blocks
// (RFC 1951, RFC 1952) that refer to nothing before them and end on a byte boundary, so the same bytes suit a client
// that has read everything and one that joined a moment ago.

import { Deflate } from "fflate";

/** Deflate, no name, no time, unknown system: what a gzip stream begins with. */
export const GZIP_HEADER: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/**
 * The bytes as deflate blocks ended by a full flush; decodable after any other such blocks, or first.
 *
 * fflate 0.8.3 ends flush(true) wrongly unless the last block leaves only zero bits, fewer than six, in its last byte:
 * most of the time the next block cannot be read. Flushing nothing adds an empty block of ten bits, so some more of
 * those lead to a last byte of which flush(true) makes the right end: one that added two bytes has left at most one
 * bit, a zero, and the empty block of flush(true) itself leaves two or three.
 */
export function fullFlushBlock(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const deflate = new Deflate({ level: 6 }, (part) => parts.push(part));
  deflate.push(bytes);
  deflate.flush();
  do deflate.flush();
  while (parts.at(-1)!.length < 2);
  deflate.flush(true);
  return joinBytes(parts);
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3): named or by "*", with a weight above 0. */
export function acceptsGzip(acceptEncoding: string | null | undefined): boolean {
  let byStar = false;
  for (const item of (acceptEncoding ?? "").toLowerCase().split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
    const allowed = weight === undefined || Number(weight.replace(/^q\s*=\s*/, "")) > 0;
    if (name === "gzip" || name === "x-gzip") return allowed;
    if (name === "*") byStar = allowed;
  }
  return byStar;
}
