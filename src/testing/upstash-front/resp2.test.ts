import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../runs.ts";
import { anyText } from "../texts.ts";
import { encodeCommand, encodeReply, type Reply, ReplyParser } from "./resp2.ts";

const RUNS = runsOf(300, 100_000);
const text = anyText(20).map((value) => value.replace(/[\r\n]/g, ""));
const reply: fc.Arbitrary<Reply> = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant<Reply>({ type: "null" }),
    fc.record({ type: fc.constantFrom("simple" as const, "error" as const), text }),
    fc.record({
      type: fc.constant("integer" as const),
      text: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    }),
    fc.record({ type: fc.constant("bulk" as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ type: fc.constant("array" as const), items: fc.array(tie("reply"), { maxLength: 4 }) }),
  ),
})).reply;

test("replies cut anywhere come out whole, in order", () => {
  fc.assert(
    fc.property(fc.array(reply, { minLength: 1, maxLength: 5 }), fc.array(fc.nat()), (replies, cuts) => {
      const wire = Buffer.concat(replies.map(encodeReply));
      const at = [...new Set(cuts.map((cut) => cut % wire.length))].sort((a, b) => a - b);
      const parser = new ReplyParser();
      const parsed = [0, ...at].flatMap((from, index) =>
        parser.push(wire.subarray(from, at[index] ?? wire.length)),
      );
      expect(Buffer.concat(parsed.map(encodeReply)).equals(wire)).toBe(true);
      expect(parsed.length).toBe(replies.length);
    }),
    // A leading byte order mark is text, which a decoder drops unless told otherwise.
    { numRuns: RUNS, examples: [[[{ type: "simple", text: "\ufeff" }], []]] },
  );
});

test("arbitrary bytes give replies, nothing yet, or an error, never a hang", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array(),
          fc.constantFrom("*2\r\n", "$-1\r\n", "$3\r\nab", ":12\r\n", "+OK\r\n", "$99999999\r\n"),
        ),
      ),
      (chunks) => {
        const parser = new ReplyParser();
        try {
          for (const chunk of chunks) parser.push(Buffer.from(chunk as never));
        } catch (error) {
          expect((error as Error).message).toContain("expected a RESP2 reply");
        }
      },
    ),
    { numRuns: RUNS },
  );
});

test("a command is an array of byte strings, lengths counted in bytes", () => {
  expect(new TextDecoder().decode(encodeCommand(["SET", "k", "김"]))).toBe(
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n김\r\n",
  );
});
