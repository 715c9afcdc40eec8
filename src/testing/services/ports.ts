// Free ports on 127.0.0.1 for servers that must come back on the same port after a kill.
// They lie below the range the kernel hands to outgoing connections (32768 up on Linux): a client that
// hammers a dead server's port could otherwise be given that very port as its own and block the restart.

import { createServer } from "node:net";

const PORT_MIN = 10_000;
const PORT_COUNT = 22_000;
const TRIES_MAX = 200;

/** A port nobody listens on now. Spread at random, so that parallel test processes seldom meet. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const port = PORT_MIN + Math.floor(Math.random() * PORT_COUNT);
    if (!handedOut.has(port) && (await canListen(port))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error(`expected a free port on 127.0.0.1, found none in ${TRIES_MAX} tries`);
}

const handedOut = new Set<number>();

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
