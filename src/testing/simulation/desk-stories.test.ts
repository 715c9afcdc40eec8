// One story of the whole engine in the ordinary run, many in the long one; that a planted defect is caught is in
// planted.full.test.ts, and its nearest seed here.

import { expect, setDefaultTimeout, test } from "bun:test";
import { isLong } from "../long.ts";
import { countedPerCoin, playDesk } from "./desk-stories.ts";

setDefaultTimeout(600_000);

const SEEDS = isLong ? 60 : 1;

test(`no strategy enters more often than it has slices, over all coins, in ${SEEDS} stories`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) expect(await playDesk(seed)).toBeGreaterThan(0);
});

test("counting entries per coin instead is seen", async () => {
  await expect(playDesk(1, countedPerCoin)).rejects.toThrow("over all coins");
});
