// Frames to deflated bytes and back, and gzip for the Karbit channel. One place decides between the runtime's
// native zlib (Bun, Deno, node: 3.7x faster) and fflate (browsers, where node:zlib is not there).

import { constants, deflateRawSync, gzipSync, inflateRawSync } from "node:zlib";
import { decodeFrame, encodeFrameParts, type Frame, FrameError } from "../domain/frame.ts";

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Raw deflate of the frame's segment. In the residuals nothing repeats, and the chance matches deflate would find cost
 * more than they save: they get Huffman codes alone. A part ended by a full flush may be followed by another.
 */
export function packFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { head, residuals } = encodeFrameParts(frame);
  const packedHead = deflateRawSync(head, { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const packedResiduals = deflateRawSync(residuals, { level: 9, strategy: constants.Z_HUFFMAN_ONLY });
  const packed = new Uint8Array(packedHead.length + packedResiduals.length);
  packed.set(packedHead);
  packed.set(packedResiduals, packedHead.length);
  return packed;
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
