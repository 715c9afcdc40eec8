// The page with the headers browsers protect it by. Bun answers an HTML import without any of ours, so it is bundled
// behind a path nobody knows, read from there once and answered from memory; its scripts and styles have paths of their
// own.

import { get } from "node:http";
import { text } from "node:stream/consumers";
import type { Hono } from "hono";
import { NO_FRAMES } from "./guard.ts";
import { matchesEtag } from "./table-documents.ts";

const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  NO_FRAMES,
].join("; ");

interface Page {
  readonly html: string;
  readonly etag: string;
}

/** Answers `/` with what the server has at `bundled`, which is asked for at the first request. */
export function addPage(app: Hono, bundled: () => URL): void {
  let page: Promise<Page> | undefined;
  app.get("/", async (c) => {
    page ??= read(bundled()).catch((error) => {
      page = undefined;
      throw error;
    });
    const { html, etag } = await page;
    const headers = { "Cache-Control": "no-cache", "Content-Security-Policy": POLICY, ETag: etag };
    if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
    return c.html(html, 200, headers);
  });
}

/** By node:http, because fetch would ask the proxy of HTTP_PROXY for our own port. */
function read(url: URL): Promise<Page> {
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
