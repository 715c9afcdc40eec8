// `schedulerx-scheduler doctor`: what the scheduler shows, explained; where it shows nothing, what its servers say.

import { systemClock } from "../../../adapters/clock.ts";
import { readEnvironment, type SchedulerSettings, SettingsError, schedulerFields } from "../../../config.ts";
import type { CheckResult } from "../../../main/check.ts";
import { type Finding, findingsOf } from "../../doctor.ts";
import { type CommandCall, SilentPort } from "./client.ts";
import { look } from "./look.ts";

export type CheckServers = (settings: SchedulerSettings) => Promise<readonly CheckResult[]>;

/** Resolves with the exit code: 1 when something is wrong. */
export async function doctor(call: CommandCall, checkServers: CheckServers): Promise<number> {
  const findings = await found(call, checkServers);
  call.say(findings, () => {
    if (findings.length === 0) return "All is well.";
    return findings
      .map(({ level, what, todo }) => `${level === "wrong" ? "WRONG" : "look "} ${what}\n      ${todo}`)
      .join("\n");
  });
  return findings.some(({ level }) => level === "wrong") ? 1 : 0;
}

async function found(
  { client, envFile }: CommandCall,
  checkServers: CheckServers,
): Promise<readonly Finding[]> {
  try {
    return findingsOf(await look(client), systemClock.nowMs());
  } catch (fault) {
    if (!(fault instanceof SilentPort)) throw fault;
    return await ofSilence(fault, () => checkServers(readEnvironment(schedulerFields, envFile)));
  }
}

async function ofSilence(
  { url, cause }: SilentPort,
  check: () => Promise<readonly CheckResult[]>,
): Promise<readonly Finding[]> {
  const wrong = (code: string, what: string, todo: string): Finding => ({ level: "wrong", code, what, todo });
  const silent = (todo: string) => wrong("portSilent", `${url} does not answer (${cause}).`, todo);
  const logs = "systemctl status schedulerx-scheduler; journalctl -u schedulerx-scheduler -n 50";
  try {
    const results = await check();
    const faults = results.filter(({ ok }) => !ok);
    if (faults.length === 0) {
      const reached = results.map(({ what }) => what).join(", ");
      return [silent(`From here all is reached (${reached}): see whether the scheduler runs. ${logs}`)];
    }
    return [
      silent(`The scheduler does not run, or waits for what is named below. ${logs}`),
      ...faults.map(({ what, detail }) =>
        wrong("check", `${what}: ${detail}`, "So --check finds from here, with the same settings."),
      ),
    ];
  } catch (fault) {
    if (!(fault instanceof SettingsError)) throw fault;
    return [
      silent("With these settings it cannot start."),
      wrong("settings", fault.message, "Correct them in the env file, then start it."),
    ];
  }
}
