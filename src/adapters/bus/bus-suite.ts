// What every bus must do, as one suite run against each body: in-process.test.ts and nats.integration.test.ts.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type EventOwner, TICK_PERIOD_MS_MIN } from "../../../schema/messages/subjects.ts";
import { isPassingBusFault } from "../../domain/bus-fault.ts";
import type { Bus, TaskDelivery } from "../../ports/bus.ts";
import { longTest } from "../../testing/long.ts";

export interface BusRig {
  /** The bus as one more process sees it. */
  join(): Promise<Bus>;
  /** Waits for the work, moving time on if time is in the rig's hand. */
  until<T>(work: Promise<T>): Promise<T>;
  /** Sleeps by the bus's clock; to be awaited inside `until`. */
  wait(lengthMs: number): Promise<void>;
  nowMs(): number;
  dispose(): Promise<void>;
}

const PERIOD_MS = TICK_PERIOD_MS_MIN;
const ACK_WAIT_MS = PERIOD_MS / 2;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (task: TaskDelivery | undefined) => task && new TextDecoder().decode(task.bytes);

/** Collects what a listener hears and lets a test await the n-th. */
function ear() {
  const heard: string[] = [];
  let wake = () => {};
  return {
    heard,
    listen: (bytes: Uint8Array) => {
      heard.push(new TextDecoder().decode(bytes));
      wake();
    },
    count: async (count: number) => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return heard;
    },
  };
}

/** The same for one user's events: "missed" where some were, then what each tells. */
function eventEar() {
  const { heard, listen, count } = ear();
  let place = "";
  return {
    heard,
    count,
    get place() {
      return place;
    },
    listener: {
      onPlace: (at: string, missed: boolean) => {
        place = at;
        if (missed) listen(bytesOf("missed"));
      },
      onEvent: (bytes: Uint8Array, at: string) => {
        place = at;
        listen(bytes);
      },
    },
  };
}

export function busConformance(body: string, open: () => Promise<BusRig>): void {
  describe(`the bus ${body}`, () => {
    let rig: BusRig;
    let scheduler: Bus;
    let worker: Bus;
    beforeEach(async () => {
      rig = await open();
      scheduler = await rig.join();
      worker = await rig.join();
    });
    afterEach(() => rig.dispose());
    const setUp = () => rig.until(scheduler.ensureStreams({ tickPeriodMs: PERIOD_MS }));
    const put = (id: string) => rig.until(scheduler.tasks.publish(id, bytesOf(id)));
    const pass = (lengthMs: number) => rig.until(rig.wait(lengthMs));
    const next = (bus: Bus, waitMs: number) => rig.until(bus.tasks.next(waitMs));

    test("hands tasks out in order, and an acknowledged one never again", async () => {
      await setUp();
      for (const id of ["1.0", "1.1", "1.2"]) await put(id);
      for (const id of ["1.0", "1.1", "1.2"]) {
        const task = await next(worker, 1_000);
        expect(textOf(task)).toBe(id);
        expect(task!.attempt).toBe(1);
        await rig.until(task!.ack());
      }
      expect(await next(worker, ACK_WAIT_MS + 200)).toBeUndefined();
    });

    test("shares 33 tasks evenly among five workers that take one at a time", async () => {
      await setUp();
      const workers = await Promise.all(Array.from({ length: 5 }, () => rig.join()));
      const done: string[] = [];
      const share = workers.map(async (bus) => {
        let count = 0;
        for (;;) {
          const task = await bus.tasks.next(400);
          if (task === undefined) return count;
          done.push(textOf(task)!);
          await rig.wait(10);
          await task.ack();
          count++;
        }
      });
      const ids = Array.from({ length: 33 }, (_, shard) => `7.${shard}`);
      await rig.until(Promise.all(ids.map((id) => scheduler.tasks.publish(id, bytesOf(id)))));
      const counts = await rig.until(Promise.all(share));
      expect(done.toSorted()).toEqual(ids.toSorted());
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(5);
    });

    test("hands a silent worker's task to another after the ack wait, as attempt 2", async () => {
      await setUp();
      await put("2.0");
      const first = await next(worker, 1_000);
      expect(first!.attempt).toBe(1);
      const takenAtMs = rig.nowMs();
      const second = await next(await rig.join(), PERIOD_MS);
      expect(textOf(second)).toBe("2.0");
      expect(second!.attempt).toBe(2);
      expect(rig.nowMs() - takenAtMs).toBeGreaterThanOrEqual(ACK_WAIT_MS - 20);
      await rig.until(second!.ack());
    });

    test("leaves a task with a worker that says it is working", async () => {
      await setUp();
      await put("3.0");
      // Joined before: the task's time runs from when it is taken.
      const other = await rig.join();
      const task = await next(worker, 1_000);
      for (let said = 0; said < 8; said++) {
        task!.working();
        expect(await next(other, ACK_WAIT_MS / 5)).toBeUndefined();
      }
      await rig.until(task!.ack());
      expect(await next(other, ACK_WAIT_MS + 100)).toBeUndefined();
    });

    test("brings a task back after the delay of a nak, not before", async () => {
      await setUp();
      await put("4.0");
      (await next(worker, 1_000))!.nak(250);
      const nakAtMs = rig.nowMs();
      const again = await next(worker, 900);
      expect(again!.attempt).toBe(2);
      expect(rig.nowMs() - nakAtMs).toBeGreaterThanOrEqual(230);
      again!.nak(0);
      expect((await next(worker, 500))!.attempt).toBe(3);
    });

    test("drops a terminated task, and ignores a second word about it", async () => {
      await setUp();
      await put("5.0");
      const task = await next(worker, 1_000);
      task!.term();
      task!.nak(0);
      task!.working();
      await rig.until(task!.ack());
      expect(await next(worker, ACK_WAIT_MS + 200)).toBeUndefined();
    });

    test("gives a task up after its eighth delivery", async () => {
      await setUp();
      await put("6.0");
      for (let attempt = 1; attempt <= 8; attempt++) {
        const task = await next(worker, 400);
        expect(task!.attempt).toBe(attempt);
        task!.nak(0);
      }
      expect(await next(worker, 200)).toBeUndefined();
    });

    test("stores a task once however often it is published under one id", async () => {
      await setUp();
      for (let time = 0; time < 3; time++) await put("8.0");
      await rig.until((await next(worker, 1_000))!.ack());
      await put("8.0");
      expect(await next(worker, 200)).toBeUndefined();
    });

    test("forgets a task at its tick's deadline", async () => {
      await setUp();
      await put("9.0");
      await pass(PERIOD_MS + 300);
      expect(await next(worker, 200)).toBeUndefined();
    });

    longTest("keeps stored tasks when the period changes, and takes the new ack wait", async () => {
      await setUp();
      await put("10.0");
      await rig.until(scheduler.ensureStreams({ tickPeriodMs: 4 * PERIOD_MS }));
      const task = await next(worker, 1_000);
      expect(textOf(task)).toBe("10.0");
      expect(await next(worker, 2 * ACK_WAIT_MS)).toBeUndefined();
      expect((await next(worker, 4 * ACK_WAIT_MS))!.attempt).toBe(2);
      await setUp();
    });

    longTest("before the scheduler has been there: waits quietly for tasks, refuses to store", async () => {
      expect(await next(worker, 300)).toBeUndefined();
      expect(await rig.until(worker.frames.snapshot())).toBeUndefined();
      const refused = await rig.until(worker.reports.publish("1.0", bytesOf("r")).catch((error) => error));
      expect(isPassingBusFault(refused)).toBeTrue();
      const waiting = worker.tasks.next(5_000);
      await setUp();
      await put("11.0");
      expect(textOf(await rig.until(waiting))).toBe("11.0");
    });

    test("reads reports from a moment on, stored and coming ones, in order, each id once", async () => {
      await setUp();
      const report = (id: string) => rig.until(worker.reports.publish(id, bytesOf(id)));
      await report("1.0");
      await pass(50);
      const fromAtMs = rig.nowMs();
      await pass(50);
      for (const id of ["2.0", "2.1", "2.0"]) await report(id);
      const { heard, listen, count } = ear();
      const stop = await rig.until(scheduler.reports.subscribe(fromAtMs, listen));
      const all = ear();
      await rig.until(scheduler.reports.subscribe(fromAtMs - 60_000, all.listen));
      for (const id of ["2.1", "2.2"]) await report(id);
      expect(await rig.until(count(3))).toEqual(["2.0", "2.1", "2.2"]);
      expect(await rig.until(all.count(4))).toEqual(["1.0", "2.0", "2.1", "2.2"]);
      await rig.until(stop());
      await report("2.3");
      await rig.until(all.count(5));
      expect(heard).toHaveLength(3);
    });

    test("tells frames to all who listen now, and keeps the newest snapshot", async () => {
      await setUp();
      const [one, two] = [ear(), ear()];
      const stop = await rig.until(worker.frames.subscribe(one.listen));
      await rig.until(scheduler.frames.subscribe(two.listen));
      expect(await rig.until(worker.frames.snapshot())).toBeUndefined();
      for (const text of ["a", "b"]) {
        await rig.until(scheduler.frames.publishFrame(bytesOf(text)));
        await rig.until(scheduler.frames.putSnapshot(bytesOf(`all ${text}`)));
      }
      expect(await rig.until(one.count(2))).toEqual(["a", "b"]);
      expect(new TextDecoder().decode(await rig.until(worker.frames.snapshot()))).toBe("all b");
      await rig.until(stop());
      await rig.until(scheduler.frames.publishFrame(bytesOf("c")));
      expect(await rig.until(two.count(3))).toEqual(["a", "b", "c"]);
      expect(one.heard).toHaveLength(2);
      expect(worker.frames.state().up).toBeTrue();
    });

    test("tells announcements by topic, also to oneself, and refuses topics that are none", async () => {
      const [presence, other] = [ear(), ear()];
      await rig.until(worker.announcements.listen("presence", presence.listen));
      await rig.until(worker.announcements.listen("quarantine", other.listen));
      worker.announcements.announce("presence", bytesOf("me"));
      await rig.until(presence.count(1));
      scheduler.announcements.announce("presence", bytesOf("you"));
      scheduler.announcements.announce("quarantine", bytesOf("AXS"));
      expect(await rig.until(presence.count(2))).toEqual(["me", "you"]);
      expect(await rig.until(other.count(1))).toEqual(["AXS"]);
      expect(() => worker.announcements.announce("pre.>", bytesOf(""))).toThrow(RangeError);
    });

    const owner = { mode: "paper", userId: 7 } as const;
    const say = (text: string, of: EventOwner = owner) =>
      rig.until(scheduler.userEvents.publish(of, text, bytesOf(text)));
    const follow = async (after?: string, of: EventOwner = owner) => {
      const own = eventEar();
      const stop = await rig.until(worker.userEvents.subscribe(of, after, own.listener));
      return { ...own, stop, at: () => own.place };
    };

    test("tells a user's events in order, each once, and those of no other user or mode", async () => {
      await setUp();
      await say("before");
      const own = await follow();
      const other = await follow(undefined, { mode: "paper", userId: 8 });
      await say("live", { mode: "live", userId: 7 });
      await say("other", { mode: "paper", userId: 8 });
      for (const text of ["1", "2", "1"]) await say(text);
      expect(await rig.until(own.count(2))).toEqual(["1", "2"]);
      expect(await rig.until(other.count(1))).toEqual(["other"]);
      await rig.until(own.stop());
      await say("3");
      const again = await follow(own.at());
      expect([own.heard, again.heard]).toEqual([["1", "2"], ["3"]]);
      for (const userId of [0, -1, 1.5, Number.NaN]) {
        const wrong = () => scheduler.userEvents.publish({ mode: "paper", userId }, "x", bytesOf("x"));
        expect(await rig.until(Promise.try(wrong).catch((error) => error))).toBeInstanceOf(RangeError);
      }
    });

    test("goes on at a place: its beginning's and each event's, whatever others were told meanwhile", async () => {
      await setUp();
      const first = await follow();
      const atFirst = first.at();
      await rig.until(first.stop());
      await say("other", { mode: "paper", userId: 8 });
      for (const text of ["1", "2", "3"]) await say(text);
      const all = await follow(atFirst);
      expect(all.heard).toEqual(["1", "2", "3"]);
      const rest = await follow(all.at());
      await say("4");
      expect(await rig.until(rest.count(1))).toEqual(["4"]);
      expect(await rig.until(all.count(4))).toEqual(["1", "2", "3", "4"]);
    });

    test("says that some were missed for a place that is gone or none, and goes on from now", async () => {
      await setUp();
      const own = await follow();
      const atFirst = own.at();
      await say("1");
      await rig.until(own.count(1));
      const [made = ""] = atFirst.split("-");
      for (const place of ["", "nonsense", "17", `${made}-99999`, "abc-1", `${made}-9999999999999999`]) {
        const lost = await follow(place);
        expect([place, lost.heard]).toEqual([place, ["missed"]]);
        await rig.until(lost.stop());
      }
      // One more than are kept of a user: the first is gone, and 999 are left behind the second.
      const many = Array.from({ length: 1_000 }, (_, index) => `many ${index}`);
      await rig.until(
        Promise.all(many.map((text) => scheduler.userEvents.publish(owner, text, bytesOf(text)))),
      );
      const whole = await follow(own.at().replace(/\d+$/, "2"));
      expect([whole.heard.length, whole.heard[0]]).toEqual([999, "many 1"]);
      const late = await follow(atFirst);
      await say("now");
      expect(await rig.until(late.count(2))).toEqual(["missed", "now"]);
    });

    test("cannot read events before the scheduler has been there", async () => {
      const refused = await rig.until(
        worker.userEvents.subscribe(owner, undefined, eventEar().listener).catch((error) => error),
      );
      expect(isPassingBusFault(refused)).toBeTrue();
      await setUp();
      expect((await follow()).heard).toEqual([]);
    });

    test("carries a question to whoever serves its topic, and back the first answer", async () => {
      const ask = (topic: string, text: string, withinMs = 1_000) =>
        rig.until(
          worker.requests
            .ask(topic, bytesOf(text), withinMs)
            .then((bytes) => bytes && new TextDecoder().decode(bytes)),
        );
      expect(await ask("desk", "anybody?", 300)).toBeUndefined();
      const heard: string[] = [];
      const serve = (bus: Bus, name: string, talks: boolean) =>
        bus.requests.serve("desk", async (bytes) => {
          const text = new TextDecoder().decode(bytes);
          heard.push(`${name} ${text}`);
          if (text === "broken") throw new Error("as wished");
          return talks ? bytesOf(`${name} has ${text}`) : undefined;
        });
      await rig.until(serve(await rig.join(), "standby", false));
      expect(await ask("desk", "one", 300)).toBeUndefined();
      const stop = await rig.until(serve(scheduler, "leader", true));
      expect(await ask("desk", "two")).toBe("leader has two");
      expect(await ask("elsewhere", "three", 300)).toBeUndefined();
      expect(await ask("desk", "broken", 300)).toBeUndefined();
      expect(await Promise.all(["a", "b", "c"].map((text) => ask("desk", text)))).toEqual([
        ...["leader has a", "leader has b", "leader has c"],
      ]);
      await rig.until(stop());
      expect(await ask("desk", "four", 300)).toBeUndefined();
      expect(heard).toContain("standby four");
      expect(heard).not.toContain("leader four");
      await expect(scheduler.requests.serve("a.>", async () => undefined)).rejects.toThrow(RangeError);
    });

    test("ends a waiting next when drained, and refuses to store from then on", async () => {
      await setUp();
      const waiting = worker.tasks.next(60_000);
      await pass(50);
      await rig.until(worker.drain());
      expect(await rig.until(waiting)).toBeUndefined();
      expect(worker.state().up).toBeFalse();
      const refused = await rig.until(worker.reports.publish("1.0", bytesOf("r")).catch((error) => error));
      expect(isPassingBusFault(refused)).toBeTrue();
    });
  });
}
