import { afterEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connect } from "node:tls";
import { connect as connectNats } from "@nats-io/transport-node";
import { RedisClient } from "bun";
import postgres from "postgres";
import { longTest } from "./long.ts";
import { needs } from "./needs.ts";
import {
  type Certificates,
  launchChromium,
  startChild,
  startNats,
  startPostgres,
  startRedis,
  type TestServer,
} from "./services.ts";

const opened: TestServer[] = [];
const opening = async <S extends TestServer>(start: Promise<S>): Promise<S> => {
  const server = await start;
  opened.push(server);
  return server;
};

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.stop()));
});

needs(["postgres", "setpriv"], "a test PostgreSQL", () => {
  longTest("keeps what was committed over kill -9 and comes back on the same port", async () => {
    const server = await opening(startPostgres());
    const sql = postgres(server.url, { max: 1, onnotice: () => {} });
    await sql`create table kept (n int)`;
    await sql`insert into kept values (7)`;
    await sql.end();
    const pidBefore = server.pid;
    await server.kill9();
    await server.restart();
    expect(server.pid).not.toBe(pidBefore);
    const again = postgres(server.url, { max: 1 });
    expect([...(await again`select n from kept`)]).toEqual([{ n: 7 }]);
    await again.end();
    await server.stop();
    expect(existsSync(server.dir)).toBe(false);
  });

  longTest("gives each caller an empty database of its own", async () => {
    const server = await opening(startPostgres());
    const [first, second] = [await server.createDatabase(), await server.createDatabase()];
    expect(first).not.toBe(second);
    const sql = postgres(second, { max: 1 });
    expect([
      ...(await sql`select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace`),
    ]).toEqual([{ n: 0 }]);
    await sql.end();
  });

  longTest("refuses a wrong password when it was given one", async () => {
    const server = await opening(startPostgres({ password: "s3cret/and more" }));
    const good = postgres(server.url, { max: 1 });
    expect([...(await good`select 1 as one`)]).toEqual([{ one: 1 }]);
    await good.end();
    const bad = postgres(server.url, { max: 1, password: "wrong" });
    expect(bad`select 1`.execute()).rejects.toThrow(/password authentication failed/);
    await bad.end();
  });
});

needs(["postgres", "setpriv", "openssl"], "a test PostgreSQL with TLS", () => {
  longTest("is trusted through its own authority only, and not under another name", async () => {
    const server = await opening(startPostgres({ tls: true }));
    const select = async (ssl: object) => {
      const sql = postgres(server.url, { max: 1, ssl, connect_timeout: 5 });
      try {
        return (await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`)[0]?.ssl;
      } finally {
        await sql.end({ timeout: 1 });
      }
    };
    expect(await select({ ca: server.tls!.caPem, servername: "localhost" })).toBe(true);
    expect(select({ rejectUnauthorized: true, servername: "localhost" })).rejects.toThrow();
    expect(select({ ca: server.tls!.caPem, servername: "db.example" })).rejects.toThrow();
  });
});

needs(["redis"], "a test Redis", () => {
  test("keeps what was acknowledged over kill -9 and comes back on the same port", async () => {
    const server = await opening(startRedis({ password: "hush" }));
    const client = new RedisClient(server.url);
    await client.set("kept", "yes");
    client.close();
    await server.kill9();
    await server.restart();
    const again = new RedisClient(server.url);
    expect(await again.get("kept")).toBe("yes");
    again.close();
  });
});

needs(["redis", "nats", "openssl"], "test servers with TLS", () => {
  test("Redis answers a client that trusts its authority", async () => {
    const server = await opening(startRedis({ tls: true }));
    expect(server.url).toStartWith("rediss:");
    const client = new RedisClient(server.url, { tls: { ca: server.tls!.caPem } });
    expect(await client.send("PING", [])).toBe("PONG");
    client.close();
  });

  test("NATS answers a client that trusts its authority", async () => {
    const server = await opening(startNats({ tls: true, token: "t0ken" }));
    const connection = await connectNats({
      servers: `127.0.0.1:${server.port}`,
      token: "t0ken",
      tls: { ca: server.tls!.caPem },
    });
    await connection.flush();
    await connection.close();
    expect(connectNats({ servers: `127.0.0.1:${server.port}`, token: "t0ken", tls: {} })).rejects.toThrow();
  });

  longTest("a certificate made for another name is not good for 127.0.0.1", async () => {
    const server = await opening(startRedis({ tls: { hostnames: ["redis.example"] } }));
    expect(handshake(server.port, server.tls!, "redis.example")).resolves.toBe(true);
    expect(handshake(server.port, server.tls!, "127.0.0.1")).rejects.toThrow();
  });
});

needs(["nats"], "a test NATS", () => {
  test("keeps JetStream's data over kill -9", async () => {
    const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
    const server = await opening(startNats());
    const connection = await connectNats({ servers: server.url });
    await (await jetstreamManager(connection)).streams.add({ name: "KEPT", subjects: ["kept"] });
    await jetstream(connection).publish("kept", "hello");
    await connection.close();
    await server.kill9();
    await server.restart();
    const again = await connectNats({ servers: server.url });
    expect((await (await jetstreamManager(again)).streams.info("KEPT")).state.messages).toBe(1);
    await again.close();
  });
});

needs(["redis"], "servers of a test process that dies", () => {
  longTest("die with it, however it dies", async () => {
    const script = `
      const { startRedis } = await import(${JSON.stringify(`${import.meta.dir}/services.ts`)});
      const server = await startRedis();
      console.log("server pid " + server.pid);
      setInterval(() => {}, 1000);`;
    const owner = startChild({ name: "owner", command: [process.execPath, "--no-install", "-e", script] });
    const pid = Number((await owner.waitForLine(/server pid (\d+)/))[1]);
    expect(() => process.kill(pid, 0)).not.toThrow();
    await owner.kill9();
    await untilGone(pid);
  });
});

needs(["chromium"], "a test Chromium", () => {
  longTest("runs a page", async () => {
    const browser = await launchChromium();
    const page = await browser.newPage();
    await page.setContent("<title>김치</title>");
    expect(await page.title()).toBe("김치");
    await browser.close();
  });
});

function handshake(port: number, tls: Certificates, servername: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca: tls.caPem, servername }, () => {
      socket.destroy();
      resolve(socket.authorized);
    });
    socket.once("error", reject);
  });
}

/** Rejects through the test's timeout when the process stays. */
async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await Bun.sleep(5);
  }
}
