// The page with the headers browsers protect it by. Bun answers an HTML import without any of ours, so it is bundled
// behind a path nobody knows and handed on from there; its scripts and styles have paths of their own.

import type { Hono } from "hono";
import { NO_FRAMES } from "./guard.ts";

const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  NO_FRAMES,
].join("; ");

/** Answers `/` with what the server has at `bundled`. */
export function addPage(app: Hono, bundled: () => URL): void {
  app.get("/", async (c) => {
    const asked = c.req.header("If-None-Match");
    const found = await fetch(bundled(), { headers: asked ? { "If-None-Match": asked } : {} });
    const headers = new Headers({ "Cache-Control": "no-cache", "Content-Security-Policy": POLICY });
    for (const name of ["Content-Type", "ETag"]) {
      const value = found.headers.get(name);
      if (value) headers.set(name, value);
    }
    return new Response(found.status === 304 ? null : await found.bytes(), { status: found.status, headers });
  });
}
