// The operator's commands as they are typed, against a control port.

import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { controlOf, TOKEN } from "../../control-testing.ts";
import { OPERATOR_COMMANDS } from "./operator.ts";

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
  const command = OPERATOR_COMMANDS.find(({ words }) => words.every((word, index) => args[index] === word))!;
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
    for (const name of ["CONTROL_PORT", "CONTROL_TOKEN"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

test("status is a table for people and JSON for programs, and ends with 1 when the scheduler is ill", async () => {
  const people = await typed("status");
  const programs = await typed("status --json");
  expect(people.err).toBe("");
  expect(people.out).toMatch(/^scheduler +well, up for \d+ s$/m);
  expect(people.out).toMatch(/^worker +address +silent +tasks\nw +a +0 s +2$/m);
  expect([people.code, programs.code]).toEqual([0, 0]);
  expect(JSON.parse(programs.out)).toMatchObject({ trading: { mode: "paper", role: "trading" } });
  port.links.bus = { up: false, detail: "lost for 3 s" };
  const ill = await typed("status");
  const doctor = await typed("doctor");
  port.links.bus = { up: true, detail: "connected" };
  expect([ill.code, doctor.code]).toEqual([1, 1]);
  expect(ill.out).toContain("AWAY (lost for 3 s)");
  expect(doctor.out).toMatch(/^WRONG The bus is away: lost for 3 s\.\n +Start nats-server/m);
});

test("kill stops what it says and takes it back", async () => {
  const { state } = port;
  const off = await typed("kill --coin BTC --why listing");
  expect([off.code, off.out]).toEqual([
    0,
    "Entries are off of coin BTC. Exits go on; --halt stops those at targets too.\n",
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
  const incident = await typed("incidents close 3");
  expect([unknown.code, unknown.err]).toEqual([1, "User 2 holds no BTC.\n"]);
  expect([wrongToken.code, wrongToken.err]).toEqual([1, expect.stringContaining("operator token")]);
  expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining("Does the scheduler run here")]);
  expect([misspelt.code, misspelt.err]).toEqual([
    2,
    expect.stringContaining("Usage: schedulerx-scheduler ticks"),
  ]);
  expect([help.code, help.out]).toEqual([0, expect.stringContaining("--halt")]);
  expect([incident.code, incident.out]).toEqual([0, "Incident 3 is closed; that user's entries go on.\n"]);
});
