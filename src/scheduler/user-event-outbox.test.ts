import { expect, test } from "bun:test";
import { parseUserEvent, type UserEvent } from "../../schema/messages/user-event.ts";
import { InProcessBus } from "../adapters/bus/in-process.ts";
import { BusFault } from "../domain/bus-fault.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { UserEventOutbox } from "./user-event-outbox.ts";

const alertTo = (userId: number, ko: string): UserEvent => ({
  ...{
    kind: "alert",
    mode: "paper",
    userId,
    atMs: 1,
    level: "info",
    notice: "entered",
    coin: null,
    ko,
    en: "",
  },
});
const nameOf = (event: UserEvent) => `${event.userId} ${event.kind === "alert" ? event.ko : event.kind}`;

async function ground(options: { waitingMax?: number } = {}) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const bus = new InProcessBus(clock);
  await bus.ensureStreams({ tickPeriodMs: 1_000 });
  const road = { publish: bus.userEvents.publish.bind(bus.userEvents) };
  const outbox = new UserEventOutbox({
    ...{ clock, log, ...options },
    stream: { publish: (...of) => road.publish(...of) },
  });
  const heard: string[] = [];
  for (const userId of [1, 2, 3]) {
    await bus.userEvents.subscribe({ mode: "paper", userId }, undefined, {
      onPlace: () => undefined,
      onEvent: (bytes) => void heard.push(nameOf(parseUserEvent(bytes))),
    });
  }
  return { clock, log, bus, road, outbox, heard };
}

test("events are stored in order, each for its user", async () => {
  const { outbox, heard, clock, bus } = await ground();
  for (const [userId, text] of [
    [1, "a"],
    [2, "b"],
    [1, "c"],
  ] as const)
    outbox.tell(alertTo(userId, text));
  await clock.advance(0);
  expect(heard).toEqual(["1 a", "2 b", "1 c"]);
  expect(outbox.counts).toEqual({ stored: 3, lost: 0, waiting: 0 });
  await outbox.stop();
  await bus.drain();
});

test("while the bus is away the oldest are lost and counted, and their users are told so first", async () => {
  const { outbox, heard, clock, log, road } = await ground({ waitingMax: 3 });
  const { publish } = road;
  road.publish = async () => {
    throw new BusFault("passing", "away");
  };
  outbox.tell(alertTo(3, "only one"));
  await clock.advance(100);
  for (let index = 0; index < 10; index++) outbox.tell(alertTo(1 + (index % 2), `${index}`));
  expect(outbox.counts).toEqual({ stored: 0, lost: 8, waiting: 3 });
  road.publish = publish;
  await clock.advance(1_000);
  expect(heard.slice(0, 2)).toEqual(["2 reset", "2 7"]);
  expect(heard.toSorted()).toEqual(["1 8", "1 reset", "2 7", "2 9", "2 reset", "3 reset"]);
  expect(heard.indexOf("1 reset")).toBeLessThan(heard.indexOf("1 8"));
  expect(log.said()).toEqual(["events of users are lost", "events of users are told again"]);
  expect(outbox.counts).toMatchObject({ lost: 8, waiting: 0 });
  await outbox.stop();
});

test("an event whose storing failed does not lend its id to the next", async () => {
  const { outbox, heard, clock, road } = await ground();
  const { publish } = road;
  road.publish = async (...of) => {
    road.publish = publish;
    await publish(...of);
    throw new BusFault("passing", "no answer");
  };
  outbox.tell(alertTo(1, "a"));
  outbox.tell(alertTo(1, "b"));
  await clock.advance(2_000);
  expect(heard).toEqual(["1 a", "1 reset", "1 b"]);
  await outbox.stop();
});

test("stopping sends what waits, for a second at most, and takes nothing more", async () => {
  const { outbox, heard, clock } = await ground();
  outbox.tell(alertTo(1, "a"));
  outbox.tell(alertTo(1, "b"));
  await outbox.stop();
  outbox.tell(alertTo(1, "c"));
  await clock.advance(0);
  expect(heard).toEqual(["1 a", "1 b"]);

  const other = await ground();
  other.road.publish = () => new Promise(() => undefined);
  other.outbox.tell(alertTo(1, "a"));
  let stopped = false;
  const stopping = other.outbox.stop().then(() => (stopped = true));
  await other.clock.advance(900);
  expect(stopped).toBeFalse();
  await other.clock.advance(100);
  await stopping;
});
