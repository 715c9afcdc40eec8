// When the bus's certificate runs out. NATS speaks in plain until its first line, and only then takes TLS: whoever wants
// to see the certificate has to do the same. Nothing is sent over the connection but the handshake.

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/telemetry.ts";

export interface BusAddress {
  /** As for the bus: `tls://host:port`, or any with a CA file; several with commas between. */
  readonly url: string;
  readonly caFile?: string | undefined;
}

const READ_TIMEOUT_MS = 5_000;
const READ_EVERY_MS = 6 * 3_600_000;
const READ_AGAIN_MS = 60_000;
const DEFAULT_PORT = 4222;

/**
 * Epoch ms of the end of the first server's certificate; undefined where the bus is reached without TLS. Reads also one
 * that is over or not trusted: it is looked at, not relied on. Rejects when the server does not answer in time.
 */
export async function readBusCertificateEnd({ url, caFile }: BusAddress): Promise<number | undefined> {
  const [first = ""] = url.split(",");
  const { hostname, port, protocol } = new URL(
    first.includes("://") ? first.trim() : `nats://${first.trim()}`,
  );
  if (protocol !== "tls:" && caFile === undefined) return undefined;
  const socket = connectPlain({ host: hostname, port: Number(port) || DEFAULT_PORT });
  try {
    await within(socket, (resolve) => socket.once("data", () => resolve(undefined)));
    const certificate = await shown(socket, hostname);
    const endAtMs = Date.parse(certificate.valid_to);
    if (Number.isNaN(endAtMs)) throw new Error("expected the bus to show a certificate");
    return endAtMs;
  } finally {
    socket.destroy();
  }
}

function shown(socket: Socket, hostname: string): Promise<PeerCertificate> {
  const secure = connectTls({
    socket,
    rejectUnauthorized: false,
    ...(isIP(hostname) === 0 && { servername: hostname }),
  });
  return within(secure, (resolve) =>
    secure.once("secureConnect", () => resolve(secure.getPeerCertificate())),
  );
}

async function within<T>(socket: Socket, begin: (resolve: (value: T) => void) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const late = new Error(`expected the bus to answer within ${READ_TIMEOUT_MS} ms`);
  const timer = setTimeout(() => reject(late), READ_TIMEOUT_MS);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("expected the bus to answer, it hung up")));
  begin(resolve);
  return await promise.finally(() => clearTimeout(timer));
}

/** Keeps the instant for metrics and doctor: a certificate that is renewed is seen within hours. */
export class BusCertificate {
  /** Epoch ms; undefined while it has not been seen, or there is none. */
  endAtMs: number | undefined;

  constructor(
    private readonly parts: { readonly clock: Clock; readonly log: Log; readonly address: BusAddress },
  ) {}

  /** Resolves once `over` is aborted, or at once where there is nothing to look at. */
  async run(over: AbortSignal): Promise<void> {
    const { clock, log, address } = this.parts;
    while (!over.aborted) {
      try {
        this.endAtMs = await readBusCertificateEnd(address);
        if (this.endAtMs === undefined) return;
        await clock.sleep(READ_EVERY_MS, over);
      } catch (error) {
        log.debug("the bus's certificate was not to be seen", { error });
        await clock.sleep(READ_AGAIN_MS, over);
      }
    }
  }
}
