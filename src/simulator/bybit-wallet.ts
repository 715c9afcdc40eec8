// Bybit's wallet of a unified account, as /v5/account/wallet-balance and the wallet stream print it.

import { type Exact, fixed, over } from "./exact.ts";
import { type PerpAccount, USDT } from "./perp-account.ts";

/** `wanted`: only these coins. */
export function walletRow(account: PerpAccount, nowMs: number, wanted?: readonly string[]): object {
  const margin = account.margin(nowMs);
  const coins = account.ledger.assets().filter((asset) => wanted === undefined || wanted.includes(asset));
  const realised = account.positions.all().reduce((sum, position) => sum + position.realisedNet, 0n);
  const text = (value: Exact) => fixed(value, 8).replace(/\.?0+$/, "");
  return {
    totalEquity: text(margin.equity),
    accountIMRate: rate(margin.initialMargin, margin.equity),
    totalMarginBalance: text(margin.equity),
    totalInitialMargin: text(margin.initialMargin + margin.ordersHeld),
    accountType: "UNIFIED",
    totalAvailableBalance: text(margin.available),
    accountMMRate: rate(margin.maintenanceMargin, margin.equity),
    totalPerpUPL: text(margin.unrealised),
    totalWalletBalance: text(margin.wallet),
    accountLTV: "0",
    totalMaintenanceMargin: text(margin.maintenanceMargin),
    coin: coins.map((coin) => {
      const settled = coin === USDT;
      const held = account.ledger.total(coin);
      const equity = settled ? margin.equity : held;
      return {
        availableToBorrow: "",
        bonus: "0",
        accruedInterest: "0",
        // Deprecated: empty for a unified account.
        availableToWithdraw: "",
        totalOrderIM: text(settled ? margin.ordersHeld : 0n),
        equity: text(equity),
        totalPositionMM: text(settled ? margin.maintenanceMargin : 0n),
        usdValue: text(settled ? equity : 0n),
        unrealisedPnl: text(settled ? margin.unrealised : 0n),
        collateralSwitch: true,
        borrowAmount: "0",
        totalPositionIM: text(settled ? margin.initialMargin : 0n),
        walletBalance: text(held),
        cumRealisedPnl: text(settled ? realised : 0n),
        locked: "0",
        marginCollateral: true,
        coin,
      };
    }),
  };
}

function rate(part: Exact, whole: Exact): string {
  return whole <= 0n ? "0" : fixed(over(part, whole), 4);
}
