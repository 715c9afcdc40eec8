// The output of secrets.sh for tests, and real servers that run with it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../src/testing/services/ports.ts";
import { requireProgram } from "../../src/testing/services/programs.ts";
import { startServer, type TestServer } from "../../src/testing/services/server.ts";
import { makeTempDir } from "../../src/testing/services/temp-dir.ts";

export const SECRETS = join(import.meta.dir, "secrets.sh");

/** Runs secrets.sh with nothing of this process's environment but `env`. */
export function makeSecrets(out: string, options: readonly string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [SECRETS, "--out", out, "--address", "127.0.0.1", ...options],
    { env: { PATH: process.env.PATH ?? "", ...env } },
  );
  return { exitCode, said: stdout.toString(), faults: stderr.toString() };
}

/** NAME=value lines of a settings file, unquoted. */
export function settingsIn(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n");
  const pairs = lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name, value]) => [name, value!.replace(/^'(.*)'$/, "$1")]));
}

/** A server started as its unit starts it, with settings of secrets.sh on a free port instead of `port`. */
export async function startWithSecrets(
  name: "nats" | "redis",
  { folder, port: listed }: { folder: string; port: number },
): Promise<TestServer> {
  const dir = makeTempDir(`deploy-${name}`);
  const port = await freePort();
  const file = (base: string) => join(folder, base);
  const conf = join(dir, `${name}.conf`);
  await Bun.write(conf, readFileSync(file(`${name}.conf`), "utf8").replace(`${listed}`, `${port}`));
  const args =
    name === "nats"
      ? ["--config", conf, "--store_dir", dir, "--tls"].concat(
          ["--tlscert", file("server.pem")],
          ["--tlskey", file("server.key")],
        )
      : [conf, "--tls-cert-file", file("server.pem"), "--tls-key-file", file("server.key"), "--dir", dir];
  return await startServer({
    ...{ name, port, dir },
    url: name === "nats" ? `tls://127.0.0.1:${port}` : `rediss://127.0.0.1:${port}`,
    command: [requireProgram(name), ...args],
    readyLine: name === "nats" ? /Server is ready/ : /Ready to accept connections/,
    stopSignal: "SIGINT",
  });
}
