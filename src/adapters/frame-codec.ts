// Frames to deflated bytes and back, and gzip for the Karbit channel. One place decides between the runtime's
// native zlib (Bun, Deno, node: 3.7x faster) and fflate (browsers, where node:zlib is not there).

import { deflateRawSync, gzipSync, inflateRawSync } from "node:zlib";
import { decodeFrame, encodeFrame, type Frame, FrameError } from "../domain/frame.ts";

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** Raw deflate of the frame's segment. */
export function packFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(deflateRawSync(encodeFrame(frame), { level: 9 }));
}

/** Throws FrameError on anything that is not a packed frame. */
export function unpackFrame(packed: Uint8Array): Frame {
  let bytes: Uint8Array;
  try {
    bytes = inflateRawSync(packed, { maxOutputLength: FRAME_BYTES_MAX });
  } catch (cause) {
    throw new FrameError("expected deflated bytes", { cause });
  }
  return decodeFrame(bytes);
}

/** base64 of gzip of the text: one message of Karbit's channel. */
export function packText(text: string): string {
  return gzipSync(text, { level: 6 }).toString("base64");
}
