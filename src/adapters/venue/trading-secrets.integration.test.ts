// Everything the adapters do, in all weathers, with every log line, value and error kept and searched.

import { expect, test } from "bun:test";
import { Decimal } from "../../domain/decimal.ts";
import type { TradingVenue } from "../../ports/trading-venue.ts";
import { SYMBOLS, startTradingKit, TEST_KEY, TEST_VENUES, testOrder } from "./order-testing.ts";

const WEATHERS = [
  undefined,
  { kind: "reset" },
  { kind: "html" },
  { kind: "truncated-json" },
  { kind: "server-error", status: 503 },
  { kind: "answer", status: 302, headers: { location: "/elsewhere" }, body: "" },
  {
    kind: "answer",
    status: 400,
    body: `{"code":-1100,"msg":"Illegal ${TEST_KEY.apiKey} ${TEST_KEY.secret}"}`,
  },
  {
    kind: "answer",
    status: 400,
    body: `{"error":{"name":"jwt_verification","message":"${TEST_KEY.apiKey} ${TEST_KEY.secret}"}}`,
  },
  {
    kind: "answer",
    status: 200,
    body: `{"retCode":10004,"retMsg":"error sign! origin_string[1${TEST_KEY.apiKey}2000${TEST_KEY.secret}]","result":{}}`,
  },
  { kind: "answer", status: 200, body: `["${TEST_KEY.secret}"]` },
] as const;

/** Everything in a value, errors with what they carry included. */
function spelledOut(value: unknown): string {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return [name, message, stack, spelledOut({ ...value }), spelledOut(cause)].join("\n");
  }
  return `${JSON.stringify(value)} ${Bun.inspect(value, { depth: 8 })}`;
}

test("No secret, key, signature or header is in any line, value or error", async () => {
  const kit = await startTradingKit({}, { readTimeoutMs: 500 });
  const said: unknown[] = [];
  const ask = async (what: () => Promise<unknown>) => {
    try {
      said.push(await what());
    } catch (fault) {
      said.push(fault);
    }
  };
  for (const name of TEST_VENUES) {
    for (const weather of WEATHERS) {
      kit.simulator.control.clearFaults();
      // A venue repeats a key only to who has named it.
      const named = weather && "body" in weather && weather.body !== "" ? { apiKey: TEST_KEY.apiKey } : {};
      if (weather) kit.simulator.control.setFault({ ...weather, ...named, venue: name });
      const venue: TradingVenue = kit.venues.open(name, TEST_KEY);
      const order = testOrder(name);
      await ask(() => venue.place(order, 500));
      await ask(() => venue.place({ ...order, qty: Decimal.ZERO }, 500));
      await ask(() => venue.lookup(order, 500));
      await ask(() => venue.openOrders(order.symbol));
      await ask(() => venue.balances());
      await ask(() => venue.feeRates(order.symbol));
      await ask(() => venue.rules(order.symbol));
      await ask(() => venue.clockOffsetMs());
      await ask(() => venue.keyFaults());
      if (name !== "bybit" && name !== "binance") continue;
      const perp = kit.venues.open(name, TEST_KEY);
      await ask(() => perp.positions());
      await ask(() => perp.modes(SYMBOLS[name]));
      await ask(() => perp.setLeverage(SYMBOLS[name], Decimal.of(3)));
      await ask(() => perp.fundingSince(SYMBOLS[name], Date.now() - 1_000));
      // A venue object printed by somebody who debugs.
      said.push(perp);
    }
  }
  await ask(() => kit.venues.open("upbit", TEST_KEY).place(testOrder("upbit"), 500));
  await kit.stop();
  await ask(() => kit.venues.open("upbit", TEST_KEY).balances());

  const faults = said.filter((each) => each instanceof Error).length;
  expect(faults).toBeGreaterThan(100);
  expect(kit.log.lines.length).toBeGreaterThan(300);
  const everything = [...said, ...kit.log.lines].map(spelledOut).join("\n");
  for (const secret of [TEST_KEY.secret, TEST_KEY.apiKey, "Bearer ", "signature=", "X-BAPI", "X-MBX", "?"]) {
    const at = everything.indexOf(secret);
    const around = everything.slice(Math.max(0, at - 200), at + 100);
    if (secret === "?" ? /\/(v\d|fapi)\/[\w/]*\?/.test(everything) : at >= 0) {
      throw new Error(`expected no ${secret.slice(0, 9)}, was: ${around}`);
    }
  }
});
