import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Decimal } from "../domain/decimal.ts";
import type { Audience, Notice } from "../ports/notifier.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { runsOf } from "../testing/runs.ts";
import type { SendOutcome } from "./telegram/bot-api.ts";
import { createTelegramNotifier, type TelegramNotifier, type TelegramOptions } from "./telegram.ts";

type Answer = SendOutcome | Promise<SendOutcome>;
const SENT: SendOutcome = { kind: "sent" };
const FAILED: SendOutcome = { kind: "failed", why: "network" };
const never = new Promise<never>(() => {});

const opened: { readonly notifier: TelegramNotifier; readonly clock: ManualClock }[] = [];
afterEach(async () => {
  for (const { notifier, clock } of opened.splice(0)) {
    const stopped = notifier.stop();
    await clock.advance(2_000);
    await stopped;
  }
});

/** Every user's chat is "c" and the id. `answer` is asked for each message. */
function start(
  options: Partial<TelegramOptions> & { readonly answer?: (chatId: string, nth: number) => Answer },
) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const log = new RecordingLog();
  const sent: { readonly chatId: string; readonly text: string; readonly atMs: number }[] = [];
  const notifier = createTelegramNotifier({
    clock,
    log,
    chatOf: async (userId) => ({ chatId: `c${userId}`, language: "en" }),
    operator: { chatId: "ops", language: "en" },
    api: {
      sendMessage: async (chatId, text) => {
        sent.push({ chatId, text, atMs: clock.monotonicMs() });
        return options.answer?.(chatId, sent.length) ?? SENT;
      },
    },
    ...options,
  });
  opened.push({ notifier, clock });
  const tell = (audience: Audience, notice: Notice, dedupeKey?: string) =>
    notifier.tell({ audience, notice, atMs: clock.nowMs(), ...(dedupeKey !== undefined && { dedupeKey }) });
  const details = (chatId?: string) =>
    sent
      .filter((each) => chatId === undefined || each.chatId === chatId)
      .map(({ text }) => text.split("\n")[1]);
  return { clock, log, sent, notifier, tell, details };
}

const alert = (detail: string): Notice => ({ kind: "service", what: "store-lost", detail });
const info = (detail: string): Notice => ({ kind: "service", what: "store-back", detail });
const user = (userId: number): Audience => ({ userId });

describe("the Telegram notifier", () => {
  test("sends a user's notice to the user's chat in the user's language, and an operator's to the operator's", async () => {
    const { clock, sent, tell } = start({
      chatOf: async (userId) => ({ chatId: `c${userId}`, language: userId === 1 ? "ko" : "en" }),
    });
    tell(user(1), info("a"));
    tell(user(2), info("b"));
    tell("operator", alert("c"));
    await clock.advance(0);
    expect(sent.map(({ chatId, text }) => `${chatId}: ${text}`).sort()).toEqual([
      "c1: 서비스 알림 · 데이터베이스 연결 복구\na\n2026-01-01 09:00:00 KST",
      "c2: Service · database back\nb\n2026-01-01 09:00:00 KST",
      "ops: ⚠️ Service · database lost\nc\n2026-01-01 09:00:00 KST",
    ]);
  });

  test("sends nothing to users who want no notices, and to no operator where there is none", async () => {
    const { clock, sent, tell } = start({ chatOf: async () => undefined, operator: undefined });
    tell(user(1), alert("a"));
    tell("operator", alert("a"));
    await clock.advance(3_600_000);
    expect(sent).toEqual([]);
  });

  test("believes a chat for a minute, then looks it up again", async () => {
    let chatId = "old";
    let lookups = 0;
    const { clock, sent, tell } = start({
      chatOf: async () => {
        lookups++;
        return { chatId, language: "en" };
      },
    });
    tell(user(1), info("a"));
    await clock.advance(0);
    chatId = "new";
    tell(user(1), info("b"));
    await clock.advance(59_000);
    expect(lookups).toBe(1);
    await clock.advance(1_000);
    tell(user(1), info("c"));
    await clock.advance(0);
    expect(sent.map((each) => each.chatId)).toEqual(["old", "old", "new"]);
    expect(lookups).toBe(2);
  });

  test("sends at most one message a second and twenty a minute to a chat, in order, alerts first", async () => {
    const { clock, sent, tell, details } = start({});
    for (let index = 0; index < 24; index++) tell("operator", info(`i${index}`));
    tell("operator", alert("a"));
    await clock.advance(19_999);
    expect(sent.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 20 }, (_, index) => index * 1_000));
    await clock.advance(60_000);
    expect(sent.slice(20).map(({ atMs }) => atMs)).toEqual([60_000, 61_000, 62_000, 63_000, 64_000]);
    expect(details()).toEqual(["a", ...Array.from({ length: 24 }, (_, index) => `i${index}`)]);
  });

  test("counts a chat's second from the answer, so that latency cannot make the server see more", async () => {
    const { clock, sent, tell } = start({ answer: () => clock.sleep(700).then(() => SENT) });
    tell("operator", info("a"));
    tell("operator", info("b"));
    await clock.advance(1_699);
    expect(sent.length).toBe(1);
    await clock.advance(1);
    expect(sent.length).toBe(2);
  });

  test("shares one pace between recipients with the same chat", async () => {
    const { clock, sent, tell } = start({ chatOf: async () => ({ chatId: "ops", language: "en" }) });
    tell("operator", info("a"));
    tell(user(1), info("b"));
    tell(user(2), info("c"));
    await clock.advance(1_999);
    expect(sent.length).toBe(2);
  });

  test("sends at most thirty messages a second over all chats, and each chat gets its turn", async () => {
    const { clock, sent, tell } = start({});
    for (let index = 0; index < 3; index++) {
      for (let userId = 1; userId <= 100; userId++) tell(user(userId), info(`i${index}`));
    }
    await clock.advance(20_000);
    expect(sent.length).toBe(300);
    for (const { atMs } of sent) {
      const within = sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000);
      expect(within.length).toBeLessThanOrEqual(30);
    }
    // Nobody gets a second one before everybody has the first.
    expect(new Set(sent.slice(0, 100).map(({ chatId }) => chatId)).size).toBe(100);
  });

  test("sends one of a key per ten minutes, then the last of the others with their number", async () => {
    const { clock, sent, tell, details } = start({});
    for (let index = 0; index < 5; index++) tell(user(1), alert(`k${index}`), "key");
    tell(user(2), alert("other user"), "key");
    tell(user(1), alert("other key"), "key 2");
    await clock.advance(599_999);
    expect(details("c1")).toEqual(["k0", "other key"]);
    expect(details("c2")).toEqual(["other user"]);
    await clock.advance(1);
    expect(details("c1")).toEqual(["k0", "other key", "k4"]);
    expect(sent.at(-1)!.text).toContain("(3 more like this)");
    // It has opened a window of its own; after a quiet one, all is as at the beginning.
    tell(user(1), alert("k5"), "key");
    await clock.advance(600_000);
    expect(sent.at(-1)!.text).toStartWith("⚠️ Service · database lost\nk5\n2026");
    await clock.advance(600_000);
    tell(user(1), alert("k6"), "key");
    await clock.advance(0);
    expect(sent.at(-1)!.text).toStartWith("⚠️ Service · database lost\nk6\n2026");
    expect(sent.length).toBe(6);
  });

  test("waits as long as a 429 says, with that chat only", async () => {
    const { clock, details, tell } = start({
      answer: (chatId, nth) => (chatId === "c1" && nth === 1 ? { kind: "wait", forMs: 37_000 } : SENT),
    });
    tell(user(1), info("a"));
    await clock.advance(0);
    tell(user(2), info("b"));
    await clock.advance(36_999);
    expect(details()).toEqual(["a", "b"]);
    await clock.advance(1);
    expect(details()).toEqual(["a", "b", "a"]);
  });

  test("waits with all chats when a 429 comes from a second one", async () => {
    const { clock, details, tell } = start({
      answer: (_, nth) => (nth <= 2 ? { kind: "wait", forMs: 10_000 } : SENT),
    });
    tell(user(1), info("a"));
    tell(user(2), info("b"));
    await clock.advance(0);
    tell(user(3), info("c"));
    await clock.advance(9_999);
    expect(details()).toEqual(["a", "b"]);
    await clock.advance(1);
    expect(details().slice(2).sort()).toEqual(["a", "b", "c"]);
  });

  test("gives a blocked chat up for an hour and tells the log once", async () => {
    let isBlocked = true;
    const { clock, log, sent, tell } = start({
      answer: (chatId) =>
        isBlocked && chatId === "c1" ? { kind: "chat-gone", why: "403 Forbidden: bot was blocked" } : SENT,
    });
    for (let minute = 0; minute < 59; minute++) {
      tell(user(1), alert("a"));
      tell(user(2), alert("b"));
      await clock.advance(60_000);
    }
    expect(sent.filter(({ chatId }) => chatId === "c1").length).toBe(1);
    expect(sent.filter(({ chatId }) => chatId === "c2").length).toBe(59);
    expect(log.said("warn")).toEqual(["a chat takes no notices and is given up"]);
    expect(log.lines[0]!.fields).toMatchObject({
      recipient: "user 1",
      why: "403 Forbidden: bot was blocked",
    });
    isBlocked = false;
    await clock.advance(60_000);
    tell(user(1), alert("again"));
    await clock.advance(0);
    expect(sent.at(-1)!.text).toContain("again");
  });

  test("follows a group that has become a supergroup", async () => {
    const { clock, sent, tell } = start({
      answer: (chatId) => (chatId === "ops" ? { kind: "moved", chatId: "-100" } : SENT),
    });
    tell("operator", info("a"));
    tell("operator", info("b"));
    await clock.advance(3_000);
    expect(sent.map(({ chatId }) => chatId)).toEqual(["ops", "-100", "-100"]);
  });

  test("tries failed messages again after 1, 2, 4 and at most 60 s, and tells the log once", async () => {
    let isDown = true;
    const { clock, log, sent, tell, details } = start({ answer: () => (isDown ? FAILED : SENT) });
    tell("operator", info("a"));
    await clock.advance(200_000);
    const gaps = sent.slice(1).map(({ atMs }, index) => atMs - sent[index]!.atMs);
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    isDown = false;
    tell(user(1), info("b"));
    await clock.advance(60_000);
    expect(details().slice(-2).sort()).toEqual(["a", "b"]);
    expect(log.said()).toEqual(["notices cannot be sent", "notices are sent again"]);
  });

  test("gives a notice up half an hour after it was told, and says how many once that works", async () => {
    let isDown = true;
    const { clock, sent, tell } = start({ answer: () => (isDown ? FAILED : SENT) });
    tell("operator", info("a"));
    tell("operator", alert("b"));
    await clock.advance(1_900_000);
    isDown = false;
    tell("operator", info("c"));
    await clock.advance(120_000);
    const delivered = sent.slice(-2).map(({ text }) => text.split("\n")[0]);
    expect(delivered.sort()).toEqual([
      "Service · database back",
      "⚠️ 2 notices (1 of them alerts) could not be sent.",
    ]);
  });

  test("a message one chat's server error sticks to does not hold up other chats", async () => {
    const { clock, details, tell } = start({ answer: (chatId) => (chatId === "c1" ? FAILED : SENT) });
    tell(user(1), info("a"));
    for (let index = 0; index < 10; index++) tell(user(2), info(`b${index}`));
    await clock.advance(60_000);
    expect(details("c2").length).toBe(10);
  });

  test("is silent for five minutes when the bot is refused, whatever else is told", async () => {
    const { clock, log, sent, tell } = start({ answer: () => ({ kind: "bot-refused", why: "401" }) });
    for (let index = 0; index < 10; index++) tell(user(index), alert("a"));
    await clock.advance(299_999);
    const first = sent.length;
    expect(first).toBeLessThanOrEqual(8);
    await clock.advance(1);
    expect(sent.length).toBeGreaterThan(first);
    expect(log.said("warn")).toEqual(["notices cannot be sent"]);
  });

  test("a refused message is lost alone, and a notice that cannot be worded stops nothing", async () => {
    const { clock, log, sent, tell } = start({
      answer: (_, nth) => (nth === 1 ? { kind: "message-refused", why: "400" } : SENT),
    });
    tell(user(1), alert("a"));
    tell(user(2), { ...GUARDIAN, distancePct: undefined as unknown as Decimal });
    tell(user(1), alert("b"));
    tell(user(1), undefined as unknown as Notice);
    await clock.advance(10_000);
    expect(sent.map(({ text }) => text.split("\n").slice(0, 2).join(" "))).toEqual([
      "⚠️ Service · database lost a",
      "⚠️ Service · database lost b",
      "⚠️ 1 notice (1 of them alerts) could not be sent. Please look at positions and records yourself.",
    ]);
    expect(log.said("error").sort()).toEqual([
      "a notice could not be put into words",
      "a notice could not be taken",
      "a notice was refused",
    ]);
  });

  test("keeps a bounded number under a flood of 10,000, every alert of it, and tells the loss in one message", async () => {
    let isDown = true;
    const { clock, sent, tell, log } = start({
      answer: () => (isDown ? FAILED : SENT),
      limits: { lettersMax: 200, lettersPerRecipientMax: 50 },
    });
    for (let index = 0; index < 10_000; index++) {
      tell(user(index % 10), index >= 9_000 && index < 9_040 ? alert(`a${index}`) : info(`i${index}`));
    }
    await clock.advance(1_000);
    isDown = false;
    await clock.advance(1_200_000);
    const texts = sent.map(({ text }) => text);
    for (let index = 9_000; index < 9_040; index++) {
      expect(texts.some((text) => text.includes(`\na${index}\n`))).toBe(true);
    }
    const delivered = new Set(texts.filter((text) => /\n[ai]\d+\n/.test(text)));
    expect(delivered.size).toBeLessThanOrEqual(220);
    const losses = sent.filter(({ text }) => text.includes("could not be sent"));
    expect(losses.length).toBe(10);
    expect(new Set(losses.map(({ chatId }) => chatId)).size).toBe(10);
    const lostCount = losses.reduce(
      (sum, { text }) => sum + Number(/([\d,]+) notice/.exec(text)![1]!.replace(",", "")),
      0,
    );
    expect(lostCount + delivered.size).toBe(10_000);
    for (const { text } of losses) expect(text).not.toContain("alerts");
    expect(log.said("warn").filter((event) => event === "notices were lost").length).toBe(1);
  });

  test("returns from tell at once while the server hangs, and other chats are served", async () => {
    const { clock, sent, tell, log } = start({ answer: (chatId) => (chatId === "c1" ? never : SENT) });
    for (let index = 0; index < 1_000; index++) expect(tell(user(1), info(`h${index}`))).toBeUndefined();
    tell(user(2), info("b"));
    await clock.advance(60_000);
    expect(sent.map(({ chatId }) => chatId).sort()).toEqual(["c1", "c2"]);
    expect(log.said("error")).toEqual([]);
  });

  test("neither a look-up that hangs nor one that fails holds up the operator's chat", async () => {
    let calls = 0;
    const { clock, log, details, tell } = start({
      chatOf: (userId) => {
        calls++;
        if (userId % 2 === 0) return never;
        throw new Error("store away");
      },
    });
    for (let userId = 1; userId <= 20; userId++) tell(user(userId), alert("a"));
    for (let index = 0; index < 5; index++) tell("operator", alert(`o${index}`));
    await clock.advance(120_000);
    expect(details("ops")).toEqual(["o0", "o1", "o2", "o3", "o4"]);
    // At most four at a time, each at most five seconds, and less and less often.
    expect(calls).toBeGreaterThan(20);
    expect(calls).toBeLessThan(200);
    expect(log.said("warn")).toEqual(["chats cannot be looked up"]);
  });

  test("looks up at most four chats at a time", async () => {
    let asking = 0;
    let most = 0;
    const { clock, sent, tell } = start({
      chatOf: async (userId) => {
        most = Math.max(most, ++asking);
        await clock.sleep(100);
        asking--;
        return { chatId: `c${userId}`, language: "en" };
      },
    });
    for (let userId = 1; userId <= 20; userId++) tell(user(userId), alert("a"));
    await clock.advance(2_000);
    expect(most).toBe(4);
    expect(sent.length).toBe(20);
  });

  test("uses the chat it knew a while ago when it cannot be looked up", async () => {
    let isAway = false;
    const { clock, details, tell } = start({
      chatOf: async (userId) => {
        if (isAway) throw new Error("store away");
        return { chatId: `c${userId}`, language: "en" };
      },
    });
    tell(user(1), info("a"));
    await clock.advance(600_000);
    isAway = true;
    tell(user(1), alert("the store is away"));
    await clock.advance(0);
    expect(details("c1")).toEqual(["a", "the store is away"]);
  });
});

const GUARDIAN = {
  kind: "guardian",
  mode: "live",
  coin: "BTC",
  venue: "bybit",
  distancePct: Decimal.of("5"),
  verdict: "close",
} as const;

describe("stop", () => {
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
});

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
