import { expect, test } from "bun:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { InProcessBus } from "../bus/in-process.ts";
import type { Presence } from "./presence.ts";
import { PresenceBoard } from "./presence-board.ts";

const none = { upbit: 0, bithumb: 0, bybit: 0, binance: 0 };
const presence = (id: string, more: Partial<Presence> = {}): Presence => {
  const told = { kind: "here", role: "worker", sourceAddress: "a", version: "1", ...more } as const;
  return { ...told, id, shares: none, spent: none, foreign: none, banMs: none };
};

test("the board has who speaks, whatever the address, until a goodbye or a minute of silence", async () => {
  const clock = new ManualClock();
  const bus = new InProcessBus(clock);
  const board = new PresenceBoard({ clock, announcements: bus.announcements });
  await board.start();
  const say = async (told: unknown) => {
    bus.announcements.announce("presence", new TextEncoder().encode(JSON.stringify(told)));
    await clock.advance(1);
  };
  const names = () => board.processes().map(({ name }) => name);

  await say(presence("w2", { sourceAddress: "b" }));
  await say(presence(`w1.${crypto.randomUUID()}`, { version: "2" }));
  await say({ kind: "here", id: "nobody" });
  expect(names()).toEqual(["w1", "w2"]);
  expect(board.processes()[0]).toMatchObject({ version: "2", sourceAddress: "a", role: "worker" });

  await clock.advance(30_000);
  await say(presence("w2", { sourceAddress: "b" }));
  await clock.advance(31_000);
  expect(names()).toEqual(["w2"]);
  expect(board.processes()[0]!.silentMs).toBeGreaterThanOrEqual(31_000);
  await say(presence("w2", { kind: "bye" }));
  expect(names()).toEqual([]);

  await board.stop();
  await say(presence("w3"));
  expect(names()).toEqual([]);
});

test("a flood of names does not fill it", async () => {
  const clock = new ManualClock();
  const bus = new InProcessBus(clock);
  const board = new PresenceBoard({ clock, announcements: bus.announcements });
  await board.start();
  for (let index = 0; index < 300; index++) {
    bus.announcements.announce("presence", new TextEncoder().encode(JSON.stringify(presence(`x${index}`))));
  }
  await clock.advance(1);
  expect(board.processes().length).toBe(200);
  await board.stop();
});
