import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../src/testing/runs.ts";
import {
  type DeskAnswer,
  type DeskQuestion,
  encodeDeskMessage,
  parseDeskAnswer,
  parseDeskQuestion,
} from "./desk.ts";
import { MessageError } from "./quote-task.ts";

const INPUTS = runsOf(1_000, 100_000);

const QUESTIONS: readonly DeskQuestion[] = [
  { version: 1, op: "test-key", userId: 7, venue: "bybit" },
  { version: 1, op: "balances", userId: 2 ** 31 - 1 },
];
const ANSWERS: readonly DeskAnswer[] = [
  { kind: "tested", findings: [{ code: "ends-soon", detail: "2027-01-03" }] },
  {
    ...{ kind: "balances", mode: "live" },
    venues: [
      { state: "read", venue: "upbit", balances: [{ asset: "KRW", free: "-0.00000001", total: "5" }] },
      { state: "unread", venue: "bybit", why: "late" },
    ],
  },
  { kind: "unread", why: "no-encryption-key" },
  { kind: "busy" },
];

test("questions and answers come back as they were sent", () => {
  for (const question of QUESTIONS) expect(parseDeskQuestion(encodeDeskMessage(question))).toEqual(question);
  for (const answer of ANSWERS) expect(parseDeskAnswer(encodeDeskMessage(answer))).toEqual(answer);
});

test("a question that is none, and an answer with more than it may hold, are refused or cut to what was promised", () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  for (const change of [{ version: 2 }, { op: "place" }, { userId: 0 }, { userId: "7" }, { venue: "okx" }]) {
    expect(() => parseDeskQuestion(bytes({ ...QUESTIONS[0], ...change }))).toThrow(MessageError);
  }
  const asked = parseDeskQuestion(bytes({ ...QUESTIONS[0], apiKey: "never-on-the-bus" }));
  expect(asked).toEqual(QUESTIONS[0]!);
  const odd = { state: "read", venue: "upbit", balances: [{ asset: "KRW", free: "1e9", total: "5" }] };
  expect(() => parseDeskAnswer(bytes({ ...ANSWERS[1], venues: [odd] }))).toThrow("free");
});

test("damaged messages give a message or a MessageError, nothing else", () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...[...QUESTIONS, ...ANSWERS].map(encodeDeskMessage)),
      fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (base, edits, cut) => {
        const bytes = Uint8Array.from(base.subarray(0, Math.ceil(base.length * cut)));
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        for (const parse of [parseDeskQuestion, parseDeskAnswer]) {
          try {
            parse(bytes);
          } catch (error) {
            if (!(error instanceof MessageError)) throw error;
            refused++;
          }
        }
      },
    ),
    { numRuns: INPUTS },
  );
  expect(refused).toBeGreaterThan(INPUTS);
});
