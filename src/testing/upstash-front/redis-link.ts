// The front's connections to Redis: one shared by all commands, and one for each stream.
// Invariants: replies are matched to commands by order alone, so commands that change the connection's mode never
// get here; a command whose reply was lost is never sent again.

import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Command, encodeCommand, type Reply, ReplyParser } from "./resp2.ts";

export interface RedisAddress {
  /** redis://[user][:password]@host:port[/db], or rediss: */
  readonly url: string;
  /** What to trust, as text, for rediss: with an authority of one's own. */
  readonly caPem?: string;
}

/** Redis is not reachable, or went away before it answered. */
export class RedisAway extends Error {
  override readonly name = "RedisAway";
}

const CONNECT_TIMEOUT_MS = 3_000;
/** With replies outstanding and nothing heard for so long, Redis is taken for dead. */
const SILENCE_MS_MAX = 10_000;

export interface RedisConnection {
  /** Sends commands back to back, with nobody else's between them. Rejects with RedisAway. */
  send(commands: readonly Command[]): Promise<Reply[]>;
  /** Sends a command whose replies, from the first on, all go to `onPush`. */
  stream(command: Command): void;
  close(): void;
}

/**
 * Connects and introduces itself. Replies nobody waits for (what a subscription brings) go to `onPush`.
 * `onClose` is called once, at the end. Rejects with RedisAway; a refused password or database is an Error.
 */
export async function openConnection(
  address: RedisAddress,
  onPush: (reply: Reply) => void,
  onClose: () => void,
): Promise<RedisConnection> {
  const url = new URL(address.url);
  const socket = await dial(url, address.caPem);
  const parser = new ReplyParser();
  const waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  let open = true;
  const end = (why: string) => {
    if (!open) return;
    open = false;
    socket.destroy();
    for (const waiter of waiting.splice(0)) waiter.reject(new RedisAway(why));
    onClose();
  };
  socket.on("data", (chunk: Uint8Array) => {
    try {
      for (const reply of parser.push(chunk)) {
        const waiter = waiting.shift();
        if (waiter) waiter.resolve(reply);
        else onPush(reply);
      }
    } catch (error) {
      end((error as Error).message);
    }
  });
  socket.on("error", (error) => end(`the connection to Redis broke: ${error.message}`));
  socket.on("close", () => end("Redis closed the connection"));
  socket.setTimeout(SILENCE_MS_MAX, () => {
    if (waiting.length > 0) end(`Redis said nothing for ${SILENCE_MS_MAX} ms`);
  });

  const connection: RedisConnection = {
    send: (commands) => {
      if (!open) return Promise.reject(new RedisAway("the connection to Redis is closed"));
      const replies = commands.map(
        () => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })),
      );
      socket.write(Buffer.concat(commands.map(encodeCommand)));
      return Promise.all(replies);
    },
    stream: (command) => void socket.write(encodeCommand(command)),
    close: () => end("closed"),
  };
  const introduction: Command[] = [];
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  if (password) introduction.push(user ? ["AUTH", user, password] : ["AUTH", password]);
  const database = url.pathname.slice(1);
  if (database) introduction.push(["SELECT", database]);
  const refusal = (await connection.send(introduction)).find((reply) => reply.type === "error");
  if (refusal?.type === "error") {
    connection.close();
    throw new Error(`Redis refused: ${refusal.text}`);
  }
  return connection;
}

function dial(url: URL, caPem: string | undefined): Promise<Socket> {
  const host = url.hostname;
  const port = Number(url.port || 6379);
  return new Promise((resolve, reject) => {
    const socket =
      url.protocol === "rediss:"
        ? connectTls({ host, port, ca: caPem, servername: host })
        : connectTcp({ host, port });
    const fail = (why: string) => {
      socket.destroy();
      reject(new RedisAway(`Redis at ${host}:${port} cannot be reached: ${why}`));
    };
    const failed = (error: Error) => fail(error.message);
    const timer = setTimeout(() => fail(`no answer in ${CONNECT_TIMEOUT_MS} ms`), CONNECT_TIMEOUT_MS);
    socket.once("error", failed);
    socket.once(url.protocol === "rediss:" ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("error", failed);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** The connection all commands share: opened by the first, opened again by the first after it broke. */
export class RedisLink {
  readonly #address: RedisAddress;
  #opening: Promise<RedisConnection> | undefined;

  constructor(address: RedisAddress) {
    this.#address = address;
  }

  async send(commands: readonly Command[]): Promise<Reply[]> {
    const connection = await this.#connection();
    return connection.send(commands);
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    (await opening?.catch(() => undefined))?.close();
  }

  #connection(): Promise<RedisConnection> {
    if (!this.#opening) {
      const opening = openConnection(
        this.#address,
        () => {},
        () => this.#forget(opening),
      );
      opening.catch(() => this.#forget(opening));
      this.#opening = opening;
    }
    return this.#opening;
  }

  #forget(opening: Promise<RedisConnection>): void {
    if (this.#opening === opening) this.#opening = undefined;
  }
}
