// A real nats-server with JetStream for tests.

import { type Certificates, makeCertificates, type TlsWish } from "./certificates.ts";
import { freePort } from "./ports.ts";
import { requireProgram } from "./programs.ts";
import { startServer, type TestServer } from "./server.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface NatsOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Asked of every client. */
  readonly token?: string;
  readonly tls?: TlsWish;
}

export interface TestNats extends TestServer {
  readonly tls: Certificates | undefined;
}

/** `url` is nats://127.0.0.1:PORT, with the token when there is one; tls: with TLS. */
export async function startNats(options: NatsOptions = {}): Promise<TestNats> {
  const program = requireProgram("nats");
  const dir = makeTempDir("nats");
  const port = options.port ?? (await freePort());
  const tls = makeCertificates(dir, options.tls);
  const secure = tls ? ["--tls", "--tlscert", tls.certFile, "--tlskey", tls.keyFile] : [];
  const secret = options.token ? ["--auth", options.token] : [];
  const server = await startServer({
    name: "nats-server",
    url: `${tls ? "tls" : "nats"}://${options.token ? `${options.token}@` : ""}127.0.0.1:${port}`,
    port,
    dir,
    command: [program, "-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", dir, ...secure, ...secret],
    readyLine: /Server is ready/,
    // SIGINT stops at once; SIGTERM may wait for clients to leave.
    stopSignal: "SIGINT",
  });
  return Object.assign(server, { tls });
}
