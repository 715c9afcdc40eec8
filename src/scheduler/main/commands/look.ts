// Reading a scheduler whole by its control port.

import * as v from "valibot";
import { type Seen, seenSchema } from "../../seen.ts";
import type { ControlClient } from "./client.ts";

const NAMES = ["health", "ticks", "workers", "venues", "trading", "incidents"] as const;
const LOOK_MS = 5_000;

/** Rejects with CommandFault when the port does not answer, with ValiError when it says something else. */
export async function look(client: ControlClient): Promise<Seen> {
  const answers = await Promise.all(
    NAMES.map(async (name) => [name, await client.ask("GET", `/${name}`, undefined, LOOK_MS)] as const),
  );
  return v.parse(seenSchema, Object.fromEntries(answers));
}
