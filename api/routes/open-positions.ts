// What the caller has open, as the engine holds it, with the rate to leave at now and what that would bring. A position
// opened by hand in Karbit is not here: it is in /api/positions/active alone.

import { Hono } from "hono";
import * as v from "valibot";
import { PAIR_KEYS, PAIRS } from "../../schema/vocabulary.ts";
import { type OpenView, openView, type StoredPosition } from "../../src/domain/position-view.ts";
import { DECISION_SETTINGS_DEFAULT, type DecisionSettings } from "../../src/domain/strategy.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ForcedCloses } from "../../src/ports/forced-closes.ts";
import type { TradingMode } from "../../src/ports/journal.ts";
import type { SignedIn } from "../answers.ts";
import { type LiveFrames, rowAgeMsMaxOf } from "../live-frames.ts";
import { noQuery } from "../query.ts";
import { whole } from "../whole.ts";

export const OPEN_POSITION_PATHS = {
  "/api/positions/open": ["GET", "HEAD"],
} as const satisfies Record<string, readonly string[]>;

const about = (text: string) => v.pipe(v.string(), v.description(text));
const orNull = (text: string) => v.pipe(v.nullable(v.string()), v.description(text));

export const openPositionsSchema = v.array(
  v.object({
    coin: v.string(),
    pair: v.picklist(PAIR_KEYS),
    qtyCoin: v.string(),
    spentKrw: about("Without fees."),
    receivedUsdt: about("Without fees."),
    entryRate: about("KRW per USDT, average of all entries."),
    exitTargetRate: orNull(
      "It is left at or above this exit rate; null: its terms cannot be read, and it is left only when you ask.",
    ),
    exitRateNow: orNull("At the position's size; null: there is none."),
    profitNowKrw: orNull("What leaving now would bring, estimated, after fees both ways."),
    openedAtMs: whole,
    entries: whole,
    closeAsked: v.pipe(v.boolean(), v.description("It is being left whatever the rate, because you asked.")),
  }),
) satisfies v.GenericSchema<unknown, (OpenView & { closeAsked: boolean })[]>;

export function openPositionRoutes({
  openPositions,
  forcedCloses,
  mode,
  live,
  periodMs,
  clock,
  signedIn,
  decision = DECISION_SETTINGS_DEFAULT,
}: {
  readonly openPositions: (userId: number) => Promise<readonly StoredPosition[]>;
  readonly forcedCloses: Pick<ForcedCloses, "open">;
  readonly mode: TradingMode;
  readonly live: Pick<LiveFrames, "row" | "reference">;
  /** Length of a tick. */
  readonly periodMs: number;
  readonly clock: Clock;
  readonly signedIn: SignedIn;
  readonly decision?: DecisionSettings;
}) {
  return new Hono().get("/api/positions/open", signedIn, noQuery, async (c) => {
    const { userId } = c.var.account;
    const stored = await openPositions(userId);
    const closes = stored.length > 0 ? await forcedCloses.open(mode) : [];
    const asked = new Set(closes.filter((one) => one.userId === userId).map(({ coin }) => coin));
    const sinceMs = clock.nowMs() - rowAgeMsMaxOf(periodMs);
    const shown = stored.map((position) => {
      const { coin, pair } = position;
      const row = live.row(
        coin,
        PAIRS.findIndex(({ key }) => key === pair),
      );
      const market = { row, reference: live.reference, decision, sinceMs };
      return { ...openView(position, market), closeAsked: asked.has(coin) };
    });
    return c.json(shown satisfies v.InferOutput<typeof openPositionsSchema>, 200, {
      "Cache-Control": "no-store",
    });
  });
}
