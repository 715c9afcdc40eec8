// Redis over TCP. The client's own reconnecting is off: it gives up after its retries and does not say when, so a
// broken connection is replaced by a new one at the next command.

import { readFile } from "node:fs/promises";
import { RedisClient } from "bun";
import { addressOf, COMMAND_TIMEOUT_MS, type RedisCommand, type RedisLink } from "./link.ts";

const CONNECT_TIMEOUT_MS = 3_000;

export function openTcpLink(target: { url: string; caFile?: string }, onLost: () => void): RedisLink {
  let client: RedisClient | undefined;
  let sending = false;

  async function connected(): Promise<RedisClient> {
    if (client?.connected) return client;
    drop();
    const ca = target.caFile === undefined ? undefined : await readFile(target.caFile, "utf8");
    const next = new RedisClient(target.url, {
      autoReconnect: false,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      ...(ca !== undefined && { tls: { ca } }),
    });
    next.onclose = () => {
      if (client !== next) return;
      client = undefined;
      if (!sending) onLost();
    };
    client = next;
    await next.connect();
    return next;
  }

  function drop(): void {
    const old = client;
    client = undefined;
    old?.close();
  }

  return {
    address: addressOf(target.url),
    send: async (commands) => {
      sending = true;
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new Error(`no answer within ${COMMAND_TIMEOUT_MS} ms`)),
        COMMAND_TIMEOUT_MS,
      );
      try {
        const work = connected().then((redis) =>
          Promise.all(commands.map((command) => redis.send(...wordsOf(command)))),
        );
        await Promise.race([work, late.promise]);
      } catch (cause) {
        drop();
        throw cause;
      } finally {
        clearTimeout(timer);
        sending = false;
      }
    },
    close: drop,
  };
}

function wordsOf(command: RedisCommand): [string, string[]] {
  switch (command.name) {
    case "publish":
      return ["PUBLISH", [command.channel, command.text]];
    case "set":
      return ["SET", [command.key, command.text, "PX", String(command.ttlMs)]];
    case "ping":
      return ["PING", []];
  }
}
