// Redis over Upstash's REST protocol: a group of commands is one pipeline request. Every command is billed, so a
// failed request is tried again once by the client and then left to the publisher, which sends the newest instead.

import { Redis } from "@upstash/redis";
import { addressOf, COMMAND_TIMEOUT_MS, type RedisLink } from "./link.ts";

const RETRY_AFTER_MS = 250;
/** The client quotes the whole command in its errors, frames and all. */
const MESSAGE_CHARACTERS_MAX = 200;

export function openRestLink(target: { url: string; token: string }): RedisLink {
  const redis = new Redis({
    url: target.url,
    token: target.token,
    enableTelemetry: false,
    automaticDeserialization: false,
    readYourWrites: false,
    retry: { retries: 1, backoff: () => RETRY_AFTER_MS },
    // A function: given a plain signal, the client turns an abort into a success.
    signal: () => AbortSignal.timeout(COMMAND_TIMEOUT_MS),
  });
  return {
    address: addressOf(target.url),
    send: async (commands) => {
      const pipeline = redis.pipeline();
      for (const command of commands) {
        if (command.name === "publish") pipeline.publish(command.channel, command.text);
        else if (command.name === "set") pipeline.set(command.key, command.text, { px: command.ttlMs });
        else pipeline.ping();
      }
      try {
        await pipeline.exec();
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new Error(message.slice(0, MESSAGE_CHARACTERS_MAX), { cause });
      }
    },
    close: () => {},
  };
}
