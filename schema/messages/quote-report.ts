// What a worker answers: a JSON header and the rows as a frame segment, in one message of the REPORTS stream (message
// id = task id). The same stream carries each tick's manifest, written before its tasks, so that a restarted scheduler
// finds the open tick again.
//
//   kind byte (1 report, 2 manifest) | header length (4 bytes, big endian) | header JSON | segment (report only)

import * as v from "valibot";
import { VENUES } from "../vocabulary.ts";
import { MessageError, parseJson, QuoteTask } from "./quote-task.ts";

const KIND_REPORT = 1;
const KIND_MANIFEST = 2;
const HEADER_BYTES_MAX = 256 * 1024;
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const ReportHeader = v.object({
  taskId: v.string(),
  tickAtMs: count,
  worker: v.string(),
  sourceAddress: v.string(),
  reportedAtMs: count,
  /**
   * Levels of the overseas book the largest size took, per coin and venue; `levels` null when the book ended before.
   * `got`: levels received on the longest side that ended (as many as asked for: a deeper request may help). Left out
   * where a domestic book was unusable, so that nothing can be told.
   */
  depths: v.array(
    v.object({ coin: v.string(), venue: v.picklist(VENUES), levels: v.nullable(count), got: count }),
  ),
  /** Answers by venue and outcome in this task, for the counters. */
  fetches: v.array(v.object({ venue: v.picklist(VENUES), outcome: v.string(), count })),
});
export type ReportHeader = v.InferOutput<typeof ReportHeader>;

const Manifest = v.object({ tickAtMs: count, tasks: v.array(QuoteTask) });
export type TickManifest = v.InferOutput<typeof Manifest>;

export type ReportMessage =
  | { readonly kind: "report"; readonly header: ReportHeader; readonly segment: Uint8Array }
  | { readonly kind: "manifest"; readonly manifest: TickManifest };

export function encodeReport(header: ReportHeader, segment: Uint8Array): Uint8Array {
  return join(KIND_REPORT, header, segment);
}

export function encodeManifest(manifest: TickManifest): Uint8Array {
  return join(KIND_MANIFEST, manifest, new Uint8Array(0));
}

export function manifestIdOf(tickAtMs: number): string {
  return `${tickAtMs}.manifest`;
}

function join(kind: number, header: unknown, tail: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(5 + json.length + tail.length);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, json.length);
  bytes.set(json, 5);
  bytes.set(tail, 5 + json.length);
  return bytes;
}

/** Throws MessageError on anything that is neither. The segment is not decoded here. */
export function parseReportMessage(bytes: Uint8Array): ReportMessage {
  if (bytes.length < 5) throw new MessageError(`expected a report of at least 5 bytes, was ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(1);
  if (length > HEADER_BYTES_MAX || 5 + length > bytes.length) {
    throw new MessageError(`expected a header within ${bytes.length} bytes, was ${length}`);
  }
  const json = bytes.subarray(5, 5 + length);
  const tail = bytes.subarray(5 + length);
  if (bytes[0] === KIND_REPORT) {
    return { kind: "report", header: parseJson(ReportHeader, json, "report header"), segment: tail };
  }
  if (bytes[0] === KIND_MANIFEST && tail.length === 0) {
    return { kind: "manifest", manifest: parseJson(Manifest, json, "tick manifest") };
  }
  throw new MessageError(
    `expected a report or a manifest, was kind ${bytes[0]} with ${tail.length} bytes of tail`,
  );
}
