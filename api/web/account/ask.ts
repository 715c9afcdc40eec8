// Questions to the api of the page's own origin, with the session's cookie, which no script can read. Never throws: what
// is not answered is a refusal like any other.

export interface Issue {
  readonly parameter: string;
  readonly expected: string;
  readonly received: string;
}

export interface Refusal {
  /** 0: nothing came back. */
  readonly status: number;
  /** Of the problem document; undefined: the answer is none, as a proxy's own. */
  readonly code: string | undefined;
  /** The server's own words, in English. */
  readonly detail: string;
  readonly issues: readonly Issue[];
  readonly retryAfterS: number | undefined;
}

export type Answer<Value> = { readonly value: Value } | { readonly refusal: Refusal };

/** A test of a key asks its venue. */
const TIMEOUT_MS = 15_000;

/**
 * `path` begins with "api/". Value is what the OpenAPI document says of the path; undefined for 204. With `onceKey` what is
 * asked again after a lost answer is carried out once.
 */
export async function ask<Value>(
  method: string,
  path: string,
  { body, onceKey }: { readonly body?: unknown; readonly onceKey?: string | undefined } = {},
): Promise<Answer<Value>> {
  try {
    const response = await fetch(new URL(path, document.baseURI), {
      ...{ method, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) },
      headers: {
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(onceKey !== undefined && { "Idempotency-Key": onceKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) return { refusal: await refusalOf(response) };
    return { value: (response.status === 204 ? undefined : await response.json()) as Value };
  } catch (error) {
    return {
      refusal: { status: 0, code: undefined, detail: String(error), issues: [], retryAfterS: undefined },
    };
  }
}

/** A text never given before. Not by randomUUID, which pages without HTTPS do not have. */
export function newOnceKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
}

async function refusalOf(response: Response): Promise<Refusal> {
  const stated = (await response.json().catch(() => ({}))) as {
    readonly code?: string;
    readonly detail?: string;
    readonly issues?: Issue[];
  };
  const retryAfterS = Number(response.headers.get("Retry-After"));
  return {
    status: response.status,
    code: stated.code,
    detail: stated.detail ?? response.statusText,
    issues: stated.issues ?? [],
    retryAfterS: retryAfterS > 0 ? retryAfterS : undefined,
  };
}
