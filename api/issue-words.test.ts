import { expect, test } from "bun:test";
import * as v from "valibot";
import { expectedWords } from "./issue-words.ts";
import { signUpSchema } from "./routes/accounts.ts";
import { newKeySchema } from "./routes/keys.ts";
import { klineQuerySchema } from "./routes/market.ts";
import { topUpSchema } from "./routes/paper.ts";
import { entriesChangeSchema } from "./routes/safety.ts";
import { consentChangeSchema, newStrategySchema } from "./routes/strategies.ts";
import { telegramChangeSchema } from "./routes/telegram.ts";

const SCHEMAS = {
  signUpSchema,
  newKeySchema,
  topUpSchema,
  entriesChangeSchema,
  consentChangeSchema,
  newStrategySchema,
  telegramChangeSchema,
};
/** Each is wrong for every field, one way or another. */
const WRONG = [undefined, null, 1.5, 0, -1, 1e9, "", "\n", "x".repeat(300), "-1", [], ["btc"], {}, true, [1]];

const wordsOf = (schema: v.GenericSchema, value: unknown) =>
  (v.safeParse(schema, value).issues ?? []).map(
    (issue) => `${String(issue.path?.[0]?.key ?? "")}: ${expectedWords(issue, schema)}`,
  );

test("what was expected is said in words, whatever is wrong with whichever field", () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const fields = "entries" in schema ? Object.keys(schema.entries) : ["consent", "off", "words", "why"];
    const bodies = [...WRONG, ...WRONG.map((value) => Object.fromEntries(fields.map((one) => [one, value])))];
    const words = bodies.flatMap((body) => wordsOf(schema, body));
    expect(words.length).toBeGreaterThan(WRONG.length);
    for (const said of words)
      expect([name, said]).toEqual([name, expect.stringMatching(/^\w*: [^<>"(|]+("[^"]+")?$/)]);
    expect(words.filter((said) => /never|another value|Object|Array|Invalid/.test(said))).toEqual([]);
  }
});

test("a missing field, an unknown one, bounds and choices have plain words", () => {
  expect(wordsOf(signUpSchema, { password: "x".repeat(300), name: "", more: 1 })).toEqual([
    "email: a text",
    "password: at most 200 characters",
    "name: something, not nothing",
    "more: no such field",
  ]);
  const strategy = wordsOf(newStrategySchema, {
    leverage: 1.5,
    seedDivision: 0,
    tradeMode: "x",
    coinMode: null,
  });
  expect(strategy).toContain("leverage: a whole number");
  expect(strategy).toContain("seedDivision: at least 1");
  expect(strategy).toContain("tradeMode: auto or custom");
  expect(strategy).toContain("seedAmountKrw: a decimal as text, below 10^10, with at most 8 decimals");
  expect(strategy).toContain("allowAverageUp: true or false");
  expect(wordsOf(newStrategySchema, { entryRate: 1400 })).toContain(
    "entryRate: a decimal as text, below 10^10, with at most 8 decimals",
  );
  expect(wordsOf(topUpSchema, { amount: 5 })).toEqual([
    "venue: upbit or bithumb or bybit or binance",
    "amount: a decimal as text, above 0 and below 10^10, with at most 8 decimals",
  ]);
  expect(wordsOf(entriesChangeSchema, { off: "x" })).toEqual(["off: true or false"]);
  expect(wordsOf(entriesChangeSchema, { off: true })).toEqual(["why: a text"]);
  expect(wordsOf(consentChangeSchema, { consent: true })).toEqual([
    'words: the words "trade with my real money"',
  ]);
  const exchanges = "exchanges: UPBIT or BITHUMB and BYBIT or BINANCE, as UPBIT,BYBIT";
  for (const wrong of [undefined, "UPBIT", "UPBIT,GATEIO", "UPBIT,BITHUMB", "UPBIT,BYBIT,BINANCE"]) {
    expect(wordsOf(klineQuerySchema, { exchanges: wrong, symbol: "BTC" })).toEqual([exchanges]);
  }
});
