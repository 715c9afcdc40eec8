// Reading a scheduler whole by its control port.

import * as v from "valibot";
import { type Seen, seenSchema } from "../../seen.ts";
import type { ControlClient } from "./client.ts";

const LOOK_MS = 5_000;

/** Rejects with CommandFault when the port does not answer, with ValiError when it says something else. */
export async function look(client: ControlClient): Promise<Seen> {
  return v.parse(seenSchema, await client.ask("GET", "/overview", undefined, LOOK_MS));
}
