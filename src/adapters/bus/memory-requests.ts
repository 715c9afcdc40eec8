// Questions and their answers within one process, with the manners of NATS.

import { askSubject } from "../../../schema/messages/subjects.ts";
import type { Requests } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";

type Answer = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

export class MemoryRequests implements Requests {
  readonly #servers = new Map<string, Set<Answer>>();

  constructor(private readonly clock: Clock) {}

  async ask(topic: string, bytes: Uint8Array, withinMs: number): Promise<Uint8Array | undefined> {
    const servers = [...(this.#servers.get(askSubject(topic)) ?? [])];
    if (servers.length === 0) return undefined;
    const first = Promise.withResolvers<Uint8Array | undefined>();
    for (const answer of servers) {
      queueMicrotask(() => {
        answer(bytes).then(
          (said) => said && first.resolve(said),
          () => {},
        );
      });
    }
    const answered = new AbortController();
    void this.clock.sleep(withinMs, answered.signal).then(() => first.resolve(undefined));
    try {
      return await first.promise;
    } finally {
      answered.abort();
    }
  }

  async serve(topic: string, answer: Answer): Promise<() => Promise<void>> {
    const subject = askSubject(topic);
    const servers = this.#servers.get(subject) ?? new Set();
    this.#servers.set(subject, servers);
    const own: Answer = (bytes) => answer(bytes);
    servers.add(own);
    return async () => void servers.delete(own);
  }

  close(): void {
    this.#servers.clear();
  }
}
