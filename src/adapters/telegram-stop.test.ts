// How the notifier ends.

import { expect, test } from "bun:test";
import { alert, info, never, telegramStage, user } from "./telegram-testing.ts";

const start = telegramStage();

test("sends what waits and may go, then ends without waiting for nothing", async () => {
  const { clock, notifier, details, tell } = start({});
  tell("operator", info("a"));
  tell(user(1), alert("b"));
  const stopped = notifier.stop();
  await clock.advance(0);
  await stopped;
  expect(details().sort()).toEqual(["a", "b"]);
  tell(user(2), alert("too late"));
  await clock.advance(10_000);
  expect(details().length).toBe(2);
});

test("flushes for two seconds at most, though the server hangs and heeds no signal, and counts the rest", async () => {
  const { clock, log, notifier, tell } = start({ answer: () => never });
  for (let index = 0; index < 3; index++) tell("operator", info(`${index}`));
  let isStopped = false;
  const stopped = notifier.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(1_999);
  expect(isStopped).toBe(false);
  await clock.advance(1);
  await stopped;
  expect(log.lines.at(-1)).toMatchObject({
    event: "notices were not sent before the end",
    fields: { unsentCount: 3 },
  });
});

test("keeps a chat's pace also while flushing", async () => {
  const { clock, notifier, sent, tell } = start({});
  for (let index = 0; index < 10; index++) tell("operator", info(`${index}`));
  const stopped = notifier.stop();
  await clock.advance(2_000);
  await stopped;
  expect(sent.map(({ atMs }) => atMs)).toEqual([0, 1_000]);
});
