// The operator's commands as they are typed, against a control port.

import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import type { CheckResult } from "../../../main/check.ts";
import type { SeenProcess } from "../../../ports/fleet.ts";
import { controlOf, openPositionOf, TOKEN } from "../../control-testing.ts";
import { ROTATE_KEYS } from "../rotate-keys.ts";
import { MIGRATE } from "./migrate.ts";
import { operatorCommands } from "./operator.ts";

const NEEDED = {
  NATS_URL: "nats://127.0.0.1:1",
  DATABASE_URL: "postgres://127.0.0.1:1/none",
  TRADING_MODE: "off",
};
/** What --check finds where the port is silent. */
let checked: CheckResult[] = [];
const COMMANDS = operatorCommands(async () => checked);

let port: typeof controlPort extends () => infer P ? P : never;

function controlPort() {
  const parts = controlOf();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => parts.control.handle(request),
  });
  return { ...parts, server };
}

beforeAll(() => {
  port = controlPort();
});
afterAll(async () => {
  await port.server.stop(true);
});

/** As the binary runs it, with what it writes. One at a time. */
async function typed(text: string, env: Record<string, string> = {}) {
  const args = text.split(" ");
  const command = [...COMMANDS, MIGRATE, ROTATE_KEYS].find(({ words }) =>
    words.every((word, index) => args[index] === word),
  )!;
  const written = { out: "", err: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    spyOn(process[name], "write").mockImplementation((chunk) => {
      written[name === "stdout" ? "out" : "err"] += String(chunk);
      return true;
    }),
  );
  const before = { ...process.env };
  Object.assign(process.env, { CONTROL_PORT: `${port.server.port}`, CONTROL_TOKEN: TOKEN, ...env });
  try {
    return { code: await command.run(args.slice(command.words.length)), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const name of ["CONTROL_PORT", "CONTROL_TOKEN", ...Object.keys(env)]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** It is made once a second at most. */
const overviewAges = () => port.clock.advance(1_000);

test("status is a table for people and JSON for programs, and ends with 1 when the scheduler is ill", async () => {
  const people = await typed("status");
  const programs = await typed("status --json");
  expect(people.err).toBe("");
  expect(people.out).toMatch(/^scheduler +well, up for \d+ s$/m);
  expect(people.out).toMatch(/^worker +address +silent +tasks\nw +a +0 s +2$/m);
  expect([people.code, programs.code]).toEqual([0, 0]);
  expect(JSON.parse(programs.out)).toMatchObject({ trading: { mode: "paper", role: "trading" } });
  port.links.bus = { up: false, detail: "lost for 3 s" };
  await overviewAges();
  const ill = await typed("status");
  const doctor = await typed("doctor");
  port.links.bus = { up: true, detail: "connected" };
  await overviewAges();
  expect([ill.code, doctor.code]).toEqual([1, 1]);
  expect(ill.out).toContain("AWAY (lost for 3 s)");
  expect(doctor.out).toMatch(/^WRONG The bus is away: lost for 3 s\.\n +Start nats-server/m);
});

test("kill stops what it says and takes it back", async () => {
  const { state } = port;
  const off = await typed("kill --coin BTC --why listing");
  expect([off.code, off.out]).toEqual([
    0,
    "Entries are off for coin BTC. Exits go on; --halt stops those at targets too.\n",
  ]);
  expect(state.switches).toMatchObject([
    { scope: "coin", subject: "BTC", entriesOff: true, halted: false, why: "listing" },
  ]);
  expect((await typed("kill --lift --coin BTC")).code).toBe(0);
  expect(state.switches).toEqual([]);
  expect((await typed("kill --halt")).code).toBe(0);
  expect(state.switches).toMatchObject([{ scope: "global", halted: true }]);
  expect((await typed("kill --coin BTC --halt")).err).toContain("leave --user and --coin out");
});

test("what is refused, not reached or not understood says so and what to do", async () => {
  const unknown = await typed("force-close 2 BTC");
  const wrongToken = await typed("status", { CONTROL_TOKEN: "another-operator-token" });
  const nowhere = await typed("status", { CONTROL_PORT: "1" });
  const misspelt = await typed("ticks pause resume");
  const help = await typed("kill --help");
  expect((await typed("incidents")).out).toMatch(
    /^ +3 +1 +key +\S+ .*no usable API key, so the position can be neither/m,
  );
  const incident = await typed("incidents close 3 --note looked");
  expect([unknown.code, unknown.err]).toEqual([1, "User 2 holds no BTC.\n"]);
  expect([wrongToken.code, wrongToken.err]).toEqual([1, expect.stringContaining("operator token")]);
  expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining("Does the scheduler run here")]);
  expect([misspelt.code, misspelt.err]).toEqual([
    2,
    expect.stringContaining("Usage: schedulerx-scheduler ticks"),
  ]);
  expect([help.code, help.out]).toEqual([0, expect.stringContaining("--halt")]);
  expect([incident.code, incident.out]).toEqual([0, "Incident 3 is closed; that user's entries go on.\n"]);
  expect(port.asked).toContain("close 3 looked");
});

test("a position whose market is gone is settled at what its user got, and why is kept", async () => {
  const { asked, audited, state } = port;
  const prices = "--price-krw 2500.50 --price-usdt 1.75";
  const settled = await typed(`settle 1 xrp ${prices} --why delisted --own-coins`);
  expect([settled.code, settled.err, settled.out]).toEqual([
    0,
    "",
    "XRP of user 1 is settled. Its incident can be closed: incidents close NUMBER.\n",
  ]);
  expect([asked.at(-1), audited.at(-1)]).toEqual(["settle 1 XRP 2500.5 1.75 own-coins", "position.settled"]);
  const events = audited.length;
  const refused = await typed(`settle 3 XRP ${prices}`);
  expect([refused.code, refused.err]).toEqual([1, "XRP is on the lists of its venues.\n"]);
  state.role = "standby";
  const standby = await typed(`settle 1 XRP ${prices}`);
  state.role = "trading";
  expect([standby.code, standby.err]).toEqual([1, "This scheduler does not trade: ask the one that does.\n"]);
  expect(audited.length).toBe(events);
  expect(JSON.parse((await typed(`settle 4 XRP ${prices} --json`)).out)).toEqual({
    ...{ userId: 4, coin: "XRP", outcome: "running" },
  });
  expect((await typed("settle --help")).out).toContain("--unseen");
});

test("what cannot be meant is said with the usage, and nothing is asked of the port", async () => {
  const asked = port.asked.length;
  for (const [words, said] of [
    ["kill --user kim", "Expected --user NUMBER."],
    ["kill --coin X/RP", "Expected --coin TICKER."],
    ["kill --user 7 --coin XRP", "Expected --user or --coin, not both."],
    ["force-close 7", "Expected 2 words after force-close, not 1."],
    ["force-close XRP 7", "Expected a user's number and a coin: force-close 7 XRP."],
    ["settle 7 --price-krw 1 --price-usdt 1", "Expected 2 words after settle, not 1."],
    [
      "settle 7 XRP --price-krw 2500.5",
      expect.stringMatching(/^Expected a user's number, a coin and two prices/),
    ],
    ["settle 7 XRP --price-krw 2,500 --price-usdt 1", expect.stringContaining("--price-usdt 1.75.")],
    ["ticks stop", "Expected pause or resume."],
    ["log-level loud", "Expected nothing, or debug, info, warn or error."],
    ["incidents open 4", "Expected nothing, or: close NUMBER."],
    ["audit --user kim", "Expected --user NUMBER."],
    ["positions all", "Expected nothing after positions, not 1."],
  ] as const) {
    const { code, err } = await typed(words);
    expect([words, code, err.split("\n\n")[0]]).toEqual([words, 2, said]);
    expect(err).toContain("Usage: schedulerx-scheduler ");
  }
  expect(port.asked.length).toBe(asked);
  expect((await typed("kill --coin xrp --why odd")).out).toStartWith("Entries are off for coin XRP.");
});

test("status tells what is left at each address, of all that announce themselves behind it", async () => {
  const spent = { upbit: 3, bithumb: 10, bybit: 1, binance: 400 };
  const process = (name: string, sourceAddress: string, banMs = 0): SeenProcess => ({
    ...{ name, role: "worker", sourceAddress, version: "1", spent, shares: spent, silentMs: 5 },
    banMs: { upbit: 0, bithumb: 0, bybit: 0, binance: banMs },
  });
  port.state.processes = [process("w1", "10.0.0.1"), process("w2", "10.0.0.1"), process("w3", "b", 90_000)];
  await overviewAges();
  const { out } = await typed("status");
  expect(out).toMatch(/^10\.0\.0\.1 +2 +4 of 10 +130 of 150 +598 of 600 +1600 of 2400$/m);
  expect(out).toMatch(/^b +1 +7 of 10 +140 of 150 +599 of 600 +banned for 90 s$/m);
});

test("positions, the audit trail and the quarantine are tables, JSON with --json, and a line when empty", async () => {
  const { state, deps, scheduler } = port;
  expect((await typed("positions")).out).toBe("No position is open.\n\nNo trade runs.\n");
  state.positions = [openPositionOf(7, "XRP", Date.now() - 3_600_000)];
  const open = await typed("positions");
  expect(open.out).toMatch(/^ +7 +XRP +upbit-bybit +2 +10,000,000 +7,200.00 +2x +60 min$/m);
  await overviewAges();
  expect((await typed("status")).out).toMatch(/^trading .*, trading: \d+ traders, 1 positions, /m);
  expect(JSON.parse((await typed("positions --json")).out)).toMatchObject({ positions: [{ userId: 7 }] });
  state.role = "standby";
  expect((await typed("positions")).out).toContain("ask the one that leads");
  await overviewAges();
  expect((await typed("status")).out).toMatch(
    /^trading .*, standby: what is open is known to the one that leads, /m,
  );
  state.role = "trading";

  expect((await typed("audit")).out).toBe("Nothing has been changed.\n");
  const asked: unknown[] = [];
  const event = { atMs: 0, actor: "operator", userId: 7, action: "switch.set", subject: "XRP" };
  deps.audit.read = async (userId?: number) => {
    asked.push(userId);
    return [{ ...event, detail: { entriesOff: true, why: "listing" } }] as never;
  };
  const trail = await typed("audit --user 7");
  expect(trail.out).toMatch(
    /^1970-01-01T00:00:00Z +operator +7 +switch\.set +XRP +entriesOff=true why=listing$/m,
  );
  expect(asked).toEqual([7]);
  expect(JSON.parse((await typed("audit --json")).out)).toMatchObject([event]);

  expect((await typed("quarantine")).out).toMatch(
    /^bybit +ACEUSDT +implies 1859\.31 KRW per USDT where the median is 1391\.00$/m,
  );
  scheduler.collector.quarantined.set("AXS|1", {
    ...{ coin: "AXS", pairIndex: 1, sinceAtMs: Date.now() - 180_000, rateKrwPerUsdt: 1_859.31 },
  });
  expect((await typed("quarantine")).out).toMatch(/^AXS +upbit-binance +1859\.31 +3 min$/m);
  expect(JSON.parse((await typed("quarantine --json")).out)).toMatchObject({ rates: [{ coin: "AXS" }] });
});

test("each command has --help and --json", async () => {
  for (const { words } of [...COMMANDS, MIGRATE, ROTATE_KEYS]) {
    const { code, out } = await typed(`${words.join(" ")} --help --json`);
    expect([words, code, out]).toEqual([words, 0, expect.stringContaining("[--json]")]);
  }
});

test("where the port is silent, the doctor says what --check finds", async () => {
  const silent = { CONTROL_PORT: "1", ...NEEDED };
  checked = [
    { what: "bus", ok: false, detail: "connection refused" },
    { what: "database", ok: true, detail: "reached" },
  ];
  const waits = await typed("doctor", silent);
  expect([waits.code, waits.err]).toEqual([1, ""]);
  expect(waits.out).toMatch(/^WRONG http:\/\/127\.0\.0\.1:1 does not answer \(connection refused\)/);
  expect(waits.out).toMatch(/^WRONG bus: connection refused$/m);
  expect(waits.out).not.toContain("database");
  const programs = JSON.parse((await typed("doctor --json", silent)).out);
  expect(programs).toMatchObject([
    { code: "portSilent" },
    { code: "check", what: "bus: connection refused" },
  ]);
  checked = [{ what: "database", ok: true, detail: "reached" }];
  const gone = await typed("doctor", silent);
  expect([gone.code, gone.out]).toEqual([1, expect.stringMatching(/all is reached \(database\).*systemctl/)]);
  const unset = await typed("doctor", { ...silent, TRADING_MODE: "everything" });
  expect([unset.code, unset.out]).toEqual([1, expect.stringMatching(/WRONG .*TRADING_MODE/s)]);
});
