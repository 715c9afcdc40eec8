// One full table to thousands of readers: how long until the last has it and what CPU that takes, beside a server in C
// that does nothing but write the same bytes to everybody; and what readers that stop reading cost.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir, removeTempDir } from "../../src/testing/services.ts";
import { fullTables } from "./books.ts";
import { type BenchLine, type BenchOptions, grouped, median, quantile, round } from "./line.ts";
import { LineProcess } from "./line-process.ts";

const CLIENTS = 5_000;
const PUBLISHES = 20;
/** A process that has served for a while has compiled its hot code; the first tables it ever sends take twice the CPU. */
const WARM_UP_PUBLISHES = 50;
const WARM_UP_CLIENTS = 10;
const PAUSE_MS = 250;
const TARGET_LAST_MS = 200;
const TARGET_CPU_RATIO = 1.3;
const STREAM_PATH = "/api/premium/stream?format=compact";

const STALLED = 20;
const STALLED_OTHERS = 20;
const STALLED_FRAMES = 1_200;
const PUBLISHES_PER_LOOK = 10;
const STALLED_WITHIN_MS = 6_000;
const STALLED_MB_MAX = 5;
const MB = 1024 * 1024;

interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly clients: number;
  readonly sockets: number;
}

async function usageOf(server: LineProcess): Promise<Usage> {
  server.send("usage");
  const [, cpuUs, rssBytes, clients, sockets] = await server.next(/^usage (\d+) (\d+) (\d+) ?(\d*)/);
  return {
    cpuMs: Number(cpuUs) / 1000,
    rssBytes: Number(rssBytes),
    clients: Number(clients),
    sockets: Number(sockets),
  };
}

interface FanOut {
  /** Until the last client has the event's last byte, per publish. */
  readonly lastMs: number[];
  readonly p99Ms: number[];
  readonly cpuMsPerPublish: number;
}

interface Programs {
  readonly clients: string;
  readonly server: string;
}

/** Compiles the C sources into the folder. Throws with the compiler's words. */
function compile(folder: string): Programs {
  const compileOne = (name: string) => {
    const out = join(folder, name);
    const done = Bun.spawnSync(["cc", "-O2", "-o", out, join(import.meta.dir, `${name}.c`)]);
    if (done.exitCode !== 0) throw new Error(`cc ${name}.c: ${done.stderr.toString()}`);
    return out;
  };
  return { clients: compileOne("sse-clients"), server: compileOne("epoll-server") };
}

/** Publishes to all clients again and again; the readers are a process of their own. */
async function fanOut(server: LineProcess, clientsProgram: string, clientCount: number): Promise<FanOut> {
  const [, port] = await server.next(/^port (\d+)/);
  const start = (count: number) => new LineProcess([clientsProgram, port!, STREAM_PATH, String(count), "0"]);
  const few = start(WARM_UP_CLIENTS);
  await few.next(/^ready/);
  for (let count = 0; count < WARM_UP_PUBLISHES; count++) await publishOnce(server, few);
  await few.kill();
  const readers = start(clientCount);
  try {
    await readers.next(/^ready/, 60_000);
    const lastMs: number[] = [];
    const p99Ms: number[] = [];
    await publishOnce(server, readers);
    const before = await usageOf(server);
    for (let count = 0; count < PUBLISHES; count++) {
      await Bun.sleep(PAUSE_MS);
      const { publishedUs, p99Us, lastUs } = await publishOnce(server, readers);
      lastMs.push((lastUs - publishedUs) / 1000);
      p99Ms.push((p99Us - publishedUs) / 1000);
    }
    const after = await usageOf(server);
    if (after.clients !== clientCount)
      throw new Error(`expected ${clientCount} clients, was ${after.clients}`);
    return { lastMs, p99Ms, cpuMsPerPublish: (after.cpuMs - before.cpuMs) / PUBLISHES };
  } finally {
    await readers.kill();
  }
}

async function publishOnce(server: LineProcess, readers: LineProcess) {
  server.send("publish");
  const [, publishedUs] = await server.next(/^published (\d+)/);
  const [, , , p99Us, lastUs] = await readers.next(/^event \d+ (\d+) (\d+) (\d+) (\d+)/);
  return { publishedUs: Number(publishedUs), p99Us: Number(p99Us), lastUs: Number(lastUs) };
}

/** A full table as an event of the stream. */
function eventBytes(): Uint8Array {
  const atMs = Date.now();
  const packed = fullTables(1, atMs)[0]!;
  return new TextEncoder().encode(`id: ${atMs}.0\ndata: ${Buffer.from(packed).toString("base64")}\n\n`);
}

/** The api with fresh frames to publish; rows that are minutes old it would rightly refuse. */
function startApi(folder: string, frameCount: number): LineProcess {
  const framesFile = join(folder, "frames");
  const frames = fullTables(frameCount, Date.now()).map((packed) => Buffer.from(packed).toString("base64"));
  writeFileSync(framesFile, frames.join("\n"));
  return new LineProcess([process.execPath, join(import.meta.dir, "fan-out-server.ts"), framesFile]);
}

async function measured(server: LineProcess, clientsProgram: string, clientCount: number): Promise<FanOut> {
  try {
    return await fanOut(server, clientsProgram, clientCount);
  } finally {
    await server.kill();
  }
}

interface Stalled {
  readonly costBytes: number;
  readonly goneMs: number;
}

/**
 * Readers that stop reading among others that go on, while tables are published as fast as the others take them (so
 * that the kernel's own buffers, up to 4 MB a socket, are soon full): what memory the server holds meanwhile beyond
 * what it held before, and when streams and sockets of the stalled ones are gone.
 */
async function stalledReaders(folder: string, clientsProgram: string): Promise<Stalled> {
  const server = startApi(folder, STALLED_FRAMES);
  const [, port] = await server.next(/^port (\d+)/);
  const start = (clients: number, stalled: number) =>
    new LineProcess([clientsProgram, port!, STREAM_PATH, String(clients), String(stalled)]);
  const others = start(STALLED_OTHERS, 0);
  try {
    await others.next(/^ready/);
    const publishSome = async () => {
      for (let count = 0; count < PUBLISHES_PER_LOOK; count++) await publishOnce(server, others);
      return await usageOf(server);
    };
    for (let count = 0; count < WARM_UP_PUBLISHES; count++) await publishOnce(server, others);
    const before: Usage[] = [];
    for (let look = 0; look < 12; look++) before.push(await publishSome());
    const stalledOnes = start(1, STALLED);
    await stalledOnes.next(/^stalled/);
    const startMs = performance.now();
    const during: Usage[] = [];
    let goneMs = Number.POSITIVE_INFINITY;
    while (performance.now() - startMs < 2 * STALLED_WITHIN_MS) {
      const now = await publishSome();
      const isGone = now.clients <= STALLED_OTHERS + 1 && now.sockets <= before[0]!.sockets + 1;
      if (isGone) {
        goneMs = performance.now() - startMs;
        break;
      }
      during.push(now);
    }
    await stalledOnes.kill();
    const heldBytes = (looks: readonly Usage[]) => median(looks.map(({ rssBytes }) => rssBytes));
    return { costBytes: heldBytes(during) - heldBytes(before), goneMs };
  } finally {
    await others.kill();
    await server.kill();
  }
}

function openFilesMax(): number {
  const { stdout } = Bun.spawnSync(["sh", "-c", "ulimit -n"]);
  const text = stdout.toString().trim();
  return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
}

export async function benchFanOut({ progress }: BenchOptions): Promise<BenchLine[]> {
  if (process.platform !== "linux" || !Bun.which("cc")) {
    progress("not measured: needs Linux (epoll) and a C compiler");
    return [];
  }
  const clientCount = Math.min(CLIENTS, openFilesMax() - 200);
  const folder = makeTempDir("fan-out");
  try {
    const programs = compile(folder);
    const eventFile = join(folder, "event");
    const event = eventBytes();
    writeFileSync(eventFile, event);
    const api: FanOut[] = [];
    const epoll: FanOut[] = [];
    for (const round of [1, 2]) {
      progress(`round ${round}: ${clientCount} readers of the server in C`);
      epoll.push(
        await measured(new LineProcess([programs.server, eventFile]), programs.clients, clientCount),
      );
      progress(`round ${round}: ${clientCount} readers of the api`);
      api.push(
        await measured(startApi(folder, WARM_UP_PUBLISHES + PUBLISHES + 2), programs.clients, clientCount),
      );
    }
    progress(`${STALLED} readers that stop reading`);
    const stalled = await stalledReaders(folder, programs.clients);
    const apiLastMs = api.flatMap(({ lastMs }) => lastMs);
    const epollLastMs = epoll.flatMap(({ lastMs }) => lastMs);
    const apiCpuMs = median(api.map(({ cpuMsPerPublish }) => cpuMsPerPublish));
    const epollCpuMs = median(epoll.map(({ cpuMsPerPublish }) => cpuMsPerPublish));
    const cpuRatio = apiCpuMs / epollCpuMs;
    const last99Ms = quantile(apiLastMs, 0.99);
    return [
      {
        name: `last of ${clientCount} readers has a full table (event of ${grouped(event.length)} bytes), p99`,
        figure: round(last99Ms, 0),
        unit: "ms",
        comparison: `median ${round(median(apiLastMs), 0)} ms; server in C p99 ${round(quantile(epollLastMs, 0.99), 0)} ms, median ${round(median(epollLastMs), 0)} ms`,
        target: `at most ${TARGET_LAST_MS}`,
        ok: last99Ms <= TARGET_LAST_MS,
      },
      {
        name: "CPU of the api for it, from the frame to the last byte",
        figure: round(cpuRatio, 2),
        unit: "x the server in C",
        comparison: `api ${round(apiCpuMs, 0)} ms, server in C ${round(epollCpuMs, 0)} ms, same bytes`,
        target: `at most ${TARGET_CPU_RATIO}`,
        ok: cpuRatio <= TARGET_CPU_RATIO,
      },
      {
        name: `${STALLED} readers that stop reading are gone, streams and sockets`,
        figure: round(stalled.goneMs / 1000, 1),
        unit: "s",
        comparison: `${STALLED_OTHERS} others read on, tables published as fast as they take them`,
        target: `at most ${STALLED_WITHIN_MS / 1000}`,
        ok: stalled.goneMs <= STALLED_WITHIN_MS,
      },
      {
        name: "memory they cost",
        figure: round(stalled.costBytes / MB, 1),
        unit: "MB",
        comparison: `median after full collections; ${round(stalled.costBytes / STALLED / event.length, 1)} events each`,
        target: `under ${STALLED_MB_MAX}`,
        ok: stalled.costBytes < STALLED_MB_MAX * MB,
      },
    ];
  } finally {
    removeTempDir(folder);
  }
}
