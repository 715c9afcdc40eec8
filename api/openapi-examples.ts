// Examples of what everybody may read, for the OpenAPI document.

const AT_MS = 1_780_000_020_000;
const pair = { coin: "BTC", pair: "upbit-bybit" } as const;

/** Of two sizes, as `seeds=1,10` asks for. */
export const TABLE = {
  ...{ tickAtMs: AT_MS, part: 3, closing: true },
  reference: { priceKrw: 1389.5, venue: "upbit", atMs: AT_MS - 700 },
  seedsKrw: [1_000_000, 10_000_000],
  rows: [
    {
      ...{ ...pair, domestic: "upbit", overseas: "bybit", tickAtMs: AT_MS, bookAgeMs: 140, reason: "none" },
      ...{ entryRatesKrwPerUsdt: [1391.42, 1391.8], exitRatesKrwPerUsdt: [1390.96, null] },
    },
  ],
};

/** In Karbit's form, of one size. */
export const STREAM = `id: ${AT_MS}.3
data: {"type":"tick","payload":[{"symbol":"BTC","korean_ex":"upbit","foreign_ex":"bybit","ex_rates":[{"seed":1000000,"entry_ex_rate":1391.42,"exit_ex_rate":1390.96}]}]}

`;

export const READY = {
  ...{ status: "ready", reasons: [], feed: "connected", frameAgeMs: 420, rows: 524 },
  streams: { clients: 12, plainKarbitClients: 1, forms: 2 },
};
export const NOT_READY = { ...READY, status: "not ready", reasons: ["the newest frame is 95 s old"] };

export const TRADING = {
  ...{ mode: "paper", role: "trading", asOfMs: AT_MS },
  traders: [
    {
      ...{ userId: 1, name: "Kim", strategy: null, profitKrw: "15161.21", openCount: 1 },
      open: [
        {
          ...{ ...pair, qtyCoin: "0.07", spentKrw: "9999999.1", receivedUsdt: "7300", entries: 1 },
          ...{ entryRate: "1369.86", exitTargetRate: "1390.00", openedAtMs: AT_MS - 60_000 },
          ...{ exitRateNow: "1381.20", profitNowKrw: "6120.44" },
        },
      ],
      closed: [
        {
          ...{ coin: "ETH", pair: "bithumb-binance", profitKrw: "15161.21", profitRatePct: "0.76" },
          ...{ openedAtMs: AT_MS - 3_600_000, closedAtMs: AT_MS - 1_800_000 },
        },
      ],
      decisions: [],
    },
  ],
};
