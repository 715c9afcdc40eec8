// Several writers on one PostgreSQL: uniqueness, the fence, a writer frozen in the middle and resumed, connections
// lost. Each writer has connections of its own, as a process has.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { Fenced } from "../../ports/journal.ts";
import { longTest } from "../../testing/long.ts";
import { needs } from "../../testing/needs.ts";
import { startPostgres, type TestPostgres } from "../../testing/services.ts";
import type { Database } from "./database.ts";
import { createJournal } from "./journal.ts";
import { clearJournal, entryEnd, intentOf, NOW_MS, orderOf, rows } from "./journal-fixtures.ts";
import { createLeaseStore, fencedWrite } from "./lease.ts";
import { migratePostgres } from "./migrate.ts";
import { openPostgres } from "./postgres.ts";
import { recordLog } from "./store-fixtures.ts";

needs(["postgres"], "writers of the journal side by side", () => {
  let server: TestPostgres;
  let databases: Database[];
  beforeAll(async () => {
    server = await startPostgres();
    await migratePostgres({ url: server.url }, { karbitTables: "create", log: recordLog() });
    databases = Array.from({ length: 3 }, () => openPostgres({ url: server.url, log: recordLog() }));
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await server.stop();
  });
  beforeEach(() => clearJournal(databases[0]!));

  const runOut = () =>
    databases[2]!.run("run out", (executor) =>
      executor.execute(
        sql`update schedulerx.writer_lease set expires_at = clock_timestamp() - interval '1 ms'`,
      ),
    );
  const fenceOf = async (index: number, holder = `p${index}`) =>
    (await createLeaseStore(databases[index]!).acquire(holder, 60_000))!.fence;

  /** Every event of an older fence comes before every event of a newer one. */
  async function expectFencesInOrder(): Promise<void> {
    const found = await rows<{ fence: number }>(
      databases[2]!,
      sql`select fence from schedulerx.intent_events order by seq`,
    );
    const fences = found.map(({ fence }) => fence);
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
  }

  test("two processes that both plan get one entry per user, and one intent per user and coin", async () => {
    const fence = await fenceOf(0);
    for (let userId = 1; userId <= 15; userId++) {
      const plans = databases.flatMap((database, index) => [
        createJournal(database).plan(
          intentOf({ decisionId: `${userId}/${index}/a`, userId, coin: "BTC" }),
          fence,
        ),
        createJournal(database).plan(
          intentOf({ decisionId: `${userId}/${index}/b`, userId, coin: `C${index}` }),
          fence,
        ),
        createJournal(database).plan(
          intentOf({ decisionId: `${userId}/x`, userId: 100 + userId, kind: "exit" }),
          fence,
        ),
      ]);
      const answers = await Promise.all(plans);
      const entries = answers.filter((_, index) => index % 3 !== 2);
      expect(entries.filter((answer) => answer === "planned")).toHaveLength(1);
      expect(entries.filter((answer) => answer === "busy")).toHaveLength(5);
      const exits = answers.filter((_, index) => index % 3 === 2);
      expect(exits.filter((answer) => answer === "planned")).toHaveLength(1);
      expect(exits.filter((answer) => answer === "exists")).toHaveLength(2);
    }
  });

  test("an end told by two at once is booked once", async () => {
    const fence = await fenceOf(0);
    const { intentId } = intentOf({ decisionId: "one" });
    const journal = createJournal(databases[0]!);
    await journal.plan(intentOf({ decisionId: "one" }), fence);
    await journal.move({ intentId, from: "planned", to: "domestic-sending", atMs: NOW_MS }, fence);
    await journal.move({ intentId, from: "domestic-sending", to: "needs-human", atMs: NOW_MS }, fence);
    const ends = databases.map((database) => createJournal(database).endEntry(intentId, entryEnd(), fence));
    await Promise.all(ends);
    expect((await journal.openPositions("live")).map(({ entries }) => entries.length)).toEqual([1]);
  });

  test("while the lease goes round, each write lands under the newest fence or not at all", async () => {
    let told = 0;
    let running = true;
    const write = async (index: number, database: Database) => {
      const journal = createJournal(database);
      for (let round = 0; running; round++) {
        const lease = await createLeaseStore(database).acquire(`p${index}`, 60_000);
        if (lease === undefined) continue;
        for (let userId = 0; userId < 20; userId++) {
          const decisionId = `${index}/${round}/${userId}`;
          const planned = intentOf({ decisionId, userId: index * 1_000_000 + round * 100 + userId });
          try {
            await journal.plan(planned, lease.fence);
          } catch (error) {
            expect(error).toBeInstanceOf(Fenced);
            told++;
            break;
          }
        }
      }
    };
    const writers = databases.map((database, index) => write(index, database));
    while (told < 15) await runOut();
    running = false;
    await Promise.all(writers);
    await expectFencesInOrder();
  });

  longTest(
    "a writer frozen inside a transaction does not keep a successor out, and lands nothing when resumed",
    async () => {
      const fence = await fenceOf(0);
      const { promise: resumed, resolve: resume } = Promise.withResolvers<void>();
      const { promise: inside, resolve: entered } = Promise.withResolvers<void>();
      const { intentId } = intentOf({ decisionId: "frozen" });
      await createJournal(databases[0]!).plan(intentOf({ decisionId: "frozen" }), fence);
      const frozen = fencedWrite(databases[0]!, { operation: "freeze", fence }, async (executor) => {
        await executor.execute(
          sql`update schedulerx.intents set reason = 'late' where intent_id = ${intentId}`,
        );
        entered();
        await resumed;
        await executor.execute(
          sql`update schedulerx.intents set reason = 'later' where intent_id = ${intentId}`,
        );
      });
      frozen.catch(() => {});
      await inside;
      // A renewal of the holder's does not wait for its own write.
      expect(await fenceOf(0)).toBe(fence);
      await runOut();
      const newer = await fenceOf(1);
      expect(newer).toBe(fence + 1);
      await createJournal(databases[1]!).move(
        { intentId, from: "planned", to: "abandoned", atMs: NOW_MS },
        newer,
      );
      resume();
      await expect(frozen).rejects.toBeInstanceOf(Fenced);
      const { intent } = (await createJournal(databases[1]!).file(intentId))!;
      expect(intent).toMatchObject({ reason: "rate at target", state: "abandoned" });
    },
  );

  test("a process stopped by SIGSTOP and continued later writes nothing more", async () => {
    const script = `
      import { createJournal } from ${JSON.stringify(join(import.meta.dir, "journal.ts"))};
      import { intentOf } from ${JSON.stringify(join(import.meta.dir, "journal-fixtures.ts"))};
      import { createLeaseStore } from ${JSON.stringify(join(import.meta.dir, "lease.ts"))};
      import { openPostgres } from ${JSON.stringify(join(import.meta.dir, "postgres.ts"))};
      import { recordLog } from ${JSON.stringify(join(import.meta.dir, "store-fixtures.ts"))};
      const database = openPostgres({ url: ${JSON.stringify(server.url)}, log: recordLog() });
      const { fence } = await createLeaseStore(database).acquire("old", 60_000);
      const journal = createJournal(database);
      const write = async (lane) => {
        for (let userId = lane; ; userId += 4) {
          await journal.plan(intentOf({ decisionId: "old/" + userId, userId }), fence);
          if (userId === 40) console.log("going");
        }
      };
      const ends = await Promise.allSettled([0, 1, 2, 3].map(write));
      console.log(ends.map(({ reason }) => reason.name).join(" "));
      process.exit(0);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
    const output = child.stdout.getReader();
    const said = async () => new TextDecoder().decode((await output.read()).value).trim();
    try {
      expect(await said()).toBe("going");
      child.kill("SIGSTOP");
      await runOut();
      const newer = await fenceOf(1, "new");
      await createJournal(databases[1]!).plan(intentOf({ decisionId: "new", userId: 5_000_000 }), newer);
      child.kill("SIGCONT");
      expect(await said()).toBe("Fenced Fenced Fenced Fenced");
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
    await expectFencesInOrder();
    const [newest] = await rows<{ fence: number }>(
      databases[1]!,
      sql`select fence from schedulerx.intent_events order by seq desc limit 1`,
    );
    expect(newest!.fence).toBe(2);
  });

  longTest(
    "connections lost in the middle: each call still tells the truth, and each row is there once",
    async () => {
      const fence = await fenceOf(0);
      const journal = createJournal(databases[0]!);
      const cut = () =>
        databases[2]!.run("cut", (executor) =>
          executor.execute(sql`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'schedulerx' and pid <> pg_backend_pid()`),
        );
      for (let userId = 0; userId < 10; userId++) {
        const intent = intentOf({ decisionId: `cut/${userId}`, userId });
        const order = orderOf(intent.intentId, "buy");
        const move = {
          intentId: intent.intentId,
          from: "planned",
          to: "domestic-sending",
          atMs: NOW_MS,
        } as const;
        const news = { clientOrderId: order.clientOrderId, status: "done" } as const;
        expect(await Promise.all([journal.plan(intent, fence), cut()])).toMatchObject(["planned", {}]);
        await Promise.all([journal.move({ ...move, order }, fence), cut()]);
        await Promise.all([cut(), journal.recordOrder(news, [], fence)]);
      }
      const events = await rows<{ events: number }>(
        databases[1]!,
        sql`select count(*)::int as events from schedulerx.intent_events group by intent_id`,
      );
      expect(events).toEqual(Array.from({ length: 10 }, () => ({ events: 2 })));
    },
  );
});
