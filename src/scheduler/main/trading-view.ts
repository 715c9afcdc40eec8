// What is shown of trading: the store's part joined with the engine's state and the live table. The store is asked once
// in two seconds, however many are looking; whoever asks in between gets the same view. No order depends on it.

import { PAIRS } from "../../../schema/vocabulary.ts";
import { openView } from "../../domain/position-view.ts";
import type { RateTable } from "../../domain/rate-table.ts";
import type { DecisionSettings } from "../../domain/strategy.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TradingView, TradingViewSource, TradingViewStore } from "../../ports/trading-view.ts";
import type { EngineState } from "../../trading/engine.ts";

export interface TradingViewParts {
  readonly clock: Clock;
  readonly store: Pick<TradingViewStore, "read">;
  readonly engine: () => Pick<EngineState, "mode" | "role">;
  readonly table: () => RateTable;
  readonly decision: DecisionSettings;
  /** A rate or a reference price older than this counts as none. */
  readonly rateAgeMsMax: number;
}

const KEPT_MS = 2_000;
const DECISIONS_MS = 600_000;

export function createTradingView(parts: TradingViewParts): TradingViewSource {
  let kept: { readonly view: Promise<TradingView>; readonly untilMs: number } | undefined;
  return {
    read() {
      const nowMs = parts.clock.monotonicMs();
      // A read that fails is shared as well: a store in trouble is not asked more often.
      if (!kept || kept.untilMs <= nowMs) kept = { view: readView(parts), untilMs: nowMs + KEPT_MS };
      return kept.view;
    },
  };
}

async function readView(parts: TradingViewParts): Promise<TradingView> {
  const { clock, store, engine, decision, rateAgeMsMax } = parts;
  const { mode, role: own } = engine();
  const role = own === "drained" ? "off" : own;
  const stored = await store.read(mode, clock.nowMs() - DECISIONS_MS);
  const asOfMs = clock.nowMs();
  const table = parts.table();
  const traders = stored.map((trader) => {
    const open = trader.open.map((position) => {
      const row = table.get(
        position.coin,
        PAIRS.findIndex(({ key }) => key === position.pair),
      );
      return openView(position, {
        row,
        reference: table.reference,
        decision,
        sinceMs: asOfMs - rateAgeMsMax,
      });
    });
    return { ...trader, openCount: open.length, open };
  });
  return { mode, role, asOfMs, traders };
}
