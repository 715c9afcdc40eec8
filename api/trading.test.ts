// GET /api/trading, where it is handed in and where it is not.

import assert from "node:assert/strict";
import test from "node:test";
import * as v from "valibot";
import type { TradingView } from "../src/ports/trading-view.ts";
import { tradingSchema } from "./routes/trading.ts";
import { fakeRows, testApi } from "./test-kit.ts";

const VIEW: TradingView = {
  mode: "paper",
  role: "trading",
  asOfMs: 1_780_000_000_000,
  traders: [
    {
      ...{ userId: 1, name: "참을성", strategy: null, profitKrw: "-1.50", openCount: 1, decisions: [] },
      open: [
        {
          ...{ coin: "BTC", pair: "upbit-bybit", qtyCoin: "0.07", spentKrw: "9999999.1", entries: 1 },
          ...{ receivedUsdt: "7300", entryRate: "1369.86", exitTargetRate: "1390.00", openedAtMs: 5 },
          ...{ exitRateNow: null, profitNowKrw: null },
        },
      ],
      closed: [
        {
          ...{ coin: "ETH", pair: "bithumb-binance", profitKrw: "-1.50", profitRatePct: "-0.02" },
          openedAtMs: 3,
          closedAtMs: 4,
        },
      ],
    },
  ],
};

test("what is handed in is answered as it is, never kept by anybody on the way", async () => {
  const api = await testApi({ rows: fakeRows(), deps: { trading: { read: async () => VIEW } } });
  const response = await api.app.request("/api/trading");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("Cache-Control"), "no-store");
  assert.deepEqual(v.parse(tradingSchema, await response.json()), VIEW);
  const { paths, components } = await (await api.app.request("/api/openapi.json")).json();
  assert.ok(paths["/api/trading"] && components.schemas.Trading);
  assert.equal((await api.app.request("/api/trading", { method: "POST" })).status, 405);
  await api.close();
});

test("a view that cannot be read is a problem to come back from", async () => {
  const read = () => Promise.reject(new Error("the store is away"));
  const api = await testApi({ rows: fakeRows(), deps: { trading: { read } } });
  const response = await api.app.request("/api/trading");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("Retry-After"), "2");
  assert.equal((await response.text()).includes("the store"), false);
  await api.close();
});

test("without trading the path is as unknown as any, and in no document", async () => {
  const api = await testApi({ rows: fakeRows() });
  for (const method of ["GET", "POST"]) {
    assert.equal((await api.app.request("/api/trading", { method })).status, 404);
  }
  const document = await (await api.app.request("/api/openapi.json")).json();
  assert.deepEqual(
    [document.paths["/api/trading"], document.components.schemas.Trading],
    [undefined, undefined],
  );
  await api.close();
});
