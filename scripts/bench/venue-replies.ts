// Order books of the simulated venues as bytes, asked for once and answered again and again: venues that cost nothing,
// for sections that measure who asks them.

import { COINS_PER_TASK_MAX, type TaskCoin } from "../../schema/messages/quote-task.ts";
import { VENUES, type Venue } from "../../schema/vocabulary.ts";
import { VENUE_BOOKS } from "../../src/adapters/venue/books.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { coinsOnAllVenues } from "./books.ts";

/** Books are taken from a market so far ahead: they may be used for as long again and longer. */
const AHEAD_MS = 50_000;
const DEPTHS: Readonly<Record<Venue, number>> = { upbit: 30, bithumb: 30, bybit: 500, binance: 100 };

export interface StandInVenues {
  /** Coins of a task each, all on all four venues. */
  readonly tasks: readonly TaskCoin[][];
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves all venues under one address: their paths differ. */
export async function startStandInVenues(): Promise<StandInVenues> {
  const replies = new Map<string, Uint8Array<ArrayBuffer>>();
  const simulator = await startSimulator({ seed: 1, limits: false, nowMs: () => Date.now() + AHEAD_MS });
  const coins = coinsOnAllVenues(simulator.market, Date.now() + AHEAD_MS).map(
    ({ coin, legs }): TaskCoin => ({
      coin,
      legs: VENUES.map((venue) => ({ venue, depth: DEPTHS[venue], ...legs[venue] })),
    }),
  );
  const tasks: TaskCoin[][] = [];
  for (let at = 0; at < coins.length; at += COINS_PER_TASK_MAX) {
    tasks.push(coins.slice(at, at + COINS_PER_TASK_MAX));
  }
  for (const task of tasks) {
    for (const venue of VENUES) {
      const wanted = task.map(({ legs }) => legs.find((leg) => leg.venue === venue)!);
      for (const { path } of VENUE_BOOKS[venue].plan(wanted)) {
        const response = await fetch(simulator.urls[0]![venue] + path);
        if (!response.ok) throw new Error(`${venue}${path}: ${response.status}`);
        replies.set(path, await response.bytes());
      }
    }
  }
  await simulator.stop();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const reply = replies.get(request.url.slice(request.url.indexOf("/", 8)));
      return reply ? new Response(reply) : new Response("not asked before", { status: 404 });
    },
  });
  return { tasks, url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
