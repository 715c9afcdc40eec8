// The private streams of the simulated venues, over real sockets: what an account hears, and that no secret is said.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AccountNews } from "../../ports/trading-venue.ts";
import {
  SYMBOLS,
  startTradingKit,
  TEST_KEY,
  TEST_VENUES,
  type TestVenue,
  type TradingKit,
  testOrder,
} from "./order-testing.ts";

const PLACE_MS = 2_000;

let kit: TradingKit;
beforeAll(async () => {
  kit = await startTradingKit();
});
afterAll(() => kit.stop());

/** Follows the account of the kit at a venue; news can be waited for. */
function listen(name: TestVenue) {
  const news: AccountNews[] = [];
  const waiting = new Set<() => void>();
  const stop = new AbortController();
  const venue = kit.venues.open(name, TEST_KEY);
  const ended = venue.follow!((each) => {
    news.push(each);
    for (const wake of waiting) wake();
  }, stop.signal);
  const until = async (holds: (news: readonly AccountNews[]) => boolean) => {
    while (!holds(news)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  const has = (kind: AccountNews["kind"], times = 1) =>
    until((all) => all.filter((each) => each.kind === kind).length >= times);
  const close = async () => {
    stop.abort();
    await ended;
  };
  return { venue, news, until, has, close };
}

for (const name of TEST_VENUES) {
  describe(name, () => {
    test("tells of an order by its id, and is found again when it is cut", async () => {
      const heard = listen(name);
      await heard.has("connected");
      const order = testOrder(name);
      expect((await heard.venue.place(order, PLACE_MS)).kind).toBe("accepted");
      await heard.until((all) =>
        all.some((each) => each.kind === "order" && each.clientOrderId === order.clientOrderId),
      );
      kit.simulator.control.cutStreams({ venue: name });
      await heard.has("connected", 2);
      expect(heard.news.some(({ kind }) => kind === "lost")).toBe(true);
      const next = testOrder(name);
      await heard.venue.place(next, PLACE_MS);
      await heard.until((all) =>
        all.some((each) => each.kind === "order" && each.clientOrderId === next.clientOrderId),
      );
      await heard.close();
    });
  });
}

for (const name of ["bybit", "binance"] as const) {
  test(`${name} tells of a liquidation as of something that is not ours`, async () => {
    const heard = listen(name);
    await heard.has("connected");
    const before = heard.news.length;
    kit.simulator.control.accounts.liquidate({
      ...{ apiKey: TEST_KEY.apiKey, venue: name },
      symbol: SYMBOLS[name],
    });
    await heard.until((all) =>
      all
        .slice(before)
        .some(
          (each) =>
            each.kind === "account" || (each.kind === "order" && !each.clientOrderId?.startsWith("sx-")),
        ),
    );
    await heard.close();
  });
}

test("Binance's stream is heard as well where it is reported to want its key and events otherwise", async () => {
  kit.simulator.control.setSwitches({ binance: { listenKeyInPath: false, eventsNeeded: true } });
  const heard = listen("binance");
  await heard.has("connected");
  const order = testOrder("binance");
  await heard.venue.place(order, PLACE_MS);
  await heard.has("order");
  await heard.close();
});

test("a wrong secret is refused without a word of the key", async () => {
  const wrong = { apiKey: TEST_KEY.apiKey, secret: "another-secret-never-to-be-seen-0123456789" };
  const stop = new AbortController();
  const ended = ["upbit", "bithumb", "bybit"] as const;
  const following = ended.map((name) => {
    const lost = Promise.withResolvers<void>();
    const until = kit.venues.open(name, wrong).follow!((news) => {
      if (news.kind === "lost") lost.resolve();
    }, stop.signal);
    return { lost: lost.promise, until };
  });
  await Promise.all(following.map(({ lost }) => lost));
  stop.abort();
  await Promise.all(following.map(({ until }) => until));
  const said = JSON.stringify(kit.log.lines);
  expect(said).not.toContain(TEST_KEY.apiKey);
  expect(said).not.toContain(wrong.secret);
});
