// A network that brings a refused request a second time, when its venue takes it: what it sold or bought back is found
// under the id we know as refused, and neither a user's own coins nor his deeds are taken for it.

import { expect, test } from "bun:test";
import { PAIR_KEYS } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import type { Purpose, VenueRequest } from "../memory-venues/faults.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { Stage, USER } from "./stage.ts";

const KEY_AWAY_MS = 1_300;

/** From the first order for this on, the key is refused for a while, and that order comes once more after it. */
function refuseAndRepeat(stage: Stage, purpose: Purpose): void {
  const { world } = stage.ground;
  let isBegun = false;
  world.faults.hook = ({ call, venue, purpose: asked }: VenueRequest) => {
    if (isBegun || call !== "place" || asked !== purpose) return undefined;
    isBegun = true;
    world.faults.impose({ venue, kind: "key", forMs: KEY_AWAY_MS }, stage.clock.monotonicMs());
    return { twiceAfterMs: KEY_AWAY_MS + 100 };
  };
}

function newStage(pair: (typeof PAIR_KEYS)[number]): Stage {
  const journal = new MemoryJournal();
  return new Stage({
    ...{ pair, journal },
    newFence: async () => ++journal.fence,
    chances: { store: () => "ok", send: () => "ok" },
  });
}

for (const pair of PAIR_KEYS) {
  for (const own of ["39", "900"]) {
    test(`${pair}: a sell-back refused, then executed by a copy, is no sale of the user's, who holds ${own} of his own`, async () => {
      const stage = newStage(pair);
      const { world, domestic } = stage.ground;
      world.tradeByHand(USER, domestic, { symbol: "KRW-XRP", side: "buy", qty: Decimal.of(own) });
      world.faults.arm({ call: "place", purpose: "hedge", times: 3 }, { refuse: "funds" });
      refuseAndRepeat(stage, "unwind");
      const { state } = await stage.enter();
      expect(state).toBe("flat");
      await stage.check(Decimal.of(own));
      expect(stage.trouble.filter((trouble) => trouble.includes("closed outside our orders"))).toEqual([]);
      expect(world.account(USER, domestic).free("XRP").toString()).toBe(own);
    });
  }

  test(`${pair}: a buy refused, then executed by a copy, is hedged`, async () => {
    const stage = newStage(pair);
    refuseAndRepeat(stage, "buy");
    const { state } = await stage.enter();
    expect(state).toBe("hedged");
    await stage.check();
  });

  test(`${pair}: a buy refused, then executed by a copy, is hedged also when its venue tells of it late`, async () => {
    const stage = newStage(pair);
    const { world, domestic } = stage.ground;
    refuseAndRepeat(stage, "buy");
    world.faults.arm({ venue: domestic, call: "lookup", times: 2 }, { read: "fails" });
    expect((await stage.enter()).state).toBe("hedged");
    await stage.check();
  });

  test(`${pair}: a sale refused, then executed by a copy, is the exit's own`, async () => {
    const stage = newStage(pair);
    const { world, domestic } = stage.ground;
    world.tradeByHand(USER, domestic, { symbol: "KRW-XRP", side: "buy", qty: Decimal.of("39") });
    await stage.enter();
    refuseAndRepeat(stage, "sell");
    const { state } = await stage.leave();
    expect(state).toBe("closed");
    await stage.check(Decimal.of("39"));
    expect(stage.trouble.filter((trouble) => trouble.includes("closed outside our orders"))).toEqual([]);
  });

  test(`${pair}: while nobody tells what became of a refused sale, a human is called and nothing is believed sold`, async () => {
    const stage = newStage(pair);
    const { world, domestic } = stage.ground;
    await stage.enter();
    refuseAndRepeat(stage, "sell");
    world.faults.arm({ venue: domestic, call: "lookup", times: 12 }, { read: "fails" });
    const { state } = await stage.leave();
    expect(state).toBe("closed");
    await stage.check();
    expect(stage.trouble).toEqual([`needs-human: account-unseen: ${domestic}`]);
  });

  test(`${pair}: a buy-back refused, then executed by a copy, is the exit's own`, async () => {
    const stage = newStage(pair);
    await stage.enter();
    refuseAndRepeat(stage, "cover");
    const { state } = await stage.leave();
    expect(state).toBe("closed");
    await stage.check();
    expect(stage.trouble.filter((trouble) => trouble.includes("closed outside our orders"))).toEqual([]);
  });
}
