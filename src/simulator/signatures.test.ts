import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import vectorFile from "../../vectors/signing.json" with { type: "json" };
import {
  BITHUMB_TOKEN,
  bybitSignedText,
  checkBinance,
  checkBybit,
  checkToken,
  hashedText,
  NonceBook,
  type TokenRules,
  UPBIT_TOKEN,
} from "./signatures.ts";

interface Vector {
  id: string;
  exchange: string;
  kind: string;
  apiKey?: string;
  secret?: string;
  timestamp?: number | string;
  recvWindow?: number | string;
  stringToSign?: string;
  queryString?: string;
  body?: string | Record<string, string>;
  header?: object;
  payload?: object;
  params?: [string, string | number | string[]][];
  request?: { method: string; url: string; body?: string };
  expected: {
    signature?: string;
    stringToSign?: string;
    queryString?: string;
    query_hash?: string;
    headerSegment?: string;
    payloadSegment?: string;
    headers?: Record<string, string>;
  };
}

const vectors = vectorFile.vectors as unknown as Vector[];
const KEY = { apiKey: "TEST_ACCESS_KEY", secret: "TEST_SECRET_KEY_0123456789abcdef" };
const NOW_MS = 1_790_000_000_000;

function queryOf(url: string): string {
  return url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
}

for (const vector of vectors.filter(({ kind }) => kind === "ccxt-4.5.84-signer-fixed-clock")) {
  test(`${vector.id}: the request as stock ccxt signs it is accepted, and refused with one character changed`, () => {
    const { url, body = "" } = vector.request!;
    const headers = vector.expected.headers ?? {};
    const nowMs = Number(vector.timestamp);
    const verify = (change: (text: string) => string): boolean => {
      if (vector.exchange === "bybit") {
        return checkBybit(
          {
            apiKey: headers["X-BAPI-API-KEY"]!,
            timestamp: headers["X-BAPI-TIMESTAMP"]!,
            recvWindow: headers["X-BAPI-RECV-WINDOW"]!,
            sign: headers["X-BAPI-SIGN"]!,
            query: change(queryOf(url)),
            body: change(body),
            nowMs,
          },
          [KEY],
        ).ok;
      }
      if (vector.exchange === "binance") {
        const signed = { apiKey: headers["X-MBX-APIKEY"]!, query: queryOf(url), body: change(body), nowMs };
        return checkBinance(signed, [KEY]).ok;
      }
      const rules: TokenRules = vector.exchange === "upbit" ? UPBIT_TOKEN : BITHUMB_TOKEN;
      const authorization = headers.Authorization!;
      const hashed = hashedText(queryOf(url), body);
      const given =
        hashed === ""
          ? { authorization: change(authorization), hashed }
          : { authorization, hashed: change(hashed) };
      return checkToken({ ...given, nowMs }, [KEY], new NonceBook(), rules).ok;
    };
    expect(verify((text) => text)).toBe(true);
    expect(verify((text) => (text === "" ? "" : text.replace(/[A-Za-z](?=[^A-Za-z]*$)/, "~")))).toBe(false);
  });
}

for (const vector of vectors.filter(({ id }) => id.startsWith("binance") && id.includes("-doc-"))) {
  test(`${vector.id}: Binance's published example is accepted`, () => {
    const key = { apiKey: vector.apiKey!, secret: vector.secret! };
    const text = `${vector.stringToSign}&signature=${vector.expected.signature}`;
    const nowMs = Number(vector.timestamp);
    expect(checkBinance({ apiKey: key.apiKey, query: text, body: "", nowMs }, [key]).ok).toBe(true);
    // The same split over query and body, joined without a separator.
    const half = text.indexOf("&price");
    const split = { query: text.slice(0, half), body: text.slice(half) };
    expect(checkBinance({ apiKey: key.apiKey, ...split, nowMs }, [key]).ok).toBe(true);
  });
}

for (const vector of vectors.filter(({ kind }) => kind === "official-example-preimage-only")) {
  test(`${vector.id}: the text to sign is Bybit's`, () => {
    const text = bybitSignedText({
      timestamp: String(vector.timestamp),
      apiKey: vector.apiKey!,
      recvWindow: String(vector.recvWindow),
      query: vector.queryString ?? "",
      body: (vector.body as string | undefined) ?? "",
    });
    expect(text).toBe(vector.expected.stringToSign!);
  });
}

for (const vector of vectors.filter(({ expected }) => expected.query_hash !== undefined)) {
  test(`${vector.id}: the hashed text is the published one`, () => {
    const asSent = encodeURI(vector.expected.queryString!).replaceAll("[]", "%5B%5D");
    const hashed =
      vector.body === undefined ? hashedText(asSent, "") : hashedText("", JSON.stringify(vector.body));
    expect(hashed).toBe(vector.expected.queryString!);
    expect(createHash("sha512").update(hashed).digest("hex")).toBe(vector.expected.query_hash!);
  });
}

test("upbit-doc-jwt-segments: the published segments signed with a known secret are accepted (HS512)", () => {
  const vector = vectors.find(({ id }) => id === "upbit-doc-jwt-segments")!;
  const key = { apiKey: (vector.payload as { access_key: string }).access_key, secret: "known" };
  const signed = `${vector.expected.headerSegment}.${vector.expected.payloadSegment}`;
  const signature = createHmac("sha512", key.secret).update(signed).digest("base64url");
  const request = { authorization: `Bearer ${signed}.${signature}`, hashed: "", nowMs: NOW_MS };
  expect(checkToken(request, [key], new NonceBook(), UPBIT_TOKEN).ok).toBe(true);
  expect(checkToken(request, [key], new NonceBook(), BITHUMB_TOKEN)).toEqual({
    ok: false,
    refusal: "jwt_verification",
  });
});

test("members of a JSON body are hashed in its order, arrays one by one", () => {
  const body = JSON.stringify({ b: "2", states: ["wait", "watch"], a: 1 });
  expect(hashedText("", body)).toBe("b=2&states[]=wait&states[]=watch&a=1");
  expect(hashedText("", "not json")).toBe("not json");
});

/** Signs claims as a client would. */
function token(claims: object, algorithm: "HS256" | "HS512" = "HS256", secret = KEY.secret): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode({ alg: algorithm, typ: "JWT" })}.${encode(claims)}`;
  const name = algorithm === "HS256" ? "sha256" : "sha512";
  return `Bearer ${text}.${createHmac(name, secret).update(text).digest("base64url")}`;
}

test("a token is refused by the name of what is wrong with it", () => {
  const claims = { access_key: KEY.apiKey, nonce: "n-1" };
  const nonces = new NonceBook();
  const check = (authorization: string | null, hashed = "", rules = UPBIT_TOKEN) => {
    const result = checkToken({ authorization, hashed, nowMs: NOW_MS }, [KEY], nonces, rules);
    return result.ok ? "ok" : result.refusal;
  };
  expect(check(null)).toBe("no_authorization_token");
  expect(check("Bearer nonsense")).toBe("jwt_verification");
  expect(check(token(claims, "HS256", "other"))).toBe("jwt_verification");
  expect(check(token({ ...claims, access_key: "nobody" }))).toBe("invalid_access_key");
  expect(check(token(claims), "market=KRW-BTC")).toBe("invalid_query_payload");
  expect(check(token({ access_key: KEY.apiKey }))).toBe("jwt_verification");
  expect(check(token(claims))).toBe("ok");
  expect(check(token(claims, "HS512"))).toBe("nonce_used");
  expect(check(token({ ...claims, nonce: "n-2" }), "", BITHUMB_TOKEN)).toBe("jwt_verification");
  const late = { ...claims, nonce: "n-3", timestamp: NOW_MS - 20_001 };
  expect(check(token(late), "", BITHUMB_TOKEN)).toBe("expired_jwt");
  expect(check(token({ ...late, timestamp: NOW_MS - 20_000 }), "", BITHUMB_TOKEN)).toBe("ok");
});

test("Bybit and Binance time windows hold to the millisecond", () => {
  const bybit = (timestampMs: number) => {
    const timestamp = String(timestampMs);
    const sign = createHmac("sha256", KEY.secret).update(`${timestamp}${KEY.apiKey}5000`).digest("hex");
    const signed = {
      apiKey: KEY.apiKey,
      timestamp,
      recvWindow: "5000",
      sign,
      query: "",
      body: "",
      nowMs: NOW_MS,
    };
    return checkBybit(signed, [KEY]).ok;
  };
  expect([bybit(NOW_MS - 5_001), bybit(NOW_MS - 5_000), bybit(NOW_MS + 999), bybit(NOW_MS + 1_000)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
  const binance = (timestampMs: number) => {
    const text = `timestamp=${timestampMs}`;
    const signature = createHmac("sha256", KEY.secret).update(text).digest("hex");
    const query = `${text}&signature=${signature}`;
    return checkBinance({ apiKey: KEY.apiKey, query, body: "", nowMs: NOW_MS }, [KEY]);
  };
  expect(binance(NOW_MS - 5_001)).toEqual({ ok: false, refusal: "late" });
  expect(binance(NOW_MS - 5_000).ok).toBe(true);
  expect(binance(NOW_MS + 999).ok).toBe(true);
  expect(binance(NOW_MS + 1_000)).toEqual({ ok: false, refusal: "early" });
});

test("Binance wants the signature last: nothing before it may be left out, nothing after it may be added", () => {
  const text = `timestamp=${NOW_MS}`;
  const signature = createHmac("sha256", KEY.secret).update(text).digest("hex");
  for (const query of [`signature=${signature}&${text}`, `${text}&signature=${signature}&recvWindow=60000`]) {
    const result = checkBinance({ apiKey: KEY.apiKey, query, body: "", nowMs: NOW_MS }, [KEY]);
    expect(result).toEqual({ ok: false, refusal: "bad-sign" });
  }
});
