// A trading process of a story, from its start to its death: it holds the lease by the real writer, first brings to an
// end what the store says is unfinished, then does what the users want next. It knows nothing but the store.

import { intentIdOf } from "../../domain/intent.ts";
import { approvedFromJournal } from "../../domain/risk.ts";
import { isPassing } from "../../domain/store-fault.ts";
import type { FreshBooks } from "../../ports/book-desk.ts";
import { Fenced, type IntentFile, type Journal, type LeaseStore } from "../../ports/journal.ts";
import type { Log } from "../../ports/telemetry.ts";
import { TermOver } from "../../trading/run-order.ts";
import { type Term, Writer } from "../../trading/writer.ts";
import { COIN, type Ground } from "./ground.ts";
import type { Life } from "./life.ts";
import type { Plant } from "./plant.ts";
import { runIntent } from "./run-intent.ts";
import type { Action } from "./script.ts";

const IDLE_MS = 5_000;
const AGAIN_MS = 500;

/** A user with what he still wants; outlives every process. */
export class Trader {
  readonly intentIds: string[] = [];
  readonly wants: Action[];
  /** An entry of his may be running. */
  isEntering = false;

  constructor(
    readonly user: string,
    readonly userId: number,
    readonly strategyId: number,
    wants: readonly Action[],
  ) {
    this.wants = [...wants];
  }
}

export interface ProcessParts {
  readonly ground: Ground;
  readonly log: Log;
  readonly journal: Journal;
  readonly lease: LeaseStore;
  readonly traders: readonly Trader[];
  readonly plant: Plant | undefined;
  readonly tell: (what: string) => void;
  readonly onTrouble: (user: string, what: string) => void;
  readonly onDefect: (error: unknown) => void;
}

/** Starts one; it ends only with its life. */
export function startProcess(parts: ProcessParts, life: Life, holder: string): void {
  const clock = life.clock(parts.ground.clock);
  const journal = life.store(parts.journal);
  const writer = new Writer({ lease: life.store(parts.lease), clock, log: parts.log, holder });
  writer.run(async (term) => {
    await Promise.all(parts.traders.map((trader) => serve({ ...parts, journal }, { life, term, trader })));
  });
}

interface Service {
  readonly life: Life;
  readonly term: Term;
  readonly trader: Trader;
}

async function serve(parts: ProcessParts, service: Service): Promise<void> {
  const { ground, log, journal, plant, tell } = parts;
  const { life, term, trader } = service;
  const clock = life.clock(ground.clock);
  while (!term.isOver) {
    try {
      const unfinished = await journal.unfinished("live");
      const found = unfinished.find(({ intent }) => intent.userId === trader.userId);
      const next = found ? { file: found, books: undefined } : await plan(parts, service);
      if (!next) {
        await clock.sleep(IDLE_MS);
        continue;
      }
      const { file, books } = next;
      await runIntent({
        ...{ ground, life, log, journal, term, file, books },
        user: trader.user,
        onTrouble: (what) => {
          tell(`${trader.user}: ${what}`);
          parts.onTrouble(trader.user, what);
        },
        ...(plant ? { plant } : {}),
      });
      trader.isEntering = false;
    } catch (error) {
      if (error instanceof TermOver || error instanceof Fenced) return;
      if (!isPassing(error)) return parts.onDefect(error);
      await clock.sleep(AGAIN_MS);
    }
  }
}

/** What the user wants next, planned on the books of now; undefined when there is nothing or it does not fit. */
async function plan(
  { ground, journal, tell }: ProcessParts,
  { life, term, trader }: Service,
): Promise<{ readonly file: IntentFile; readonly books: FreshBooks } | undefined> {
  const [want] = trader.wants;
  if (!want) return undefined;
  await life.clock(ground.clock).sleep(want.pauseMs);
  if (trader.wants[0] !== want) return undefined;
  const { userId, strategyId } = trader;
  const position = (await journal.openPositions("live")).find((open) => open.userId === userId);
  const dust = await journal.dust({ mode: "live", userId, coin: COIN, venue: ground.domestic });
  const decisionId = `${trader.user}-${trader.intentIds.length}`;
  const books = ground.books();
  if (!books) return undefined;
  trader.wants.shift();
  const options = { decisionId, books, dust };
  const { kind } = want;
  if (kind === "leave" && !position) return undefined;
  const intent =
    want.kind === "enter"
      ? ground.entry({ ...options, userId, strategyId, sliceKrw: want.sliceKrw })
      : ground.exit({ ...options, position: position!, part: want.part });
  if (typeof intent === "string") {
    tell(`${trader.user}: no entry, ${intent}`);
    return undefined;
  }
  trader.intentIds.push(intentIdOf(decisionId));
  trader.isEntering = kind === "enter";
  tell(`${trader.user} plans: ${kind} ${intent.qtyCoin} coins as ${intent.intentId}`);
  if ((await journal.plan(approvedFromJournal(intent), term.fence)) === "busy") return undefined;
  return { file: (await journal.file(intent.intentId))!, books };
}
