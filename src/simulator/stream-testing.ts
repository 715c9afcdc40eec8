// Clients of the private streams, for tests: Bun's own WebSocket, which connects and signs in as each venue wants it and
// keeps what comes so that a test can wait for it; and one without a port, on a clock the test moves by hand.

import { createHmac } from "node:crypto";
import type { SimHost } from "./dispatch.ts";
import type { Simulator } from "./server.ts";
import type { StreamEnd } from "./streams.ts";
import type { SimVenue } from "./types.ts";
import { bearer, type createHarness, KEY } from "./wire-harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read foreign JSON by whatever path they check
export type Message = any;

export interface TestStream {
  readonly messages: readonly Message[];
  /** The first message so far or to come that fits; rejects when the connection ends before. */
  find(fits: (message: Message) => boolean): Promise<Message>;
  send(message: unknown): void;
  /** Code of the close frame, 1006 without one. */
  readonly closed: Promise<number>;
  close(): void;
}

/** Rejects when the handshake is refused. */
export function connect(url: string, headers: Record<string, string> = {}): Promise<TestStream> {
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  const ended = Promise.withResolvers<number>();
  // Headers are Bun's own addition to the standard's second argument.
  const socket = new WebSocket(url, { headers } as never);
  socket.binaryType = "arraybuffer";
  let isOver = false;
  socket.onmessage = ({ data }) => {
    messages.push(JSON.parse(typeof data === "string" ? data : Buffer.from(data).toString("utf8")));
    for (const look of waiting) look();
  };
  const stream: TestStream = {
    messages,
    closed: ended.promise,
    send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    close: () => socket.close(),
    find: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = messages.find(fits);
          if (found === undefined && !isOver) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`expected a message, were ${JSON.stringify(messages)}`));
        };
        waiting.add(look);
        look();
      }),
  };
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(stream);
    socket.onclose = ({ code }) => {
      isOver = true;
      ended.resolve(code);
      for (const look of waiting) look();
      reject(new Error(`expected an open stream, was closed with ${code}`));
    };
  });
}

/** Bybit's words to sign in. */
export function bybitAuth(nowMs: number, { apiKey, secret } = KEY) {
  const expires = nowMs + 10_000;
  const sign = createHmac("sha256", secret).update(`GET/realtime${expires}`).digest("hex");
  return { op: "auth", args: [apiKey, expires, sign] };
}

export async function listenKeyOf(simulator: Simulator, method = "POST"): Promise<string | undefined> {
  const url = `${simulator.urls[0]!.binance}/fapi/v1/listenKey`;
  const answer = await fetch(url, { method, headers: { "x-mbx-apikey": KEY.apiKey } });
  return ((await answer.json()) as { listenKey?: string }).listenKey;
}

/** Connected and told of everything that happens to KEY's account. */
export async function listen(simulator: Simulator, venue: SimVenue): Promise<TestStream> {
  const base = simulator.streamUrls[0]![venue];
  switch (venue) {
    case "upbit":
    case "bithumb": {
      const path = venue === "upbit" ? "/websocket/v1/private" : "/websocket/v2/private";
      const claims = venue === "bithumb" ? { timestamp: Date.now() } : {};
      const stream = await connect(base + path, bearer(claims));
      stream.send([{ ticket: "test" }, { type: "myOrder" }, { type: "myAsset" }]);
      // Requests are not acknowledged; an answer to what was sent after one is.
      stream.send("PING");
      await stream.find(({ status }) => status === "UP");
      return stream;
    }
    case "bybit": {
      const stream = await connect(`${base}/v5/private`);
      stream.send(bybitAuth(Date.now()));
      await stream.find(({ op, success }) => op === "auth" && success);
      stream.send({ op: "subscribe", args: ["order", "execution", "position", "wallet"] });
      await stream.find(({ op, success }) => op === "subscribe" && success);
      return stream;
    }
    case "binance":
      return await connect(`${base}/private/ws/${await listenKeyOf(simulator)}`);
  }
}

export interface HeldStream extends StreamEnd {
  readonly messages: Message[];
  readonly state: { closedWith: number | undefined; pings: number; isBinary: boolean };
}

/** A stream without a port, on the harness's clock. Throws when the handshake is refused. */
export function hold(
  harness: ReturnType<typeof createHarness>,
  host: SimHost,
  target: string,
  headers: Record<string, string> = {},
): HeldStream {
  const delivery = harness.deliver(host, { target, headers: { upgrade: "websocket", ...headers } });
  const opener = delivery.kind === "send" ? delivery.reply.stream : undefined;
  if (opener === undefined) throw new Error("expected a stream, was refused");
  const messages: Message[] = [];
  const state: HeldStream["state"] = { closedWith: undefined, pings: 0, isBinary: false };
  const end = harness.streams.attach(opener, {
    send: (text, binary) => {
      messages.push(JSON.parse(text));
      state.isBinary = binary;
    },
    ping: () => state.pings++,
    close: (code) => {
      state.closedWith = code;
    },
  });
  return {
    messages,
    state,
    hear: (text) => end.hear(text),
    stir: () => end.stir(),
    closed: () => end.closed(),
  };
}

/** The same, and told of everything that happens to KEY's account. */
export function holdAll(harness: ReturnType<typeof createHarness>, venue: SimVenue): HeldStream {
  const nowMs = harness.clock.nowMs;
  if (venue === "binance") {
    const headers = { "x-mbx-apikey": KEY.apiKey };
    const { listenKey } = harness.send("binance", {
      method: "POST",
      target: "/fapi/v1/listenKey",
      headers,
    }).json;
    return hold(harness, venue, `/private/ws/${listenKey}`);
  }
  if (venue === "bybit") {
    const stream = hold(harness, venue, "/v5/private");
    stream.hear(JSON.stringify(bybitAuth(nowMs)));
    stream.hear(JSON.stringify({ op: "subscribe", args: ["order", "execution", "position", "wallet"] }));
    stream.messages.length = 0;
    return stream;
  }
  const path = venue === "upbit" ? "/websocket/v1/private" : "/websocket/v2/private";
  const stream = hold(harness, venue, path, bearer(venue === "bithumb" ? { timestamp: nowMs } : {}));
  stream.hear(JSON.stringify([{ ticket: "test" }, { type: "myOrder" }, { type: "myAsset" }]));
  return stream;
}
