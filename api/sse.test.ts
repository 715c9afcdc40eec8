import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../src/testing/runs.ts";
import { StreamClient } from "./sse.ts";

const RUNS = runsOf(100, 20_000);
const PIECE_BYTES = 64 * 1024;

/** A client whose newest table is a chunk of that length; time stands where the test puts it. */
function open(newestBytes = 10, keptBytesMax?: number) {
  const state = { nowMs: 0, gone: 0, newestMade: 0 };
  const client = new StreamClient({
    first: [new Uint8Array(1).fill(1)],
    newest: () => {
      state.newestMade++;
      return new Uint8Array(newestBytes).fill(9);
    },
    onGone: () => void state.gone++,
    monotonicMs: () => state.nowMs,
    ...(keptBytesMax !== undefined && { keptBytesMax }),
  });
  return { client, state, reader: client.body.getReader() };
}

type Reader = ReturnType<typeof open>["reader"];

/** Everything that is there without waiting. */
async function drain(reader: Reader, client: StreamClient): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  await Promise.resolve();
  while (client.queuedBytesMax > 0 || client.waiting) chunks.push((await reader.read()).value!);
  return chunks;
}

test("a reader that keeps up gets every event, in order", async () => {
  const { client, reader } = open();
  const seen = [(await reader.read()).value![0]];
  for (let event = 2; event < 8; event++) {
    client.offer(Uint8Array.of(event));
    seen.push((await reader.read()).value![0]);
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("a reader that falls behind gets the newest table once instead of what it missed", async () => {
  const { client, state, reader } = open();
  await reader.read();
  client.offer(new Uint8Array(PIECE_BYTES).fill(2));
  client.offer(new Uint8Array(1000).fill(3));
  for (let event = 0; event < 100; event++) client.offer(new Uint8Array(1000).fill(4));
  expect(client.waiting).toBe(true);
  const kinds = (await drain(reader, client)).map((chunk) => chunk[0]);
  expect(kinds).toEqual([2, 3, 9]);
  expect(state.newestMade).toBe(1);
});

test("events that may be kept arrive in order, and one too many is what the reader is behind for", async () => {
  const { client, state, reader } = open(10, 100);
  await reader.read();
  for (let event = 2; event < 12; event++) client.offer(new Uint8Array(10).fill(event));
  expect((await drain(reader, client)).map((chunk) => chunk[0])).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(state.newestMade).toBe(0);
  // Two are in the stream's own queue, ten of ten bytes wait, and then there is no room until all is read.
  for (let event = 2; event < 20; event++) client.offer(new Uint8Array(10).fill(event));
  const seen = (await drain(reader, client)).map((chunk) => chunk[0]);
  expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 9]);
  expect(state.newestMade).toBe(1);
});

test("an event larger than the queue arrives whole and in order, and nothing is put into the middle of it", async () => {
  const { client, reader } = open();
  await reader.read();
  const large = Uint8Array.from({ length: PIECE_BYTES * 3 + 17 }, (_, index) => index % 200);
  client.offer(large);
  client.beat(Uint8Array.of(0xee));
  client.offer(Uint8Array.of(0xdd));
  const bytes = Buffer.concat(await drain(reader, client));
  expect(bytes.subarray(0, large.length).equals(large)).toBe(true);
  expect([...bytes.subarray(large.length)]).toEqual([...new Uint8Array(10).fill(9)]);
});

test("a reader that takes nothing is stalled; any progress or having nothing to take is not", async () => {
  const { client, state, reader } = open();
  await reader.read();
  await Promise.resolve();
  state.nowMs = 60_000;
  expect(client.stalledFor(2_000)).toBe(false);
  for (let event = 0; event < 3; event++) client.offer(new Uint8Array(PIECE_BYTES));
  state.nowMs = 61_999;
  expect(client.stalledFor(2_000)).toBe(false);
  state.nowMs = 62_000;
  expect(client.stalledFor(2_000)).toBe(true);
  await reader.read();
  expect(client.stalledFor(2_000)).toBe(false);
});

test("a large event after a long silence is not taken for a stalled reader", async () => {
  const { client, state, reader } = open();
  await reader.read();
  await Promise.resolve();
  state.nowMs = 60_000;
  client.offer(new Uint8Array(PIECE_BYTES * 10));
  expect(client.waiting).toBe(true);
  expect(client.stalledFor(2_000)).toBe(false);
  state.nowMs = 62_000;
  expect(client.stalledFor(2_000)).toBe(true);
});

test("leaving, closing and abandoning each report the end once", async () => {
  const left = open();
  await left.reader.cancel();
  left.client.close();
  left.client.offer(Uint8Array.of(1));
  left.client.beat(Uint8Array.of(1));
  expect(left.state.gone).toBe(1);

  const closed = open();
  closed.client.close();
  closed.client.abandon("again");
  expect((await closed.reader.read()).done).toBe(true);
  expect(closed.state.gone).toBe(1);

  const abandoned = open();
  abandoned.client.abandon("the reader stopped reading");
  await expect(abandoned.reader.read()).rejects.toThrow("stopped reading");
  expect(abandoned.state.gone).toBe(1);
});

test(`${RUNS} mixtures of events and reads never hold more than two pieces and one event`, async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("offer" as const), bytes: fc.integer({ min: 1, max: PIECE_BYTES * 4 }) }),
    fc.record({ kind: fc.constant("read" as const), bytes: fc.constant(0) }),
    fc.record({ kind: fc.constant("beat" as const), bytes: fc.integer({ min: 1, max: 20 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { client, reader } = open(PIECE_BYTES * 2);
      await reader.read();
      for (const { kind, bytes } of steps) {
        if (kind === "offer") client.offer(new Uint8Array(bytes));
        else if (kind === "beat") client.beat(new Uint8Array(bytes));
        else if (client.queuedBytesMax > 0) {
          expect((await reader.read()).value!.length).toBeLessThanOrEqual(PIECE_BYTES);
        }
        expect(client.queuedBytesMax).toBeLessThanOrEqual(PIECE_BYTES * (2 + 4));
      }
      await reader.cancel();
      expect(client.queuedBytesMax).toBe(0);
    }),
    { numRuns: RUNS },
  );
}, 300_000);
