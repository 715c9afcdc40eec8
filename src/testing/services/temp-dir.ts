// Scratch folders that do not outlive their process: removed on stop, and those of dead processes at the next start.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "schedulerx-test-";
let swept = false;

/** A new empty folder, private to this process. */
export function makeTempDir(label: string): string {
  if (!swept) sweepDeadProcesses();
  swept = true;
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${label}-`));
}

export function removeTempDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

function sweepDeadProcesses(): void {
  for (const entry of readdirSync(tmpdir())) {
    const pid = entry.startsWith(PREFIX) ? Number.parseInt(entry.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      removeTempDir(join(tmpdir(), entry));
    } catch {
      // Another user's leftovers: theirs to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
