import { expect, test } from "bun:test";
import { check, checkVenues } from "./check.ts";

test("what a check throws is one line: no statement, no class, nothing twice", async () => {
  const refused = new Error("connect ECONNREFUSED 127.0.0.1:1");
  const failed = new Error("Failed query: select 1\n  from nothing\nparams: ", { cause: refused });
  const fault = new TypeError("read tables: connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED)", {
    cause: failed,
  });
  const { ok, detail } = await check("database", () => Promise.reject(fault));
  expect([ok, detail]).toEqual([false, "read tables: connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED)"]);
  const outer = new Error("cannot reach it", { cause: new Error("its certificate\nis not ours") });
  expect((await check("bus", () => Promise.reject(outer))).detail).toBe(
    "cannot reach it; its certificate is not ours",
  );
});

test("a venue that cannot be reached, and one that refuses, are told in words", async () => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("banned", { status: 403 }),
  });
  try {
    const [refusing, nowhere] = [`http://127.0.0.1:${server.port}`, "http://127.0.0.1:1"];
    const results = await checkVenues(
      { upbit: nowhere, bithumb: refusing, bybit: nowhere, binance: refusing } as never,
      5_000,
    );
    expect(results.map(({ detail }) => detail)).toEqual([
      `${nowhere} cannot be reached`,
      `${refusing} answers http 403 banned`,
      `${nowhere} cannot be reached`,
      `${refusing} answers http 403 banned`,
    ]);
  } finally {
    await server.stop(true);
  }
});
