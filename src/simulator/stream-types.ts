// A private stream apart from any server: what a handshake leads to, what the client's side of it can do, and what a
// venue's dialect does with it.

import type { AccountEvent } from "./account-events.ts";
import type { SimUser } from "./accounts.ts";
import type { WindowRule } from "./limits.ts";
import type { SimVenue } from "./types.ts";
import type { RouteContext, WireReply } from "./wire.ts";

/** The connection as the hub sees it; the server or a test stands behind it. */
export interface StreamSocket {
  send(text: string, binary: boolean): void;
  ping(): void;
  close(code: number, reason: string): void;
}

/** The connection as a venue's dialect sees it. */
export interface StreamPipe {
  /** Answers what the client sent. */
  reply(text: string): void;
  /** Tells what happened to the account; faults may keep it back, delay or repeat it. */
  tell(text: string, about?: { readonly symbol: string; readonly side?: "buy" | "sell" }): void;
  /** What happens to this user's account goes to the session from now on. */
  watch(user: SimUser): void;
  close(code: number, reason: string): void;
}

export interface StreamSession {
  hear(text: string): void;
  happened(event: AccountEvent, user: SimUser): void;
  /** About once a second, and whenever the simulator is asked something. */
  pass?(nowMs: number): void;
  /** The connection is gone. */
  closed?(): void;
}

export interface StreamRules {
  readonly venue: SimVenue;
  /** Frames carry UTF-8 in binary. */
  readonly binary: boolean;
  /** What a client may send; one message more closes the connection. */
  readonly messageLimits: readonly WindowRule[];
  /** Closed when for so long nothing was heard from the client, or (`eitherWay`) nothing went either way. */
  readonly idle: { readonly ms: number; readonly eitherWay: boolean };
  /** The server's own pings. */
  readonly pingEveryMs?: number;
  /** Closed at this age. */
  readonly lifeMs?: number;
  open(pipe: StreamPipe, nowMs: number): StreamSession;
}

export interface StreamOpener {
  readonly rules: StreamRules;
  /** Whose token opened it; undefined where the session finds out. */
  readonly user: SimUser | undefined;
  readonly path: string;
  readonly source: string;
  readonly sourceIndex: number;
}

/** The answer to a handshake; whoever asks without wanting to upgrade is refused. */
export function upgradeReply({ request, user }: RouteContext, rules: StreamRules): WireReply {
  const { path, source, sourceIndex } = request;
  if (request.header("upgrade")?.toLowerCase() !== "websocket") {
    return { status: 426, body: "Upgrade Required", contentType: "text/plain" };
  }
  return { status: 101, body: "", stream: { rules, user, path, source, sourceIndex } };
}
