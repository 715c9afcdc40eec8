import { expect, test } from "bun:test";
import { PAIRS } from "../../schema/vocabulary.ts";
import { nullRow } from "../domain/rate-table.ts";
import { traderOf } from "../testing/engine/rig.ts";
import { Entrant } from "./entrant.ts";

const note = (entrant: Entrant, coin: string, pairIndex: number, rateJeon: number) =>
  entrant.note(nullRow(coin, pairIndex, 0, "none"), PAIRS[pairIndex]!.key, rateJeon);
const taken = (entrant: Entrant) => entrant.take().map(({ row, rateJeon }) => `${row.coin} ${rateJeon}`);

test("a strategy that may enter keeps every candidate, and none of them twice", () => {
  const entrant = new Entrant(traderOf(1));
  entrant.begin(false);
  for (const [coin, rateJeon] of [
    ["XRP", 139_000],
    ["DOGE", 138_000],
    ["ETH", 139_500],
  ] as const)
    note(entrant, coin, 0, rateJeon);
  expect(entrant.isConcerned).toBe(true);
  expect(taken(entrant)).toEqual(["XRP 139000", "DOGE 138000", "ETH 139500"]);
  expect(entrant.isConcerned).toBe(false);
  expect(taken(entrant)).toEqual([]);
});

test("a strategy that holds all it may keeps the best candidate of each pair, the first of equals", () => {
  const entrant = new Entrant(traderOf(1));
  entrant.begin(true);
  note(entrant, "XRP", 0, 139_000);
  note(entrant, "DOGE", 0, 138_000);
  note(entrant, "ETH", 0, 138_000);
  note(entrant, "ETH", 3, 139_900);
  note(entrant, "BTC", 3, 139_950);
  expect(taken(entrant)).toEqual(["DOGE 138000", "ETH 139900"]);
});
