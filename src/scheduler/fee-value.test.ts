import { expect, test } from "bun:test";
import type { Venue } from "../../schema/vocabulary.ts";
import { Decimal } from "../domain/decimal.ts";
import { bookOfLists } from "../domain/json-book.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { createFeeValue } from "./fee-value.ts";

const D = Decimal.of;

/** Best asks of BNBUSDT by venue; a venue without one does not answer. */
function valued(asks: Partial<Record<Venue, number>>) {
  const log = new RecordingLog();
  const asked: string[] = [];
  const value = createFeeValue({
    log,
    book: async (venue, { symbol }) => {
      asked.push(`${venue} ${symbol}`);
      const ask = asks[venue];
      return ask === undefined
        ? undefined
        : { book: bookOfLists({ asks: [[ask, 1]], bids: [[ask - 1, 1]] }), atMs: 0 };
    },
  });
  return { log, asked, of: async (fee: string) => String(await value("binance", "BNB", D(fee))) };
}

test("a fee in BNB is worth what its venue asks for it, and what another does when that is silent", async () => {
  const asks: Partial<Record<Venue, number>> = { binance: 600.5, bybit: 610 };
  const { of, asked, log } = valued(asks);
  expect(await of("0.002")).toBe("1.201");
  delete asks.binance;
  expect(await of("0.002")).toBe("1.22");
  expect(new Set(asked)).toEqual(new Set(["binance BNBUSDT", "bybit BNBUSDT"]));
  expect(log.said("warn")).toEqual([]);
});

test("with nobody answering it is worth what was asked last, and nothing, loudly, where nothing ever was", async () => {
  const asks: Partial<Record<Venue, number>> = {};
  const { of, log } = valued(asks);
  expect(await of("0.002")).toBe("0");
  expect(log.said("error")).toEqual(["a fee could not be valued: it counts as nothing"]);
  asks.binance = 600;
  await of("0.002");
  delete asks.binance;
  expect(await of("0.003")).toBe("1.8");
  expect(log.said("warn").at(-1)).toBe("a fee is valued at the last price seen");
});

test("what the fee's own venue asks waits for no other venue", async () => {
  const value = createFeeValue({
    log: new RecordingLog(),
    book: (venue) =>
      venue === "binance"
        ? Promise.resolve({ book: bookOfLists({ asks: [[600, 1]], bids: [[599, 1]] }), atMs: 0 })
        : new Promise(() => undefined),
  });
  expect(String(await value("binance", "BNB", D("0.002")))).toBe("1.2");
});
