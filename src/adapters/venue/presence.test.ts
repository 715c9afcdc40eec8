import { expect, test } from "bun:test";
import fc from "fast-check";
import { VENUES } from "../../../schema/vocabulary.ts";
import { runsOf } from "../../testing/runs.ts";
import { readLimits } from "./limit-headers.ts";
import { type Presence, parsePresence } from "./presence.ts";

const INPUTS = runsOf(500, 100_000);
const encoder = new TextEncoder();
const AMOUNT_MAX = 1e9;

const amount = fc.nat({ max: AMOUNT_MAX }).map((value) => value / 7);
const amounts = fc.record({ upbit: amount, bithumb: amount, bybit: amount, binance: amount });
const presence: fc.Arbitrary<Presence> = fc.record({
  kind: fc.constantFrom("hello" as const, "here" as const, "bye" as const),
  id: fc.string({ minLength: 1, maxLength: 12 }),
  role: fc.constantFrom("worker" as const, "scheduler" as const),
  sourceAddress: fc.string({ maxLength: 12 }),
  version: fc.string({ maxLength: 6 }),
  ...{ shares: amounts, spent: amounts, foreign: amounts, banMs: amounts },
});

test("what a process says of itself is read as it was said; damaged, it is that or nothing", () => {
  let read = 0;
  let ignored = 0;
  fc.assert(
    fc.property(
      presence,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
      fc.option(fc.nat(), { freq: 3 }),
      (said, edits, cut) => {
        const whole = encoder.encode(JSON.stringify(said));
        if (!Bun.deepEquals(parsePresence(whole), said)) expect(parsePresence(whole)).toEqual(said);
        const bytes = whole.slice(0, cut === null ? whole.length : cut % whole.length);
        for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
        const heard = parsePresence(bytes);
        if (heard === undefined) return void ignored++;
        read++;
        for (const { shares, spent, foreign, banMs } of [heard]) {
          for (const all of [shares, spent, foreign, banMs]) {
            for (const venue of VENUES) {
              if (!(all[venue] >= 0 && all[venue] <= AMOUNT_MAX))
                throw new Error(`expected an amount, was ${all[venue]}`);
            }
          }
        }
      },
    ),
    { numRuns: INPUTS },
  );
  expect([read > 0, ignored > 0]).toEqual([true, true]);
});

test("whatever a venue's headers and words say, the wait is an amount that others can be told", () => {
  const digits = fc.nat({ max: 99_999_999 }).map(String);
  const value = fc.oneof(
    ...[digits, fc.double().map(String), digits.map((sec) => `group=default; min=1800; sec=${sec}`)],
    ...[
      fc.string({ unit: "grapheme-ascii", maxLength: 12 }),
      fc.constantFrom("", "0", "-1", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT"),
    ],
  );
  const names = ["retry-after", "remaining-req", "x-mbx-used-weight-1m"];
  const words = fc.tuple(
    digits,
    fc.constantFrom("", " "),
    fc.constantFrom("seconds", "s", "minutes", "분", "초", "days"),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...VENUES),
      fc.oneof(fc.constantFrom(0, 200, 403, 418, 429), fc.nat({ max: 599 })),
      fc.dictionary(fc.constantFrom(...names), value),
      fc.option(
        fc.oneof(
          words.map((all) => `blocked for ${all.join("")}`),
          fc.string(),
        ),
      ),
      fc.boolean(),
      (venue, status, headers, text, limited) => {
        const read = readLimits(venue, {
          ...{ status, limited, headers: new Headers(headers) },
          ...(text !== null && { text }),
        });
        const waitMs = read.kind === "banned" ? read.banMs : read.holdMs;
        if (!(waitMs >= 0 && waitMs <= AMOUNT_MAX)) throw new Error(`expected an amount, was ${waitMs}`);
        const kind = status === 429 || limited ? "refused" : "fine";
        const expected = status === 403 || status === 418 ? "banned" : kind;
        if (read.kind !== expected) throw new Error(`expected ${expected}, was ${read.kind}`);
        if (read.kind === "fine" && read.addressUsed !== undefined) {
          expect(Number.isSafeInteger(read.addressUsed) && read.addressUsed >= 0).toBe(true);
        }
      },
    ),
    { numRuns: INPUTS },
  );
});
