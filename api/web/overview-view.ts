// The strip of figures on top: reference price, median premium, best entry and exit, how many coins are quoted.

import { PAIRS } from "../../schema/vocabulary.ts";
import type { ReferencePrice } from "../../src/domain/rate-table.ts";
import { byId, setAttribute, setText } from "../../src/web/dom.ts";
import { DASH, fixed2, grouped, pctText, premiumPct, rateText, timeKst } from "../../src/web/format.ts";
import type { Line, Overview } from "./model.ts";
import { signClass } from "./table-view.ts";
import type { Words } from "./words.ts";

export class OverviewView {
  readonly #reference = byId("reference", HTMLElement);
  readonly #referenceSub = byId("reference-sub", HTMLElement);
  readonly #medianEntry = byId("median-entry", HTMLElement);
  readonly #medianExit = byId("median-exit", HTMLElement);
  readonly #bestEntry = bestCard("best-entry");
  readonly #bestExit = bestCard("best-exit");
  readonly #coinCount = byId("coin-count", HTMLElement);
  readonly #coinSub = byId("coin-sub", HTMLElement);

  render(overview: Overview, reference: ReferencePrice | undefined, words: Words): void {
    setText(this.#reference, reference ? fixed2(reference.priceKrw) : DASH);
    setText(
      this.#referenceSub,
      reference
        ? words.referenceSub(words.venues[reference.venue], timeKst(reference.atMs))
        : words.noReference,
    );
    setPct(this.#medianEntry, overview.entryMedianPct);
    setPct(this.#medianExit, overview.exitMedianPct);
    const { bestEntry, bestExit } = overview;
    renderBest(this.#bestEntry, bestEntry, bestEntry?.entryJeon, reference?.priceKrw, words);
    renderBest(this.#bestExit, bestExit, bestExit?.exitJeon, reference?.priceKrw, words);
    setText(this.#coinCount, overview.coinCount === 0 ? DASH : grouped(overview.coinCount));
    setText(
      this.#coinSub,
      overview.rowCount === 0
        ? ""
        : words.coinsSub(grouped(overview.quotedCount), grouped(overview.rowCount)),
    );
  }
}

interface BestCard {
  readonly pct: HTMLElement;
  readonly rate: HTMLElement;
  readonly sub: HTMLElement;
}

function bestCard(id: string): BestCard {
  return {
    pct: byId(id, HTMLElement),
    rate: byId(`${id}-rate`, HTMLElement),
    sub: byId(`${id}-sub`, HTMLElement),
  };
}

/** The rate stands even while there is no reference to compare it with. */
function renderBest(
  card: BestCard,
  line: Line | undefined,
  rateJeon: number | undefined,
  referenceKrw: number | undefined,
  words: Words,
): void {
  const pair = line && PAIRS[line.row.pairIndex]!;
  setPct(card.pct, premiumPct(rateJeon ?? Number.NaN, referenceKrw));
  setText(card.rate, rateJeon === undefined ? "" : rateText(rateJeon));
  setText(
    card.sub,
    pair
      ? `${line.row.coin} · ${words.pairName(words.venues[pair.domestic], words.venues[pair.overseas])}`
      : "",
  );
}

function setPct(element: HTMLElement, pct: number): void {
  setText(element, pctText(pct));
  setAttribute(element, "class", signClass(pct));
}
