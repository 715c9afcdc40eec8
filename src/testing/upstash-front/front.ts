// The REST protocol of Upstash Redis in front of any Redis, for tests and for installs without Upstash.
// Source: the public REST API page of Upstash Redis; tried with its own client, @upstash/redis 1.39.0.
// Known differences: error texts are Redis's own; Redis away is 503 (Upstash's answer to that is not documented).

import { timingSafeEqual } from "node:crypto";
import {
  openConnection,
  type RedisAddress,
  RedisAway,
  type RedisConnection,
  RedisLink,
} from "./redis-link.ts";
import { BadRequest, commandOfBody, commandOfPath, commandsOfBody, pathWords, refusalOf } from "./request.ts";
import { type Command, encodeReply, type Reply } from "./resp2.ts";

export interface FrontOptions {
  readonly redis: RedisAddress;
  readonly token: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly hostname?: string;
  /** Larger requests get a 400. Default 10 MiB. */
  readonly requestBytesMax?: number;
}

/** What the service in whose place we stand would bill. */
export interface FrontCounts {
  requestCount: number;
  /** A pipeline counts each of its commands, a stream one. */
  commandCount: number;
  /** Bodies only. */
  receivedBytes: number;
  sentBytes: number;
}

export interface UpstashFront {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly counts: Readonly<FrontCounts>;
  stop(): Promise<void>;
}

/** A stream whose reader lets this much pile up is ended. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT"]);
const encoder = new TextEncoder();
// ignoreBOM: a text that begins with U+FEFF keeps it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function startUpstashFront(options: FrontOptions): UpstashFront {
  const link = new RedisLink(options.redis);
  const counts: FrontCounts = { requestCount: 0, commandCount: 0, receivedBytes: 0, sentBytes: 0 };
  const requestBytesMax = options.requestBytesMax ?? 10 * 1024 * 1024;
  const streams = new Set<RedisConnection>();

  /** Replies in the order of the commands; those not to be had answer with an error and are not sent. */
  async function run(commands: readonly Command[]): Promise<Reply[]> {
    const refusals = commands.map(refusalOf);
    const sent = await link.send(commands.filter((_, index) => !refusals[index]));
    return refusals.map((refusal) => (refusal ? { type: "error", text: refusal } : sent.shift()!));
  }

  async function transact(commands: readonly Command[], encode: Encode): Promise<Response> {
    const refusal = commands.map(refusalOf).find(Boolean);
    if (refusal) throw new BadRequest(refusal);
    const reply = (await link.send([["MULTI"], ...commands, ["EXEC"]])).at(-1)!;
    if (reply.type !== "array") throw new BadRequest(reply.type === "error" ? reply.text : "ERR discarded");
    return json(200, encode.many(reply.items));
  }

  async function stream(words: readonly string[]): Promise<Response> {
    let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isFirst = true;
    const connection = await openConnection(
      options.redis,
      (reply) => {
        // MONITOR's plain OK is shown in quotes, as documented.
        const event = isFirst && reply.type === "simple" ? `data: "${reply.text}"\n\n` : eventOf(reply);
        isFirst = false;
        const bytes = encoder.encode(event);
        counts.sentBytes += bytes.length;
        sink?.enqueue(bytes);
        if (sink && sink.desiredSize! < -UNREAD_BYTES_MAX) connection.close();
      },
      () => {
        streams.delete(connection);
        sink?.close();
      },
    );
    streams.add(connection);
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          sink = controller;
          connection.stream(words);
        },
        cancel: () => {
          sink = undefined;
          connection.close();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
    );
    const headers = { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" };
    return new Response(body, { headers });
  }

  async function answer(request: Request, url: URL): Promise<Response> {
    const encode = encodingOf(request.headers);
    const body = new Uint8Array(await request.arrayBuffer());
    counts.requestCount++;
    counts.receivedBytes += body.length;
    if (body.length > requestBytesMax) {
      throw new BadRequest(
        `ERR max request size exceeded. Limit: ${requestBytesMax} bytes, Actual: ${body.length}`,
      );
    }
    const posted = request.method === "POST" || request.method === "PUT";
    const path = url.pathname;
    if (posted && (path === "/pipeline" || path === "/multi-exec")) {
      const commands = commandsOfBody(body);
      counts.commandCount += commands.length;
      if (path === "/multi-exec") return transact(commands, encode);
      const replies = await run(commands);
      return encode.resp2 ? binary(200, replies) : json(200, encode.many(replies));
    }
    counts.commandCount++;
    if (/^\/(subscribe|psubscribe)\/.|^\/monitor$/i.test(path)) return stream(pathWords(url));
    const reply = (await run([path === "/" ? commandOfBody(body) : commandOfPath(url, body)]))[0]!;
    const status = reply.type === "error" ? 400 : 200;
    return encode.resp2 ? binary(status, [reply]) : json(status, encode.one(reply));
  }

  const server = Bun.serve({
    hostname: options.hostname ?? "127.0.0.1",
    port: options.port ?? 0,
    maxRequestBodySize: requestBytesMax + 1024 * 1024,
    idleTimeout: 60,
    fetch: async (request, bun) => {
      const url = new URL(request.url);
      if (!METHODS.has(request.method))
        return json(405, `{"error":"ERR method ${request.method} is not allowed"}`);
      const given =
        request.headers.get("authorization")?.match(/^Bearer (.+)$/i)?.[1] ?? url.searchParams.get("_token");
      if (!sameSecret(given ?? "", options.token)) {
        return json(401, `{"error":"WRONGPASS invalid or missing auth token"}`);
      }
      // A quiet stream is not an idle connection.
      if (request.headers.get("accept")?.includes("text/event-stream")) bun.timeout(request, 0);
      try {
        const response = await answer(request, url);
        counts.sentBytes += Number(response.headers.get("content-length") ?? 0);
        return response;
      } catch (error) {
        const status = error instanceof BadRequest ? 400 : error instanceof RedisAway ? 503 : 500;
        return json(status, JSON.stringify({ error: (error as Error).message }));
      }
    },
  });
  return {
    url: `http://${server.hostname}:${server.port}`,
    port: server.port!,
    token: options.token,
    counts,
    stop: async () => {
      for (const connection of streams) connection.close();
      await server.stop(true);
      await link.close();
    },
  };
}

interface Encode {
  readonly resp2: boolean;
  /** `{"result": ...}` or `{"error": ...}`, as JSON text. */
  one(reply: Reply): string;
  many(replies: readonly Reply[]): string;
}

function encodingOf(headers: Headers): Encode {
  const format = headers.get("upstash-response-format") ?? "json";
  const base64 = headers.get("upstash-encoding") === "base64";
  if (format !== "json" && format !== "resp2")
    throw new BadRequest(`ERR response format '${format}' is not known`);
  if (format === "resp2" && base64) throw new BadRequest("ERR base64 is not to be had in the resp2 format");
  const one = (reply: Reply) =>
    reply.type === "error"
      ? JSON.stringify({ error: reply.text })
      : `{"result":${jsonOf(reply, base64, true)}}`;
  return { resp2: format === "resp2", one, many: (replies) => `[${replies.map(one).join(",")}]` };
}

/** JSON text made by hand: an integer of 64 bits keeps its digits. With base64 all strings are encoded but a plain OK. */
function jsonOf(reply: Reply, base64: boolean, top: boolean): string {
  switch (reply.type) {
    case "null":
      return "null";
    case "integer":
      return reply.text;
    case "array":
      return `[${reply.items.map((item) => jsonOf(item, base64, false)).join(",")}]`;
    case "bulk":
      return JSON.stringify(
        base64 ? Buffer.from(reply.bytes).toString("base64") : decoder.decode(reply.bytes),
      );
    default:
      return JSON.stringify(base64 && !(top && reply.text === "OK") ? btoa(reply.text) : reply.text);
  }
}

/** One event: what Redis pushed, joined by commas; further lines of a payload are further data lines. */
function eventOf(reply: Reply): string {
  const text = reply.type === "array" ? reply.items.map(textOf).join(",") : textOf(reply);
  return `data: ${text.replaceAll("\n", "\ndata: ")}\n\n`;
}

function textOf(reply: Reply): string {
  if (reply.type === "bulk") return decoder.decode(reply.bytes);
  return "text" in reply ? reply.text : "";
}

function json(status: number, text: string): Response {
  const bytes = encoder.encode(text);
  const headers = { "content-type": "application/json", "content-length": `${bytes.length}` };
  return new Response(bytes, { status, headers });
}

function binary(status: number, replies: readonly Reply[]): Response {
  const bytes = Buffer.concat(replies.map(encodeReply));
  const headers = { "content-type": "application/octet-stream", "content-length": `${bytes.length}` };
  return new Response(bytes, { status, headers });
}

/** Takes as long whatever differs. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
