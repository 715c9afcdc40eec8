// From where a request comes: the other end of its socket, or, when that is a proxy of ours, what the proxy says. What
// anybody else writes into X-Forwarded headers counts nothing.

import { BlockList, isIP } from "node:net";

/** Proxies one behind another; a longer list of hops was not written by ours. */
const HOPS_MAX = 8;

export interface Client {
  /** What is counted by: an IPv4 address, or the /64 an IPv6 address is in. */
  readonly address: string;
  /** Whether he speaks TLS, to us or to a proxy of ours. */
  readonly isHttps: boolean;
}

/** Tells clients apart. `trusted` are addresses and subnets (10.0.0.0/8) of proxies; throws RangeError on anything else. */
export class ClientAddresses {
  readonly #trusted = new BlockList();

  constructor(trusted: readonly string[]) {
    for (const one of trusted) {
      const [address = "", bits] = one.split("/");
      const family = familyOf(address);
      if (!family) throw new RangeError(`expected an address or a subnet, was ${one}`);
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /** `peer` is the other end of the socket; undefined where it is not known, and then nobody is trusted. */
  of(request: Request, peer: string | undefined): Client | undefined {
    if (peer === undefined) return undefined;
    const isHttpsHere = request.url.startsWith("https:");
    let address = plain(peer);
    if (!this.#isTrusted(address)) return { address: counted(address), isHttps: isHttpsHere };
    const hops = (request.headers.get("X-Forwarded-For") ?? "").split(",").slice(-HOPS_MAX);
    // Each proxy adds at the end whom it talks to: the last that is none of ours is the client.
    for (const hop of hops.reverse()) {
      const next = plain(hop);
      if (isIP(next) === 0) break;
      address = next;
      if (!this.#isTrusted(address)) break;
    }
    const proto = request.headers.get("X-Forwarded-Proto")?.split(",").at(-1)?.trim().toLowerCase();
    return { address: counted(address), isHttps: isHttpsHere || proto === "https" };
  }

  #isTrusted(address: string): boolean {
    const family = familyOf(address);
    return family !== undefined && this.#trusted.check(address, family);
  }
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6";
}

/** Without blanks, brackets, a port or a zone; IPv4 in IPv6's clothes is IPv4. */
function plain(text: string): string {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const address = bare.replace(/%.*$/, "");
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** A household or a host has a /64 of IPv6, and any number of addresses in it. */
function counted(address: string): string {
  if (isIP(address) !== 6) return address;
  const [before = "", after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after ? after.split(":") : [];
  const groups = [...head, ...new Array(8 - head.length - tail.length).fill("0"), ...tail];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
