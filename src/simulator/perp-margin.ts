// Margin of one perpetual account at the mark prices of an instant: what is free, what must stay, where it ends.
// Cross positions share the wallet; an isolated one has its own initial margin and nothing more.

import { type Exact, larger, ONE, over, sizeOf, times } from "./exact.ts";
import type { PerpPosition } from "./perp-positions.ts";

export interface MarginInput {
  readonly wallet: Exact;
  readonly positions: readonly PositionMargin[];
  /** Held back for resting orders. */
  readonly ordersHeld: Exact;
  readonly maintenanceRatio: Exact;
}

export interface PositionMargin {
  readonly position: PerpPosition;
  readonly mark: Exact;
  readonly leverage: Exact;
  readonly isolated: boolean;
}

export interface PositionFigures extends PositionMargin {
  readonly averagePrice: Exact;
  /** At the mark price, positive. */
  readonly notional: Exact;
  readonly unrealised: Exact;
  /** At entry prices. */
  readonly initialMargin: Exact;
  readonly maintenanceMargin: Exact;
  /** Zero: no price ends it. */
  readonly liquidationPrice: Exact;
}

export interface MarginFigures {
  readonly wallet: Exact;
  readonly unrealised: Exact;
  readonly equity: Exact;
  readonly initialMargin: Exact;
  readonly ordersHeld: Exact;
  readonly maintenanceMargin: Exact;
  readonly available: Exact;
  /** Of the cross part: wallet without isolated margins, and unrealised profit. */
  readonly crossWallet: Exact;
  readonly crossUnrealised: Exact;
  readonly positions: readonly PositionFigures[];
  /** Positions whose margin is used up by four fifths (where venues warn), and those where it is used up. */
  readonly strained: readonly PositionFigures[];
  readonly exhausted: readonly PositionFigures[];
}

export function marginFigures(input: MarginInput): MarginFigures {
  const { wallet, ordersHeld, maintenanceRatio } = input;
  const bases = input.positions.map((margin) => baseFigures(margin, maintenanceRatio));
  const sum = (of: (figures: Base) => Exact, which: (figures: Base) => boolean = () => true) =>
    bases.reduce((total, figures) => (which(figures) ? total + of(figures) : total), 0n);
  const cross = (figures: Base) => !figures.isolated;
  const isolatedMargin = sum(
    (figures) => figures.initialMargin,
    (figures) => figures.isolated,
  );
  const crossWallet = wallet - isolatedMargin;
  const crossUnrealised = sum((figures) => figures.unrealised, cross);
  const crossMaintenance = sum((figures) => figures.maintenanceMargin, cross);
  const crossInitial = sum((figures) => figures.initialMargin, cross);
  const crossEquity = crossWallet + crossUnrealised;
  const positions = bases.map((figures) => {
    const cushion = figures.isolated
      ? figures.initialMargin
      : crossWallet + crossUnrealised - figures.unrealised - (crossMaintenance - figures.maintenanceMargin);
    return { ...figures, liquidationPrice: liquidationPrice(figures.position, cushion, maintenanceRatio) };
  });
  const short = (equity: Exact, maintenance: Exact, fifths: bigint) => equity * fifths <= maintenance * 5n;
  const worn = (fifths: bigint) =>
    positions.filter((figures) =>
      figures.isolated
        ? short(figures.initialMargin + figures.unrealised, figures.maintenanceMargin, fifths)
        : short(crossEquity, crossMaintenance, fifths),
    );
  const unrealised = sum((figures) => figures.unrealised);
  return {
    wallet,
    unrealised,
    equity: wallet + unrealised,
    initialMargin: isolatedMargin + crossInitial,
    ordersHeld,
    maintenanceMargin: sum((figures) => figures.maintenanceMargin),
    available: larger(0n, crossEquity - crossInitial - ordersHeld),
    crossWallet,
    crossUnrealised,
    positions,
    strained: worn(4n),
    exhausted: worn(5n),
  };
}

type Base = Omit<PositionFigures, "liquidationPrice">;

function baseFigures(margin: PositionMargin, maintenanceRatio: Exact): Base {
  const { position, mark, leverage } = margin;
  const size = sizeOf(position.size);
  const notional = times(size, mark);
  return {
    ...margin,
    averagePrice: over(position.cost, size),
    notional,
    unrealised: position.size > 0n ? notional - position.cost : position.cost - notional,
    initialMargin: over(position.cost, leverage),
    maintenanceMargin: times(notional, maintenanceRatio),
  };
}

/** The mark price at which cushion and unrealised profit just cover the maintenance margin. */
function liquidationPrice({ size, cost }: PerpPosition, cushion: Exact, ratio: Exact): Exact {
  if (size < 0n) return larger(0n, over(cushion + cost, times(-size, ONE + ratio)));
  return larger(0n, over(cost - cushion, times(size, ONE - ratio)));
}

/** Which positions a margin call was told for: one is due once for each, and again when it has recovered since. */
export class MarginCalls {
  private warned = new Set<PerpPosition>();

  isDue({ strained }: MarginFigures): boolean {
    const positions = strained.map(({ position }) => position);
    const isNew = positions.some((position) => !this.warned.has(position));
    this.warned = new Set(positions);
    return isNew;
  }
}
