// What the api asks of the scheduler that leads, and what it answers: JSON by request and reply on the topic "desk".
// Users and venues are named; a key is never on the bus. Amounts are decimal texts.

import * as v from "valibot";
import { KEY_FINDING_CODES, VENUES } from "../vocabulary.ts";
import { parseJson } from "./quote-task.ts";

const userId = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const venue = v.picklist(VENUES);

export const DeskQuestion = v.variant("op", [
  v.object({ version: v.literal(1), op: v.literal("test-key"), userId, venue }),
  v.object({ version: v.literal(1), op: v.literal("balances"), userId }),
]);
export type DeskQuestion = v.InferOutput<typeof DeskQuestion>;

/** Why something at a venue is not known. */
export const UNREAD_REASONS = [
  "no-key", // none that is active and can be decrypted
  "key-refused", // the venue says no to the key
  "limited", // too many requests, or our budget for them is used up
  "no-answer", // away, or not understood
  "late", // not within the time there is
  "store-away", // our own database does not answer
  "no-encryption-key", // the scheduler has no ENCRYPTION_KEY
] as const;
export type UnreadReason = (typeof UNREAD_REASONS)[number];
const why = v.picklist(UNREAD_REASONS);

const amount = v.pipe(v.string(), v.regex(/^-?\d{1,30}(\.\d{1,30})?$/, "expected a decimal number"));
export const DeskBalance = v.object({
  asset: v.pipe(v.string(), v.minLength(1), v.maxLength(40)),
  free: amount,
  /** Free and locked together. */
  total: amount,
});
export type DeskBalance = v.InferOutput<typeof DeskBalance>;

export const VenueBalances = v.variant("state", [
  v.object({ state: v.literal("read"), venue, balances: v.array(DeskBalance) }),
  v.object({ state: v.literal("unread"), venue, why }),
]);
export type VenueBalances = v.InferOutput<typeof VenueBalances>;

export const DeskAnswer = v.variant("kind", [
  v.object({
    kind: v.literal("tested"),
    findings: v.pipe(
      v.array(
        v.object({ code: v.picklist(KEY_FINDING_CODES), detail: v.pipe(v.string(), v.maxLength(1_000)) }),
      ),
      v.maxLength(20),
    ),
  }),
  v.object({
    kind: v.literal("balances"),
    mode: v.picklist(["paper", "live"]),
    venues: v.pipe(v.array(VenueBalances), v.maxLength(VENUES.length)),
  }),
  v.object({ kind: v.literal("unread"), why }),
  /** Too many questions at once, or one of this user's is being answered. */
  v.object({ kind: v.literal("busy") }),
]);
export type DeskAnswer = v.InferOutput<typeof DeskAnswer>;

export function encodeDeskMessage(message: DeskQuestion | DeskAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Throws MessageError naming what was expected and what was found. */
export function parseDeskQuestion(bytes: Uint8Array): DeskQuestion {
  return parseJson(DeskQuestion, bytes, "question to the desk");
}

/** Throws MessageError naming what was expected and what was found. */
export function parseDeskAnswer(bytes: Uint8Array): DeskAnswer {
  return parseJson(DeskAnswer, bytes, "answer of the desk");
}
