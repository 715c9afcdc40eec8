// A venue that falls silent while something of ours is under way: nothing can be done there, so somebody is told, and
// once it answers again what was begun is ended by itself.

import { expect, test } from "bun:test";
import { ENTRIES_OFF, type EngineRig } from "../testing/engine/rig.ts";
import { rigStarter } from "../testing/engine/rigs.ts";
import type { VenueRequest } from "../testing/memory-venues/faults.ts";

const started = rigStarter();

const incidents = (rig: EngineRig) => rig.state.incidents.map(({ kind, detail }) => `${kind}: ${detail}`);

/** From the first order of this purpose on, which finds nothing, its venue answers nothing at all. */
function falls(
  rig: EngineRig,
  purpose: VenueRequest["purpose"],
  first: "nothing" | "reply-lost",
): () => void {
  let silent: VenueRequest["venue"] | undefined;
  rig.world.faults.hook = (request) => {
    if (silent === request.venue) return request.call === "place" ? { request: "lost" } : { read: "fails" };
    if (request.call !== "place" || request.purpose !== purpose) return undefined;
    silent = request.venue;
    return first === "nothing" ? { fillRatio: 0 } : { request: "lost" };
  };
  return () => {
    rig.world.faults.hook = undefined;
  };
}

for (const first of ["nothing", "reply-lost"] as const) {
  test(`a venue that falls silent after the first try of an exit (${first}): a human is called, and it goes on by itself`, async () => {
    const rig = await started();
    await rig.tick();
    expect(rig.held).toEqual(["1 XRP"]);
    rig.state.switchRows.set("global", ENTRIES_OFF);
    const heal = falls(rig, "cover", first);
    await rig.engine.force(1, "XRP", "user");
    await rig.pass(60_000);
    expect(incidents(rig)).toEqual([
      expect.stringMatching(/^needs-human: (account-unseen|order-unheard): (bybit|binance)/),
    ]);
    expect(rig.heard("incident").map(({ to }) => to)).toEqual([1, "operator"]);
    heal();
    await rig.pass(60_000);
    expect(rig.held).toEqual([]);
  });
}

test("a venue that falls silent while the hedge is under way: a human is called, and it is hedged or flat", async () => {
  const rig = await started();
  const heal = falls(rig, "hedge", "reply-lost");
  await rig.tick();
  rig.state.switchRows.set("global", ENTRIES_OFF);
  await rig.pass(60_000);
  expect(incidents(rig)).toEqual([expect.stringMatching(/^needs-human: order-unheard: (bybit|binance) sx-/)]);
  heal();
  await rig.pass(60_000);
  expect(rig.faults()).toEqual([]);
});

test("a forced exit that cannot begin calls a human", async () => {
  const rig = await started();
  await rig.tick();
  rig.state.switchRows.set("global", ENTRIES_OFF);
  rig.bookMs = () => 60_000;
  await rig.engine.force(1, "XRP", "operator");
  await rig.pass(29_000);
  expect(incidents(rig)).toEqual([]);
  await rig.pass(6_000);
  expect(incidents(rig)).toEqual([expect.stringMatching(/^needs-human: exit-blocked: operator, no-rate/)]);
  rig.bookMs = () => 40;
  await rig.pass(10_000);
  expect(rig.held).toEqual([]);
});

test("what runs is brought to its end after a restart although its user has switched the key off meanwhile", async () => {
  const rig = await started();
  await rig.tick();
  rig.state.switchRows.set("global", ENTRIES_OFF);
  const heal = falls(rig, "cover", "reply-lost");
  await rig.engine.force(1, "XRP", "user");
  await rig.pass(5_000);
  for (const venue of ["upbit", "bithumb", "bybit", "binance"]) rig.traders.keysSwitchedOff.add(`1 ${venue}`);
  heal();
  await rig.restart();
  await rig.pass(60_000);
  expect([rig.held, rig.intents("exit").map(({ state }) => state)]).toEqual([[], ["closed"]]);
});
