// A throw-away certificate authority and one server certificate, made by openssl, for tests of verified TLS.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireProgram } from "./programs.ts";

export interface Certificates {
  /** What a client trusts, as a file and as text. */
  readonly caFile: string;
  readonly caPem: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** true: a certificate for localhost and 127.0.0.1; or one for other names, to see verification fail. */
export type TlsWish = boolean | { readonly hostnames: readonly string[] };

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const OWN_NAMES = ["DNS:localhost", "IP:127.0.0.1"];

/** Writes ca.pem, server.pem and server.key into `dir`; undefined when no TLS is wished. */
export function makeCertificates(dir: string, wish: TlsWish | undefined): Certificates | undefined {
  if (!wish) return undefined;
  const names = wish === true ? OWN_NAMES : wish.hostnames.map((name) => `DNS:${name}`);
  const file = (name: string) => join(dir, name);
  writeFileSync(file("server.ext"), `subjectAltName=${names.join(",")}\n`);
  openssl(
    ["req", "-x509", ...CURVE, "-days", "2", "-subj", "/CN=test authority"],
    ["-keyout", file("ca.key"), "-out", file("ca.pem")],
    ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
  );
  openssl(
    ["req", ...CURVE, "-subj", "/CN=test server"],
    ["-keyout", file("server.key"), "-out", file("server.csr")],
  );
  openssl(
    ["x509", "-req", "-days", "2", "-in", file("server.csr"), "-out", file("server.pem")],
    ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-set_serial", "2", "-extfile", file("server.ext")],
  );
  const caPem = readFileSync(file("ca.pem"), "utf8");
  return { caFile: file("ca.pem"), caPem, certFile: file("server.pem"), keyFile: file("server.key") };
}

function openssl(...groups: string[][]): void {
  const run = Bun.spawnSync([requireProgram("openssl"), ...groups.flat()], { stdin: "ignore" });
  if (run.exitCode !== 0) throw new Error(`openssl ${groups[0]?.[0]} failed: ${run.stderr.toString()}`);
}
