// The keys of Binance's user data streams: one per account for an hour, and for longer each time it is asked for.

import { createHash } from "node:crypto";
import type { SimUser } from "./accounts.ts";

const LIFE_MS = 3_600_000;

export interface ListenKey {
  readonly key: string;
  readonly user: SimUser;
  expiresAtMs: number;
  /** Called when the user closes it. */
  readonly onClose: Set<() => void>;
}

export class ListenKeys {
  private readonly byUser = new Map<string, ListenKey>();
  private readonly byKey = new Map<string, ListenKey>();
  private issued = 0;

  /** The key that is alive, for an hour from now; a new one without. */
  issue(user: SimUser, nowMs: number): string {
    const alive = this.extend(user, nowMs);
    if (alive !== undefined) return alive;
    const key = createHash("sha256")
      .update(`${user.apiKey} listen ${++this.issued}`)
      .digest("hex");
    const made: ListenKey = { key, user, expiresAtMs: nowMs + LIFE_MS, onClose: new Set() };
    this.byUser.set(user.apiKey, made);
    this.byKey.set(key, made);
    return key;
  }

  /** Undefined when none is alive. */
  extend(user: SimUser, nowMs: number): string | undefined {
    const held = this.byUser.get(user.apiKey);
    if (held === undefined || nowMs >= held.expiresAtMs) return undefined;
    held.expiresAtMs = nowMs + LIFE_MS;
    return held.key;
  }

  close(user: SimUser): void {
    const held = this.byUser.get(user.apiKey);
    if (held === undefined) return;
    this.byUser.delete(user.apiKey);
    this.byKey.delete(held.key);
    for (const told of held.onClose) told();
  }

  /** One that is alive. */
  find(key: string, nowMs: number): ListenKey | undefined {
    const held = this.byKey.get(key);
    return held !== undefined && nowMs < held.expiresAtMs ? held : undefined;
  }
}
