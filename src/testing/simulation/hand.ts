// What users do by hand beside the engine, and what venues take from them: trades, orders that lock coins, liquidation
// and deleveraging, each at once and of some share of what is there.

import { Decimal } from "../../domain/decimal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Dice } from "./dice.ts";
import { COIN, type Ground } from "./ground.ts";

export interface HandParts {
  readonly clock: Clock;
  readonly ground: Ground;
  readonly dice: Dice;
  readonly chronicle: Chronicle;
  /** Coins being sold back by a running entry are not there to be sold by hand too. */
  readonly isEntering: (user: string) => boolean;
}

const REST_MS = 20_000;
const HELP_MS = 60_000;
const FAR_KRW = 9_000;
const DEEDS = ["sells", "buys", "covers", "shorts", "liquidated", "deleveraged", "rests"] as const;

export class Hand {
  readonly #resting: (() => void)[] = [];

  constructor(private readonly parts: HandParts) {}

  act(): void {
    const { ground, dice, isEntering } = this.parts;
    const { user } = dice.of(ground.options.users);
    const share = Decimal.of(dice.of(["0.1", "0.5", "1"]));
    const deed = dice.of(DEEDS);
    const coins = this.#coinsOf(user, share);
    const contracts = this.#contractsOf(user, share);
    const lot = ground.market(ground.overseas).qtyStep;
    if (deed === "sells" && !isEntering(user)) this.#trade(user, "home", { side: "sell", qty: coins });
    if (deed === "buys") this.#trade(user, "home", { side: "buy", qty: Decimal.of(dice.whole(3, 40)) });
    if (deed === "covers") this.#trade(user, "abroad", { side: "buy", qty: contracts });
    if (deed === "shorts") this.#trade(user, "abroad", { side: "sell", qty: lot });
    if (deed === "liquidated") this.#take(user, "liquidation", contracts);
    if (deed === "deleveraged") this.#take(user, "deleveraging", contracts);
    if (deed === "rests" && !isEntering(user)) this.#rest(user, coins);
  }

  /**
   * Binance in hedge mode has no reduce-only orders, and may refuse to buy back less than its smallest notional: then
   * the user who was called closes the short at the venue, where he can.
   */
  help(user: string, trouble: string): void {
    const { ground, clock } = this.parts;
    const { positionMode } = ground.options.users.find((one) => one.user === user)!;
    if (ground.overseas !== "binance" || positionMode !== "hedge" || !trouble.includes("cover-unfilled"))
      return;
    void clock.sleep(HELP_MS).then(() => {
      this.#trade(user, "abroad", { side: "buy", qty: this.#contractsOf(user, Decimal.ONE) });
    });
  }

  /** Takes back what still rests. */
  clear(): void {
    for (const cancel of this.#resting.splice(0)) cancel();
  }

  #coinsOf(user: string, share: Decimal): Decimal {
    const { world, domestic } = this.parts.ground;
    const { qtyStep } = this.parts.ground.market(domestic);
    return world.account(user, domestic).free(COIN).times(share).toStep(qtyStep, "down");
  }

  #contractsOf(user: string, share: Decimal): Decimal {
    const { world, overseas } = this.parts.ground;
    const { qtyStep, symbol } = this.parts.ground.market(overseas);
    const held = world.account(user, overseas).positions!.qty(symbol, "short");
    return held.times(share).toStep(qtyStep, "down");
  }

  #trade(
    user: string,
    where: "home" | "abroad",
    { side, qty }: { readonly side: "buy" | "sell"; readonly qty: Decimal },
  ): void {
    const { world, domestic, overseas } = this.parts.ground;
    if (!qty.isPositive) return;
    const venue = where === "home" ? domestic : overseas;
    const { symbol } = this.parts.ground.market(venue);
    const { filledQty } = world.tradeByHand(user, venue, { symbol, side, qty });
    this.#tell(user, `${side}s ${filledQty} ${where}`, `${side} ${where}`);
  }

  #take(user: string, reason: "liquidation" | "deleveraging", qty: Decimal): void {
    if (!qty.isPositive) return;
    const { ground } = this.parts;
    const { symbol } = ground.market(ground.overseas);
    ground.world.takePosition(user, ground.overseas, symbol, { reason, qty });
    this.#tell(user, `loses ${qty} contracts by ${reason}`, reason);
  }

  #rest(user: string, qty: Decimal): void {
    if (!qty.isPositive) return;
    const { ground, clock } = this.parts;
    const { domestic, world } = ground;
    const { symbol } = ground.market(domestic);
    const order = world.restByHand(user, domestic, { symbol, side: "sell", qty, price: FAR_KRW });
    const cancel = () => {
      if (order.resting) world.cancelByHand(user, domestic, order);
    };
    this.#resting.push(cancel);
    void clock.sleep(REST_MS).then(cancel);
    this.#tell(user, `locks ${qty} coins in an order`, "coins locked");
  }

  #tell(user: string, what: string, kind: string): void {
    const { chronicle } = this.parts;
    chronicle.rough(`by hand: ${kind}`);
    chronicle.tell(`by hand: ${user} ${what}`);
  }
}
