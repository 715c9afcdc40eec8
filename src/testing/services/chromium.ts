// A headless Chromium for browser tests, driven by playwright-core; the system's own browser, nothing downloaded.

import type { Browser } from "playwright-core";
import { requireProgram } from "./programs.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface ChromiumOptions {
  /** Default true; false shows the window, for a developer looking on. */
  readonly headless?: boolean;
  readonly args?: readonly string[];
}

/** The caller closes it (`await browser.close()`); it also ends with this process, whose pipe it listens on. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  // Loaded only here: it takes longer than a server takes to start.
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath: requireProgram("chromium"),
    headless: options.headless ?? true,
    args: [...FLAGS, ...(options.args ?? [])],
    timeout: 30_000,
  });
}
