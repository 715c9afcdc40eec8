import { describe, expect, test } from "bun:test";
import { BINANCE_ROWS, BINANCE_RULES } from "./binance/refusals.ts";
import { BYBIT_ROWS, bybitRules } from "./bybit/refusals.ts";
import { KRW_ROWS, KRW_RULES } from "./krw-refusals.ts";
import { type AnswerRules, codesOf, placeOutcome, readRefusal } from "./order-answer.ts";
import type { HttpResult } from "./signed-http.ts";

type Expected = readonly [kind: string, idStillFree: boolean, codes: readonly (string | number)[]];

/** What each code must mean, written apart from the tables: a code added to a table has to be decided here too. */
const KRW: readonly Expected[] = [
  ["key", true, ["jwt_verification", "invalid_query_payload"]],
  ["key", true, ["invalid_access_key", "expired_access_key", "no_authorization_token"]],
  ["key", true, ["no_authorization_ip", "no_authorization_i_p", "NotAllowIP"]],
  ["key", true, ["out_of_scope", "blocked_member_id"]],
  ["clock", true, ["expired_jwt"]],
  ["unknown", false, ["nonce_used", "order_not_ready"]],
  ["limited", true, ["too_many_requests", 429, 418]],
  ["funds", false, ["insufficient_funds_bid", "insufficient_funds_ask", "insufficient_funds"]],
  ["minimum", false, ["under_min_total_bid", "under_min_total_ask", "under_min_total"]],
  ["minimum", false, ["under_price_limit_bid", "under_price_limit_ask", "under_price_limit"]],
  ["price", false, ["invalid_price_bid", "invalid_price_ask", "invalid_price"]],
  ["quantity", false, ["invalid_volume_bid", "invalid_volume_ask", "invalid_volume"]],
  ["quantity", false, ["volume_too_large", "over_max_total"]],
  ["closed", false, ["market_does_not_exist", "market_not_found", "notfoundmarket"]],
  ["closed", false, ["market_offline", "invalid_market"]],
  ["unknown-order", false, ["order_not_found"]],
  ["other", false, ["create_bid_error", "create_ask_error", "create_error", "cross_trading"]],
  ["other", false, ["validation_error", "invalid_parameter", 400]],
];

const BYBIT: readonly Expected[] = [
  ["unknown", false, [10000, 10016, 10019, 3400214, 110079]],
  ["duplicate", false, [110072, 110030, 10014]],
  ["key", true, [10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10028, 33004, -2015]],
  ["clock", true, [10002, -1]],
  ["limited", true, [10006, 10018, 10429, 429, 20003]],
  ["funds", false, [110004, 110006, 110007, 110012, 110044, 110045, 110051, 110052, 110053, 110040, 170131]],
  ["minimum", false, [110094]],
  ["quantity", false, [110017, 110022]],
  ["price", false, [110003, 30208, 30209, 110116, 110118, 110120, 110121]],
  ["nothing-to-reduce", false, [110034]],
  ["closed", false, [110074, 110042, 110023, 30228, 110063, 110066, 110095, 110021]],
  ["closed", false, [10027, 10029, 110124, 110132, 110137]],
  ["mode", false, [110024, 110025, 110028, 110029]],
  ["unknown-order", false, [110001, 110008, 110010, 110019]],
  ["other", false, [10001, 10017, 10404]],
];

const BINANCE: readonly Expected[] = [
  ["unknown", false, [-1000, -1001, -1004, -1006, -1007, -1010]],
  ["limited", true, [-1003, -1015, -1034, -1008]],
  ["key", true, [-1002, -1005, -1011, -1022, -1099, -1109, -2008, -2014, -2015, -2017]],
  ["clock", true, [-1021, -5028]],
  ["funds", true, [-2018, -2019, -2027, -2028, -4050, -4051]],
  ["minimum", true, [-4164, -4003, -4004]],
  ["quantity", true, [-1013, -1111, -4005, -4023]],
  ["price", true, [-4001, -4002, -4013, -4014, -4016, -4024, -4029, -4131, -4183, -4184]],
  ["nothing-to-reduce", true, [-2022, -4118, -2024]],
  ["closed", true, [-1121, -1122, -1016, -2023, -4087, -4088, -4108, -4140, -4141, -4192]],
  ["closed", true, [-4400, -4401, -4402, -4403]],
  ["mode", true, [-4061, -4060]],
  ["duplicate", false, [-4116, -4115]],
  ["unknown-order", true, [-2011, -2013]],
  ["other", true, [-1014, -1020, -1023]],
];

interface Venue {
  readonly name: string;
  readonly rules: AnswerRules;
  readonly codes: readonly string[];
  readonly expected: readonly Expected[];
  /** The status the venue refuses orders with. */
  readonly status: number;
  readonly body: (code: string | number, message?: string) => string;
  readonly accepted: string;
}

const VENUES: readonly Venue[] = [
  {
    name: "Upbit and Bithumb",
    rules: KRW_RULES,
    codes: codesOf(KRW_ROWS),
    expected: KRW,
    status: 400,
    body: (name, message = "") => JSON.stringify({ error: { name, message } }),
    accepted: '{"uuid":"a"}',
  },
  {
    name: "Bybit",
    rules: bybitRules({ reducesShort: false }),
    codes: codesOf(BYBIT_ROWS),
    expected: BYBIT,
    status: 200,
    body: (retCode, retMsg = "") => JSON.stringify({ retCode: Number(retCode), retMsg, result: {}, time: 1 }),
    accepted: '{"retCode":0,"retMsg":"OK","result":{"orderId":"a"}}',
  },
  {
    name: "Binance",
    rules: BINANCE_RULES,
    codes: codesOf(BINANCE_ROWS),
    expected: BINANCE,
    status: 400,
    body: (code, msg = "") => JSON.stringify({ code: Number(code), msg }),
    accepted: '{"orderId":1}',
  },
];

const HTML = "<!DOCTYPE html><html><body>We'll be back soon</body></html>";
const noId = () => undefined;
const answer = (status: number, text: string): HttpResult => ({
  kind: "answer",
  status,
  headers: new Headers(),
  text,
});

for (const { name, rules, codes, expected, status, body, accepted } of VENUES) {
  describe(`${name}: what an answer to an order means`, () => {
    test("every code of the table is decided once, here and there", () => {
      const decided = expected.flatMap(([, , each]) => each.map(String));
      expect([...codes].sort()).toEqual([...decided].sort());
      expect(new Set(decided).size).toBe(decided.length);
    });

    const rows = expected.flatMap(([kind, free, each]) => each.map((code) => [code, kind, free] as const));
    test.each(rows)("%s is %s", (code, kind, idStillFree) => {
      const outcome = placeOutcome(answer(status, body(code, "some words")), rules, noId);
      if (kind === "unknown") return expect(outcome.kind).toBe("unknown");
      const rejection = { kind, code: String(code), message: "some words", idStillFree };
      expect(outcome as unknown).toEqual({ kind: "rejected", rejection });
    });

    test("with 500, 502, 504 or 408 no code is a refusal", () => {
      for (const code of codes) {
        for (const each of [500, 502, 504, 408]) {
          expect(placeOutcome(answer(each, body(code)), rules, noId).kind).toBe("unknown");
        }
      }
    });

    test.each([
      ["an HTML page", HTML],
      ["nothing", ""],
      ["half a document", body(codes[0]!, "words").slice(0, 12)],
      ["half a yes", accepted.slice(0, -3)],
      ["an empty object", "{}"],
      ["null", "null"],
      ["a list", "[]"],
    ])("%s is unknown under any status but those of limits", (_, text) => {
      for (const each of [200, 201, 301, 400, 401, 404, 422, 500, 503]) {
        expect(placeOutcome(answer(each, text), rules, noId).kind).toBe("unknown");
      }
    });

    test("429 and 418 are refusals whatever stands beside them", () => {
      for (const each of [429, 418]) {
        for (const text of [HTML, "", body(codes[0]!)]) {
          const outcome = placeOutcome(answer(each, text), rules, noId);
          expect(outcome).toMatchObject({
            kind: "rejected",
            rejection: { kind: "limited", idStillFree: true },
          });
        }
      }
    });

    test("a yes with an id is accepted, one without is unknown", () => {
      expect(placeOutcome(answer(200, accepted), rules, () => "a")).toEqual({
        kind: "accepted",
        venueOrderId: "a",
      });
      expect(placeOutcome(answer(200, accepted), rules, noId).kind).toBe("unknown");
    });

    test("a time-out, a reset and an answer too large are unknown, a connection never made is unsent", () => {
      for (const why of ["timeout", "network", "too-large"] as const) {
        expect(placeOutcome({ kind: "no-answer", why }, rules, noId)).toEqual({ kind: "unknown", why });
      }
      expect(placeOutcome({ kind: "not-connected" }, rules, noId).kind).toBe("unsent");
    });

    test("every row says why", () => {
      for (const row of rules.rows) expect(row.why.length).toBeGreaterThan(10);
    });
  });
}

const outcomeOf = (rules: AnswerRules, status: number, text: string) => readRefusal(status, text, rules);

describe("Upbit and Bithumb", () => {
  const krw = (status: number, name: string | number, message = "") =>
    outcomeOf(KRW_RULES, status, JSON.stringify({ error: { name, message } }));

  test.each([
    [400, "identifier_already_used", "이미 사용된 identifier입니다."],
    [400, "duplicated_client_order_id", ""],
    [400, "duplicate_identifier", ""],
    [400, "validation_error_x", "identifier has already been used"],
    [400, "invalid_request_x", "client_order_id: 중복된 값입니다"],
    [409, "conflict", ""],
  ])("%s %s %s: a used id", (status, name, message) => {
    expect(krw(status, name, message)).toMatchObject({
      kind: "rejected",
      rejection: { kind: "duplicate", idStillFree: false },
    });
  });

  test("a complaint about the id's form is no duplicate", () => {
    expect(krw(400, "invalid_identifier", "identifier is too long")).toMatchObject({
      rejection: { kind: "other" },
    });
  });

  test.each([
    [401, "something_new", "key", true],
    [403, "something_new", "key", true],
    [400, "something_new", "other", false],
    [404, "something_new", "other", false],
  ] as const)("a name not documented under %s: %s is %s", (status, name, kind, idStillFree) => {
    expect(krw(status, name)).toMatchObject({
      kind: "rejected",
      rejection: { kind, idStillFree, code: name },
    });
  });

  test("a name not documented under 422 is unknown", () => {
    expect(krw(422, "something_new").kind).toBe("unknown");
  });

  test("an integer name is read like a word", () => {
    expect(krw(400, 400, "Missing request parameter error.")).toMatchObject({
      rejection: { kind: "other", code: "400" },
    });
  });
});

describe("Bybit", () => {
  const bybit = (retCode: number, retMsg = "", reducesShort = false, status = 200) =>
    outcomeOf(bybitRules({ reducesShort }), status, JSON.stringify({ retCode, retMsg, result: { a: 1 } }));

  test("110017 of a reducing order: there is nothing to reduce", () => {
    expect(bybit(110017, "", true)).toMatchObject({ rejection: { kind: "nothing-to-reduce" } });
  });

  test.each([
    ["position idx not match position mode", "mode"],
    ["Qty invalid", "quantity"],
    ["The number of contracts exceeds maximum limit allowed", "other"],
    ["Price invalid", "price"],
    ["params error", "other"],
  ])("10001 %s is %s", (text, kind) => {
    expect(bybit(10001, text)).toMatchObject({ kind: "rejected", rejection: { kind, idStillFree: false } });
  });

  test("the rest of the order module's codes are refusals, those of other modules are unknown", () => {
    expect(bybit(110016)).toMatchObject({ kind: "rejected", rejection: { kind: "other", code: "110016" } });
    for (const code of [177002, 3400139, 500001, 12345]) expect(bybit(code).kind).toBe("unknown");
  });

  test("403 is the address's limit, with a body or without", () => {
    expect(outcomeOf(bybitRules({ reducesShort: false }), 403, "access too frequent")).toMatchObject({
      rejection: { kind: "limited", idStillFree: true },
    });
  });
});

describe("Binance", () => {
  const binance = (status: number, code: number, msg = "") =>
    outcomeOf(BINANCE_RULES, status, JSON.stringify({ code, msg }));

  test.each([
    [503, 0, "Unknown error, please check your request or try again later."],
    [503, -1003, "Unknown error, please check your request or try again later."],
    [400, -1003, "Unknown error, please check your request or try again later."],
    [503, -1000, "something else"],
    [503, -2019, "Margin is insufficient."],
    [500, -1008, "Server is currently overloaded."],
  ])("%s %s %s is unknown", (status, code, msg) => {
    expect(binance(status, code, msg).kind).toBe("unknown");
  });

  test.each([
    [503, -1008, "Server is currently overloaded with other requests.", "limited"],
    [429, -1008, "Request throttled by system-level protection.", "limited"],
    [503, 0, "Service Unavailable.", "closed"],
    [503, -1016, "Service Unavailable.", "closed"],
    [503, -1001, "Internal error; unable to process your request. Please try again.", "closed"],
  ])("%s %s %s has failed: %s", (status, code, msg, kind) => {
    expect(binance(status, code, msg)).toMatchObject({
      kind: "rejected",
      rejection: { kind, idStillFree: true },
    });
  });

  test("families: the rest of 11xx, 20xx, 40xx and 50xx are refusals, the rest of 10xx unknown", () => {
    for (const code of [-1102, -1116, -2010, -2025, -4009, -4120, -5021]) {
      expect(binance(400, code)).toMatchObject({ kind: "rejected", rejection: { kind: "other" } });
    }
    for (const code of [-1033, -1050, -3000, -9000, 7]) expect(binance(400, code).kind).toBe("unknown");
  });

  test("403 is the web firewall", () => {
    expect(outcomeOf(BINANCE_RULES, 403, HTML)).toMatchObject({ rejection: { kind: "limited" } });
  });

  test("a refusal inside a list of one is read", () => {
    expect(outcomeOf(BINANCE_RULES, 400, '[{"code":-2011,"msg":"Unknown order sent."}]')).toMatchObject({
      rejection: { kind: "unknown-order" },
    });
  });
});

test("A venue's long text is cut", () => {
  const text = JSON.stringify({ code: -2019, msg: "x".repeat(5_000) });
  const verdict = readRefusal(400, text, BINANCE_RULES);
  expect(verdict.kind === "rejected" && verdict.rejection.message.length).toBe(200);
});
