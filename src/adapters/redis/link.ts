// How commands reach a Redis: over TCP or over Upstash's REST protocol, behind one small interface. A link connects
// when first used, never buffers for a server that is away, and answers within a bounded time.

import { openRestLink } from "./rest-link.ts";
import { openTcpLink } from "./tcp-link.ts";

export type RedisTarget =
  | {
      readonly kind: "tcp";
      /** redis:// or rediss://, with password and database number where needed. */
      readonly url: string;
      /** PEM file to verify a rediss: server with; the system's authorities when left out. */
      readonly caFile?: string;
    }
  | { readonly kind: "rest"; readonly url: string; readonly token: string };

export type RedisCommand =
  | { readonly name: "publish"; readonly channel: string; readonly text: string }
  | { readonly name: "set"; readonly key: string; readonly text: string; readonly ttlMs: number }
  | { readonly name: "ping" };

/** A command is given up after this time: the server is frozen or unreachable. */
export const COMMAND_TIMEOUT_MS = 5_000;

export interface RedisLink {
  /** Sends the commands as one group; rejects when any failed. What was sent of a failed group is not known. */
  send(commands: readonly RedisCommand[]): Promise<void>;
  /** Host and port, without credentials. */
  readonly address: string;
  close(): void;
}

/** `onLost` is called when a standing connection breaks without anything being sent (TCP only). */
export function openLink(target: RedisTarget, onLost: () => void): RedisLink {
  return target.kind === "tcp" ? openTcpLink(target, onLost) : openRestLink(target);
}

/** Throws RangeError, naming no credentials. */
export function checkTarget(target: RedisTarget): void {
  const protocols = target.kind === "tcp" ? ["redis:", "rediss:"] : ["http:", "https:"];
  const url = URL.parse(target.url);
  if (url === null || !protocols.includes(url.protocol) || url.hostname === "") {
    throw new RangeError(`expected a Redis address beginning with ${protocols.join("// or ")}//`);
  }
}

export function addressOf(url: string): string {
  return URL.parse(url)?.host ?? "an address that is none";
}
