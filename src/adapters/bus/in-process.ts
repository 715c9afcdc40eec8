// The bus in one process: the same manners as NATS in memory, for the demo and for tests. Nothing survives the
// process. Messages arrive in a later microtask, as they would over a wire, never inside the sender's call.

import { announceSubject, type BusPlan, busPlan, REPORTS } from "../../../schema/messages/subjects.ts";
import { BusFault } from "../../domain/bus-fault.ts";
import { type LinkState, linkState } from "../../domain/link-said.ts";
import type { Announcements, Bus, FrameFeed, FrameSink, ReportStream, TaskQueue } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import { MemoryEvents } from "./memory-events.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { MemoryRequests } from "./memory-requests.ts";
import { SeenIds } from "./seen-ids.ts";

type Listener = (bytes: Uint8Array) => void;

interface StoredReport {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

export class InProcessBus implements Bus {
  readonly tasks: TaskQueue;
  readonly reports: ReportStream;
  readonly frames: FrameFeed & FrameSink;
  readonly announcements: Announcements;
  readonly requests: MemoryRequests;
  readonly userEvents: MemoryEvents;
  readonly #queue: MemoryQueue;
  readonly #seenReports: SeenIds;
  readonly #reports: StoredReport[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();
  #snapshot: { packed: Uint8Array; atMs: number } | undefined;
  #plan: BusPlan | undefined;
  #closed = false;

  constructor(private readonly clock: Clock) {
    this.#queue = new MemoryQueue(clock);
    this.#seenReports = new SeenIds(clock);
    this.tasks = {
      publish: async (id, bytes) => this.#queue.publish(id, bytes),
      next: (waitMs) => this.#queue.next(waitMs),
    };
    this.reports = {
      publish: async (id, bytes) => this.#storeReport(id, bytes),
      subscribe: async (fromAtMs, onReport) => this.#subscribeReports(fromAtMs, onReport),
    };
    this.frames = {
      subscribe: async (onFrame) => this.#listen("frames", onFrame),
      snapshot: async () => this.#freshSnapshot(),
      state: () => this.state(),
      publishFrame: async (packed) => this.#tell("frames", packed),
      putSnapshot: async (packed) => {
        this.#planOr("storing the snapshot");
        this.#snapshot = { packed, atMs: clock.nowMs() };
      },
    };
    this.announcements = {
      announce: (topic, bytes) => this.#tell(announceSubject(topic), bytes),
      listen: async (topic, onMessage) => this.#listen(announceSubject(topic), onMessage),
    };
    this.requests = new MemoryRequests(clock);
    this.userEvents = new MemoryEvents(clock, (doing) => this.#planOr(doing).events);
  }

  async ensureStreams({ tickPeriodMs }: { tickPeriodMs: number }): Promise<void> {
    this.#plan = busPlan(tickPeriodMs);
    this.#queue.configure(this.#plan.tasks, this.#plan.workers);
  }

  state(): LinkState {
    return linkState(!this.#closed, { code: this.#closed ? "closed" : "in-process" });
  }

  async drain(): Promise<void> {
    this.#closed = true;
    this.#queue.close();
    this.#listeners.clear();
    this.requests.close();
  }

  #planOr(doing: string): BusPlan {
    if (this.#plan !== undefined && !this.#closed) return this.#plan;
    throw new BusFault("passing", `${doing}: no such stream`);
  }

  #storeReport(id: string, bytes: Uint8Array): void {
    const { maxAgeMs, maxMessages, duplicateWindowMs } = this.#planOr(
      `storing ${id} on ${REPORTS.subject}`,
    ).reports;
    if (!this.#seenReports.add(id, duplicateWindowMs)) return;
    const nowMs = this.clock.nowMs();
    this.#reports.push({ bytes, atMs: nowMs });
    let expired = Math.max(0, this.#reports.length - maxMessages);
    while (expired < this.#reports.length && nowMs - this.#reports[expired]!.atMs >= maxAgeMs) expired++;
    this.#reports.splice(0, expired);
    this.#tell(REPORTS.subject, bytes);
  }

  #subscribeReports(fromAtMs: number, onReport: Listener): () => Promise<void> {
    const { own, unlisten } = this.#add(REPORTS.subject, onReport);
    // Queued in front of whatever is stored after this call.
    for (const report of this.#reports) {
      if (report.atMs >= fromAtMs) this.#deliver(REPORTS.subject, own, report.bytes);
    }
    return unlisten;
  }

  #freshSnapshot(): Uint8Array | undefined {
    if (this.#snapshot === undefined || this.#plan === undefined) return undefined;
    const ageMs = this.clock.nowMs() - this.#snapshot.atMs;
    return ageMs < this.#plan.snapshot.maxAgeMs ? this.#snapshot.packed : undefined;
  }

  #listen(subject: string, listener: Listener): () => Promise<void> {
    return this.#add(subject, listener).unlisten;
  }

  /** One function may listen twice: `own` stands for this one subscription. */
  #add(subject: string, listener: Listener): { own: Listener; unlisten: () => Promise<void> } {
    const listeners = this.#listeners.get(subject) ?? new Set();
    this.#listeners.set(subject, listeners);
    const own: Listener = (bytes) => listener(bytes);
    listeners.add(own);
    return { own, unlisten: async () => void listeners.delete(own) };
  }

  #tell(subject: string, bytes: Uint8Array): void {
    for (const listener of this.#listeners.get(subject) ?? []) this.#deliver(subject, listener, bytes);
  }

  #deliver(subject: string, listener: Listener, bytes: Uint8Array): void {
    queueMicrotask(() => {
      if (this.#listeners.get(subject)?.has(listener)) listener(bytes);
    });
  }
}
