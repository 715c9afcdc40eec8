// What an edge asks or sends on to the api behind it. Written for node:test so that the same file runs under `bun test`
// and `deno test`.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { fakeRows, type TestApi, testApi } from "./test-kit.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Behind {
  readonly port: number;
  readonly asked: Asked[];
  readonly streamEnded: Promise<void>;
}

/** A server that answers as an api behind an edge may, for as long as `work` takes. */
async function withBehind(work: (behind: Behind) => Promise<void>): Promise<void> {
  const asked: Asked[] = [];
  const ended = Promise.withResolvers<void>();
  const answer = (path: string, response: ServerResponse) => {
    if (path.startsWith("/api/session")) {
      const cookies = { "Set-Cookie": "auth-token=t; HttpOnly", "Content-Type": "application/json" };
      response.writeHead(201, cookies).end('{"token":"t"}');
    } else if (path === "/api/events") {
      response.once("close", () => ended.resolve());
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("event: order\n\n");
    } else response.writeHead(404, { "Content-Type": "application/json" }).end('{"detail":"nothing"}');
  };
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url: path = "", headers } = request;
    asked.push({
      method,
      path,
      headers,
      body: new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer()),
    });
    answer(path, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work({ port: (server.address() as AddressInfo).port, asked, streamEnded: ended.promise });
  } finally {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

async function withEdge(
  how: "proxy" | "redirect",
  port: number,
  work: (api: TestApi) => Promise<void>,
): Promise<void> {
  const api = await testApi({
    rows: fakeRows(),
    settings: { trustedProxies: ["127.0.0.1"] },
    deps: { elsewhere: { url: `http://127.0.0.1:${port}`, how } },
  });
  try {
    await work(api);
  } finally {
    await api.close();
  }
}

const proxied = (work: (api: TestApi, behind: Behind) => Promise<void>) =>
  withBehind((behind) => withEdge("proxy", behind.port, (api) => work(api, behind)));

test("what is not here is asked elsewhere, with everything that was sent, and the answer is passed on", () =>
  proxied(async (api, { asked }) => {
    const response = await api.app.request(
      "/api/session?a=1",
      {
        method: "POST",
        headers: { Authorization: "Bearer b", "Content-Type": "application/json", Host: "edge.kr" },
        body: '{"email":"kim@mail.kr"}',
      },
      { remoteAddr: { hostname: "203.0.113.9" } },
    );
    assert.deepEqual([response.status, await response.json()], [201, { token: "t" }]);
    assert.match(response.headers.get("Set-Cookie")!, /auth-token=t/);
    const { method, path, headers, body } = asked.at(-1)!;
    assert.deepEqual([method, path, body], ["POST", "/api/session?a=1", '{"email":"kim@mail.kr"}']);
    assert.deepEqual([headers.authorization, headers["x-forwarded-for"]], ["Bearer b", "203.0.113.9"]);
    assert.notEqual(headers.host, "edge.kr");
  }));

test("the api behind hears by what scheme the client came, by this server's word or that of a proxy of ours", () =>
  proxied(async (api, { asked }) => {
    const heard = async (url: string, peer: string | undefined, headers: Record<string, string> = {}) => {
      const answer = await api.app.request(
        url,
        { headers },
        peer === undefined ? undefined : { remoteAddr: { hostname: peer } },
      );
      await answer.body?.cancel();
      return asked.at(-1)!.headers["x-forwarded-proto"];
    };
    const https = { "X-Forwarded-Proto": "https" };
    assert.equal(await heard("http://edge.kr/api/me", "203.0.113.9"), "http");
    assert.equal(await heard("https://edge.kr/api/me", "203.0.113.9"), "https");
    assert.equal(await heard("https://edge.kr/api/me", undefined), "https");
    assert.equal(await heard("http://edge.kr/api/me", "127.0.0.1", https), "https");
    assert.equal(await heard("http://edge.kr/api/me", "203.0.113.9", https), "http");
    assert.equal(await heard("http://edge.kr/api/me", undefined, https), "http");
  }));

test("a stream is passed on as it comes, and ended when its reader leaves", () =>
  proxied(async (api, { streamEnded }) => {
    const response = await api.app.request("/api/events");
    const reader = response.body!.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "event: order\n\n");
    await reader.cancel();
    await streamEnded;
  }));

test("what is here is answered here, and outside /api nothing is passed on", () =>
  proxied(async (api, { asked }) => {
    const statusOf = async (path: string) => {
      const { status, body } = await api.app.request(path);
      await body?.cancel();
      return status;
    };
    assert.equal(await statusOf("/api/premium"), 200);
    assert.equal(await statusOf("/api/venues"), 200);
    assert.equal(await statusOf("/admin"), 404);
    assert.equal(asked.length, 0);
    assert.equal(await statusOf("/api/nothing"), 404);
    assert.equal(asked.length, 1);
  }));

test("a server that is away is a problem document", async () => {
  let port = 0;
  await withBehind(async (behind) => {
    ({ port } = behind);
  });
  await withEdge("proxy", port, async (api) => {
    const response = await api.app.request("/api/me");
    assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "5"]);
    assert.match((await response.json()).detail, /does not answer/);
  });
});

test("a redirect asks nobody, and a page of another site may follow it", () =>
  withEdge("redirect", 1, async (api) => {
    const ask = (method: string) =>
      api.app.request("/api/coins?x=1", {
        method,
        headers: { Origin: "https://app.kr" },
        redirect: "manual",
      });
    const sent = await ask("GET");
    assert.deepEqual([sent.status, sent.headers.get("Location")], [307, "http://127.0.0.1:1/api/coins?x=1"]);
    assert.equal(sent.headers.get("Access-Control-Allow-Origin"), "*");
    // Browsers follow no redirect of what they ask beforehand.
    const asked = await ask("OPTIONS");
    assert.deepEqual([asked.status, asked.headers.get("Location")], [204, null]);
    assert.equal(asked.headers.get("Access-Control-Allow-Origin"), "*");
    assert.match(asked.headers.get("Access-Control-Allow-Methods")!, /GET/);
  }));
