// A real Redis for tests, append-only so that what was acknowledged survives kill -9.

import { type Certificates, makeCertificates, type TlsWish } from "./certificates.ts";
import { freePort } from "./ports.ts";
import { requireProgram } from "./programs.ts";
import { startServer, type TestServer } from "./server.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly password?: string;
  readonly tls?: TlsWish;
}

export interface TestRedis extends TestServer {
  readonly tls: Certificates | undefined;
}

/** `url` is redis://127.0.0.1:PORT, with the password when there is one; rediss: with TLS. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const program = requireProgram("redis");
  const dir = makeTempDir("redis");
  const port = options.port ?? (await freePort());
  const tls = makeCertificates(dir, options.tls);
  const listen = tls
    ? [
        "--port",
        "0",
        "--tls-port",
        `${port}`,
        "--tls-cert-file",
        tls.certFile,
        "--tls-key-file",
        tls.keyFile,
      ].concat(["--tls-ca-cert-file", tls.caFile, "--tls-auth-clients", "no"])
    : ["--port", `${port}`];
  const secret = options.password ? ["--requirepass", options.password] : [];
  const server = await startServer({
    name: "redis-server",
    url: `${tls ? "rediss" : "redis"}://${options.password ? `:${encodeURIComponent(options.password)}@` : ""}127.0.0.1:${port}`,
    port,
    dir,
    command: [
      program,
      ...listen,
      ...secret,
      "--bind",
      "127.0.0.1",
      "--dir",
      dir,
      "--save",
      "",
      "--appendonly",
      "yes",
    ],
    readyLine: /Ready to accept connections/,
  });
  return Object.assign(server, { tls });
}
