import { expect, test } from "bun:test";
import { nullRow } from "../domain/rate-table.ts";
import { traderOf } from "../testing/engine/rig.ts";
import { Entrant } from "./entrant.ts";

test("what was noted is taken once, and the next moment begins anew", () => {
  const entrant = new Entrant(traderOf(1));
  entrant.isConcerned = true;
  entrant.isAside = true;
  const candidate = { row: nullRow("XRP", 0, 0, "none"), pair: "upbit-bybit", rateJeon: 139_000 } as const;
  entrant.note(candidate);
  expect(entrant.take()).toEqual([candidate]);
  expect([entrant.isConcerned, entrant.isAside]).toEqual([false, false]);
  expect(entrant.take()).toEqual([]);
});
