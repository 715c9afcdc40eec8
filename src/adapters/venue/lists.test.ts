// How much of a venue's list was left out reaches whoever would take coins off for it.

import { expect, test } from "bun:test";
import type { RateGovernor } from "../../ports/rate-governor.ts";
import { RecordingLog } from "../../testing/recording-log.ts";
import { systemClock } from "../clock.ts";
import { createVenueLists } from "./lists.ts";

const GOVERNOR: RateGovernor = {
  reserve: async () => ({ venues: new Set(["bithumb", "bybit"]), settle: () => undefined }),
  hasShare: () => true,
  readyInMs: () => 0,
};
const COINS = Array.from({ length: 20 }, (_, index) => `C${index}`);
/** The third is unreadable. */
const rowsOf = (row: (coin: string) => object) => COINS.map((coin, index) => (index === 2 ? {} : row(coin)));
const perpetual = (coin: string) => ({
  ...{ symbol: `${coin}USDT`, contractType: "LinearPerpetual", status: "Trading", baseCoin: coin },
  ...{ quoteCoin: "USDT", settleCoin: "USDT", deliveryTime: "0", priceFilter: { tickSize: "0.1" } },
  lotSizeFilter: { qtyStep: "0.1", minOrderQty: "0.1", minNotionalValue: "5" },
});
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/v1/market/virtual_asset_warning": [],
  "/v1/market/all": rowsOf((coin) => ({ market: `KRW-${coin}` })),
  "/v1/ticker": COINS.map((coin) => ({ market: `KRW-${coin}`, trade_price: 1 })),
  "/v5/market/instruments-info": {
    ...{ retCode: 0, retMsg: "OK" },
    result: {
      list: COINS.map((coin, index) => ({ ...perpetual(coin), ...(index === 2 && { symbol: null }) })),
    },
  },
  "/v5/market/tickers": {
    ...{ retCode: 0, retMsg: "OK" },
    result: { list: COINS.map((coin) => ({ symbol: `${coin}USDT`, lastPrice: "1", markPrice: "1" })) },
  },
};

test("rows of a list that cannot be read are left out and counted", async () => {
  const server = Bun.serve({
    port: 0,
    fetch: (request) => Response.json(ANSWERS[new URL(request.url).pathname]),
  });
  const url = `http://127.0.0.1:${server.port}`;
  const lists = createVenueLists({
    urls: { upbit: url, bithumb: url, bybit: url, binance: url },
    ...{ clock: systemClock, log: new RecordingLog(), governor: GOVERNOR, timeoutMs: 2_000 },
  });
  const expected = COINS.filter((_, index) => index !== 2);
  for (const venue of ["bithumb", "bybit"] as const) {
    const { candidates, skipped } = await lists.candidates(venue, new Set(COINS));
    expect([venue, skipped]).toEqual([venue, 1]);
    expect(candidates.map(({ listing }) => listing.coin)).toEqual(expected);
  }
  await server.stop(true);
});
