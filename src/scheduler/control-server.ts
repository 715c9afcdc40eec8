// The operator's port opened: the routes of control.ts, and the page with its scripts and styles.

import { readBundledPage } from "../web/bundled-page.ts";
import { type ControlDeps, createControl } from "./control.ts";
import page from "./web/index.html";

export interface ControlServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** A drain waits for what runs: Bun would close the quiet connection after ten seconds. */
const IDLE_S = 90;

/** Throws when the port is taken; 0 is any free one. */
export function startControlServer(
  deps: Omit<ControlDeps, "page">,
  { hostname, port }: { readonly hostname: string; readonly port: number },
): ControlServer {
  const pagePath = `/${crypto.randomUUID()}`;
  let html: Promise<string> | undefined;
  const readPage = () => {
    html ??= readBundledPage(new URL(pagePath, server.url)).then(
      (read) => read.html,
      (error) => {
        html = undefined;
        throw error;
      },
    );
    return html;
  };
  const control = createControl({ ...deps, page: readPage });
  const server = Bun.serve({
    ...{ hostname, port, development: false, idleTimeout: IDLE_S },
    routes: { [pagePath]: page },
    fetch: (request) => control.handle(request),
  });
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`,
    port: server.port!,
    stop: () => server.stop(true),
  };
}
