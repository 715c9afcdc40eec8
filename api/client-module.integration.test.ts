// The client as a module, as the api serves it, in runtimes that do not read our sources: Node from a file, Deno from the
// address itself. (In Chromium: api/chromium.integration.test.ts.)

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { systemClock } from "../src/adapters/clock.ts";
import { makeTempDir, removeTempDir, startChild } from "../src/testing/services.ts";
import { CLIENT_PATH } from "./client-route.ts";
import { type ApiServer, startApiServer } from "./serve.ts";
import { codec, fakeFrame, fakeRows, KeptLog, MemoryFeed, plainRows } from "./test-kit.ts";

setDefaultTimeout(60_000);

const rows = fakeRows({ tickAtMs: Math.floor(Date.now() / 1000) * 1000 });
let server: ApiServer;
let folder: string;

beforeAll(async () => {
  const feed = new MemoryFeed();
  feed.snapshotFrame = fakeFrame(rows);
  server = await startApiServer({
    ...{ feed, codec, clock: systemClock, log: new KeptLog() },
    ...{ hostname: "127.0.0.1", port: 0, tickPeriodMs: 30_000, version: "test", simulated: false },
  });
  folder = makeTempDir("client-module");
});
afterAll(async () => {
  await server?.stop();
  removeTempDir(folder);
});

/** Runs a program that prints the first rows of each format, and gives them by format. */
async function printed(command: readonly string[], module: string) {
  const program = `
    import { openPremiumStream } from ${JSON.stringify(module)};
    if (globalThis.Bun) throw new Error("expected another runtime");
    for (const format of ["compact", "packed", "karbit"]) {
      const stream = openPremiumStream({
        url: ${JSON.stringify(`${server.url}/api/premium/stream`)},
        format,
        onRows: (rows) => {
          console.log(JSON.stringify([format, rows.map((row) => ({ ...row, ratesJeon: [...row.ratesJeon] }))]));
          stream.close();
        },
      });
      await stream.done;
    }
  `;
  const path = join(folder, "program.mjs");
  await Bun.write(path, program);
  const child = startChild({
    name: command[0]!,
    command: [...command, path],
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  const code = await child.exited;
  const lines = child.output();
  if (code !== 0) throw new Error(lines);
  return Object.fromEntries(lines.split("\n").map((line) => JSON.parse(line))) as Record<
    string,
    ReturnType<typeof plainRows>
  >;
}

function expectAll(shown: Awaited<ReturnType<typeof printed>>): void {
  // JSON has no NaN.
  const expected = JSON.parse(JSON.stringify(plainRows(rows))) as ReturnType<typeof plainRows>;
  expect(shown.compact).toEqual(expected);
  const rates = (all = expected) => all.map(({ coin, pairIndex, ratesJeon }) => [coin, pairIndex, ratesJeon]);
  expect([rates(shown.packed), rates(shown.karbit)]).toEqual([rates(), rates()]);
}

test("Node decodes all formats with the module it has as a file, which imports nothing", async () => {
  const answer = await fetch(server.url + CLIENT_PATH);
  const text = await answer.text();
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([
    200,
    "text/javascript; charset=utf-8",
  ]);
  expect(text).not.toMatch(/\bimport\b|\brequire\b/);
  await Bun.write(join(folder, "schedulerx-client.mjs"), text);
  expectAll(await printed([Bun.which("node")!], "./schedulerx-client.mjs"));
});

test("Deno does with the module at its address", async () => {
  const deno = join(import.meta.dir, "../node_modules/deno/deno");
  const command = [
    deno,
    "run",
    "--quiet",
    "--no-config",
    "--allow-net=127.0.0.1",
    "--allow-import=127.0.0.1",
  ];
  expectAll(await printed(command, server.url + CLIENT_PATH));
});

test("every site may import it, and unchanged it is not sent again", async () => {
  const first = await fetch(server.url + CLIENT_PATH, { headers: { "Accept-Encoding": "identity" } });
  expect([first.headers.get("Access-Control-Allow-Origin"), first.headers.get("Content-Encoding")]).toEqual([
    "*",
    null,
  ]);
  const again = await fetch(server.url + CLIENT_PATH, {
    headers: { "If-None-Match": first.headers.get("ETag")! },
  });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});

test("its source builds for browsers: nothing of one runtime's own is in it", async () => {
  const built = await Bun.build({ entrypoints: [join(import.meta.dir, "client.ts")], target: "browser" });
  const text = await built.outputs[0]!.text();
  expect(text).toContain("Last-Event-ID");
  expect(text).not.toMatch(/node:|Bun\.|Deno\.|Buffer\.from/);
});
