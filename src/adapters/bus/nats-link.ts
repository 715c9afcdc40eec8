// One connection to NATS for a process's whole life: connects when the server comes up, reconnects by itself for ever,
// says once that the link is lost and once that it is back. Everything above asks `up` before it sends, so that
// nothing piles up in the client while the server is away.

import { readFile } from "node:fs/promises";
import { type ConnectionOptions, connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { BusFault } from "../../domain/bus-fault.ts";
import { type LinkState, linkState } from "../../domain/link-said.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";

export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`, several with commas between; user and password may stand in it. */
  readonly url: string;
  /** PEM files. Naming any of them requires TLS, as `tls://` does. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Shown on the server's monitoring pages. */
  readonly name: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Rejects when no connection came within this time. Left out: waits for the server for ever. */
  readonly connectWithinMs?: number;
  readonly signal?: AbortSignal;
}

const RETRY_MS = 250;
const DIAL_TIMEOUT_MS = 3_000;
// A server that is frozen rather than dead is noticed within three pings.
const PING_INTERVAL_MS = 2_000;

export class NatsLink {
  #up = true;
  #closing = false;
  #downSinceMs = 0;
  readonly #changeListeners = new Set<() => void>();
  readonly #returnListeners = new Set<() => void>();

  private constructor(
    readonly connection: NatsConnection,
    readonly server: string,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {
    void this.#watch();
  }

  /** Rejects with a BusFault: "defect" when the credentials or the settings are refused, "passing" otherwise. */
  static async open(options: NatsOptions): Promise<NatsLink> {
    const { clock, log, signal } = options;
    const { settings, server } = await connectionOptions(options);
    const giveUpAtMs = clock.monotonicMs() + (options.connectWithinMs ?? Number.POSITIVE_INFINITY);
    let said = false;
    for (;;) {
      if (signal?.aborted) throw new BusFault("passing", `gave up connecting to ${server}: stopped`);
      try {
        const connection = await connect(settings);
        if (said) log.info("bus reached", { server });
        return new NatsLink(connection, server, log, clock);
      } catch (cause) {
        if (cause instanceof errors.AuthorizationError || cause instanceof errors.InvalidArgumentError) {
          throw new BusFault("defect", `${server} refused the connection: ${cause.message}`, { cause });
        }
        if (clock.monotonicMs() + RETRY_MS >= giveUpAtMs) {
          throw new BusFault("passing", `cannot reach ${server}: ${messageOf(cause)}`, { cause });
        }
        if (!said) log.warn("bus not reached yet, waiting for it", { server, cause: messageOf(cause) });
        said = true;
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  get up(): boolean {
    return this.#up;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /**
   * Settles as the work does, or resolves with undefined as soon as `up` changes or the link is closed. Leaves nothing
   * behind: a promise that lives as long as the link would keep every waiter.
   */
  async orChanged<T>(work: Promise<T>): Promise<T | undefined> {
    const changed = Promise.withResolvers<undefined>();
    const listener = () => changed.resolve(undefined);
    this.#changeListeners.add(listener);
    try {
      return await Promise.race([work, changed.promise]);
    } finally {
      this.#changeListeners.delete(listener);
    }
  }

  /** Whether the link was up at some moment within `withinMs`. */
  async waitUp(withinMs: number): Promise<boolean> {
    const untilMs = this.clock.monotonicMs() + withinMs;
    while (!this.#up && !this.#closing) {
      const leftMs = untilMs - this.clock.monotonicMs();
      if (leftMs <= 0) return false;
      await this.pause(leftMs);
    }
    return this.#up;
  }

  /** Sleeps, or less if the link's state changes. */
  async pause(lengthMs: number): Promise<void> {
    const ended = new AbortController();
    await this.orChanged(this.clock.sleep(lengthMs, ended.signal));
    ended.abort();
  }

  /** Calls the listener each time the link is back after a loss. Returns the unsubscriber. */
  onReturn(listener: () => void): () => void {
    this.#returnListeners.add(listener);
    return () => void this.#returnListeners.delete(listener);
  }

  state(): LinkState {
    if (this.#up) return linkState(true, { code: "connected", server: this.server });
    const seconds = Math.round((this.clock.monotonicMs() - this.#downSinceMs) / 1000);
    return linkState(false, { code: "reconnecting", server: this.server, seconds });
  }

  /** Lets what was sent arrive, then closes. Never takes longer than a second. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const ended = new AbortController();
    const drained = this.#up ? this.connection.drain() : this.connection.close();
    await Promise.race([drained.catch(() => {}), this.clock.sleep(1_000, ended.signal)]);
    ended.abort();
    await this.connection.close().catch(() => {});
    this.#set(false);
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === "disconnect" && this.#up && !this.#closing) {
        this.#downSinceMs = this.clock.monotonicMs();
        this.#set(false);
        this.log.warn("bus lost, reconnecting", { server: this.server });
      } else if (status.type === "reconnect" && !this.#up && !this.#closing) {
        this.#set(true);
        const lostForMs = Math.round(this.clock.monotonicMs() - this.#downSinceMs);
        this.log.info("bus is back", { server: this.server, lostForMs });
        for (const listener of this.#returnListeners) listener();
      }
    }
    if (!this.#closing) {
      this.#set(false);
      this.log.error("bus connection closed for good", { server: this.server });
    }
  }

  #set(up: boolean): void {
    this.#up = up;
    for (const listener of [...this.#changeListeners]) listener();
  }
}

async function connectionOptions(
  options: NatsOptions,
): Promise<{ settings: ConnectionOptions; server: string }> {
  const urls = options.url.split(",").map((text) => parseUrl(text.trim()));
  const first = urls[0]!;
  const { caFile, certFile, keyFile } = options.tls ?? {};
  const secure = options.tls !== undefined || urls.some((url) => url.protocol === "tls:");
  const read = (file: string | undefined) =>
    file === undefined
      ? undefined
      : readFile(file, "utf8").catch((cause) => {
          throw new BusFault("defect", `expected a PEM file, was ${messageOf(cause)}`, { cause });
        });
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
  const user = options.user ?? (decodeURIComponent(first.username) || undefined);
  const pass = options.password ?? (decodeURIComponent(first.password) || undefined);
  const token = options.token ?? (user !== undefined && pass === undefined ? user : undefined);
  const servers = urls.map((url) => `${url.hostname}:${url.port || "4222"}`);
  return {
    server: servers.join(","),
    settings: {
      servers,
      name: options.name,
      // Answers come to a place of the user's own, so that a server can keep users from reading each other's.
      ...(user !== undefined && token === undefined && isSubjectToken(user)
        ? { inboxPrefix: `_INBOX.${user}` }
        : {}),
      ...(token !== undefined ? { token } : user !== undefined ? { user, pass: pass ?? "" } : {}),
      ...(secure ? { tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } } : {}),
      timeout: DIAL_TIMEOUT_MS,
      reconnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_MS,
      reconnectJitter: 100,
      reconnectJitterTLS: 100,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: 2,
      // A process outlives a server that comes back with its users not loaded yet.
      ignoreAuthErrorAbort: true,
      waitOnFirstConnect: false,
      noAsyncTraces: true,
    },
  };
}

function isSubjectToken(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `nats://${text}`);
  if (url && (url.protocol === "nats:" || url.protocol === "tls:") && url.hostname !== "") return url;
  throw new BusFault("defect", "expected a bus address like nats://host:4222 or tls://host:4222");
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
