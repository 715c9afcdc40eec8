// A page of Bun's bundler with headers of our own. Bun answers an HTML import without any of ours, so it is bundled behind
// a path nobody knows and read from there; its scripts and styles have paths of their own.

import { get } from "node:http";
import { text } from "node:stream/consumers";

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
export const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export interface BundledPage {
  readonly html: string;
  readonly etag: string;
}

/** By node:http, because fetch would ask the proxy of HTTP_PROXY for our own port. */
export function readBundledPage(url: URL): Promise<BundledPage> {
  return new Promise((resolve, reject) => {
    const request = get(url, async (response) => {
      const { statusCode, headers } = response;
      const html = await text(response);
      if (statusCode === 200 && headers.etag) resolve({ html, etag: headers.etag });
      else reject(new Error(`expected the page with its ETag, was ${statusCode}`));
    });
    request.on("error", reject);
  });
}
