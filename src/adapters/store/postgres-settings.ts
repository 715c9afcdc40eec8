// The address of a PostgreSQL server as operators write it, taken apart and checked. Encryption is never weakened
// silently: a CA file means verify-full, and a server that offers no TLS is refused when TLS was asked for.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { StoreFault } from "../../domain/store-fault.ts";

export interface PostgresSettings {
  /** `postgres://user:password@host:port/database?sslmode=disable|require|verify-full` */
  readonly url: string;
  /** PEM file with one or more CA certificates, e.g. the RDS bundle. Makes verify-full the default. */
  readonly caFile?: string;
}

export interface PostgresTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: false | PostgresTls;
}

export interface PostgresTls {
  readonly rejectUnauthorized: boolean;
  readonly servername: string | undefined;
  readonly ca: string[] | undefined;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

const SSL_MODES = ["disable", "require", "verify-full"] as const;

/** Throws a StoreFault (defect) naming what is wrong; never repeats the password. */
export function parsePostgresSettings(settings: PostgresSettings): PostgresTarget {
  let url: URL;
  try {
    url = new URL(settings.url);
  } catch {
    throw wrong("expected postgres://user:password@host:port/database, was something else");
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw wrong(`expected the scheme postgres:, was ${url.protocol}`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const database = decodeURIComponent(url.pathname.slice(1));
  if (host === "") throw wrong("expected a host, was empty");
  if (database === "") throw wrong("expected a database name after the host, was empty");
  if (url.username === "") throw wrong("expected a user name before the host, was empty");
  return {
    host,
    port: url.port === "" ? 5432 : Number(url.port),
    database,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ssl: tlsOf(host, url.searchParams, settings.caFile),
  };
}

function tlsOf(
  host: string,
  params: URLSearchParams,
  caFileSetting: string | undefined,
): false | PostgresTls {
  const caFile = caFileSetting ?? params.get("sslrootcert") ?? undefined;
  const mode = params.get("sslmode") ?? (caFile === undefined ? "disable" : "verify-full");
  if (!(SSL_MODES as readonly string[]).includes(mode)) {
    throw wrong(`expected sslmode ${SSL_MODES.join(", ")}, was ${mode}`);
  }
  if (mode === "disable") {
    if (caFile !== undefined) throw wrong("a CA file is given, but sslmode=disable would not use it");
    return false;
  }
  const verify = mode === "verify-full";
  return {
    rejectUnauthorized: verify,
    servername: isIP(host) ? undefined : host,
    ca: caFile === undefined ? undefined : readCertificates(caFile),
    // The name that must match is the one the operator wrote, also where the driver knows only a socket.
    checkServerIdentity: (_host, certificate) =>
      verify ? checkServerIdentity(host, certificate) : undefined,
  };
}

function readCertificates(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw wrong(`the CA file ${path} cannot be read: ${(error as Error).message}`);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (certificates === null) throw wrong(`the CA file ${path} holds no PEM certificate`);
  return certificates;
}

function wrong(what: string): StoreFault {
  return new StoreFault("defect", "", `PostgreSQL address: ${what}`);
}
