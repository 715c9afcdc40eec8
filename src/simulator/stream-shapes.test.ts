// What the private streams tell against recorded and published messages, in the manner of shapes.test.ts: what differs
// is listed with its reason, and a deviation that no longer exists fails as well.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deviationsOf } from "./shape-comparison.ts";
import { holdAll, type Message } from "./stream-testing.ts";
import { createHarness, KEY } from "./wire-harness.ts";

const SAMPLES = join(import.meta.dir, "../../../shared/samples");

interface Comparison {
  readonly sample: string;
  readonly ours: () => Message;
  readonly deviations?: Readonly<Record<string, string>>;
}

const { apiKey } = KEY;
const PERP = { apiKey, symbol: "BTCUSDT" } as const;

/** A user who has done a little of everything while somebody listened. */
function prepare() {
  const harness = createHarness({ keys: [{ ...KEY, balances: { binance: { USDT: "1000" } } }] });
  const { accounts } = harness.control;
  const heard = {
    upbit: holdAll(harness, "upbit").messages,
    bybit: holdAll(harness, "bybit").messages,
    binance: holdAll(harness, "binance").messages,
  };
  const buy = { market: "KRW-BTC", side: "bid", ord_type: "limit", price: "160000000", volume: "0.01" };
  harness.call("upbit", "POST /v1/orders", buy);
  accounts.setLeverage({ ...PERP, venue: "binance", leverage: "100" });
  for (const venue of ["bybit", "binance"] as const) {
    accounts.trade({ ...PERP, venue, side: "sell", qty: venue === "binance" ? "0.5" : "0.01" });
  }
  accounts.setBalance({ apiKey, venue: "binance", asset: "USDT", amount: "320" });
  harness.clock.nowMs += 1_000;
  harness.arrivePending();
  return heard;
}

const heard = prepare();
const trade = heard.upbit.find(({ state }) => state === "trade");
const topic = (name: string) => heard.bybit.findLast((message) => message.topic === name);
const event = (name: string) => heard.binance.findLast(({ e }) => e === name);

const OLDER = "the sample is older than this member";
const BY_MARK = "figures by mark price beside those by entry price are not simulated";
const SPOT = "no spot at Bybit here";
const TAXED = "a tax beside the fee: none here";
const TRAILING = "members of trailing stops only";

const COMPARISONS: readonly Comparison[] = [
  {
    sample: "upbit/ws-myorder",
    ours: () => trade,
    deviations: {
      "+identifier": OLDER,
      "+is_maker": OLDER,
      "+prevented_locked": OLDER,
      "+prevented_volume": OLDER,
      "+smp_type": OLDER,
      "+time_in_force": OLDER,
      "+trade_fee": OLDER,
      "+trade_timestamp": OLDER,
      "+trade_uuid": OLDER,
    },
  },
  {
    sample: "bybit/ws-order-linear",
    ours: () => topic("order"),
    deviations: { "+data[].cumFeeDetail": OLDER, "+data[].cumFeeDetail.USDT": OLDER },
  },
  {
    sample: "bybit/ws-execution",
    ours: () => topic("execution"),
    deviations: {
      "-data[].extraFees[]": TAXED,
      "-data[].extraFees[].fee": TAXED,
      "-data[].extraFees[].feeCoin": TAXED,
      "-data[].extraFees[].feeRate": TAXED,
      "-data[].extraFees[].feeType": TAXED,
      "-data[].extraFees[].subFeeType": TAXED,
    },
  },
  { sample: "bybit/ws-position-2", ours: () => topic("position") },
  {
    sample: "bybit/ws-wallet",
    ours: () => topic("wallet"),
    deviations: {
      "-data[].accountIMRateByMp": BY_MARK,
      "-data[].accountMMRateByMp": BY_MARK,
      "-data[].coin[].spotBorrow": SPOT,
      "-data[].coin[].spotHedgingQty": SPOT,
      "-data[].totalInitialMarginByMp": BY_MARK,
      "-data[].totalMaintenanceMarginByMp": BY_MARK,
    },
  },
  {
    sample: "binance/ws-order-update-2",
    ours: () => event("ORDER_TRADE_UPDATE"),
    deviations: { "+o.er": OLDER, "-o.AP": TRAILING, "-o.cr": TRAILING },
  },
  {
    sample: "binance/ws-account-update",
    ours: () => heard.binance.find(({ a }) => a?.P.length > 0),
    deviations: { "+a.P[].ma": "told by the venue, not in its documents" },
  },
  { sample: "binance/ws-trade-lite-1", ours: () => event("TRADE_LITE") },
  { sample: "binance/ws-margin-call", ours: () => event("MARGIN_CALL") },
  { sample: "binance/ws-account-config", ours: () => event("ACCOUNT_CONFIG_UPDATE") },
];

if (existsSync(SAMPLES)) {
  describe("messages have the shape of the samples", () => {
    test.each(COMPARISONS)("$sample", ({ sample, ours, deviations = {} }) => {
      const read = JSON.parse(readFileSync(join(SAMPLES, `${sample}.json`), "utf8"));
      // Some publishers kept the envelope of a combined stream.
      const theirs = read.stream === undefined ? read : read.data;
      expect(deviationsOf(ours(), theirs)).toEqual(Object.keys(deviations).sort());
    });
  });
}
