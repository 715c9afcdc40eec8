// From the start of the engine until entries may begin again, after a process has died holding the lease: 1,000 open
// positions, 50 unfinished intents in eight states on all four pairs, a real PostgreSQL, the simulated venues over HTTP
// with their limits, the real adapters and the budgets they keep. The venues' books stand still.

import { sql } from "drizzle-orm";
import {
  OVERSEAS_VENUES,
  type OverseasVenue,
  PAIR_KEYS,
  PAIRS,
  VENUES,
  type Venue,
} from "../../schema/vocabulary.ts";
import { InProcessBus } from "../../src/adapters/bus/in-process.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { createSecretReader } from "../../src/adapters/secrets.ts";
import { type Database, rowsOf } from "../../src/adapters/store/database.ts";
import { createJournal } from "../../src/adapters/store/journal.ts";
import { createLeaseStore } from "../../src/adapters/store/lease.ts";
import { migratePostgres } from "../../src/adapters/store/migrate.ts";
import { openPostgres } from "../../src/adapters/store/postgres.ts";
import { encrypted } from "../../src/adapters/store/trader-fixtures.ts";
import { createTraderStore } from "../../src/adapters/store/traders.ts";
import { VENUE_BOOKS } from "../../src/adapters/venue/books.ts";
import { createBookFetcher } from "../../src/adapters/venue/http.ts";
import { krwPriceIncrement } from "../../src/adapters/venue/krw-ticks.ts";
import { Governor } from "../../src/adapters/venue/rate-governor.ts";
import { TradingVenues } from "../../src/adapters/venue/trading.ts";
import { Decimal } from "../../src/domain/decimal.ts";
import type { Listing } from "../../src/domain/instrument.ts";
import { joinListings } from "../../src/domain/listing-table.ts";
import { RATES_PER_ROW, RateTable } from "../../src/domain/rate-table.ts";
import type { Fence } from "../../src/ports/journal.ts";
import type { CoinFacts, MarketView } from "../../src/ports/trading-desk.ts";
import { createBookDesk } from "../../src/scheduler/book-desk.ts";
import { createTrading } from "../../src/scheduler/main/trading.ts";
import type { Scheduler } from "../../src/scheduler/run.ts";
import type { AccountSpec } from "../../src/simulator/accounts.ts";
import type { SimulatorControl } from "../../src/simulator/control.ts";
import type { HostUrls } from "../../src/simulator/server.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { startPostgres } from "../../src/testing/services.ts";
import { SteeredMarket } from "../../src/testing/trading-e2e/steered-market.ts";
import {
  addTestTrader,
  ENCRYPTION_KEY,
  type TestTrader,
} from "../../src/testing/trading-e2e/test-traders.ts";
import { Term } from "../../src/trading/writer.ts";
import { type BenchLine, type BenchOptions, grouped, round } from "./line.ts";
import { DEATHS, type Dying, Predecessor } from "./predecessor.ts";
import { type RestartVenues, startRestartVenues } from "./restart-venues.ts";

const POSITIONS = 1_000;
const UNFINISHED = 50;
/** One for two, who trade it at different overseas venues: a venue's numbers of trades are its contract's. */
const COINS = Array.from({ length: UNFINISHED / 2 }, (_, index) => `RUN${index}`);
const HELD_COIN = "HELD";
const HELD_COINS = "10.2";
const REFERENCE_KRW = 1_400;
const TARGET_MS = 30_000;
const GIVEN_UP_MS = 180_000;
/** As a scheduler takes them. */
const LEASE_MS = 10_000;
const HELLO_MS = 1_000;
const SUCCESSOR_WAIT_S = 13;

const clock = systemClock;

/** Without a hello it does not keep off the short windows that somebody before it may have spent. */
async function governorOf(id: string, log: RecordingLog, helloMs: number): Promise<Governor> {
  const bus = new InProcessBus(clock);
  const governor = new Governor({
    ...{ id, role: "scheduler", sourceAddress: "bench", version: "bench", clock, log },
    announcements: bus.announcements,
    linkUp: () => true,
    helloMs,
    enabled: true,
  });
  await governor.start();
  return governor;
}

/** What the engine asks of the scheduler around it: listings, wallets, a table that says what USDT is worth. */
function schedulerOf(market: SteeredMarket): Pick<Scheduler, "instruments" | "collector" | "depths"> {
  const listings = VENUES.flatMap((venue) =>
    market.listings(venue).map(
      ({ symbol, assetId, multiplier }): Listing => ({
        ...{ venue, symbol, multiplier, coin: assetId, displayName: assetId, tradable: true, warnings: [] },
        ...{ delistAtMs: undefined, priceIncrement: undefined, qtyStep: undefined, qtyMin: undefined },
        notionalMin: undefined,
      }),
    ),
  );
  const coins = joinListings(listings);
  const table = new RateTable();
  for (const coin of COINS) {
    const ratesJeon = new Float64Array(RATES_PER_ROW).fill(REFERENCE_KRW * 100);
    table.merge({ coin, pairIndex: 0, tickAtMs: clock.nowMs(), bookAgeMs: 0, reason: "none", ratesJeon });
  }
  const instruments = {
    coins: () => coins,
    wallet: () => ({ deposit: true, withdraw: true }),
    quarantined: () => new Map(),
    funding: () => undefined,
  };
  const collector = {
    quarantined: new Set(),
    get table() {
      table.reference = { priceKrw: REFERENCE_KRW, venue: "upbit", atMs: clock.nowMs() };
      return table;
    },
  };
  return { instruments, collector, depths: { depthOf: () => 100 } } as unknown as ReturnType<
    typeof schedulerOf
  >;
}

function marketView(market: SteeredMarket): MarketView {
  return {
    table: new RateTable(),
    facts: (coin, pair): CoinFacts => {
      const { domestic, overseas } = PAIRS.find(({ key }) => key === pair)!;
      const symbol = (venue: Venue) => market.listings(venue).find(({ assetId }) => assetId === coin)!.symbol;
      return {
        ...{ domesticSymbol: symbol(domestic), overseasSymbol: symbol(overseas), multiplier: Decimal.ONE },
        ...{ tradable: true, walletsOpen: true, warned: false, quarantined: false, identityKnown: true },
        ...{ delistedBy: undefined, fundingRatio: Decimal.ZERO },
      };
    },
    incrementAt: (venue, price) => krwPriceIncrement(venue as "upbit", price),
  };
}

interface Holder extends AccountSpec {
  readonly overseas: OverseasVenue;
}

/** Users with a position each that nothing is wrong with, from entries of their own; every second one short at Binance. */
async function seedPositions(database: Database): Promise<Holder[]> {
  const held = Array.from({ length: POSITIONS }, (_, index) => ({
    email: `held-${index}@example.com`,
    apiKey: `held-${index}-access-key`,
    secret: `held-${index}-secret-of-an-account-0123456789`,
    overseas: OVERSEAS_VENUES[index % OVERSEAS_VENUES.length]!,
  }));
  const rows = held.map(({ email, apiKey, secret, overseas }) => ({
    ...{ email, key: encrypted(apiKey), secret: encrypted(secret), overseas },
  }));
  await database.transaction("seed positions", async (executor) => {
    const run = (statement: ReturnType<typeof sql>) => rowsOf(executor, statement);
    await run(sql`create temporary table held on commit drop as
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r (email text, key text, secret text, overseas text)`);
    await run(sql`insert into users (email, password_hash) select email, '' from held`);
    await run(sql`insert into user_exchanges (user_id, exchange_id, api_key, api_secret)
      select u.id, e.id, h.key, h.secret from held h join users u using (email)
      join exchanges e on e.eng_name in ('upbit', h.overseas)`);
    await run(sql`insert into strategies (user_id, name, is_active, seed_amount, entry_rate, exit_rate, selected_coins)
      select u.id, 'held', true, 1000000, 1300, 1990, array[${HELD_COIN}] from held join users u using (email)`);
    await run(sql`update users u set active_strategy_id = s.id
      from strategies s where s.user_id = u.id and s.name = 'held'`);
    await run(sql`insert into schedulerx.intents (intent_id, decision_id, kind, mode, state, user_id, strategy_id, coin,
        pair, qty_coin, qty_contracts, terms, reason, planned_at, ended_at)
      select 'held' || lpad(user_id::text, 16, '0'), 'held ' || user_id, 'entry', 'live', 'hedged', user_id, s.id,
        ${HELD_COIN}, 'upbit-' || overseas, ${HELD_COINS}::numeric, ${HELD_COINS}::numeric, '{}', 'seeded', now(), now()
      from strategies s join users u on u.id = s.user_id join held h using (email) where s.name = 'held'`);
    await run(sql`insert into schedulerx.hedged_positions (mode, user_id, strategy_id, coin, pair, leverage, exit_terms,
        opened_at)
      select 'live', user_id, s.id, ${HELD_COIN}, 'upbit-' || overseas, 2,
        '{"tradeMode": "custom", "exitRateTarget": "1990"}', now()
      from strategies s join users u on u.id = s.user_id join held h using (email) where s.name = 'held'`);
    await run(sql`insert into schedulerx.position_entries (intent_id, position_id, qty_coin, spent_krw, fee_krw,
        received_usdt, fee_usdt, at)
      select 'held' || lpad(user_id::text, 16, '0'), position_id, ${HELD_COINS}::numeric, 999600, 499.8, 714, 0.3927, now()
      from schedulerx.hedged_positions where coin = ${HELD_COIN}`);
  });
  return held.map(({ apiKey, secret, overseas }) => ({
    ...{ apiKey, secret, overseas },
    balances: { upbit: { KRW: "1000000", [HELD_COIN]: HELD_COINS }, [overseas]: { USDT: "5000" } },
  }));
}

interface Ground {
  readonly database: Database;
  readonly leaseDatabase: Database;
  readonly urls: HostUrls;
  readonly market: SteeredMarket;
  readonly traders: readonly TestTrader[];
}

/** Leaves fifty intents behind, the lease held and never let go. */
async function dieInTheMiddle({ database, urls, market, traders }: Ground): Promise<void> {
  const log = new RecordingLog();
  const governor = await governorOf("predecessor", log, 0);
  const lease = createLeaseStore(database);
  const holder = "predecessor";
  const { fence }: { readonly fence: Fence } = (await lease.acquire(holder, GIVEN_UP_MS))!;
  const store = createTraderStore(database, createSecretReader(ENCRYPTION_KEY));
  const venues = new TradingVenues({ clock, log, governor, urls });
  const view = marketView(market);
  const predecessor = new Predecessor({
    ...{
      clock,
      log,
      market: view,
      journal: createJournal(database),
      referenceKrw: Decimal.of(REFERENCE_KRW),
    },
    term: new Term(fence, clock, clock.monotonicMs() + GIVEN_UP_MS),
    books: createBookDesk({
      ...{ clock, governor, venues: VENUE_BOOKS, fetcher: createBookFetcher(urls, clock) },
      market: (venue, coin) => ({
        symbol: market.listings(venue).find(({ assetId }) => assetId === coin)!.symbol,
        depth: 50,
      }),
    }),
  });
  const all = await Promise.all(
    traders.map(async ({ userId, strategyId, coin, pair, domestic, overseas }, index): Promise<Dying> => {
      const key = async (venue: Venue) => (await store.credentials(userId, venue))!;
      return {
        ...{
          userId,
          strategyId,
          coin,
          pair,
          death: DEATHS[Math.floor(index / PAIRS.length) % DEATHS.length]!,
        },
        legs: {
          domestic: venues.open(domestic, await key(domestic)),
          overseas: venues.open(overseas, await key(overseas)),
        },
      };
    }),
  );
  for (const dying of all) await predecessor.prepare(dying);
  await Promise.all(all.map((dying) => predecessor.die(dying)));
  await lease.acquire(holder, LEASE_MS);
  await governor.stop();
}

interface Restart {
  readonly readyMs: number;
  readonly leaseMs: number;
  readonly ends: string;
}

async function restart({ database, leaseDatabase, urls, market }: Ground): Promise<Restart> {
  const log = new RecordingLog();
  const scheduler = schedulerOf(market);
  const startedMs = clock.monotonicMs();
  const startedAtMs = clock.nowMs();
  const governor = await governorOf("successor", log, HELLO_MS);
  const { engine } = createTrading({
    ...{ clock, log, mode: "live", database, leaseDatabase, governor, urls, venueBooks: VENUE_BOOKS },
    fetcher: createBookFetcher(urls, clock),
    secrets: createSecretReader(ENCRYPTION_KEY),
    notifier: { tell: () => undefined },
    scheduler: () => scheduler,
  });
  try {
    engine.start();
    await log.heard("trading lease taken");
    const leaseMs = clock.monotonicMs() - startedMs;
    await Promise.race([log.heard("trading"), clock.sleep(GIVEN_UP_MS)]);
    const readyMs = clock.monotonicMs() - startedMs;
    return { readyMs, leaseMs, ends: await lastEnds(database, startedAtMs) };
  } finally {
    await engine.stop();
    await governor.stop();
  }
}

/** When the last of them ended, by the domestic venue: what a venue's requests may still do decides how long that is. */
async function lastEnds(database: Database, sinceMs: number): Promise<string> {
  const ends = await database.run("read ends", (executor) =>
    rowsOf<{ venue: string; lastAtMs: number | null; count: number }>(
      executor,
      sql`select split_part(pair, '-', 1) as venue, (extract(epoch from max(ended_at)) * 1000)::float as "lastAtMs",
            count(*) filter (where ended_at is not null)::int as count
          from schedulerx.intents where decision_id like 'bench entry%' or decision_id like 'bench exit%'
          group by 1 order by 1`,
    ),
  );
  return ends
    .map(
      ({ venue, lastAtMs, count }) =>
        `${count} of ${venue} by ${round(((lastAtMs ?? 0) - sinceMs) / 1_000, 1)} s`,
    )
    .join(", ");
}

export async function benchRestart({ progress }: BenchOptions): Promise<BenchLine[]> {
  const coins = [...COINS, HELD_COIN];
  const market = new SteeredMarket(coins);
  const postgres = await startPostgres();
  const database = openPostgres({ url: postgres.url, log: new RecordingLog() });
  const leaseDatabase = openPostgres({ url: postgres.url, log: new RecordingLog(), poolSize: 1 });
  let venues: RestartVenues | undefined;
  try {
    await migratePostgres({ url: postgres.url }, { karbitTables: "create", log: new RecordingLog() });
    progress(`${grouped(POSITIONS)} positions and ${UNFINISHED} intents that a process dies of`);
    const held = await seedPositions(database);
    const accounts: AccountSpec[] = held.map(({ overseas: _, ...account }) => account);
    const traders: TestTrader[] = [];
    for (let index = 0; index < UNFINISHED; index++) {
      const control = { accounts: { add: (spec: AccountSpec) => accounts.push(spec) } };
      const coin = COINS[Math.floor(index / 2)]!;
      const wish = { coin, pair: PAIR_KEYS[index % PAIR_KEYS.length]! };
      traders.push(await addTestTrader(database, control as unknown as SimulatorControl, wish));
    }
    const shorts = held.map(({ apiKey, overseas }) => ({
      apiKey,
      overseas,
      coin: HELD_COIN,
      qty: HELD_COINS,
    }));
    venues = await startRestartVenues({ coins, accounts, shorts });
    const ground = { database, leaseDatabase, urls: venues.urls, market, traders };
    await dieInTheMiddle(ground);
    progress("restart");
    const { readyMs, leaseMs, ends } = await restart(ground);
    return [
      {
        name: `restart with ${grouped(POSITIONS)} positions and ${UNFINISHED} unfinished intents, until entries may begin`,
        figure: round(readyMs / 1_000, 1),
        unit: "s",
        comparison:
          `inside: the dead one's lease, ${round(leaseMs / 1_000, 1)} s, and the ${SUCCESSOR_WAIT_S} s from its last ` +
          `commits; ended ${ends}`,
        target: `at most ${TARGET_MS / 1_000}`,
        ok: readyMs <= TARGET_MS,
      },
    ];
  } finally {
    await venues?.stop();
    await leaseDatabase.close();
    await database.close();
    await postgres.stop();
  }
}
