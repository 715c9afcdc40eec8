// The client (client.ts) as one ES module that needs nothing: for pages without a bundler, and for Node, which does not
// read TypeScript like ours. What is served, and what stands in dist/.

import { join } from "node:path";
import { VERSION } from "../src/version.ts";

const BANNER = `/* SchedulerX's client, version ${VERSION} (MIT). With fflate (MIT, Copyright (c) 2026 Arjun Barrett). */`;

/**
 * Its text, bundled from the sources beside this file. A binary has none there: scripts/build.ts puts this function's
 * result in place of this file. Rejects with the bundler's messages.
 */
export async function clientModule(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "client.ts")],
    target: "browser",
    format: "esm",
    minify: true,
    banner: BANNER,
  });
  return await built.outputs[0]!.text();
}
