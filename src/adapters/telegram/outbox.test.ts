import { expect, test } from "bun:test";
import fc from "fast-check";
import { runsOf } from "../../testing/runs.ts";
import { Box, type Letter, Outbox } from "./outbox.ts";

/** Not more than so many wait; alerts are lost only while no information waits; each is taken or counted once. */
test("Outbox stays within its limits, prefers alerts, and accounts for every letter", () => {
  const add = fc.record({ userId: fc.integer({ min: 1, max: 4 }), isAlert: fc.boolean() });
  const action = fc.oneof(
    { weight: 4, arbitrary: add },
    fc.constant("take" as const),
    fc.constant("again" as const),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
      const lost: Letter[] = [];
      const taken: Letter[] = [];
      const outbox = new Outbox<Box>({
        lettersMax: 12,
        lettersPerBoxMax: 5,
        makeBox: (audience) => new Box(audience),
        onLost: (letter) => void lost.push(letter),
      });
      let added = 0;
      for (const each of actions) {
        const boxes = [...outbox.boxes.values()];
        if (typeof each === "object") {
          const lostBefore = lost.length;
          outbox.add(letter(each.userId, each.isAlert, added++), 0);
          const box = outbox.boxes.get(`user ${each.userId}`)!;
          for (const one of lost.slice(lostBefore)) {
            if (one.level === "alert") expect(box.waiting.info.size).toBe(0);
          }
        } else {
          const box = boxes.find(({ count }) => count > 0);
          if (!box) continue;
          const one = outbox.take(box)!;
          if (one.level === "info") expect(box.waiting.alert.size).toBe(0);
          if (each === "again") outbox.tryAgain(box, one);
          else taken.push(one);
          outbox.toTheEnd(box);
        }
        const waiting = [...outbox.boxes.values()].map(
          ({ waiting: { alert, info } }) => alert.size + info.size,
        );
        expect(Math.max(0, ...waiting)).toBeLessThanOrEqual(5);
        expect(waiting.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(12);
      }
      const all = [...outbox.boxes.values()];
      const waitingCount = all.reduce((sum, { count }) => sum + count, 0);
      const toldLost = all.reduce((sum, box) => sum + (box.lost?.count ?? 0), 0);
      expect(toldLost).toBe(lost.length);
      expect(taken.length + lost.length + waitingCount).toBe(added);
    }),
    { numRuns: runsOf(60, 5_000) },
  );
});

test("Box counts what a lost letter stood for, and forgets only what was told", () => {
  const box = new Box("operator");
  box.lose({ ...letter(1, true, 0), moreLikeThis: 4 }, 10);
  const told = box.lost!;
  box.lose(letter(1, false, 1), 20);
  expect(box.lost).toEqual({ count: 6, alertCount: 5, sinceMs: 10 });
  box.losesTold(told, 30);
  expect(box.lost).toEqual({ count: 1, alertCount: 0, sinceMs: 30 });
  box.losesTold(box.lost!, 40);
  expect(box.lost).toBeUndefined();
});

function letter(userId: number, isAlert: boolean, nth: number): Letter {
  return {
    audience: { userId },
    notice: { kind: "service", what: "venue-lost", detail: `${nth}` },
    level: isAlert ? "alert" : "info",
    atMs: 0,
    toldAtMs: 0,
    moreLikeThis: 0,
  };
}
