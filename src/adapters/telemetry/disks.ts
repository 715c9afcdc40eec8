// What is left of the disks, by statfs at the moment somebody asks.

import { statfsSync } from "node:fs";
import type { DiskState } from "../../ports/disks.ts";

/** Folders that are not there are left out. */
export function readDisks(folders: readonly string[]): readonly DiskState[] {
  return folders.flatMap((folder) => diskOf(folder) ?? []);
}

function diskOf(folder: string): DiskState | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { folder, freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
