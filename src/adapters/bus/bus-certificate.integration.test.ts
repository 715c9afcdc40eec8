import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { needs } from "../../testing/needs.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { startNats } from "../../testing/services.ts";
import { systemClock } from "../clock.ts";
import { BusCertificate, readBusCertificateEnd } from "./bus-certificate.ts";

needs(["nats", "openssl"], "the bus's certificate", () => {
  test("its end is read from the server, trusted or not; without TLS there is none", async () => {
    const server = await startNats({ tls: true });
    try {
      const { caFile, certFile } = server.tls!;
      const endAtMs = Date.parse(new X509Certificate(readFileSync(certFile)).validTo);
      const url = server.url.replace(/^nats:/, "tls:");
      expect(await readBusCertificateEnd({ url: server.url, caFile })).toBe(endAtMs);
      expect(await readBusCertificateEnd({ url })).toBe(endAtMs);
      const log = new RecordingLog();
      const over = new AbortController();
      const certificate = new BusCertificate({ clock: systemClock, log, address: { url, caFile } });
      const running = certificate.run(over.signal);
      while (certificate.endAtMs === undefined) await systemClock.sleep(10);
      expect(certificate.endAtMs).toBe(endAtMs);
      over.abort();
      await running;
    } finally {
      await server.stop();
    }
    await expect(readBusCertificateEnd({ url: server.url, caFile: server.tls!.caFile })).rejects.toThrow();
    expect(await readBusCertificateEnd({ url: "nats://127.0.0.1:1" })).toBeUndefined();
  });
});
