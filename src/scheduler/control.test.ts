import { expect, test } from "bun:test";
import { DepthBook } from "../domain/listing-table.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RecordingLog } from "../testing/recording-log.ts";
import { FrameCollector } from "./collect-frame.ts";
import { createControl } from "./control.ts";
import type { Scheduler } from "./run.ts";

const TOKEN = "operator-token-of-the-test";

/** The parts of a scheduler the control port reads. */
function controlOf() {
  const clock = new ManualClock();
  const scheduler = {
    collector: new FrameCollector(),
    depths: new DepthBook(),
    startedAtMs: clock.nowMs(),
    publisher: { counters: { frames: 0, bytes: 0, failed: 0 } },
    instruments: {
      coins: () => [],
      state: () => ({ upbit: { count: 1, refreshedAtMs: 0, failing: false } }),
      quarantined: () => new Map([["bybit", new Map([["ACEUSDT", "implies 1859"]])]]),
    },
    refreshInstruments: async () => undefined,
    heldCoins: () => ["BTC"],
    ticks: {
      paused: false,
      lastClosed: { tickAtMs: clock.nowMs(), closedAtMs: clock.nowMs(), rowCount: 4, missing: [] },
      counters: {
        issued: 1,
        closed: 1,
        skipped: 0,
        incomplete: 0,
        unreadableReports: 0,
        failedTasks: 0,
        fetches: new Map([["upbit ok", 3]]),
      },
      workers: new Map([["w", { id: "w", sourceAddress: "a", lastReportAtMs: clock.nowMs(), taskCount: 2 }]]),
    },
  } as unknown as Scheduler;
  const links = { bus: { up: true, detail: "connected" } };
  const control = createControl({
    scheduler,
    clock,
    log: new RecordingLog(),
    token: TOKEN,
    version: "1",
    tickPeriodMs: 1_000,
    links: () => links,
    budgets: () => ({}),
  });
  const ask = async (path: string, method = "GET", token = TOKEN) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await control.handle(new Request(`http://localhost${path}`, { method, headers }));
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: await response.json(),
    };
  };
  return { ask, scheduler, clock, links };
}

test("every route asks for the token and says so in a problem document", async () => {
  const { ask } = controlOf();
  for (const [path, method] of [
    ["/", "GET"],
    ["/health", "GET"],
    ["/ticks", "GET"],
    ["/workers", "GET"],
    ["/venues", "GET"],
    ["/quarantine", "GET"],
    ["/ticks/pause", "POST"],
    ["/ticks/resume", "POST"],
    ["/instruments/refresh", "POST"],
  ] as const) {
    const refused = await ask(path, method, "wrong");
    expect([path, refused.status, refused.type]).toEqual([path, 401, "application/problem+json"]);
    expect((await ask(path, method)).status).toBe(200);
  }
});

test("pause and resume reach the beat", async () => {
  const { ask, scheduler } = controlOf();
  await ask("/ticks/pause", "POST");
  expect(scheduler.ticks.paused).toBe(true);
  await ask("/ticks/resume", "POST");
  expect(scheduler.ticks.paused).toBe(false);
});

test("health is 503 with words when a link is down or ticks have stopped", async () => {
  const { ask, clock, links } = controlOf();
  expect((await ask("/health")).status).toBe(200);
  links.bus = { up: false, detail: "lost for 3 s" };
  expect(await ask("/health")).toMatchObject({
    status: 503,
    body: { links: { bus: { detail: "lost for 3 s" } } },
  });
  links.bus = { up: true, detail: "connected" };
  await clock.advance(5_000);
  expect(await ask("/health")).toMatchObject({ status: 503, body: { ticking: false } });
});

test("an unknown path is 404 and says what there is", async () => {
  const { ask } = controlOf();
  expect(await ask("/nothing")).toMatchObject({ status: 404, type: "application/problem+json" });
});
