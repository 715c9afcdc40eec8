import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { sendHttp } from "./signed-http.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function serve(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch });
  open.push({ close: () => void server.stop(true) });
  return `http://127.0.0.1:${server.port}`;
}

/** A server of bytes; `answer` gets each whole request of each connection. */
async function serveBytes(
  answer: (socket: Socket, connection: number, count: number) => void,
): Promise<string> {
  let connections = 0;
  let count = 0;
  const server: Server = createServer((socket) => {
    const connection = ++connections;
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk.toString();
      const end = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? "0");
      if (end < 0 || text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      answer(socket, connection, ++count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ close: () => void server.close() });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return `http://127.0.0.1:${address.port}`;
}

const post = (url: string, keepAlive = false) => ({
  method: "POST" as const,
  url,
  headers: { "content-type": "application/json" },
  body: '{"a": 1}',
  keepAlive,
});
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}";

describe("A signed request", () => {
  test("arrives as the bytes it was given, without an Origin", async () => {
    let seen: { body: string; target: string; headers: Headers } | undefined;
    const url = serve(async (request) => {
      seen = { body: await request.text(), target: request.url, headers: request.headers };
      return new Response('{"ok":true}', { status: 201, headers: { "x-left": "3" } });
    });
    const result = await sendHttp(post(`${url}/v1/orders?states[]=wait&cursor=a%3Db`), 1_000);
    expect(result).toMatchObject({ kind: "answer", status: 201, text: '{"ok":true}' });
    expect(result.kind === "answer" && result.headers.get("x-left")).toBe("3");
    expect(seen!.body).toBe('{"a": 1}');
    expect(seen!.target).toBe(`${url}/v1/orders?states[]=wait&cursor=a%3Db`);
    expect(seen!.headers.get("origin")).toBeNull();
  });

  test("follows no redirect", async () => {
    let count = 0;
    const url = serve(() => {
      count++;
      return new Response("", { status: 302, headers: { location: "/elsewhere" } });
    });
    expect(await sendHttp(post(url), 1_000)).toMatchObject({ kind: "answer", status: 302 });
    expect(count).toBe(1);
  });

  test.each([true, false])("is sent once when the connection breaks (kept alive: %s)", async (keepAlive) => {
    let arrived = 0;
    const url = await serveBytes((socket, _, count) => {
      arrived = count;
      if (count === 1) socket.write(OK);
      else socket.destroy();
    });
    expect(await sendHttp(post(url, keepAlive), 1_000)).toMatchObject({ kind: "answer" });
    expect(await sendHttp(post(url, keepAlive), 1_000)).toEqual({ kind: "no-answer", why: "network" });
    expect(arrived).toBe(2);
  });

  test("has a connection of its own unless it may share one", async () => {
    const connections: number[] = [];
    const url = await serveBytes((socket, connection) => {
      connections.push(connection);
      socket.write(OK);
    });
    for (const keepAlive of [false, false, true, true]) await sendHttp(post(url, keepAlive), 1_000);
    expect(new Set(connections).size).toBe(3);
  });

  test.each([
    ["says nothing", ""],
    ["stops in the middle of the head", "HTTP/1.1 200 OK\r\nContent-"],
    ["stops in the middle of the body", 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"uuid":'],
  ])("ends at its deadline with a venue that %s", async (_, text) => {
    const url = await serveBytes((socket) => {
      if (text) socket.write(text);
    });
    expect(await sendHttp(post(url), 150)).toEqual({ kind: "no-answer", why: "timeout" });
  });

  test("whose answer breaks off in the body has no answer", async () => {
    const url = await serveBytes((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"uuid":"a"}');
    });
    expect(await sendHttp(post(url), 1_000)).toMatchObject({ kind: "no-answer" });
  });

  test.each([
    ["announced", { "content-length": String(9 * 1024 * 1024) }],
    ["not announced", undefined],
  ])("does not swallow an answer of 9 MB, %s", async (_, headers) => {
    const url = serve(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
          }),
          headers ? { headers } : {},
        ),
    );
    expect((await sendHttp(post(url), 5_000)).kind).toBe("no-answer");
  });

  test("to nobody was not sent", async () => {
    const url = serve(() => new Response(""));
    open.splice(0).map((each) => each.close());
    await Bun.sleep(1);
    expect(await sendHttp(post(url), 1_000)).toEqual({ kind: "not-connected" });
  });

  test("says of a failure neither its address nor its headers", async () => {
    const url = await serveBytes((socket) => socket.destroy());
    const result = await sendHttp(
      { ...post(`${url}/x?signature=abcdef`), headers: { "x-key": "hidden" } },
      1_000,
    );
    expect(JSON.stringify(result)).toBe('{"kind":"no-answer","why":"network"}');
  });
});
