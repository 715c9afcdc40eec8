// The parts of --check: each reaches one server and says in words what it found.

import { parseReportMessage } from "../../schema/messages/quote-report.ts";
import { COINS_PER_TASK_MAX, MessageError, type TaskCoin } from "../../schema/messages/quote-task.ts";
import { VENUES, type Venue } from "../../schema/vocabulary.ts";
import type { NatsBus } from "../adapters/bus/nats.ts";
import { systemClock } from "../adapters/clock.ts";
import { VENUE_BOOKS } from "../adapters/venue/books.ts";
import { TRADER_RATIO } from "../adapters/venue/budget-shares.ts";
import { type HttpAnswer, httpGet, type VenueUrls } from "../adapters/venue/http.ts";
import { parsePresence } from "../adapters/venue/presence.ts";
import { tickCosts } from "../domain/listing-table.ts";
import { createOrderBook } from "../domain/order-book.ts";
import { binanceWeight, shortestTickMs } from "../domain/venue-limits.ts";

export interface CheckResult {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Prints one line per check; true when all are well. */
export function printChecks(name: string, results: readonly CheckResult[]): boolean {
  const width = Math.max(...results.map(({ what }) => what.length));
  for (const { what, ok, detail } of results) {
    process.stdout.write(`${ok ? "ok   " : "WRONG"} ${what.padEnd(width)}  ${detail}\n`);
  }
  const wrongCount = results.filter(({ ok }) => !ok).length;
  process.stdout.write(wrongCount === 0 ? `${name} is ready\n` : `${name}: ${wrongCount} wrong\n`);
  return wrongCount === 0;
}

/** Runs one check; whatever it throws becomes words. */
export async function check(what: string, run: () => Promise<string>): Promise<CheckResult> {
  try {
    return { what, ok: true, detail: await run() };
  } catch (error) {
    return { what, ok: false, detail: reasonText(error) };
  }
}

const CAUSES_MAX = 5;

/** One line for whoever sets it up: no class names, no statement of ours, and nothing that was said already. */
function reasonText(error: unknown): string {
  const said: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < CAUSES_MAX; at = at.cause, depth++) {
    const text = at.message.replace(/\s+/g, " ").trim();
    const isNew = !/^Failed query/.test(text) && !said.some((known) => known.includes(text));
    if (isNew) said.push(text);
  }
  return said.length > 0 ? said.join("; ") : String(error);
}

function silenceText({ outcome, text }: HttpAnswer, timeoutMs: number): string {
  if (outcome === "network") return "cannot be reached";
  if (outcome === "timeout") return `does not answer within ${timeoutMs} ms`;
  return `answers ${outcome} ${text ?? ""}`.trim();
}

const CLOCK_OFFSET_MS_MAX = 2_000;
const PROBE: Record<Venue, string> = {
  upbit: "KRW-BTC",
  bithumb: "KRW-BTC",
  bybit: "BTCUSDT",
  binance: "BTCUSDT",
};

/** Asks each venue for one book, and compares its time stamp with our clock. */
export async function checkVenues(urls: VenueUrls, timeoutMs: number): Promise<CheckResult[]> {
  return await Promise.all(
    VENUES.map((venue) =>
      check(venue, async () => {
        const request = VENUE_BOOKS[venue].plan([{ symbol: PROBE[venue], depth: 50 }])[0]!;
        const startedAtMs = systemClock.monotonicMs();
        const got = await httpGet(urls[venue] + request.path, timeoutMs, systemClock);
        const tookMs = Math.round(systemClock.monotonicMs() - startedAtMs);
        if (!got.bytes) throw new Error(`${urls[venue]} ${silenceText(got, timeoutMs)}`);
        const book = createOrderBook();
        const all = { askQtyEnough: Number.POSITIVE_INFINITY, bidQtyEnough: Number.POSITIVE_INFINITY };
        const outcome = VENUE_BOOKS[venue].scan(
          got.bytes,
          request,
          () => book,
          () => all,
        );
        if (outcome !== "ok" || book.askCount === 0)
          throw new Error(`${urls[venue]}: the book is ${outcome}`);
        const offsetMs = got.receivedAtMs - book.stampAtMs;
        if (Math.abs(offsetMs) > CLOCK_OFFSET_MS_MAX + tookMs) {
          throw new Error(
            `the host's clock is ${Math.round(offsetMs)} ms off: synchronise it (chrony, systemd-timesyncd)`,
          );
        }
        return `${urls[venue]} answers in ${tookMs} ms`;
      }),
    ),
  );
}

const LISTEN_MS = 3_000;
const COINS_ASSUMED = 131;
const MANIFEST_AGE_MS_MAX = 60_000;

/** The shortest tick the venues' limits sustain, from the last tick's manifest and the workers heard on the bus. */
export async function checkFeasibleTick(
  bus: NatsBus,
  tickPeriodMs: number | undefined,
): Promise<CheckResult> {
  return await check("shortest feasible tick", async () => {
    const addresses = new Set<string>();
    const traderAddresses = new Set<string>();
    let workerCount = 0;
    const seen = new Set<string>();
    let coins: readonly TaskCoin[] | undefined;
    const unlisten = await bus.announcements.listen("presence", (bytes) => {
      const presence = parsePresence(bytes);
      if (presence?.role === "trader") traderAddresses.add(presence.sourceAddress);
      if (presence?.role !== "worker" || seen.has(presence.id)) return;
      seen.add(presence.id);
      addresses.add(presence.sourceAddress);
      workerCount++;
    });
    const since = systemClock.nowMs() - MANIFEST_AGE_MS_MAX;
    // A worker has no period to hold against them, and no right to read reports.
    const unsubscribe =
      tickPeriodMs === undefined
        ? undefined
        : await bus.reports
            .subscribe(since, (bytes) => {
              coins = coinsIn(bytes) ?? coins;
            })
            .catch(() => undefined);
    await systemClock.sleep(LISTEN_MS);
    await unlisten();
    await unsubscribe?.();
    const costs = coins
      ? tickCosts(coins, COINS_PER_TASK_MAX)
      : {
          upbit: Math.ceil(COINS_ASSUMED / COINS_PER_TASK_MAX),
          bithumb: COINS_ASSUMED,
          bybit: COINS_ASSUMED,
          binance: COINS_ASSUMED * binanceWeight(100),
        };
    const addressCount = Math.max(1, addresses.size);
    const forTraders = traderAddresses.intersection(addresses).size * TRADER_RATIO;
    const { tickMs, venue } = shortestTickMs(costs, addressCount - forTraders);
    const basis = coins
      ? `${coins.length} coins as last quoted`
      : `${COINS_ASSUMED} coins at 100 levels${tickPeriodMs === undefined ? "" : " (no tick was seen)"}`;
    const fleet =
      workerCount > 0
        ? `${workerCount} workers on ${addressCount} addresses`
        : "one address assumed (no worker was heard)";
    const text = `${(tickMs / 1000).toFixed(1)} s, decided by ${venue}: ${basis}, ${fleet}`;
    if (tickPeriodMs !== undefined && tickMs > tickPeriodMs) {
      throw new Error(`TICK_INTERVAL_MS is ${tickPeriodMs}, but ${text}`);
    }
    return text;
  });
}

/** The coins of a manifest; undefined for reports and for what an older or newer version has stored. */
function coinsIn(bytes: Uint8Array): readonly TaskCoin[] | undefined {
  try {
    const message = parseReportMessage(bytes);
    return message.kind === "manifest" ? message.manifest.tasks.flatMap((task) => task.coins) : undefined;
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}
