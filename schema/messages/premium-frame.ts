// A frame: rate rows on their way from the scheduler to clients, as one binary segment (see
// src/domain/frame.ts for the bytes). Frames of a tick carry part numbers 0, 1, 2...; the snapshot is a frame
// that holds every row.

/** Event id of a frame: `tickAtMs.part`. */
export function frameId(tickAtMs: number, part: number): string {
  return `${tickAtMs}.${part}`;
}

export function parseFrameId(text: string): { tickAtMs: number; part: number } | undefined {
  const match = /^(\d{1,16})\.(\d{1,6})$/.exec(text);
  return match ? { tickAtMs: Number(match[1]), part: Number(match[2]) } : undefined;
}
