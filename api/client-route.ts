// The client as a module, for every site: `import { openPremiumStream } from "https://.../api/client.js"`.

import { Hono } from "hono";
import { acceptsGzip } from "./gzip-blocks.ts";
import { CORS_HEADERS } from "./problem.ts";
import { documentOf, matchesEtag, type TextDocument } from "./table-documents.ts";

export const CLIENT_PATH = "/api/client.js";

/** Answers with what `module` resolves with, which is asked at the first request. A query may tell versions apart. */
export function clientRoutes(module: () => Promise<string>): Hono {
  let document: Promise<TextDocument> | undefined;
  return new Hono().get(CLIENT_PATH, async (c) => {
    document ??= module()
      .then(documentOf)
      .catch((error) => {
        document = undefined;
        throw error;
      });
    const { etag, plain, gzip } = await document;
    const headers = { ...CORS_HEADERS, "Cache-Control": "no-cache", ETag: etag, Vary: "Accept-Encoding" };
    if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
    const isGzip = acceptsGzip(c.req.header("Accept-Encoding"));
    return c.body(isGzip ? gzip : plain, 200, {
      ...headers,
      "Content-Type": "text/javascript; charset=utf-8",
      ...(isGzip && { "Content-Encoding": "gzip" }),
    });
  });
}
