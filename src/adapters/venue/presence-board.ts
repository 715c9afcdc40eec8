// Who announces itself on the bus, behind whatever address: for the operator to look at. Nothing is decided by it.

import type { Announcements } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SeenProcess } from "../../ports/fleet.ts";
import { type Presence, parsePresence } from "./presence.ts";

const REMEMBERED_MS = 60_000;
const PROCESSES_MAX = 200;
/** What a governor adds to its process's name. */
const OWN_ID = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class PresenceBoard {
  readonly #heard = new Map<string, { readonly presence: Presence; readonly atMs: number }>();
  #unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly announcements: Pick<Announcements, "listen">;
    },
  ) {}

  async start(): Promise<void> {
    this.#unlisten = await this.deps.announcements.listen("presence", (bytes) => this.#hear(bytes));
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
  }

  #hear(bytes: Uint8Array): void {
    const presence = parsePresence(bytes);
    if (!presence) return;
    this.#heard.delete(presence.id);
    if (presence.kind === "bye") return;
    // The longest silent goes first: each that speaks moves to the end.
    if (this.#heard.size >= PROCESSES_MAX) this.#heard.delete(this.#heard.keys().next().value!);
    this.#heard.set(presence.id, { presence, atMs: this.deps.clock.monotonicMs() });
  }

  /** By name; those silent for a minute are forgotten. */
  processes(): readonly SeenProcess[] {
    const nowMs = this.deps.clock.monotonicMs();
    for (const [id, { atMs }] of this.#heard) if (nowMs - atMs > REMEMBERED_MS) this.#heard.delete(id);
    return [...this.#heard.values()]
      .map(({ presence, atMs }): SeenProcess => {
        const { id, role, sourceAddress, version, shares, spent, banMs } = presence;
        const silentMs = Math.round(nowMs - atMs);
        return { name: id.replace(OWN_ID, ""), role, sourceAddress, version, shares, spent, banMs, silentMs };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
