// What a process that touches venues tells the others every two seconds, and at once when its share changes.

import * as v from "valibot";
import { VENUES } from "../../../schema/vocabulary.ts";
import { PROCESS_ROLES } from "./budget-shares.ts";

const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(1e9));
const Amounts = v.object(v.entriesFromList(VENUES, amount));

const Presence = v.object({
  kind: v.picklist(["hello", "here", "bye"]),
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  role: v.picklist(PROCESS_ROLES),
  sourceAddress: v.pipe(v.string(), v.maxLength(100)),
  version: v.pipe(v.string(), v.maxLength(40)),
  shares: Amounts,
  spent: Amounts,
  /** What the sender knows to count against the address beyond itself and the living: the gone and the unknown. */
  foreign: Amounts,
  banMs: Amounts,
});
export type Presence = v.InferOutput<typeof Presence>;

/** Undefined for anything else: presence of others is advice, a bad message is ignored. */
export function parsePresence(bytes: Uint8Array): Presence | undefined {
  try {
    const result = v.safeParse(Presence, JSON.parse(new TextDecoder().decode(bytes)));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
