// One HTTP GET to a venue: deadline, size limit, no Origin header, no redirects, never throws. Bodies stay bytes.

import type { Venue } from "../../../schema/vocabulary.ts";
import type { BookFetcher, FetchedBooks } from "../../ports/book-fetcher.ts";
import type { Clock } from "../../ports/clock.ts";

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const REFUSAL_TEXT_MAX = 300;

export type VenueUrls = Readonly<Record<Venue, string>>;

export interface HttpAnswer extends FetchedBooks {
  readonly text: string | undefined;
}

export async function httpGet(
  url: string,
  timeoutMs: number,
  clock: Clock,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  let status = 0;
  // A timer of its own, ended with the request: AbortSignal.timeout keeps each signal until its time has come.
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new DOMException("The request took too long.", "TimeoutError")),
    Math.max(1, timeoutMs),
  );
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: deadline.signal,
      headers: { accept: "application/json", "user-agent": "SchedulerX", ...headers },
    });
    status = response.status;
    const bytes = await bodyOf(response);
    const receivedAtMs = clock.nowMs();
    if (status === 200) {
      return {
        bytes,
        text: undefined,
        receivedAtMs,
        outcome: "ok",
        answer: { status, headers: response.headers },
      };
    }
    const text = new TextDecoder().decode(bytes.subarray(0, REFUSAL_TEXT_MAX));
    return {
      bytes: undefined,
      text,
      receivedAtMs,
      outcome: `http ${status}`,
      answer: { status, headers: response.headers, text },
    };
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    const outcome = name === "TimeoutError" || name === "AbortError" ? "timeout" : "network";
    return {
      bytes: undefined,
      text: undefined,
      receivedAtMs: clock.nowMs(),
      outcome,
      answer: { status, headers: undefined },
    };
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body; throws RangeError beyond the limit, announced or not. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  const announced = response.headers.get("content-length");
  if (Number(announced ?? "0") > BODY_BYTES_MAX) throw new RangeError(`body of ${announced} bytes`);
  if (announced !== null || !response.body) return new Uint8Array(await response.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new RangeError(`body of more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

export function createBookFetcher(urls: VenueUrls, clock: Clock): BookFetcher {
  return {
    fetch: (venue, request, timeoutMs) => httpGet(urls[venue] + request.path, timeoutMs, clock),
  };
}
