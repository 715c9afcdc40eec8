// Users who act beside the engine at the worst moment: it neither waits for ever nor in silence.

import { expect, test } from "bun:test";
import { PAIR_KEYS } from "../../../schema/vocabulary.ts";
import { Decimal } from "../../domain/decimal.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { Stage, USER } from "./stage.ts";

function calmStage(pair: (typeof PAIR_KEYS)[number]): Stage {
  const journal = new MemoryJournal();
  return new Stage({
    ...{ pair, journal },
    newFence: async () => ++journal.fence,
    chances: { store: () => "ok", send: () => "ok" },
  });
}

/** Once the engine has said that it needs somebody. */
async function whenTold(stage: Stage, what: string): Promise<void> {
  while (!stage.trouble.some((trouble) => trouble.includes(what))) await stage.clock.sleep(1_000);
}

for (const pair of PAIR_KEYS) {
  test(`${pair}: coins that could not be sold back, and that the user called has sold, end the entry`, async () => {
    const stage = calmStage(pair);
    const { ground } = stage;
    const { world, domestic } = ground;
    world.faults.arm({ call: "place", purpose: "hedge", times: 3 }, { refuse: "funds" });
    world.faults.arm({ call: "place", purpose: "unwind", times: 5 }, { refuse: "closed" });
    void whenTold(stage, "needs-human").then(() => {
      const qty = world.account(USER, domestic).free("XRP");
      world.tradeByHand(USER, domestic, { symbol: "KRW-XRP", side: "sell", qty });
    });
    const { state } = await stage.enter();
    expect(state).toBe("flat");
    await stage.check();
    expect(stage.trouble.some((trouble) => trouble.includes("closed outside our orders"))).toBe(true);
  });

  test(`${pair}: an exit whose coins the user's own order holds says so, and goes on when they are free`, async () => {
    const stage = calmStage(pair);
    const { ground, clock } = stage;
    const { world, domestic } = ground;
    await stage.enter();
    const qty = world.account(USER, domestic).free("XRP");
    const order = world.restByHand(USER, domestic, { symbol: "KRW-XRP", side: "sell", qty, price: 9_000 });
    void whenTold(stage, "needs-human").then(async () => {
      await clock.sleep(60_000);
      world.cancelByHand(USER, domestic, order);
    });
    const { state } = await stage.leave();
    expect(state).toBe("closed");
    await stage.check();
    expect(stage.trouble).toContain(`needs-human: coins-held: ${domestic}`);
  });

  test(`${pair}: coins his order held are there when it is gone, though the venue does not show them at once`, async () => {
    const stage = calmStage(pair);
    const { ground, clock } = stage;
    const { world, domestic } = ground;
    await stage.enter();
    const sold = world.account(USER, domestic).free("XRP").times(Decimal.of("0.1"));
    world.tradeByHand(USER, domestic, { symbol: "KRW-XRP", side: "sell", qty: sold });
    const qty = world.account(USER, domestic).free("XRP");
    const order = world.restByHand(USER, domestic, { symbol: "KRW-XRP", side: "sell", qty, price: 9_000 });
    void whenTold(stage, "needs-human").then(async () => {
      await clock.sleep(500);
      world.cancelByHand(USER, domestic, order);
      world.faults.arm({ venue: domestic, call: "balances", times: 4 }, { request: "reset" });
    });
    const { state } = await stage.leave();
    expect(state).toBe("closed");
    await stage.check();
    const outside = stage.trouble.filter((trouble) => trouble.includes("closed outside our orders"));
    expect(outside).toEqual([`closed-outside: ${sold} coins were closed outside our orders`]);
    expect(world.account(USER, domestic).free("XRP").toString()).toBe("0");
  });
}
