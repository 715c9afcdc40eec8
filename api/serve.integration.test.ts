// The api on its own port: the page's headers, and clients told apart by their sockets.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../src/adapters/clock.ts";
import { longTest } from "../src/testing/long.ts";
import { type ApiServer, startApiServer } from "./serve.ts";
import type { ApiDeps } from "./settings.ts";
import { accountsDatabase } from "./test-accounts.ts";
import { codec, KeptLog, MemoryFeed } from "./test-kit.ts";

setDefaultTimeout(60_000);

let server: ApiServer | undefined;
afterEach(() => server?.stop());

async function started(
  settings: ApiDeps["settings"] = {},
  more: Partial<Parameters<typeof startApiServer>[0]> = {},
): Promise<string> {
  server = await startApiServer({
    ...{ feed: new MemoryFeed(), codec, clock: systemClock, log: new KeptLog(), settings },
    ...{ hostname: "127.0.0.1", port: 0, tickPeriodMs: 30_000, version: "test", simulated: false },
    ...more,
  });
  return server.url;
}

test("the page may run its own scripts alone, and in nobody's frame; unchanged it is not sent again", async () => {
  const url = await started();
  const page = await fetch(url);
  expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=UTF-8"]);
  expect(await page.text()).toContain("<title>SchedulerX</title>");
  const policy = page.headers.get("Content-Security-Policy");
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(page.headers.get("X-Content-Type-Options")).toBe("nosniff");
  const again = await fetch(url, { headers: { "If-None-Match": page.headers.get("ETag")! } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});

longTest("a body that trickles in is given up after ten seconds, and nobody is alarmed", async () => {
  const context = await accountsDatabase();
  const log = new KeptLog();
  const url = await started({}, { accounts: context.accounts, log });
  const head = "Host: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n";
  const answer = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    ...{ hostname: "127.0.0.1", port: Number(new URL(url).port) },
    socket: {
      open: (opened) => void opened.write(`POST /api/session HTTP/1.1\r\n${head}`),
      data: (_, bytes) => answer.resolve(new TextDecoder().decode(bytes)),
    },
  });
  const trickle = setInterval(() => socket.write(" "), 1_000);
  expect(await answer.promise).toStartWith("HTTP/1.1 408");
  clearInterval(trickle);
  socket.terminate();
  expect(log.events).toEqual([]);
  await context.database.close();
});

test("a request for no host, or for none there can be, is refused and nobody is alarmed", async () => {
  const log = new KeptLog();
  const url = await started({}, { log });
  const statuses: string[] = [];
  for (const host of ["", "a b", "[::", "x:99999"]) {
    const answer = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      ...{ hostname: "127.0.0.1", port: Number(new URL(url).port) },
      socket: {
        open: (opened) => void opened.write(`GET /api/venues HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
        data: (_, bytes) => answer.resolve(new TextDecoder().decode(bytes)),
      },
    });
    const text = await answer.promise;
    statuses.push(`${text.slice(9, 12)} ${/"code":"([\w-]+)"/.exec(text)?.[1]}`);
    socket.terminate();
  }
  expect(statuses).toEqual(Array(4).fill("400 header-unusable"));
  expect(log.events).toEqual([]);
});

test("an address is that of the socket, and a trusted proxy's word goes before it", async () => {
  const url = await started({ addressRequestsPerMinuteMax: 1, trustedProxies: ["127.0.0.1"] });
  const ask = async (hops?: string) => {
    const headers: Record<string, string> = hops === undefined ? {} : { "X-Forwarded-For": hops };
    return (await fetch(`${url}/api/venues`, { headers })).status;
  };
  expect([await ask(), await ask()]).toEqual([200, 429]);
  expect([await ask("203.0.113.1"), await ask("203.0.113.1")]).toEqual([200, 429]);
});
