// A server on a free port of 127.0.0.1 for tests that run under Bun and under Deno, each with its own.

/** What is used of Deno; its own types are not the project's. */
declare const Deno: {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen: () => void },
    handle: Fetch,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> };
};

type Fetch = (request: Request) => Response | Promise<Response>;

export interface FetchServer {
  readonly port: number;
  /** Ends it and every connection to it. */
  stop(): Promise<void>;
}

/** `port` 0: any free one. */
export function serveFetch(fetch: Fetch, port = 0): FetchServer {
  const hostname = "127.0.0.1";
  if ("Bun" in globalThis) {
    const server = Bun.serve({ hostname, port, idleTimeout: 0, fetch });
    return { port: server.port!, stop: () => server.stop(true) };
  }
  const ending = new AbortController();
  const server = Deno.serve({ hostname, port, signal: ending.signal, onListen: () => undefined }, fetch);
  return {
    port: server.addr.port,
    stop: async () => {
      ending.abort();
      await server.finished;
    },
  };
}
