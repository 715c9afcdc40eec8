// What a REST request asks for: the forms of a command in path, query and body, and the commands not to be had.
// Source: the public REST API page of Upstash Redis ("API Semantics", "Pipelining", "Transactions", "Compatibility").

import type { Command } from "./resp2.ts";

/** The request is at fault: 400 with this text. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

/** They block, change what the shared connection is, or belong to the server's keeper. */
const REFUSED = new Set(
  [
    "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC",
    "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF",
    "MULTI EXEC DISCARD WATCH UNWATCH AUTH HELLO SELECT QUIT RESET CLIENT",
    "SHUTDOWN DEBUG CONFIG REPLICAOF SLAVEOF FAILOVER MODULE ACL CLUSTER SAVE BGSAVE BGREWRITEAOF",
  ].flatMap((line) => line.split(" ")),
);

/** Why the command is not carried out, or undefined. */
export function refusalOf(command: Command): string | undefined {
  const name = String(command[0]).toUpperCase();
  const blocks =
    /^XREAD(GROUP)?$/.test(name) && command.some((word) => String(word).toUpperCase() === "BLOCK");
  return REFUSED.has(name) || blocks ? `ERR Command is not available: '${name}'` : undefined;
}

/** One command from the path `/set/foo`, a body as its next word, and query parameters after that. */
export function commandOfPath(url: URL, body: Uint8Array): Command {
  const words: (string | Uint8Array)[] = pathWords(url);
  if (body.length > 0) words.push(body);
  for (const [name, value] of url.searchParams) {
    if (name === "_token") continue;
    words.push(name);
    if (value) words.push(value);
  }
  return words;
}

export function pathWords(url: URL): string[] {
  try {
    return url.pathname.slice(1).split("/").map(decodeURIComponent);
  } catch {
    throw new BadRequest("ERR path is not percent-encoded UTF-8");
  }
}

/** One command from a body `["SET","foo","bar","EX",100]`. */
export function commandOfBody(body: Uint8Array): Command {
  return commandOf(parse(body));
}

/** Several from a body of such arrays. */
export function commandsOfBody(body: Uint8Array): Command[] {
  const rows = parse(body);
  if (!Array.isArray(rows) || rows.length === 0)
    throw new BadRequest("ERR expected an array of command arrays");
  return rows.map(commandOf);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new BadRequest("ERR failed to parse the body as JSON");
  }
}

function commandOf(row: unknown): Command {
  if (!Array.isArray(row) || row.length === 0) throw new BadRequest("ERR expected a command array");
  return row.map((word) => {
    if (typeof word === "string") return word;
    if (typeof word === "number" || typeof word === "boolean") return String(word);
    throw new BadRequest(`ERR a command holds strings and numbers only, found ${JSON.stringify(word)}`);
  });
}
