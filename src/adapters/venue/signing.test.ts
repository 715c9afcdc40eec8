import { describe, expect, test } from "bun:test";
import vectors from "../../../vectors/signing.json";
import {
  binanceSigned,
  bybitHeaders,
  bybitSignedText,
  jwt,
  type KrwToken,
  krwAuthorization,
  plainQuery,
  queryHash,
} from "./signing.ts";

interface Vector {
  readonly id: string;
  readonly exchange: string;
  readonly apiKey?: string;
  readonly secret?: string;
  readonly nonce?: string;
  readonly timestamp?: number | string;
  readonly recvWindow?: number | string;
  readonly stringToSign?: string;
  readonly queryString?: string;
  readonly body?: string | Record<string, string>;
  readonly params?: readonly (readonly [string, unknown])[];
  readonly header?: object;
  readonly payload?: object;
  readonly request?: { readonly method: string; readonly url: string; readonly body?: string };
  readonly expected: Record<string, string> & { readonly headers?: Record<string, string> };
}

const all = vectors.vectors as unknown as Vector[];
const vector = (id: string): Vector => {
  const found = all.find((each) => each.id === id);
  if (found === undefined) throw new Error(`expected a vector ${id}`);
  return found;
};
const keyOf = ({ apiKey = "", secret = "" }: Vector) => ({ apiKey, secret });
const used = new Set<string>();
const take = (id: string) => {
  used.add(id);
  return vector(id);
};

describe("Upbit's and Bithumb's tokens", () => {
  test("have the documented segments with HS512", () => {
    const { header, payload, expected } = take("upbit-doc-jwt-segments");
    expect(header).toEqual({ alg: "HS512", typ: "JWT" });
    const [headerSegment, payloadSegment] = jwt("HS512", payload!, "any secret").split(".");
    expect({ headerSegment, payloadSegment }).toEqual(expected as never);
  });

  test("HS512 differs from HS256 in the header and the length of the signature", () => {
    const [, , short] = jwt("HS256", {}, "secret").split(".");
    const [, , long] = jwt("HS512", {}, "secret").split(".");
    expect([short!.length, long!.length]).toEqual([43, 86]);
  });

  test.each(["upbit-doc-get-array-query", "upbit-doc-post-order-query"])(
    "%s: the query is hashed as sent",
    (id) => {
      const { params, body, expected } = take(id);
      const members = params ?? Object.entries(body as Record<string, string>);
      const query = plainQuery(
        members.map(([name, value]) => {
          const plain = name.replace("[]", "");
          return [plain, Array.isArray(value) ? value.map(String) : String(value)] as const;
        }),
      );
      expect(query).toBe(expected.queryString!);
      expect(queryHash(query)).toBe(expected.query_hash!);
    },
  );

  test.each(["bithumb-doc-orders-chance-query", "bithumb-doc-krw-deposit-array-query"])("%s", (id) => {
    const { expected } = take(id);
    expect(queryHash(expected.queryString!)).toBe(expected.query_hash!);
  });

  test.each([
    ["upbit-ccxt-get-accounts", undefined],
    ["upbit-ccxt-post-market-buy", undefined],
    ["bithumb-ccxt-get-accounts", "timed"],
    ["bithumb-ccxt-post-market-buy", "timed"],
  ] as const)("%s: the whole header", (id, timed) => {
    const found = take(id);
    const members = Object.entries(JSON.parse(found.request!.body ?? "{}") as Record<string, string>);
    const token: KrwToken = {
      algorithm: "HS256",
      nonce: found.nonce!,
      query: plainQuery(members),
      ...(timed && { timestampMs: found.timestamp as number }),
    };
    expect(krwAuthorization(keyOf(found), token)).toBe(found.expected.headers!.Authorization!);
  });
});

describe("Bybit's headers", () => {
  test.each(["bybit-doc-get-preimage", "bybit-doc-post-preimage"])("%s: what is signed", (id) => {
    const { apiKey, timestamp, recvWindow, queryString, body, expected } = take(id);
    const payload = queryString ?? (body as string);
    const text = bybitSignedText(apiKey!, Number(timestamp), Number(recvWindow), payload);
    expect(text).toBe(expected.stringToSign!);
  });

  test.each(["bybit-ccxt-get-position-list", "bybit-ccxt-post-order-create"])("%s: all four", (id) => {
    const found = take(id);
    const payload = found.request!.body ?? found.request!.url.split("?")[1]!;
    const { "X-BAPI-RECV-WINDOW": recvWindow, ...rest } = found.expected.headers!;
    const headers = bybitHeaders(keyOf(found), found.timestamp as number, Number(recvWindow), payload);
    expect(headers).toEqual({ ...rest, "X-BAPI-RECV-WINDOW": recvWindow! });
  });
});

describe("Binance's signature", () => {
  test.each(["binance-usdm-doc-query", "binance-spot-doc-query"])("%s", (id) => {
    const found = take(id);
    const signed = binanceSigned(keyOf(found), found.stringToSign!);
    expect(signed).toBe(`${found.stringToSign}&signature=${found.expected.signature}`);
  });

  test("binance-ccxt-post-order: the body as sent", () => {
    const found = take("binance-ccxt-post-order");
    const body = found.request!.body!;
    expect(binanceSigned(keyOf(found), body.split("&signature=")[0]!)).toBe(body);
  });
});

test("Every vector has been checked", () => {
  expect([...used].sort()).toEqual(all.map(({ id }) => id).sort());
});

describe("A plain query", () => {
  test("keeps the order and repeats arrays", () => {
    expect(
      plainQuery([
        ["b", "2"],
        ["states", ["wait", "watch"]],
        ["a", "1"],
      ]),
    ).toBe("b=2&states[]=wait&states[]=watch&a=1");
  });

  test.each(["a b", "a&b", "a=b", "한", "a/b", "a\n"])(
    "refuses %p, which a URL would have to escape",
    (value) => {
      expect(() => plainQuery([["x", value]])).toThrow(RangeError);
    },
  );

  test("a cursor that comes escaped goes back as it came", () => {
    expect(plainQuery([["cursor", "page_token%3D39380%26"]])).toBe("cursor=page_token%3D39380%26");
  });
});
