// One signed request: deadline over everything including the body, a size limit, no Origin, no redirects. Never
// throws, and what it says of a failure holds neither URL nor header: a query may carry a signature.

const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** Failures in which certainly no byte of the request has left. */
const NOT_CONNECTED = new Set(["ConnectionRefused", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent exactly as it is. */
  readonly body?: string;
  /**
   * False: a connection of its own. Orders take one: on a kept connection that the venue closes just then, a request
   * is lost in a way that cannot be told from one that was carried out.
   */
  readonly keepAlive: boolean;
}

export type HttpResult =
  | { readonly kind: "answer"; readonly status: number; readonly headers: Headers; readonly text: string }
  /** Sent, or perhaps sent, and nothing readable came back. */
  | { readonly kind: "no-answer"; readonly why: "timeout" | "network" | "too-large" }
  /** There was no connection to send it on. */
  | { readonly kind: "not-connected" };

export async function sendHttp(request: HttpRequest, timeoutMs: number): Promise<HttpResult> {
  const { method, url, headers, body, keepAlive } = request;
  try {
    const response = await fetch(url, {
      method,
      ...(body !== undefined && { body }),
      redirect: "manual",
      keepalive: keepAlive,
      signal: AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs))),
      headers: { accept: "application/json", "user-agent": "SchedulerX", ...headers },
    });
    const text = await textOf(response);
    if (text === undefined) return { kind: "no-answer", why: "too-large" };
    return { kind: "answer", status: response.status, headers: response.headers, text };
  } catch (fault) {
    const { name, code } = (fault ?? {}) as { name?: unknown; code?: unknown };
    if (NOT_CONNECTED.has(String(code))) return { kind: "not-connected" };
    const timedOut = name === "TimeoutError" || name === "AbortError";
    return { kind: "no-answer", why: timedOut ? "timeout" : "network" };
  }
}

async function textOf(response: Response): Promise<string | undefined> {
  const announced = Number(response.headers.get("content-length") ?? "0");
  if (announced > BODY_BYTES_MAX) {
    await response.body?.cancel();
    return undefined;
  }
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
