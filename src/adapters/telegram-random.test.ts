// Any answers to any notices.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { runsOf } from "../testing/runs.ts";
import { createTelegramNotifier } from "./telegram.ts";
import { alert, FAILED, info, SENT, user } from "./telegram-testing.ts";

test("whatever Telegram answers, each notice is delivered or counted as lost, and no chat is hurried", async () => {
  const step = fc.oneof(
    fc.record({
      tells: fc.integer({ min: 1, max: 12 }),
      chat: fc.integer({ min: 1, max: 4 }),
      isAlert: fc.boolean(),
    }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 5_000 }) }),
  );
  const outcome = fc.oneof(
    { weight: 5, arbitrary: fc.constant(SENT) },
    { weight: 1, arbitrary: fc.constant(FAILED) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("wait" as const), forMs: fc.integer({ min: 1, max: 9_000 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "message-refused", why: "400" } as const) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 15, size: "max" }),
      fc.array(outcome, { maxLength: 30, size: "max" }),
      async (steps, outcomes) => {
        const delivered: string[] = [];
        const lastAtMs = new Map<string, number>();
        const clock = new ManualClock();
        const queue = [...outcomes];
        const notifier = createTelegramNotifier({
          clock,
          log: new RecordingLog(),
          chatOf: async (userId) => ({ chatId: `c${userId}`, language: "en" }),
          operator: undefined,
          limits: { lettersMax: 15, lettersPerRecipientMax: 6, inFlightMax: 3 },
          api: {
            sendMessage: async (chatId, text) => {
              expect(
                clock.monotonicMs() - (lastAtMs.get(chatId) ?? Number.NEGATIVE_INFINITY),
              ).toBeGreaterThanOrEqual(1_000);
              lastAtMs.set(chatId, clock.monotonicMs());
              const answer = text.includes("could not be sent") ? SENT : (queue.shift() ?? SENT);
              if (answer.kind === "sent") delivered.push(text);
              return answer;
            },
          },
        });
        let told = 0;
        for (const each of steps) {
          if ("waitMs" in each) await clock.advance(each.waitMs);
          else {
            for (let count = 0; count < each.tells; count++) {
              const detail = `n${told++}`;
              notifier.tell({
                audience: user(each.chat),
                notice: each.isAlert ? alert(detail) : info(detail),
                atMs: 0,
              });
            }
          }
        }
        await clock.advance(300_000);
        await notifier.stop();
        const losses = delivered.flatMap((text) => /⚠️ ([\d,]+) notice/.exec(text)?.[1] ?? []);
        const lostCount = losses.reduce((sum, digits) => sum + Number(digits), 0);
        const notices = delivered.filter((text) => /\nn\d+\n/.test(text));
        expect(new Set(notices).size).toBe(notices.length);
        expect(notices.length + lostCount).toBe(told);
      },
    ),
    { numRuns: runsOf(15, 1_000) },
  );
});
