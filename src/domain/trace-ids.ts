// Ids of traces and spans as functions of what they are about, so that processes agree on them without a word, and a
// process that takes over goes on with the trace of the one before.

import { createHash } from "node:crypto";

const TRACE_ID_CHARS = 32;
const SPAN_ID_CHARS = 16;
/** OpenTelemetry samples by the last 56 bits of a trace's id. */
const RANDOM_CHARS = 14;

/** 16 bytes in hex. The namespace keeps services apart that share a collector: their ticks have the same instants. */
export function traceIdOf(namespace: string, subject: string): string {
  return hexOf(`${namespace}\n${subject}`, TRACE_ID_CHARS);
}

/** 8 bytes in hex: a span that others have to name as their parent has a word of its own within its trace. */
export function spanIdOf(traceId: string, word: string): string {
  return hexOf(`${traceId}\n${word}`, SPAN_ID_CHARS);
}

function hexOf(text: string, chars: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, chars);
}

/** Whether a trace is among that part of all, 0 to 1. Who keeps a larger part keeps all that the others keep. */
export function isSampled(traceId: string, ratio: number): boolean {
  const random = Number.parseInt(traceId.slice(-RANDOM_CHARS), 16) / 16 ** RANDOM_CHARS;
  return random >= 1 - ratio;
}
