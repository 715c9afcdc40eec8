// Steering a running simulator: as an object in the same process, over HTTP from another. Both do the same.

import { type AccountControl, createAccountControl } from "./account-control.ts";
import { answerAccounts } from "./control-accounts.ts";
import type { CounterTable, SimCounters, SourceCounts } from "./counters.ts";
import type { SimHost } from "./dispatch.ts";
import type { Fault, FaultBoard, FaultSpec } from "./faults.ts";
import type { LimitUsage } from "./limits.ts";
import type { BookRecord, Recorder, RecorderState } from "./recorder.ts";
import type { StreamChoice, StreamHub, StreamInfo } from "./streams.ts";
import { changeSwitches, type SwitchChanges, type Switches } from "./switches.ts";
import type { VenueEnvironment, VenueWire } from "./wire.ts";

export interface SimulatorControl {
  /** Throws RangeError on a fault that does not exist. */
  setFault(spec: FaultSpec): Fault;
  faults(): readonly Fault[];
  /** Clears one fault or all; returns how many went. */
  clearFaults(id?: number): number;
  /** Off: everything passes and nothing is spent. */
  setLimits(on: boolean): void;
  limitsOn(): boolean;
  /** Forgets everything spent and every ban. */
  resetLimits(): void;
  usage(): (LimitUsage & { host: SimHost })[];
  setRecording(on: boolean): void;
  recording(): RecorderState;
  /** Order book answers held, oldest first, which are then forgotten. */
  drainRecords(): BookRecord[];
  counters(): CounterTable;
  totals(): SourceCounts;
  resetCounters(): void;
  /** Private streams that are open. */
  streams(): StreamInfo[];
  /** Ends them now, all or those chosen; returns how many. Clients may connect again. */
  cutStreams(choice?: StreamChoice): number;
  /** Looks into accounts and meddles with them. */
  readonly accounts: AccountControl;
  /** What the venues' documents leave open. */
  switches(): Switches;
  /** Throws RangeError on a switch that does not exist; then nothing is changed. */
  setSwitches(changes: SwitchChanges): void;
}

export interface ControlParts {
  readonly environment: VenueEnvironment;
  readonly wires: Readonly<Record<SimHost, VenueWire>>;
  readonly streams: StreamHub;
  readonly faults: FaultBoard;
  readonly recorder: Recorder;
  readonly counters: SimCounters;
  nowMs(): number;
  arrivePending(): void;
}

export function createControl(parts: ControlParts): SimulatorControl {
  const { environment, wires, streams, faults, recorder, counters } = parts;
  const hosts = Object.entries(wires) as [SimHost, VenueWire][];
  return {
    setFault: (spec) => faults.set(spec),
    faults: () => faults.list(),
    clearFaults: (id) => faults.clear(id),
    setLimits: (on) => {
      environment.limitsOn = on;
    },
    limitsOn: () => environment.limitsOn,
    resetLimits: () => {
      for (const [, wire] of hosts) for (const limiter of wire.limiters) limiter.reset();
    },
    usage: () =>
      hosts.flatMap(([host, wire]) =>
        wire.limiters.flatMap((limiter) => limiter.usage(parts.nowMs()).map((row) => ({ host, ...row }))),
      ),
    setRecording: (on) => {
      recorder.on = on;
    },
    recording: () => recorder.state(),
    drainRecords: () => recorder.drain(),
    counters: () => counters.snapshot(),
    totals: () => counters.total(),
    resetCounters: () => counters.reset(),
    streams: () => streams.list(),
    cutStreams: (choice) => streams.cut(choice),
    accounts: createAccountControl({
      accounts: environment.accounts,
      market: environment.matching.market,
      nowMs: parts.nowMs,
      arrivePending: parts.arrivePending,
    }),
    switches: () => structuredClone(environment.switches),
    setSwitches: (changes) => changeSwitches(environment.switches, changes),
  };
}

/**
 * The control port's routes, JSON throughout. `info` is what GET / says.
 * A body that cannot be used answers 400 with {"error": why}.
 */
export async function answerControl(
  request: Request,
  control: SimulatorControl,
  info: () => object,
): Promise<Response> {
  const url = new URL(request.url);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return Response.json({ ...info(), limits: control.limitsOn(), recording: control.recording() });
    case "GET /faults":
      return Response.json(control.faults());
    case "POST /faults":
      return await withBody(request, (body) => Response.json(control.setFault(body as unknown as FaultSpec)));
    case "DELETE /faults": {
      const id = url.searchParams.get("id");
      return Response.json({ cleared: control.clearFaults(id === null ? undefined : Number(id)) });
    }
    case "GET /limits":
      return Response.json({ on: control.limitsOn(), usage: control.usage() });
    case "PUT /limits":
      return await withBody(request, (body) => {
        control.setLimits(onOf(body));
        return Response.json({ on: control.limitsOn() });
      });
    case "POST /limits/reset":
      control.resetLimits();
      return Response.json({ reset: true });
    case "GET /recording":
      return Response.json(control.recording());
    case "PUT /recording":
      return await withBody(request, (body) => {
        control.setRecording(onOf(body));
        return Response.json(control.recording());
      });
    case "GET /records": {
      const lines = control.drainRecords().map((record) => `${JSON.stringify(record)}\n`);
      return new Response(new Blob(lines), { headers: { "content-type": "application/x-ndjson" } });
    }
    case "GET /counters":
      return Response.json({ totals: control.totals(), hosts: control.counters() });
    case "DELETE /counters":
      control.resetCounters();
      return Response.json({ reset: true });
    case "GET /streams":
      return Response.json(control.streams());
    case "POST /streams/cut":
      return await withBody(request, (body) =>
        Response.json({ cut: control.cutStreams(body as StreamChoice) }),
      );
    default: {
      const answer = await accountsOrRefusal(request, url, control);
      if (answer !== undefined) return answer;
      return Response.json({ error: `no such control: ${request.method} ${url.pathname}` }, { status: 404 });
    }
  }
}

async function accountsOrRefusal(
  request: Request,
  url: URL,
  control: SimulatorControl,
): Promise<Response | undefined> {
  try {
    return await answerAccounts(request, url, control);
  } catch (fault) {
    return Response.json({ error: fault instanceof Error ? fault.message : String(fault) }, { status: 400 });
  }
}

async function withBody(
  request: Request,
  use: (body: Record<string, unknown>) => Response,
): Promise<Response> {
  try {
    const body: unknown = await request.json();
    if (typeof body !== "object" || body === null) throw new TypeError("expected a JSON object");
    return use(body as Record<string, unknown>);
  } catch (fault) {
    return Response.json({ error: fault instanceof Error ? fault.message : String(fault) }, { status: 400 });
  }
}

function onOf(body: Record<string, unknown>): boolean {
  if (typeof body.on !== "boolean") throw new TypeError('expected {"on": true or false}');
  return body.on;
}
