import { expect, test } from "bun:test";
import { PAIR_KEYS, type PairKey } from "../../../schema/vocabulary.ts";
import { type SearchOptions, STORIES, type Story, searchEngine } from "./search.ts";

const FAULTS_MAX = Number(process.env.ENGINE_FAULTS ?? (process.env.FULL ? 2 : 1));

type Variant = Pick<SearchOptions, "multiplier" | "overseasLot" | "positionMode">;

/** Whole coins only: every entry that fills by half leaves half a coin of dust. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  plain: {},
  "hedge mode": { positionMode: "hedge" },
  "contracts of 1,000 coins": { multiplier: 1000, overseasLot: "0.01" },
  "coarse lots": { overseasLot: "1" },
};

/** Without FULL each variant and each story on some pair, so that all of it takes about two seconds. */
const SHORT: readonly [PairKey, Story, string][] = [
  ["upbit-bybit", "entry", "plain"],
  ["upbit-bybit", "exit", "hedge mode"],
  ["upbit-binance", "entry", "contracts of 1,000 coins"],
  ["upbit-binance", "rest", "hedge mode"],
  ["bithumb-bybit", "dust", "coarse lots"],
  ["bithumb-bybit", "part", "contracts of 1,000 coins"],
  ["bithumb-binance", "add-on", "hedge mode"],
  ["bithumb-binance", "dust-exit", "coarse lots"],
];

/** Everything on every pair: entry and exit as they are, the longer stories each in two variants. */
function* long(): Generator<[PairKey, Story, string]> {
  for (const pair of PAIR_KEYS) {
    for (const story of Object.keys(STORIES) as Story[]) {
      const isDust = story.startsWith("dust");
      const names = story === "entry" || story === "exit" ? Object.keys(VARIANTS) : ["hedge mode"];
      for (const name of isDust ? ["coarse lots"] : names) yield [pair, story, name];
    }
  }
}

for (const [pair, story, name] of process.env.FULL ? long() : SHORT) {
  test(`${pair}, ${name}: every ${story} with up to ${FAULTS_MAX} faults ends with books that balance`, async () => {
    const { runs, crashes, ends } = await searchEngine({
      ...{ pair, story },
      ...VARIANTS[name]!,
      faultsMax: FAULTS_MAX,
    });
    console.log(`  ${runs} runs, ${crashes} crashes, ends ${JSON.stringify(Object.fromEntries(ends))}`);
    expect(runs).toBeGreaterThanOrEqual(50);
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
