// What this server does not have and another one does: the edge knows rates alone, and sends whoever asks for more under
// /api on to the api that has the database, or asks it for him. A stream is passed on as it comes.

import type { Context } from "hono";
import type { Log } from "../src/ports/telemetry.ts";
import type { ClientAddresses } from "./client-address.ts";
import { CORS_HEADERS, preflight, problem } from "./problem.ts";

export interface Elsewhere {
  /** Without a slash at its end. */
  readonly url: string;
  /**
   * "redirect" costs nothing here, but whoever follows it loses his bearer and his cookie on the way, and a page of another
   * site comes through to what is public alone; "proxy" keeps all.
   */
  readonly how: "redirect" | "proxy";
}

const HEADERS_MS_MAX = 10_000;
/** Of one connection, or made anew by whoever sends. */
const OWN_HEADERS = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "host"];
const OWN_ANSWER_HEADERS = [...OWN_HEADERS, "content-encoding", "content-length"];

/** Never rejects. `addresses` tells how a client came to a proxy of ours in front of this one. */
export function answerElsewhere(
  c: Context,
  { url, how }: Elsewhere,
  addresses: ClientAddresses,
  log: Log,
): Response | Promise<Response> {
  const { pathname, search } = new URL(c.req.url);
  const target = `${url}${pathname}${search}`;
  if (how === "redirect") {
    // Browsers follow no redirect of what they ask beforehand.
    if (c.req.method === "OPTIONS") return preflight();
    const headers = { ...CORS_HEADERS, Location: target, "Cache-Control": "no-store" };
    return new Response(null, { status: 307, headers });
  }
  return proxied(c, target, headersOf(c, addresses), log);
}

async function proxied(c: Context, target: string, sent: Headers, log: Log): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), HEADERS_MS_MAX);
  const { method, body, signal } = c.req.raw;
  try {
    const answer = await fetch(target, {
      method,
      headers: sent,
      redirect: "manual",
      signal: AbortSignal.any([signal, late.signal]),
      ...(body && { body, duplex: "half" }),
    } as RequestInit);
    const headers = new Headers(answer.headers);
    // fetch has taken the encoding off already.
    for (const name of OWN_ANSWER_HEADERS) headers.delete(name);
    return new Response(answer.body, { status: answer.status, headers });
  } catch (error) {
    log.warn("the api behind this one does not answer", { path: c.req.path, error });
    return problem(503, {
      code: "server-away",
      detail: "The server that knows this does not answer right now.",
      retryAfterSeconds: 5,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The caller's own, where he calls from at the end of X-Forwarded-For, as far as the server knows it, and by what scheme. */
function headersOf(c: Context, addresses: ClientAddresses): Headers {
  const headers = new Headers(c.req.raw.headers);
  for (const name of OWN_HEADERS) headers.delete(name);
  const { remoteAddr } = (c.env ?? {}) as { readonly remoteAddr?: { readonly hostname?: string } };
  const peer = remoteAddr?.hostname;
  if (peer) headers.append("X-Forwarded-For", peer);
  const isHttps = addresses.of(c.req.raw, peer)?.isHttps ?? c.req.url.startsWith("https:");
  headers.set("X-Forwarded-Proto", isHttps ? "https" : "http");
  return headers;
}
