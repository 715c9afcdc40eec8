// The simulated venues on local ports: one port per venue host and pretended source address, one more for control.
// Private streams are on the port of their venue's REST. Stopping ends everything at once, hanging and delayed requests
// and open streams included.

import { answerControl, type SimulatorControl } from "./control.ts";
import { type Delivery, SIM_HOSTS, type SimHost } from "./dispatch.ts";
import { createExchanges, type ExchangeRequest, type ExchangesOptions } from "./exchanges.ts";
import type { StreamOpener } from "./stream-types.ts";
import type { StreamEnd, StreamHub } from "./streams.ts";
import type { SimMarket } from "./types.ts";

export { SIMULATOR_KEYS } from "./exchanges.ts";

export type HostUrls = Readonly<Record<SimHost, string>>;

export interface SimulatorOptions extends ExchangesOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** First port: control, then five per source in the order of SIM_HOSTS. Default 0: free ports. */
  readonly portBase?: number;
  /** Pretended source addresses, each with its own ports and budgets. Default 1. */
  readonly sources?: number;
}

export interface Simulator {
  /** One set per source; base URLs without a trailing slash, paths exactly as at the venues. */
  readonly urls: readonly HostUrls[];
  /** The same with ws://, for private streams. */
  readonly streamUrls: readonly HostUrls[];
  readonly controlUrl: string;
  readonly control: SimulatorControl;
  readonly market: SimMarket;
  /** Closes every connection, hanging requests included, and frees the ports. */
  stop(): Promise<void>;
}

/** Starts all venues. Rejects when a port is taken, leaving nothing open. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { seed, host = "127.0.0.1", portBase = 0, sources = 1, nowMs = Date.now } = options;
  const timers = new Set<Timer>();
  const { market, control, streams, handle, arrivePending } = createExchanges({
    ...options,
    // What is still on its way arrives though nobody waits for it any more.
    wake: (atMs) => {
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          arrivePending();
        },
        Math.max(0, atMs - nowMs()) + 1,
      );
      timers.add(timer);
    },
  });
  const servers: Bun.Server<StreamLink>[] = [];
  const websocket = streamHandler(streams);
  const listen = (port: number, fetch: Handler) => {
    // No idle limit: a hanging request hangs until the client has had enough.
    const server = Bun.serve({ hostname: host, port, idleTimeout: 0, fetch, websocket });
    servers.push(server);
    return `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  };
  const stop = async () => {
    for (const timer of timers) clearTimeout(timer);
    // Closing a connection aborts its request, which ends any wait of ours.
    await Promise.all(servers.map((server) => server.stop(true)));
  };
  try {
    const portAt = (index: number) => (portBase === 0 ? 0 : portBase + index);
    const urls: HostUrls[] = [];
    const streamUrls: HostUrls[] = [];
    const info = () => ({ seed, controlUrl, urls, streamUrls });
    const controlUrl = listen(portAt(0), (request) => answerControl(request, control, info));
    for (let source = 0; source < sources; source++) {
      const entries = SIM_HOSTS.map((name, index) => {
        const addressOf = callerAddresses();
        const answer: Handler = async (request, server) => {
          const address = addressOf(request, server);
          const asked = await exchangeRequest(request, address, source);
          return carryOut(handle(name, asked), { request, server });
        };
        return [name, listen(portAt(1 + source * SIM_HOSTS.length + index), answer)] as const;
      });
      urls.push(Object.fromEntries(entries) as Record<SimHost, string>);
      const streamEntries = entries.map(([name, url]) => [name, url.replace(/^http/, "ws")]);
      streamUrls.push(Object.fromEntries(streamEntries) as Record<SimHost, string>);
    }
    return { urls, streamUrls, controlUrl, control, market, stop };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

type Timer = ReturnType<typeof setTimeout>;
type Handler = (request: Request, server: Bun.Server<StreamLink>) => Answer | Promise<Answer>;
/** Undefined: the connection became a stream. */
type Answer = Response | undefined;

/** One WebSocket: what it was opened for, and its other end once it is open. */
interface StreamLink {
  readonly opener: StreamOpener;
  end: StreamEnd | undefined;
}

interface Asking {
  readonly request: Request;
  readonly server: Bun.Server<StreamLink>;
}

function streamHandler(streams: StreamHub): Bun.WebSocketHandler<StreamLink> {
  return {
    // Who is idle, and when to ping, is the venue's rule.
    idleTimeout: 0,
    sendPings: false,
    open(socket) {
      socket.data.end = streams.attach(socket.data.opener, {
        send: (text, binary) => {
          if (binary) socket.sendBinary(Buffer.from(text));
          else socket.sendText(text);
        },
        ping: () => {
          socket.ping();
        },
        // 1006 is never sent: it names a connection that just ended.
        close: (code, reason) => (code === 1006 ? socket.terminate() : socket.close(code, reason)),
      });
    },
    message: ({ data }, message) => data.end?.hear(String(message)),
    ping: ({ data }) => data.end?.stir(),
    pong: ({ data }) => data.end?.stir(),
    close: ({ data }) => data.end?.closed(),
  };
}

/**
 * Who asks at one listener. Of a connection that is gone already nobody can tell any more, and what it asked for is
 * carried out all the same: it counts for who asked there last.
 */
function callerAddresses(): (request: Request, server: Bun.Server<StreamLink>) => string {
  let last = "127.0.0.1";
  return (request, server) => {
    last = server.requestIP(request)?.address.replace("::ffff:", "") ?? last;
    return last;
  };
}

async function exchangeRequest(
  request: Request,
  address: string,
  sourceIndex: number,
): Promise<ExchangeRequest> {
  const { url, method, headers } = request;
  return {
    method,
    target: url.slice(url.indexOf("/", url.indexOf("://") + 3)),
    header: (name) => headers.get(name),
    body: method === "GET" || method === "HEAD" ? "" : await request.text(),
    address,
    sourceIndex,
  };
}

function carryOut(delivery: Delivery, asking: Asking): Answer | Promise<Answer> {
  const { request } = asking;
  if (delivery.kind === "held") return delivery.arrived.then((arrived) => carryOut(arrived, asking));
  if (delivery.kind === "hang") return pause(undefined, request).then(closedConnection);
  const respond = () => (delivery.kind === "reset" ? closedConnection() : sent(delivery, asking));
  return delivery.delayMs > 0 ? pause(delivery.delayMs, request).then(respond) : respond();
}

/** Ends after `delayMs` (undefined: never by itself), or when the connection is gone. */
function pause(delayMs: number | undefined, request: Request): Promise<void> {
  return new Promise((resolve) => {
    const timer = delayMs === undefined ? undefined : setTimeout(resolve, delayMs);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    request.signal.addEventListener("abort", end, { once: true });
  });
}

function sent({ reply, headers }: Extract<Delivery, { kind: "send" }>, { request, server }: Asking): Answer {
  if (reply.stream !== undefined) {
    const isOpen = server.upgrade(request, { headers, data: { opener: reply.stream, end: undefined } });
    return isOpen ? undefined : new Response("Bad Request", { status: 400 });
  }
  return new Response(reply.body, {
    status: reply.status,
    headers: { "content-type": reply.contentType ?? "application/json;charset=UTF-8", ...headers },
  });
}

/** A stream that fails before its first byte makes the server close the connection without an answer. */
function closedConnection(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.error(null) }));
}
