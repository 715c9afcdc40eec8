// A progress bar on standard error: drawn anew on a terminal, and elsewhere one line each tenth once the work is long.

const WIDTH = 32;
const QUIET_MS = 2_000;

export interface Progress {
  at(done: number): void;
  end(): void;
}

export function createProgress(
  out: { readonly isTTY?: boolean; write(text: string): unknown },
  total: number,
  nowMs: () => number,
  things = "lines",
): Progress {
  const startedMs = nowMs();
  let toldTenth = 0;
  let toldPct = -1;
  return {
    at(done) {
      const ratio = total === 0 ? 1 : Math.min(done / total, 1);
      const pct = Math.floor(ratio * 100);
      if (out.isTTY) {
        if (pct === toldPct) return;
        toldPct = pct;
        const full = Math.round(ratio * WIDTH);
        const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
        out.write(`\r${bar} ${String(pct).padStart(3)} %  ${done} of ${total} ${things}`);
      } else if (nowMs() - startedMs > QUIET_MS && Math.floor(ratio * 10) > toldTenth) {
        toldTenth = Math.floor(ratio * 10);
        out.write(`${toldTenth * 10} % of ${total} ${things}\n`);
      }
    },
    end() {
      // The bar has told what it had to; what follows is the result.
      if (out.isTTY) out.write("\r\x1b[K");
    },
  };
}
