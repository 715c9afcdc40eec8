import { expect, test } from "bun:test";
import fc from "fast-check";
import { PAIR_KEYS, SEEDS_KRW } from "../schema/vocabulary.ts";
import { runsOf } from "../src/testing/runs.ts";
import { anyText } from "../src/testing/texts.ts";
import { filterRows, parseStreamQuery, parseTableQuery } from "./filters.ts";
import { fakeRows, testApi } from "./test-kit.ts";

const INPUTS = runsOf(300, 100_000);

const filterOf = (query: string) => {
  const parsed = parseTableQuery(new URLSearchParams(query));
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.value;
};

const spelled = <T>(items: readonly T[], separator: string) => items.map(String).join(separator);

test("a value with more than one fault is named once", () => {
  const parsed = parseTableQuery(new URLSearchParams("seeds=5,1500000&pairs=nope"));
  expect(
    "issues" in parsed && parsed.issues.map(({ parameter, received }) => `${parameter} ${received}`),
  ).toEqual(["pairs nope", "seeds 5", "seeds 1500000"]);
});

test("equal filters have equal keys, whatever the order, case, repetition and spelling", () => {
  const coin = fc.stringMatching(/^[A-Z0-9]{1,8}$/);
  const lists = fc.record({
    pairs: fc.subarray([...PAIR_KEYS], { minLength: 1 }),
    coins: fc.uniqueArray(coin, { minLength: 1, maxLength: 6 }),
    seeds: fc.subarray([...SEEDS_KRW], { minLength: 1 }),
  });
  const shuffled = lists.chain((lists) =>
    fc.record({
      lists: fc.constant(lists),
      pairs: fc.shuffledSubarray(lists.pairs, { minLength: lists.pairs.length }),
      coins: fc.shuffledSubarray(lists.coins, { minLength: lists.coins.length }),
      seeds: fc.shuffledSubarray(lists.seeds, { minLength: lists.seeds.length }),
      lower: fc.boolean(),
      again: fc.nat({ max: 3 }),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({ lists, pairs, coins, seeds, lower, again }) => {
      const plain = filterOf(
        `pairs=${spelled(lists.pairs, ",")}&coins=${spelled(lists.coins, ",")}&seeds=${spelled(lists.seeds, ",")}`,
      );
      const text = (items: readonly unknown[]) => {
        const all = [...items, ...items.slice(0, again)].map(String);
        return spelled(lower ? all.map((item) => item.toLowerCase()) : all, ", ");
      };
      const params = new URLSearchParams();
      for (const item of seeds) params.append("seeds", String(item));
      params.append("coins", text(coins));
      params.append("pairs", text(pairs).toUpperCase());
      expect(filterOf(params.toString()).key).toBe(plain.key);
      expect(plain.pairIndices === undefined).toBe(lists.pairs.length === PAIR_KEYS.length);
      expect(plain.seedIndices?.length ?? SEEDS_KRW.length).toBe(lists.seeds.length);
    }),
    { numRuns: runsOf(100, 3_000) },
  );
});

test("different filters have different keys", () => {
  const keys = ["", "coins=BTC", "coins=BTC,ETH", "coins=BTCETH", "pairs=upbit-bybit", "seeds=1000000"].map(
    (query) => filterOf(query).key,
  );
  expect(new Set(keys).size).toBe(keys.length);
  expect(filterOf(`pairs=${PAIR_KEYS.join(",")}&seeds=${SEEDS_KRW.join(",")}`).key).toBe("");
});

test(`${INPUTS} arbitrary queries are read or refused with issues in plain words, never thrown at`, () => {
  const name = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom("format", "pairs", "coins", "seeds") },
    fc.constantFrom("__proto__", "constructor", "toString", "FORMAT", ""),
    anyText(10),
  );
  const value = fc.oneof(
    anyText(30),
    fc.constantFrom(
      "karbit",
      "compact",
      "upbit-bybit",
      "BTC",
      "1000000",
      "1e6",
      "NaN",
      "-1000000",
      "1000000.0",
    ),
    fc.bigInt().map(String),
  );
  let refused = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (pairs) => {
      const parsed = parseStreamQuery(new URLSearchParams(pairs));
      if ("value" in parsed) {
        for (const index of parsed.value.filter.seedIndices ?? []) expect(SEEDS_KRW[index]).toBeNumber();
        return;
      }
      refused++;
      expect(parsed.issues.length).toBeGreaterThan(0);
      for (const { expected, received } of parsed.issues) {
        expect(expected.length).toBeGreaterThan(0);
        expect(received.length).toBeLessThanOrEqual(60);
      }
    }),
    { numRuns: INPUTS },
  );
  expect(refused).toBeGreaterThan(INPUTS / 4);
}, 300_000);

test("arbitrary addresses never make the app answer 500", async () => {
  const api = await testApi({ rows: fakeRows() });
  const path = fc.constantFrom("/api/premium", "/api/premium/stream", "/health/ready", "/api/", "/");
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.array(fc.tuple(anyText(8), anyText(8)), { maxLength: 4 }),
      fc.constantFrom("GET", "HEAD"),
      async (path, query, method) => {
        const response = await api.app.request(`${path}?${new URLSearchParams(query)}`, { method });
        expect(response.status).not.toBe(500);
        await response.body?.cancel();
      },
    ),
    { numRuns: runsOf(100, 3_000) },
  );
  await api.close();
});

test("a filter lets through exactly the rows of its coins and pairs, in their order", () => {
  const rows = fakeRows();
  expect(filterRows(filterOf(""), rows)).toBe(rows);
  const some = filterRows(filterOf("coins=ETH,BTC&pairs=bithumb-binance"), rows);
  expect(some.map((row) => `${row.coin} ${row.pairIndex}`)).toEqual(["BTC 3", "ETH 3"]);
  expect(filterRows(filterOf("coins=NONE"), rows)).toEqual([]);
});
