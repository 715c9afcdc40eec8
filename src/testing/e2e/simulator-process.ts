// The exchange simulator as a process of its own, steered over its control port.

import type { CounterTable, SourceCounts } from "../../simulator/counters.ts";
import type { Fault, FaultSpec } from "../../simulator/faults.ts";
import type { LimitUsage } from "../../simulator/limits.ts";
import type { BookRecord } from "../../simulator/recorder.ts";
import type { HostUrls } from "../../simulator/server.ts";
import { startChild } from "../services.ts";
import { ROOT } from "./program.ts";

export interface SimulatorProcess {
  /** One set per pretended source. */
  readonly urls: readonly HostUrls[];
  readonly seed: number;
  /** The only coins there are; undefined: all. */
  readonly coins: readonly string[] | undefined;
  /** When it was started, epoch ms; delistings count from about then. */
  readonly startedAtMs: number;
  setFault(spec: FaultSpec): Promise<Fault>;
  faults(): Promise<Fault[]>;
  clearFaults(): Promise<void>;
  /** Order books served since the last call, as they went over the wire. */
  records(): Promise<BookRecord[]>;
  /** Answers the record had no room for. */
  droppedRecords(): Promise<number>;
  counters(): Promise<{ totals: SourceCounts; hosts: CounterTable }>;
  resetCounters(): Promise<void>;
  usage(): Promise<(LimitUsage & { host: string })[]>;
  /** Forgets everything spent and every ban. */
  resetLimits(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it with `sources` pretended addresses; `record`: whether it keeps the books it serves. */
export async function startSimulatorProcess(options: {
  seed: number;
  sources: number;
  record: boolean;
  coins: readonly string[] | undefined;
}): Promise<SimulatorProcess> {
  const { seed, sources, record, coins } = options;
  const startedAtMs = Date.now();
  const args = ["--seed", `${seed}`, "--sources", `${sources}`, "--port-base", "0", "--json"];
  if (record) args.push("--record");
  if (coins) args.push("--coins", coins.join(","));
  const child = startChild({
    name: "simulator",
    command: [process.execPath, "--no-install", "scripts/simulator.ts", ...args],
    cwd: ROOT,
  });
  const [line] = await child.waitForLine(/^\{.*"controlUrl".*\}$/, 30_000);
  const { controlUrl, urls } = JSON.parse(line) as { controlUrl: string; urls: HostUrls[] };
  const ask = async (method: string, path: string, body?: object): Promise<Response> => {
    const response = await fetch(controlUrl + path, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const json = async <T>(method: string, path: string, body?: object) =>
    (await (await ask(method, path, body)).json()) as T;
  return {
    urls,
    seed,
    coins,
    startedAtMs,
    setFault: (spec) => json<Fault>("POST", "/faults", spec),
    faults: () => json<Fault[]>("GET", "/faults"),
    clearFaults: async () => void (await ask("DELETE", "/faults")),
    records: async () => {
      const text = await (await ask("GET", "/records")).text();
      return text.split("\n").flatMap((row) => (row ? [JSON.parse(row) as BookRecord] : []));
    },
    droppedRecords: async () => (await json<{ dropped: number }>("GET", "/recording")).dropped,
    counters: () => json("GET", "/counters"),
    resetCounters: async () => void (await ask("DELETE", "/counters")),
    usage: async () => (await json<{ usage: (LimitUsage & { host: string })[] }>("GET", "/limits")).usage,
    resetLimits: async () => void (await ask("POST", "/limits/reset")),
    stop: async () => void (await child.stop()),
  };
}
