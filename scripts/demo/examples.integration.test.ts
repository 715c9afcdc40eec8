import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { VENUES } from "../../schema/vocabulary.ts";
import type { Database } from "../../src/adapters/store/database.ts";
import { createTraderStore } from "../../src/adapters/store/traders.ts";
import { openTestPglite } from "../../src/testing/pglite.ts";
import { EXAMPLE_ACCOUNTS, giveKeys, newEncryptionKey, seedExamples } from "./examples.ts";

setDefaultTimeout(60_000);

let database: Database;
beforeAll(async () => {
  database = await openTestPglite();
});
afterAll(() => database.close());

test("the examples are two traders whose targets follow the price of the dollar at every start", async () => {
  await seedExamples(database, 1_500);
  await seedExamples(database, 1_400);
  const { traders, faults } = await createTraderStore(database, undefined).traders();
  expect(faults).toEqual([]);
  expect(traders.map(({ liveConsent }) => liveConsent)).toEqual([false, false]);
  for (const { strategy } of traders) {
    expect(strategy.entryRateTarget.toFloat()).toBeWithin(1_380, 1_400);
    expect(strategy.exitRateTarget.above(strategy.entryRateTarget)).toBe(true);
  }
});

test("given keys, each has its own at every venue, readable with the key of this start alone, and consents", async () => {
  const { text, secrets } = newEncryptionKey();
  await giveKeys(database, text, 1_780_000_000_000);
  const store = createTraderStore(database, secrets);
  const { traders } = await store.traders();
  for (const [index, { userId, keys, liveConsent }] of traders.entries()) {
    expect([new Set(Object.values(keys)), liveConsent]).toEqual([new Set(["usable"]), true]);
    for (const venue of VENUES) {
      expect(await store.credentials(userId, venue)).toEqual(EXAMPLE_ACCOUNTS[index]!);
    }
  }
  const other = createTraderStore(database, newEncryptionKey().secrets);
  expect(await other.credentials(traders[0]!.userId, "upbit")).not.toEqual(EXAMPLE_ACCOUNTS[0]!);
});
