// What was measured on recorded five-minute candles of BTC (Upbit in KRW, Binance USD-M in USDT; 5,200 candles in
// 26 stretches between 2025-05-28 and 2025-08-23) and the parameters fitted so that the simulated market agrees.
// calibration.test.ts prints one against the other.

/** Figures of the recording; returns are log returns of closes over five minutes without a gap. */
export const RECORDED_BTC = {
  windowDays: 87,
  upbit: {
    returnSd: 0.0008103,
    returnAbsQ99: 0.002958,
    returnAbsQ999: 0.005441,
    volumeMeanCoin: 4.6167,
    volumeSdCoin: 7.3985,
  },
  binance: {
    returnSd: 0.0009124,
    returnAbsQ99: 0.003311,
    returnAbsQ999: 0.005942,
    volumeMeanCoin: 46.422,
    volumeSdCoin: 64.783,
  },
  /** KRW close over USDT close. */
  rate: { min: 1351.47, max: 1418.16, mean: 1379.4, sd: 15.077, changeSd: 0.0005633 },
} as const;

/** Distribution of activity over slots: log volatility = spread x score; and what the score is. */
export const ACTIVITY_FIT = {
  logSpread: 0.66,
  /** Scores above this count as this: the busiest slots are equally busy. */
  scoreMax: 2.35,
  daySlots: 300,
  hourSlots: 30,
  dayWeight: 0.33,
  hourWeight: 0.36,
  slotWeight: 0.17,
  /** Log of the mean |return| of each hour (UTC) over its mean; New York's morning is the busiest. */
  hourlyLogVolatility: [
    -0.07, -0.11, -0.07, -0.25, -0.3, -0.29, -0.46, -0.45, -0.34, -0.25, -0.38, -0.32, -0.05, 0.49, 0.58,
    0.39, 0.24, 0.2, 0.23, 0.23, 0.12, 0.09, -0.15, -0.26,
  ],
} as const;

/** The common part of all prices. Standard deviations of logs. */
export const FACTOR_FIT = {
  btcUsdt: 107_800,
  btcSdPerUnit: 0.000912,
  /** Middle of the implied rate, KRW per USDT. */
  rateKrwPerUsdt: 1384,
  /** The slow part of the rate goes from knot to knot; every 8 knots hold the same 8 heights, in seeded order. */
  rateKnotMs: 5 * 86_400_000,
  rateKnotHeights: [-0.0195, -0.0155, -0.0118, -0.0075, -0.003, 0.004, 0.012, 0.0205],
  /** Hours-long wandering around it. */
  rateHoursSd: 0.0019,
  rateHoursMs: 19_200_000,
  /** KRW prices follow a move of BTC only so far at first, and the rest as the average over the lags moves. */
  rateDamping: 0.5,
  rateDampedMax: 0.0014,
  rateDampingLagsMs: [240_000, 600_000],
  /** Trade-to-trade noise of a venue's price. */
  flickerMs: 150_000,
  flickerSd: { upbit: 0.00022, bithumb: 0.00026, bybit: 0.00004, binance: 0.00002 },
} as const;

/** Single coins: sensitivity to BTC, own movement, and premiums. Index: tier A major to D thin. */
export const COIN_FIT = {
  /** Log move per log move of BTC; each coin lies within `betaSpread` of its tier. */
  beta: { A: 1.15, B: 1.35, C: 1.4, D: 1.1 },
  betaSpread: 0.25,
  /** Own movement per unit of activity, standard deviation of the log. */
  ownSdPerUnit: { A: 0.0006, B: 0.001, C: 0.0013, D: 0.0017 },
  /** Premium of a coin's KRW price over the common rate: middle, and deviations over hours and over minutes. */
  premiumMiddle: { A: 0, B: 0.001, C: 0.003, D: 0.006 },
  premiumHoursSd: { A: 0.0012, B: 0.004, C: 0.008, D: 0.011 },
  premiumMinutesSd: { A: 0.0006, B: 0.0018, C: 0.0032, D: 0.0045 },
  premiumHoursMs: 14_400_000,
  premiumMinutesMs: 1_500_000,
  /** Premiums bend towards these bounds and never pass them. */
  premiumMin: -0.02,
  premiumMax: 0.04,
  /** What one venue's price deviates from the coin's, by itself. */
  venueSd: { upbit: 0.0004, bithumb: 0.0014, bybit: 0.0004, binance: 0.0002 },
  venueSdByTier: { A: 0.5, B: 1, C: 1.3, D: 1.8 },
  venueMs: 2_400_000,
  /** KRW-USDT and KRW-USDC against the common rate. */
  stableSd: 0.0012,
  stableMs: 7_200_000,
} as const;

/** Volume of five minutes = mean x exp(spread x score + bend x (score^2 - 1)) over its mean; see volumes.ts. */
export const VOLUME_FIT = {
  btcMeanCoin: { upbit: 4.617, bithumb: 1.6, bybit: 28, binance: 46.42 },
  logSpread: { upbit: 1.03, bithumb: 1.05, bybit: 0.95, binance: 0.926 },
  logBend: 0.09,
  scoreMax: 2.6,
  /** How much of the score is the slot's activity; the rest is an hour's noise and the slot's own, half each. */
  activityShare: 0.72,
  /** Mean of five minutes of other coins over BTC's, in money. */
  tierShare: { A: 0.2, B: 0.03, C: 0.008, D: 0.0015 },
} as const;
