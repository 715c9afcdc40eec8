// The page with the headers browsers protect it by, read once (src/web/bundled-page.ts) and answered from memory.
// The heads of web/index.html and web/account/account.html are alike and stay so by hand: the bundler's HTML includes nothing.

import type { Hono } from "hono";
import { type BundledPage, PAGE_POLICY, readBundledPage } from "../src/web/bundled-page.ts";
import { matchesEtag } from "./table-documents.ts";

/** Answers `path` with what the server has at `bundled`, which is asked for at the first request. */
export function addPage(app: Hono, path: string, bundled: () => URL): void {
  let page: Promise<BundledPage> | undefined;
  app.get(path, async (c) => {
    page ??= readBundledPage(bundled()).catch((error) => {
      page = undefined;
      throw error;
    });
    const { html, etag } = await page;
    const headers = { "Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY, ETag: etag };
    if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
    return c.html(html, 200, headers);
  });
}
