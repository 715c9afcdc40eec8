// Who hears of an alert, by Alertmanager's own amtool: every rule's alert reaches the operator's chat, the one that
// always fires reaches the dead man's switch and nobody's phone. No secret stands in the file.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { needs } from "../../../src/testing/needs.ts";
import { requireProgram } from "../../../src/testing/services/programs.ts";
import { makeTempDir, removeTempDir } from "../../../src/testing/services/temp-dir.ts";
import { forVersion, readHere } from "./alerting-testing.ts";

const TEXT = readHere("alertmanager.yml");
const { groups } = Bun.YAML.parse(readHere("alerts.yml")) as {
  groups: { rules: { alert: string; labels: { severity: string } }[] }[];
};
const rules = groups.flatMap((group) => group.rules);

test("Prometheus is told where alerts go, and no secret is in either file", () => {
  const prometheus = readHere("prometheus.yml");
  expect(Bun.YAML.parse(prometheus)).toMatchObject({
    alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:9093"] }] }] },
  });
  for (const text of [TEXT, prometheus]) expect(text).not.toMatch(/^\s*-?\s*(bot_token|url|credentials):/m);
});

test("what is held back by its cause names alerts that are there", () => {
  const named = TEXT.match(/Schedulerx\w+/g)!;
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([]);
});

needs(["amtool"], "alertmanager.yml", () => {
  let dir: string;
  let file: string;
  beforeAll(async () => {
    dir = makeTempDir("alertmanager");
    file = join(dir, "alertmanager.yml");
    const secrets = { token: "1:x", url: "http://check/" };
    await Bun.write(file, forVersion(TEXT, amtool("--version").said, secrets));
  });
  afterAll(() => removeTempDir(dir));

  function amtool(...args: string[]) {
    const { exitCode, stdout, stderr } = Bun.spawnSync([requireProgram("amtool"), ...args]);
    return { exitCode, said: `${stdout}${stderr}` };
  }

  test("is spelt right", () => {
    const { exitCode, said } = amtool("check-config", file);
    expect([exitCode, said]).toEqual([0, expect.stringContaining("SUCCESS")]);
  });

  test("sends every alert to the operator, and the one that always fires to the switch alone", () => {
    const receivers = { critical: "operator", warning: "operator", none: "dead-man" };
    expect(new Set(rules.map(({ labels }) => labels.severity))).toEqual(new Set(Object.keys(receivers)));
    for (const [severity, receiver] of Object.entries(receivers)) {
      const { alert } = rules.find(({ labels }) => labels.severity === severity)!;
      const of = [`alertname=${alert}`, `severity=${severity}`];
      const { said } = amtool("config", "routes", "test", `--config.file=${file}`, ...of);
      expect([alert, said.split("\n")[0]]).toEqual([alert, receiver]);
    }
  });
});
