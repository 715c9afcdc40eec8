// Trading: what runs, what is switched off, what needs somebody, what is held. Rows have the button that ends them.

import type { IntentState } from "../../domain/intent.ts";
import { byId, setHidden, setText } from "../../web/dom.ts";
import { DASH, instantKst, sizeText } from "../../web/format.ts";
import { pairText } from "../../web/market-words.ts";
import type { Overview } from "../overview.ts";
import { ACTION_WORDS } from "./action-words.ts";
import type { ActionCall } from "./actions.ts";
import type { Context } from "./glance-view.ts";
import { type Chip, Chips, type Row, type RowButton, RowTable } from "./parts.ts";

export class TradingPanel {
  readonly #chips = new Chips(byId("trading-chips", HTMLDivElement));
  readonly #switches = new RowTable(byId("switches", HTMLDivElement));
  readonly #incidents = new RowTable(byId("incidents", HTMLDivElement));
  readonly #positions = new RowTable(byId("positions", HTMLDivElement));

  constructor(private readonly ask: (call: ActionCall) => void) {}

  render(overview: Overview, context: Context): void {
    this.#renderChips(overview, context);
    this.#renderSwitches(overview, context);
    this.#renderIncidents(overview, context);
    this.#renderPositions(overview, context);
  }

  #renderChips({ trading: { traders, figures, role } }: Overview, { words }: Context): void {
    const running: Chip[] = (figures?.intents ?? []).map(({ kind, state, count }) => {
      const doing = words.intentStates[state as IntentState] ?? state;
      return {
        ...{ key: `${kind} ${state}`, value: String(count) },
        name: `${words.kinds[kind] ?? kind}: ${doing}`,
      };
    });
    this.#chips.render([
      { key: "traders", name: words.traders, value: String(traders) },
      ...(running.length > 0
        ? running
        : [
            {
              key: "none",
              name: figures || role === "off" ? words.noneRunning : words.unhedgedElsewhere,
              value: "",
              tone: "quiet",
            } as const,
          ]),
    ]);
  }

  #renderSwitches({ trading, atMs: nowMs }: Overview, context: Context): void {
    const { words } = context;
    const rows = trading.switches
      .filter(({ entriesOff, halted }) => entriesOff || halted)
      .map(({ scope, subject, halted, why, by, atMs }): Row => {
        const about = [words.scopes[scope] ?? scope, subject].join(" ").trim();
        const call: ActionCall = halted
          ? { id: "unhalt", about: [] }
          : { id: "entriesOn", about: [about], values: { scope, subject } };
        return {
          key: `${scope} ${subject}`,
          cells: [
            about,
            { text: halted ? words.halted : words.entriesOff, tone: halted ? "bad" : "warn" },
            why || DASH,
            words.by[by] ?? by,
            { text: instantKst(atMs, nowMs), isNumber: true },
          ],
          button: this.#button(call, about, context),
        };
      });
    this.#switches.render({
      label: words.switches,
      heads: [words.switchScope, words.switchWhat, words.switchWhy, words.switchBy, words.since],
      rows,
      none: words.noSwitches,
    });
  }

  #renderIncidents({ incidents: { incidents, areStale }, atMs: nowMs }: Overview, context: Context): void {
    const { words } = context;
    setHidden(byId("incidents-stale", HTMLParagraphElement), !areStale);
    const rows = incidents.map(({ incidentId, userId, kind, coin, detail, openedAtMs }): Row => {
      return {
        key: String(incidentId),
        cells: [
          String(incidentId),
          { text: words.incidentKinds[kind] ?? kind, tone: "bad" },
          `${userId}${coin ? ` ${coin}` : ""}`,
          detail,
          { text: instantKst(openedAtMs, nowMs), isNumber: true },
        ],
        button: this.#button(
          { id: "close", about: [String(incidentId)], values: { incidentId: String(incidentId) } },
          String(incidentId),
          context,
        ),
      };
    });
    this.#incidents.render({
      label: words.incidents,
      heads: ["#", words.switchWhat, words.user, words.incidentWhat, words.since],
      rows,
      none: words.noIncidents,
    });
  }

  #renderPositions({ trading, atMs: nowMs }: Overview, context: Context): void {
    const { words, language } = context;
    const { positions, positionCount, figures, role } = trading;
    setText(
      byId("positions-count", HTMLElement),
      positionCount > 0 ? words.shownOf(positions.length, positionCount) : "",
    );
    const rows = positions.map(({ userId, coin, pair, spentKrw, openedAtMs }): Row => {
      const about = `${userId} ${coin}`;
      return {
        key: `${userId} ${coin} ${pair}`,
        cells: [
          `${words.userIs(userId)} · ${coin}`,
          pairText(pair, language),
          { text: words.krw(sizeText(spentKrw, language)), isNumber: true },
          { text: instantKst(openedAtMs, nowMs), isNumber: true },
        ],
        button: this.#button(
          { id: "force", about: [about], values: { userId: String(userId), coin } },
          about,
          context,
        ),
      };
    });
    this.#positions.render({
      label: words.positions,
      heads: [`${words.user}, ${words.coin}`, words.pair, words.size, words.since],
      rows,
      // Of a standby or a drained one nothing follows: it knows of no positions.
      none: figures || role === "off" ? words.noPositions : words.unhedgedElsewhere,
    });
  }

  #button(call: ActionCall, about: string, { language }: Context): RowButton {
    const text = ACTION_WORDS[language].actions[call.id].name;
    return { text, label: `${text} ${about}`, press: () => this.ask(call) };
  }
}
