// The columnar binary form of rate rows ("segment"), lossless and small: rates as integer jeon, second difference
// across the sizes, zigzag, varint; names once. Deflated by the adapter's codec, never here.

import type { RateRow, ReferencePrice } from "./rate-table.ts";

export interface Frame {
  /** The newest tick any row belongs to. */
  readonly tickAtMs: number;
  readonly part: number;
  /** True when the tick is closed and every coin due is accounted for up to here. */
  readonly closing: boolean;
  readonly reference: ReferencePrice | undefined;
  readonly rows: readonly RateRow[];
}

export function encodeFrame(_frame: Frame): Uint8Array {
  throw new Error("not yet");
}

/** Throws FrameError on anything that is not a whole, valid frame; never reads past the end, never hangs. */
export function decodeFrame(_bytes: Uint8Array): Frame {
  throw new Error("not yet");
}
