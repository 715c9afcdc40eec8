import { expect, test } from "bun:test";
import { PAIR_KEYS, type PairKey } from "../../../schema/vocabulary.ts";
import { runsOf } from "../runs.ts";
import { type SearchOptions, STORIES, type Story, searchEngine } from "./search.ts";

const SHARES = runsOf(4, 1);
const FAULTS_MAX = Number(process.env.ENGINE_FAULTS ?? runsOf(1, 2));

type Variant = Pick<SearchOptions, "multiplier" | "overseasLot" | "positionMode">;

/** Whole coins only: every entry that fills by half leaves half a coin of dust. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  plain: {},
  "hedge mode": { positionMode: "hedge" },
  "contracts of 1,000 coins": { multiplier: 1000, overseasLot: "0.01" },
  "coarse lots": { overseasLot: "1" },
};

/** Without FULL each variant and each story on some pair, and of its sequences every fourth. */
const SHORT: readonly (readonly [PairKey, Story, string, number?])[] = [
  ["upbit-bybit", "entry", "plain"],
  ["upbit-bybit", "exit", "hedge mode"],
  ["upbit-binance", "entry", "contracts of 1,000 coins"],
  ["upbit-binance", "rest", "hedge mode"],
  ["bithumb-bybit", "dust", "coarse lots"],
  ["bithumb-bybit", "part", "contracts of 1,000 coins"],
  ["bithumb-binance", "add-on", "hedge mode"],
  ["bithumb-binance", "dust-exit", "coarse lots"],
];

/** With FULL two faults for an entry and an exit of every pair, the rest with one; more by `bun run simulate --search`. */
function* long(): Generator<[PairKey, Story, string, number]> {
  const names = Object.keys(VARIANTS);
  for (const [index, pair] of PAIR_KEYS.entries()) {
    for (const story of Object.keys(STORIES) as Story[]) {
      const isShort = story === "entry" || story === "exit";
      for (const [variant, name] of names.entries()) {
        const isDeep = isShort && variant === index;
        yield [pair, story, name, isDeep ? FAULTS_MAX : 1];
      }
    }
  }
}

const searched = process.env.FULL ? [...long()] : SHORT;
for (const [index, [pair, story, name, faultsMax = FAULTS_MAX]] of searched.entries()) {
  test(`${pair}, ${name}: every ${story} with up to ${faultsMax} faults ends with books that balance`, async () => {
    const { runs, crashes, ends } = await searchEngine({
      ...{ pair, story },
      ...VARIANTS[name]!,
      faultsMax,
      // One fault of each kind is met in full; what two do is too much to repeat for every change.
      merges: faultsMax > 1,
      share: { index: index % SHARES, count: SHARES },
    });
    console.log(`  ${runs} runs, ${crashes} crashes, ends ${JSON.stringify(Object.fromEntries(ends))}`);
    expect(runs).toBeGreaterThanOrEqual(40 / SHARES);
  }, 600_000);
}

test("processes that share a search run each sequence once", async () => {
  const options = { pair: "upbit-bybit", story: "entry", faultsMax: 1 } as const;
  const whole = await searchEngine(options);
  const parts = [0, 1, 2].map((index) => searchEngine({ ...options, share: { index, count: 3 } }));
  const runs = (await Promise.all(parts)).map((part) => part.runs);
  expect(runs.reduce((sum, count) => sum + count, 0)).toBe(whole.runs);
  expect(Math.min(...runs)).toBeGreaterThan(5);
});
