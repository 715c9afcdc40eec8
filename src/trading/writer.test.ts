import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fenced } from "../ports/journal.ts";
import { type LeaseProcess, leaseStage, SLOW_MS } from "../testing/lease-stage.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { runsOf } from "../testing/runs.ts";
import { Term } from "./writer.ts";

const last = <T>(list: readonly T[]): T => list[list.length - 1]!;

test("a lease is renewed every quarter of its length: one term, and no more said than that it was taken", async () => {
  const { clock, lease, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  await clock.advance(60_000);
  expect(lease.asked.map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 25 }, (_, count) => count * 2_500),
  );
  expect(a.terms.map(({ fence }) => fence)).toEqual([1]);
  expect([a.terms[0]!.holds(), a.writer.term === a.terms[0]]).toEqual([true, true]);
  expect(a.log.said("debug")).toEqual(["trading lease taken"]);
  await a.writer.stop();
});

test("without an answer no order begins in the last second, and the term is over when its ten are", async () => {
  const { clock, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  await clock.advance(0);
  a.road = "away";
  const [term] = a.terms as [Term];
  await clock.advance(8_999);
  expect([term.holds(), term.isOver]).toEqual([true, false]);
  await clock.advance(1);
  expect([term.holds(), term.isOver, term.lost.aborted]).toEqual([false, false, false]);
  await clock.advance(999);
  expect([term.isOver, term.lost.aborted]).toEqual([false, false]);
  await clock.advance(1);
  expect([term.isOver, term.lost.aborted, a.writer.term]).toEqual([true, true, undefined]);
  expect(a.log.said("error")).toEqual(["trading lease ran out: the store did not answer in time"]);
  a.road = "ok";
  await clock.advance(2_000);
  expect(a.terms.map(({ fence }) => fence)).toEqual([1, 2]);
  await a.writer.stop();
  expect(a.changes).toEqual(["lease-lost (fence 1)", "lease-back (fence 2)"]);
});

test("a lease counts from before it was asked for: a slow answer shortens it", async () => {
  const { clock, lease, processes } = leaseStage(["a"], "slow");
  const [a] = processes as [LeaseProcess];
  await clock.advance(SLOW_MS);
  const [term] = a.terms as [Term];
  a.road = "away";
  await clock.advance(7_299);
  expect([clock.monotonicMs(), term.holds()]).toEqual([8_999, true]);
  await clock.advance(1);
  expect(term.holds()).toBe(false);
  await clock.advance(1_000);
  // Exactly when it runs out, not at the next renewal.
  expect([term.lost.aborted, lease.expiresAtMs]).toEqual([true, 10_000 + SLOW_MS / 2]);
  await a.writer.stop();
});

test("a renewal counts from before it was asked for as well", async () => {
  const { clock, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  await clock.advance(0);
  a.road = "slow";
  // Asked at 2,500 and answered at 4,200; the next is asked at 6,700.
  await clock.advance(4_200);
  a.road = "away";
  await clock.advance(7_299);
  expect([clock.monotonicMs(), a.holds]).toEqual([11_499, true]);
  await clock.advance(1);
  expect(a.holds).toBe(false);
  await clock.advance(1_000);
  expect(a.terms[0]!.lost.aborted).toBe(true);
  await a.writer.stop();
});

test("a term that is over cannot be made longer", async () => {
  const clock = new ManualClock();
  const term = new Term(1, clock, 5_000);
  term.extend(4_000);
  expect(term.leftMs).toBe(5_000);
  await clock.advance(5_000);
  term.extend(20_000);
  expect([term.isOver, term.holds(), term.leftMs]).toEqual([true, false, 0]);
});

test("what a term took is let go only when its renewal on the way has come back", async () => {
  const { clock, lease, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  const work = Promise.withResolvers<void>();
  const wait = a.work;
  a.work = () => work.promise;
  await clock.advance(2_400);
  a.road = "hanging";
  await clock.advance(600);
  a.road = "ok";
  a.work = wait;
  work.resolve();
  await clock.advance(500);
  expect(lease.holder).toBe("a");
  a.unhang();
  await clock.advance(0);
  expect(lease.holder).toBeUndefined();
  await clock.advance(1_000);
  expect(a.terms.map(({ fence }) => fence)).toEqual([1, 2]);
  await a.writer.stop();
});

test("a store that hangs does not keep the end of a term from those who wait for it", async () => {
  const { clock, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  await clock.advance(0);
  a.road = "hanging";
  await clock.advance(9_999);
  expect(a.terms[0]!.lost.aborted).toBe(false);
  await clock.advance(1);
  expect(a.terms[0]!.lost.aborted).toBe(true);
  a.road = "ok";
  a.unhang();
  await clock.advance(2_000);
  expect(a.terms).toHaveLength(2);
  await a.writer.stop();
});

test("a renewal answered after the term has run out does not bring it back", async () => {
  const { clock, lease, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  a.work = () => new Promise(() => undefined);
  await clock.advance(7_400);
  a.road = "hanging";
  await clock.advance(100);
  // Asked at 7,500, known to hold until 15,000; the answer would make it 17,500.
  await clock.advance(7_500);
  expect([clock.monotonicMs(), a.terms[0]!.isOver]).toEqual([15_000, true]);
  a.road = "ok";
  a.unhang();
  await clock.advance(0);
  expect(last(lease.asked)).toEqual({ holder: "a", atMs: 15_000 });
  expect([a.terms[0]!.isOver, a.terms[0]!.holds(), a.terms[0]!.lost.aborted]).toEqual([true, false, true]);
});

test("a standby takes over within 15 s of a death, says once that it stands by, and the frozen one wakes to nothing", async () => {
  const { clock, lease, processes } = leaseStage(["a", "b"]);
  const [a, b] = processes as [LeaseProcess, LeaseProcess];
  await clock.advance(7_600);
  expect([a.holds, b.terms.length]).toEqual([true, 0]);
  expect(b.log.said()).toEqual(["another scheduler trades: standing by"]);
  a.freeze();
  const frozenAtMs = clock.monotonicMs();
  await clock.advanceUntil(() => b.terms.length > 0);
  expect(clock.monotonicMs() - frozenAtMs).toBeLessThanOrEqual(15_000);
  expect([lease.holder, last(b.terms).fence, b.holds]).toEqual(["b", 2, true]);
  expect([a.changes, b.changes]).toEqual([[], ["takeover (fence 2)"]]);
  // Not one instruction of the frozen one has run, and its term holds nothing any more.
  expect([a.terms[0]!.holds(), a.terms[0]!.isOver, a.writer.term]).toEqual([false, true, undefined]);
  a.thaw();
  await clock.advance(0);
  expect(a.terms[0]!.lost.aborted).toBe(true);
  await clock.advance(60_000);
  expect([a.terms.length, b.terms.length, lease.holder]).toEqual([1, 1, "b"]);
  await Promise.all([a.writer.stop(), b.writer.stop()]);
});

test("a lease found with another ends the term at once; the next term has a name of its own and a newer fence", async () => {
  const { clock, lease, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  await clock.advance(1_000);
  lease.holder = "someone";
  lease.given.set(++lease.fence, "someone");
  lease.expiresAtMs = clock.monotonicMs() + 5_000;
  await clock.advance(1_500);
  expect(a.terms[0]!.lost.aborted).toBe(true);
  expect(a.log.said("error")).toEqual(["trading lease lost to another scheduler"]);
  expect(a.writer.isElsewhere).toBe(true);
  await clock.advance(10_000);
  expect(a.terms.map(({ fence }) => fence)).toEqual([1, 3]);
  expect([lease.given.get(1), lease.given.get(3)]).toEqual(["a", "a.1"]);
  await a.writer.stop();
});

test("a fence got by renewing what another had taken and let go is no term, and is let go in turn", async () => {
  const { clock, lease, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  await clock.advance(1_000);
  lease.fence++;
  lease.given.set(2, "someone");
  lease.holder = undefined;
  await clock.advance(1_500);
  expect(a.terms[0]!.lost.aborted).toBe(true);
  // Nobody has to wait for it to run out.
  expect(lease.holder).toBeUndefined();
  await clock.advance(1_000);
  expect(a.terms.map(({ fence }) => fence)).toEqual([1, 4]);
  await a.writer.stop();
});

test("whether another leads is known from the last answer; a store that is away says nothing new", async () => {
  const { clock, processes } = leaseStage(["a", "b"], "away");
  const [a, b] = processes as [LeaseProcess, LeaseProcess];
  const led = () => [a.writer.isElsewhere, b.writer.isElsewhere];
  await clock.advance(0);
  expect(led()).toEqual([undefined, undefined]);
  a.road = "ok";
  await clock.advance(1_000);
  b.road = "ok";
  await clock.advance(1_000);
  expect(led()).toEqual([false, true]);
  a.road = "away";
  b.road = "away";
  await clock.advance(20_000);
  expect(led()).toEqual([false, true]);
  b.road = "ok";
  await clock.advance(1_000);
  a.road = "ok";
  await clock.advance(1_000);
  expect(led()).toEqual([true, false]);
  await Promise.all([a.writer.stop(), b.writer.stop()]);
});

test("a store away at the start is waited for and told once; back again, the lease is taken", async () => {
  const { clock, processes } = leaseStage(["a"], "away");
  const [a] = processes as [LeaseProcess];
  await clock.advance(30_000);
  a.road = "ok";
  await clock.advance(1_000);
  expect(a.log.said()).toEqual([
    "trading lease not to be had",
    "trading lease can be asked for again",
    "trading lease taken",
  ]);
  await a.writer.stop();
});

test("a lease whose answer was lost is found again under the same name, before anything was done with it", async () => {
  const { clock, lease, processes } = leaseStage(["a"], "answer-lost");
  const [a] = processes as [LeaseProcess];
  await clock.advance(500);
  expect([a.terms.length, lease.holder]).toEqual([0, "a"]);
  a.road = "ok";
  await clock.advance(1_000);
  expect([a.terms.map(({ fence }) => fence), lease.fence]).toEqual([[1], 1]);
  await a.writer.stop();
});

test("the next term waits for the work of the last, however long that takes to end", async () => {
  const { clock, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  const work = Promise.withResolvers<void>();
  a.work = () => work.promise;
  await clock.advance(0);
  a.road = "away";
  await clock.advance(15_000);
  a.road = "ok";
  await clock.advance(60_000);
  expect([a.terms.length, a.terms[0]!.lost.aborted]).toEqual([1, true]);
  work.resolve();
  await clock.advance(1_000);
  expect(a.terms).toHaveLength(2);
  await a.writer.stop();
});

test("stopped, the term is over, its work is waited for, and a standby has the lease at its next look", async () => {
  const { clock, lease, processes } = leaseStage(["a", "b"]);
  const [a, b] = processes as [LeaseProcess, LeaseProcess];
  const work = Promise.withResolvers<void>();
  a.work = () => work.promise;
  await clock.advance(3_000);
  let isStopped = false;
  const stopped = a.writer.stop().then(() => {
    isStopped = true;
  });
  expect([a.terms[0]!.lost.aborted, a.holds]).toEqual([true, false]);
  await clock.advance(500);
  expect([isStopped, lease.holder]).toEqual([false, "a"]);
  work.resolve();
  await stopped;
  expect(lease.holder).toBeUndefined();
  await clock.advance(1_000);
  expect([b.holds, a.terms.length]).toEqual([true, 1]);
  await b.writer.stop();
});

test("stopped while it asks for the lease, it begins no term and lets go of what it got", async () => {
  const { clock, lease, processes } = leaseStage(["a"], "hanging");
  const [a] = processes as [LeaseProcess];
  await clock.advance(1_000);
  const stopped = a.writer.stop();
  a.road = "ok";
  a.unhang();
  await stopped;
  expect([lease.given.get(1), a.terms.length, lease.holder]).toEqual(["a", 0, undefined]);
});

test("work that ends by a defect is told and begun anew; being fenced is no defect", async () => {
  const { clock, processes } = leaseStage(["a"]);
  const [a] = processes as [LeaseProcess];
  const ends: Error[] = [new RangeError("expected better"), new Fenced("expected fence 2, was 3")];
  const wait = a.work;
  a.work = (term) => {
    const error = ends.shift();
    return error ? Promise.reject(error) : wait(term);
  };
  await clock.advance(5_000);
  expect(a.terms.map(({ fence }) => fence)).toEqual([1, 2, 3]);
  expect(a.terms.map((term) => term.holds())).toEqual([false, false, true]);
  expect(a.log.said("error")).toEqual(["trading ended by a defect"]);
  await a.writer.stop();
});

const FAULTS = ["freeze", "thaw", "ok", "away", "answer-lost", "hanging", "unhang", "slow"] as const;

test("whatever happens to two processes, never do both hold, no fence or name has two terms, and none comes back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          who: fc.integer({ min: 0, max: 1 }),
          what: fc.constantFrom(...FAULTS),
          afterMs: fc.integer({ min: 0, max: 9_000 }),
        }),
        { maxLength: 12 },
      ),
      async (events) => {
        const { clock, lease, processes } = leaseStage(["a", "b"]);
        const over = new Set<Term>();
        const check = () => {
          const terms = processes.flatMap((process) => process.terms);
          expect(terms.filter((term) => term.holds()).length).toBeLessThanOrEqual(1);
          expect(new Set(terms.map(({ fence }) => fence)).size).toBe(terms.length);
          for (const term of terms) {
            if (over.has(term)) expect([term.isOver, term.holds()]).toEqual([true, false]);
            else if (term.isOver) over.add(term);
            // Who holds is who the database lets write.
            if (term.holds()) expect(term.fence).toBe(lease.fence);
          }
        };
        const pass = async (lengthMs: number) => {
          for (let left = lengthMs; left > 0; left -= 900) {
            await clock.advance(Math.min(left, 900));
            check();
          }
        };
        for (const { who, what, afterMs } of events) {
          const process = processes[who]!;
          if (what === "freeze") process.freeze();
          else if (what === "thaw") process.thaw();
          else if (what === "unhang") process.unhang();
          else process.road = what;
          await pass(afterMs);
        }
        for (const process of processes) {
          process.thaw();
          process.road = "ok";
          process.unhang();
        }
        await pass(20_000);
        // Once all is well again somebody trades.
        expect(processes.filter(({ holds }) => holds)).toHaveLength(1);
        const stopping = processes.map(({ writer }) => writer.stop());
        await clock.advance(2_000);
        await Promise.all(stopping);
        const names = processes.flatMap(({ terms }) => terms.map(({ fence }) => lease.given.get(fence)));
        expect(new Set(names).size).toBe(names.length);
      },
    ),
    { numRuns: runsOf(25, 2_000) },
  );
}, 60_000);
