// What the page costs in the browser: every rate of 131 coins on four pairs anew once a second for a minute, in a window
// of 1280 by 900 that somebody looks at, with traders above the table. Counted by Chromium itself: the main thread by its
// performance metrics, the processes by what the system charged them with.

import type { Browser, CDPSession, Page } from "playwright-core";
import { PageServer } from "../../api/web/page-server-testing.ts";
import { PageMarket } from "../../api/web/page-testing.ts";
import { VIEW } from "../../api/web/trading-view-testing.ts";
import { launchChromium } from "../../src/testing/services.ts";
import { type BenchLine, type BenchOptions, round } from "./line.ts";

const SEED = 11;
const FRAME_PERIOD_MS = 1_000;
const WARM_UP_MS = 10_000;
const MEASURED_MS = 60_000;
const TARGET_PCT = 5;

/** CPU seconds since the start. */
interface Cost {
  readonly atMs: number;
  /** Everything the page's main thread did: scripts, styles, layout, paint. */
  readonly mainS: number;
  readonly scriptS: number;
  readonly layoutS: number;
  /** The page's process with all its threads, also decompression and rasterising. */
  readonly rendererS: number;
  readonly allS: number;
}

async function costOf(page: CDPSession, browser: CDPSession): Promise<Cost> {
  const { metrics } = await page.send("Performance.getMetrics");
  const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  const cpuS = (isWanted: (type: string) => boolean) =>
    processInfo.filter(({ type }) => isWanted(type)).reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  return {
    atMs: performance.now(),
    mainS: metric("TaskDuration"),
    scriptS: metric("ScriptDuration"),
    layoutS: metric("LayoutDuration") + metric("RecalcStyleDuration"),
    rendererS: cpuS((type) => type === "renderer"),
    allS: cpuS(() => true),
  };
}

/** The table anew at every whole second until it is told to stop; resolves to how often. */
function publishEverySecond(server: PageServer): () => number {
  const market = new PageMarket(SEED);
  let count = 0;
  const publish = () => {
    count++;
    server.publish(market.tick(Math.floor(Date.now() / FRAME_PERIOD_MS) * FRAME_PERIOD_MS));
  };
  publish();
  const timer = setInterval(publish, FRAME_PERIOD_MS);
  return () => {
    clearInterval(timer);
    return count;
  };
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "ko-KR" });
  await page.goto(url);
  await page.waitForSelector("#rows tr[data-key]");
  await page.waitForSelector(".positions tbody tr");
  return page;
}

export async function benchPage({ progress }: BenchOptions): Promise<BenchLine[]> {
  const server = new PageServer();
  server.about = { version: "0", simulated: true, tickIntervalMs: FRAME_PERIOD_MS, trading: true };
  server.trading = VIEW;
  const stop = publishEverySecond(server);
  await server.start();
  const browser = await launchChromium();
  try {
    const page = await openPage(browser, server.url);
    const pageSession = await page.context().newCDPSession(page);
    const browserSession = await browser.newBrowserCDPSession();
    await pageSession.send("Performance.enable", { timeDomain: "threadTicks" });
    await Bun.sleep(WARM_UP_MS);
    progress(`measuring for ${MEASURED_MS / 1_000} s`);
    const before = await costOf(pageSession, browserSession);
    await Bun.sleep(MEASURED_MS);
    const after = await costOf(pageSession, browserSession);
    const pctOf = (name: Exclude<keyof Cost, "atMs">) =>
      round(((after[name] - before[name]) / (after.atMs - before.atMs)) * 100_000, 2);
    const [main, script, layout] = [pctOf("mainS"), pctOf("scriptS"), pctOf("layoutS")];
    const [renderer, all] = [pctOf("rendererS"), pctOf("allS")];
    return [
      {
        name: "the page at one full table a second",
        figure: main,
        unit: "% of a core on its main thread",
        comparison: `scripts ${script} %, styles and layout ${layout} %; its process with every thread ${renderer} %, the whole browser ${all} % (drawn without a GPU)`,
        target: `under ${TARGET_PCT}`,
        ok: main < TARGET_PCT,
      },
    ];
  } finally {
    stop();
    await browser.close();
    await server.stop();
  }
}
