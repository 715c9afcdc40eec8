// Authenticated reads at 200 connections: GET /api/positions/active of the api as a process with NATS and a real
// PostgreSQL, beside the same query sent bare by postgres.js at as many at a time. All of it shares this machine's
// processors; who asks takes little of them here (KeptConnection), while bare it is the client itself that is measured.
// The two take turns, so that neither has the quieter minutes to itself.

import { sql } from "drizzle-orm";
import postgres from "postgres";
import { Tokens } from "../../api/token.ts";
import { migratePostgres } from "../../src/adapters/store/migrate.ts";
import { openPostgres } from "../../src/adapters/store/postgres.ts";
import { createSessionStore } from "../../src/adapters/store/sessions.ts";
import { Program } from "../../src/testing/e2e/program.ts";
import { RecordingLog } from "../../src/testing/recording-log.ts";
import { freePort, startNats, startPostgres } from "../../src/testing/services.ts";
import { KeptConnection } from "./kept-connection.ts";
import { type BenchLine, type BenchOptions, grouped, quantile, round } from "./line.ts";

const CONNECTIONS = 200;
const USERS = 50;
const ROWS_PER_USER = 40;
const ROUNDS = 3;
const WARM_UP_MS = 1_500;
const MEASURED_MS = 4_000;
const JWT_SECRET = "bench-only-signing-words";
/** As the api's own. */
const POOL = 6;

export async function benchReads({ progress }: BenchOptions): Promise<BenchLine[]> {
  const [server, nats] = await Promise.all([startPostgres(), startNats()]);
  const log = new RecordingLog();
  await migratePostgres({ url: server.url }, { karbitTables: "create", log });
  const database = openPostgres({ url: server.url, log });
  const port = await freePort();
  const api = new Program("api", "api", {
    ...{ NATS_URL: nats.url, PORT: `${port}`, DATABASE_URL: server.url, JWT_SECRET, TRADING_MODE: "live" },
    ...WIDE_LIMITS,
  });
  try {
    const tokens: string[] = [];
    for (let index = 0; index < USERS; index++) tokens.push(await addUser(database, index));
    await api.start();
    const connections = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => KeptConnection.open(port)),
    );
    const requests = tokens.map((token) => Buffer.from(requestText(port, token)));
    const expected = await checkedAnswer(`http://127.0.0.1:${port}${PATH}`, tokens[0]!);
    const bareSql = postgres(server.url, { max: POOL, onnotice: () => undefined });
    const [throughApi, bare] = [new Reads(), new Reads()];
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`${CONNECTIONS} connections, round ${round} of ${ROUNDS}`);
      await throughApi.measure(async (reader, turn) => {
        const { status, body } = await connections[reader]!.ask(requests[turn % USERS]!);
        // Every user has the same positions.
        if (status !== 200 || !body.equals(expected))
          throw new Error(`expected the positions, was ${status}`);
      });
      progress("the same query, bare");
      await bare.measure(async (_, turn) => {
        const rows = await bareSql.unsafe(BARE, [1 + (turn % USERS)], { prepare: true });
        if (rows.length !== ROWS_PER_USER)
          throw new Error(`expected ${ROWS_PER_USER} rows, was ${rows.length}`);
      });
    }
    await bareSql.end();
    for (const connection of connections) connection.close();
    const share = throughApi.perSecond / bare.perSecond;
    return [
      {
        name: "authenticated reads at 200 connections",
        figure: Math.round(throughApi.perSecond),
        unit: "1/s",
        comparison: `p99 ${round(throughApi.p99Ms, 1)} ms; the query bare ${grouped(bare.perSecond)} 1/s, p99 ${round(bare.p99Ms, 1)} ms: ${round(share, 2)} of it`,
        target: "at least half of bare",
        ok: share >= 0.5,
      },
    ];
  } finally {
    await api.stop().catch(() => undefined);
    await database.close();
    await Promise.all([server.stop(), nats.stop()]);
  }
}

/** All readers stand behind one address here. */
const WIDE_LIMITS = { ADDRESS_REQUESTS_PER_MINUTE_MAX: "0" };

/** What src/adapters/store/own-positions.ts asks. */
const BARE = `with closed as (
    select coin_symbol, max(entry_time) as last from positions
    where user_id = $1::int and status = 'CLOSED' group by coin_symbol)
  select p.coin_symbol as coin, p.kr_exchange, p.fr_exchange, sum(p.kr_volume)::text, sum(p.fr_volume)::text,
    sum(p.kr_funds)::text, sum(p.fr_funds)::text,
    round(sum(p.kr_funds) / nullif(sum(p.fr_funds), 0), 2)::text, count(*)::int, max(p.leverage),
    (extract(epoch from max(p.entry_time)) * 1000)::bigint::text
  from positions p left join closed c on c.coin_symbol = p.coin_symbol
  where p.user_id = $1::int and p.status = 'OPEN' and (c.last is null or p.entry_time > c.last)
  group by p.coin_symbol, p.kr_exchange, p.fr_exchange
  order by p.coin_symbol, p.kr_exchange, p.fr_exchange`;

const PATH = "/api/positions/active";
const requestText = (port: number, token: string) =>
  `GET ${PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

/** What everybody is to be answered. */
async function checkedAnswer(url: string, token: string): Promise<Buffer> {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  const body = Buffer.from(await response.arrayBuffer());
  const rows = response.ok ? (JSON.parse(body.toString()) as unknown[]) : [];
  if (rows.length !== ROWS_PER_USER) throw new Error(`expected positions, was ${response.status}`);
  return body;
}

/** Of all rounds together. */
class Reads {
  readonly #latenciesMs: number[] = [];
  #measuredMs = 0;
  #turns = 0;

  get perSecond(): number {
    return this.#latenciesMs.length / (this.#measuredMs / 1_000);
  }

  get p99Ms(): number {
    return quantile(this.#latenciesMs, 0.99);
  }

  async measure(once: (reader: number, turn: number) => Promise<void>): Promise<void> {
    const measuredFromMs = performance.now() + WARM_UP_MS;
    const untilMs = measuredFromMs + MEASURED_MS;
    const read = async (reader: number) => {
      for (;;) {
        const beganMs = performance.now();
        if (beganMs >= untilMs) return;
        await once(reader, this.#turns++);
        const endedMs = performance.now();
        if (endedMs >= measuredFromMs && endedMs < untilMs) this.#latenciesMs.push(endedMs - beganMs);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, reader) => read(reader)));
    this.#measuredMs += MEASURED_MS;
  }
}

/** A user with a live session and that many open positions; the session's token. */
async function addUser(database: ReturnType<typeof openPostgres>, index: number): Promise<string> {
  const sessions = createSessionStore(database);
  const email = `reader-${index}@mail.kr`;
  const { userId } = (await sessions.addUser({ email, passwordHash: "", name: null, atMs: 0 }))!;
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = { userId, email, iat: seconds, exp: seconds + 3_600, jti: email };
  const token = await new Tokens(JWT_SECRET).signed(claims);
  await sessions.begin({ userId, token, expiresAtMs: Date.now() + 3_600_000 });
  await database.run("add positions", (executor) =>
    executor.execute(
      sql`with strategy as (
            insert into strategies (user_id, name, seed_amount, entry_rate, exit_rate)
            values (${userId}, 's', 1, 1, 1) returning id)
          insert into positions (user_id, strategy_id, coin_symbol, leverage, status, kr_exchange, kr_order_id, kr_price,
            kr_volume, kr_funds, kr_fee, fr_exchange, fr_order_id, fr_price, fr_volume, fr_funds, fr_fee, entry_rate,
            entry_time)
          select ${userId}::int, strategy.id, 'C' || n, 1, 'OPEN', 'UPBIT', 'k', 1, 0.1, 1000000, 500, 'BYBIT', 'f', 1,
            0.1, 700, 0.4, 1390, timestamp '2026-01-01' + n * interval '1 minute'
          from strategy, generate_series(1, ${ROWS_PER_USER}::int) n`,
    ),
  );
  return token;
}

if (import.meta.main) {
  for (const line of await benchReads({ all: false, progress: (text) => console.error(text) }))
    console.log(line);
}
