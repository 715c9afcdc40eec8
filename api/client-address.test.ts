import { expect, test } from "bun:test";
import { ClientAddresses } from "./client-address.ts";

const PROXIES = new ClientAddresses(["127.0.0.1", "::1", "10.0.0.0/8"]);

function of(peer: string, headers: Record<string, string> = {}) {
  return PROXIES.of(new Request("http://api.kr/api/premium", { headers }), peer);
}

test("without a proxy of ours the other end of the socket counts, whatever the headers say", () => {
  const forged = { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" };
  expect(of("198.51.100.7", forged)).toEqual({ address: "198.51.100.7", isHttps: false });
});

test("behind a proxy of ours the last hop that is none of ours counts", () => {
  const address = (hops: string) => of("::ffff:127.0.0.1", { "X-Forwarded-For": hops })?.address;
  expect(address("203.0.113.9")).toBe("203.0.113.9");
  expect(address("6.6.6.6, 203.0.113.9")).toBe("203.0.113.9");
  expect(address("6.6.6.6, 203.0.113.9, 10.1.2.3")).toBe("203.0.113.9");
  expect(address("203.0.113.9:4711")).toBe("203.0.113.9");
  expect(address("[2001:db8::1]:443")).toBe("2001:db8:0:0::/64");
  expect(address("10.1.2.3")).toBe("10.1.2.3");
});

test("hops that are no addresses are not believed, and neither is anything before them", () => {
  const address = (hops: string) => of("127.0.0.1", { "X-Forwarded-For": hops })?.address;
  expect(address("203.0.113.9, unknown")).toBe("127.0.0.1");
  expect(address("")).toBe("127.0.0.1");
  expect(address(`${"203.0.113.9, ".repeat(1_000)}10.0.0.1`)).toBe("203.0.113.9");
  expect(of("127.0.0.1")?.address).toBe("127.0.0.1");
});

test("IPv6 is counted by its /64, and IPv4 written as IPv6 as IPv4", () => {
  expect(of("2001:db8:1:2:3:4:5:6")?.address).toBe("2001:db8:1:2::/64");
  expect(of("2001:0DB8:1:2::9")?.address).toBe("2001:db8:1:2::/64");
  expect(of("fe80::1%eth0")?.address).toBe("fe80:0:0:0::/64");
  expect(of("::ffff:198.51.100.7")?.address).toBe("198.51.100.7");
});

test("TLS is believed of a proxy of ours alone, by what it said last", () => {
  expect(of("127.0.0.1", { "X-Forwarded-Proto": "https" })?.isHttps).toBe(true);
  expect(of("127.0.0.1", { "X-Forwarded-Proto": "https, http" })?.isHttps).toBe(false);
  expect(PROXIES.of(new Request("https://api.kr/"), "198.51.100.7")?.isHttps).toBe(true);
});

test("a socket that is not known is nobody's, and a proxy that is no address is refused", () => {
  expect(PROXIES.of(new Request("http://api.kr/"), undefined)).toBeUndefined();
  expect(() => new ClientAddresses(["proxy.kr"])).toThrow("expected an address or a subnet, was proxy.kr");
});
