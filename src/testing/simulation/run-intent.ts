// One intent in one life of a process: the real entry or exit, over the ground's venues and a journal.

import { Decimal } from "../../domain/decimal.ts";
import { isEnd } from "../../domain/intent.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import type { Fence, IntentFile, Journal } from "../../ports/journal.ts";
import type { Log } from "../../ports/telemetry.ts";
import { EntryRun, type RunDeps } from "../../trading/run-entry.ts";
import { ExitRun } from "../../trading/run-exit.ts";
import { TermOver } from "../../trading/run-order.ts";
import type { Term } from "../../trading/writer.ts";
import { Broken } from "./checks.ts";
import { type Ground, REFERENCE_KRW } from "./ground.ts";
import type { Life } from "./life.ts";
import type { Plant } from "./plant.ts";

/** What Binance takes for a BNB in these worlds. */
const BNB_USDT = Decimal.of(600);

export interface IntentRun {
  readonly ground: Ground;
  readonly life: Life;
  readonly log: Log;
  readonly user: string;
  /** As the living process sees it. */
  readonly journal: Journal;
  readonly term: Term;
  readonly file: IntentFile;
  /** Those it was planned on, in the life that planned it. */
  readonly books: FreshBooks | undefined;
  readonly onTrouble: (what: string) => void;
  readonly plant?: Plant;
}

/** Resolves at the intent's end; rejects as the runs do. */
export async function runIntent(options: IntentRun): Promise<void> {
  const { ground, life, log, term, file, books, onTrouble, plant = {} } = options;
  const clock = life.clock(ground.clock);
  const journal = plant.journal?.(options.journal, clock) ?? options.journal;
  const deps: RunDeps = {
    ...{ clock, log, term, journal },
    books: { fresh: async () => ground.books() },
    incrementAt: (venue) => ground.market(venue).priceIncrement,
    feeValue: async (_venue, asset, fee) => (asset === "BNB" ? fee.times(BNB_USDT) : fee),
    onTrouble: ({ kind, why }) => onTrouble(`${kind}: ${why}`),
    ...(plant.nextEntryStep ? { nextEntryStep: plant.nextEntryStep } : {}),
  };
  const legs = ground.legs(options.user, (venue) => {
    const alive = life.venue(venue);
    return plant.venue?.(alive) ?? alive;
  });
  const fence: Fence = term.fence;
  if (file.intent.kind === "entry") {
    await new EntryRun(deps, legs, file, fence, books).run();
    return;
  }
  const position = (await journal.openPositions("live")).find(({ userId }) => userId === file.intent.userId);
  if (!position) {
    const now = await journal.file(file.intent.intentId);
    if (now && isEnd(now.intent.state)) throw new TermOver("expected to be the one who ends it");
    throw new Broken(`expected the position of ${file.intent.intentId} to be open`);
  }
  const ids = [...new Set(position.parts.map(({ exitIntentId }) => exitIntentId))];
  const earlier = await Promise.all(ids.map(async (id) => (await journal.file(id))!));
  await new ExitRun(
    {
      ...deps,
      reference: () => ({ priceKrw: REFERENCE_KRW, words: "by the test" }),
      fundingUsdt: async () => Decimal.ZERO,
    },
    ...([legs, file, fence, position, earlier, books] as const),
  ).run();
}
