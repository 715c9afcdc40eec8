// Whether a program has said what nobody may read: every line of its output is searched for the keys of its users, as
// they are and as they are stored, and for its own secrets.

import { sql } from "drizzle-orm";
import { OPERATOR_SECRETS, type TradingFleet } from "./trading-fleet.ts";

/** Shorter parts of a ciphertext could be anything. */
const PART_CHARS_MIN = 16;

/** What must not be said, by name. */
export async function secretsOf(fleet: TradingFleet): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>(Object.entries(OPERATOR_SECRETS));
  for (const { userId, apiKey, secret } of fleet.traders) {
    secrets.set(`key of user ${userId}`, apiKey).set(`secret of user ${userId}`, secret);
  }
  const stored = await fleet.rows<{ userId: number; key: string; secret: string }>(
    sql`select user_id as "userId", api_key as key, api_secret as secret from user_exchanges order by id`,
  );
  for (const [index, { userId, key, secret }] of stored.entries()) {
    for (const [what, text] of Object.entries({ key, secret })) {
      for (const part of new Set([text, ...text.split(/[^A-Za-z0-9+/=_-]/)])) {
        const name = `stored ${what} ${index} of user ${userId}: ${part.length} characters`;
        if (part.length >= PART_CHARS_MIN) secrets.set(name, part);
      }
    }
  }
  return secrets;
}

/** Names of what was said, with the line; the secret itself is left out of it. */
export function saidSecrets(output: string, secrets: ReadonlyMap<string, string>): string[] {
  return output
    .split("\n")
    .flatMap((line) =>
      [...secrets]
        .filter(([, secret]) => line.includes(secret))
        .map(([name, secret]) => `${name}: ${line.replaceAll(secret, "[it]").slice(0, 300)}`),
    );
}
