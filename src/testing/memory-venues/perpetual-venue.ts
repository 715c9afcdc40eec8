// What the overseas in-memory venues answer beyond orders: positions, modes, leverage, funding.

import type { OverseasVenue } from "../../../schema/vocabulary.ts";
import type { Decimal } from "../../domain/decimal.ts";
import {
  type AccountModes,
  type FundingEvent,
  type PerpetualVenue,
  type VenuePosition,
  VenueReadFault,
} from "../../ports/trading-venue.ts";
import type { MemoryAccount } from "./account.ts";
import type { Positions } from "./positions.ts";
import { MemorySpotVenue, type Wire } from "./spot-venue.ts";

export class MemoryPerpetualVenue extends MemorySpotVenue implements PerpetualVenue {
  override readonly venue: OverseasVenue;
  readonly #positions: Positions;

  constructor(venue: OverseasVenue, account: MemoryAccount, wire: Wire) {
    super(venue, account, wire);
    this.venue = venue;
    if (account.positions === undefined) throw new Error(`expected an account with positions at ${venue}`);
    this.#positions = account.positions;
  }

  positions(symbol?: string): Promise<readonly VenuePosition[]> {
    return this.read("positions", symbol, () => {
      const walletUsdt = this.account.wallet("USDT");
      const rows: VenuePosition[] = [];
      for (const held of this.#positions.all()) {
        if (symbol !== undefined && held.market.symbol !== symbol) continue;
        rows.push({
          symbol: held.market.symbol,
          side: held.side,
          qtyContracts: held.qty,
          entryPrice: this.#positions.entryPrice(held),
          markPrice: held.market.mark,
          liquidationPrice: this.#positions.liquidationPrice(held, walletUsdt),
          leverage: this.#positions.leverage(held.market.symbol),
        });
      }
      return rows;
    });
  }

  modes(symbol: string): Promise<AccountModes> {
    return this.read("modes", symbol, () => {
      const { positionMode, marginMode } = this.#positions;
      return { positionMode, marginMode };
    });
  }

  setLeverage(symbol: string, leverage: Decimal): Promise<void> {
    return this.read("setLeverage", symbol, () => {
      if (this.#positions.leverage(symbol).equals(leverage)) return;
      const held = this.#positions.get(symbol, "short") ?? this.#positions.get(symbol, "long");
      // The venues would let it pass; the port does not allow it, and this is the judge of the engine.
      if (held) throw new VenueReadFault(`expected no position in ${symbol}, was ${held.qty}`, undefined);
      if (!leverage.isPositive)
        throw new VenueReadFault(`expected a leverage above 0, was ${leverage}`, undefined);
      this.market(symbol);
      this.#positions.setLeverage(symbol, leverage);
    });
  }

  fundingSince(symbol: string, sinceMs: number): Promise<readonly FundingEvent[]> {
    return this.read("funding", symbol, () =>
      this.account.fundings.filter((event) => event.symbol === symbol && event.atMs >= sinceMs),
    );
  }
}
