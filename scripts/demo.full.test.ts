// The demo as README's reader starts it: the addresses it prints lead where it says, its page shows the api's rates in
// Chromium, and Ctrl-C ends it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expectedCell } from "../api/web/page-reading-testing.ts";
import { PAIR_KEYS, SEED_STEP_KRW } from "../schema/vocabulary.ts";
import { needs } from "../src/testing/needs.ts";
import {
  type Child,
  freePort,
  launchChromium,
  makeTempDir,
  removeTempDir,
  startChild,
} from "../src/testing/services.ts";

const TICK_INTERVAL_MS = 6_000;
const SIZE_MILLION_KRW = 10;
/** The first start builds the database, and the first ticks come while other tests run beside. */
const FIRST_START_MS_MAX = 300_000;
const PAGE_MS_MAX = 120_000;
/** Rows with both rates, of those in sight. */
const ROWS_MIN = 5;
const LOOKS_MAX = 400;
const LOOK_EVERY_MS = 250;

interface Table {
  readonly reference: { readonly priceKrw: number } | null;
  readonly rows: readonly {
    readonly coin: string;
    readonly pair: (typeof PAIR_KEYS)[number];
    readonly entryRatesKrwPerUsdt: readonly (number | null)[];
    readonly exitRatesKrwPerUsdt: readonly (number | null)[];
  }[];
}

type Cells = Record<string, string[]>;

needs(["chromium"], "the demo", () => {
  const folder = makeTempDir("demo");
  let demo: Child;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    url = `http://localhost:${await freePort()}`;
    demo = startChild({
      name: "demo",
      command: [process.execPath, "scripts/demo.ts"],
      cwd: join(import.meta.dir, ".."),
      env: {
        ...{ PORT: new URL(url).port, CONTROL_PORT: "0", DATA_DIR: join(folder, "data"), LOG_LEVEL: "warn" },
        ...{ TICK_INTERVAL_MS: String(TICK_INTERVAL_MS), SIMULATOR_SEED: "7", DEMO_TRADING: "paper" },
      },
    });
    await demo.waitForLine(/operator's page/, FIRST_START_MS_MAX);
    browser = await launchChromium();
  }, 2 * FIRST_START_MS_MAX);
  afterAll(async () => {
    await browser?.close();
    await demo?.kill9();
    removeTempDir(folder);
  });

  test("each of the three addresses it prints is what it says, with what is printed beside it", async () => {
    const [, page] = await demo.waitForLine(/demo \(simulated exchanges\): (\S+)$/);
    expect(page).toBe(url);
    const about = await (await fetch(`${page}/api/about`)).json();
    expect(about).toMatchObject({ simulated: true, trading: true, tickIntervalMs: TICK_INTERVAL_MS });

    const [, account, email, password] = await demo.waitForLine(
      /own view: (\S+), as (\S+) with the password (\S+)$/,
    );
    expect([account, (await fetch(account!)).status]).toEqual([`${url}/account`, 200]);
    const login = await fetch(`${url}/api/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    const { token } = (await login.json()) as { token: string };
    const me = await fetch(`${url}/api/me`, { headers: { Authorization: `Bearer ${token}` } });
    expect(await me.json()).toMatchObject({ email });

    const [, operator, operatorToken] = await demo.waitForLine(/operator's page: (\S+) {2}token (\S+)$/);
    expect(await (await fetch(operator!)).text()).toContain("<!doctype html>");
    const ask = (bearer: string) =>
      fetch(`${operator}/workers`, { headers: { Authorization: `Bearer ${bearer}` } });
    expect([(await ask(operatorToken!)).status, (await ask(token)).status]).toEqual([200, 401]);
  });

  test("the page shows the rates that the api has at that moment, and goes on doing so", async () => {
    const page = await (await browser.newContext({ locale: "en-US" })).newPage();
    await page.goto(url);
    await page.waitForSelector("#rows tr[data-key]", { timeout: PAGE_MS_MAX });
    await page.fill("#size", String(SIZE_MILLION_KRW));
    const first = await sameCells(page);
    await page.waitForFunction(
      (was) =>
        Object.entries(was).some(
          ([key, [rate]]) => document.querySelector(`tr[data-key="${key}"] .rate b`)?.textContent !== rate,
        ),
      first,
      { timeout: PAGE_MS_MAX },
    );
    expect(await sameCells(page)).not.toEqual(first);
  }, 300_000);

  test("Ctrl-C ends it, without a complaint", async () => {
    expect(await demo.stop("SIGINT", 30_000)).toBe(0);
    // Whatever it said on its way out would stand after this.
    expect(demo.output()).toEndWith("\nstopping");
  });

  /** The cells in sight, once they are those of a table that stood still while they were read. */
  async function sameCells(page: Page): Promise<Cells> {
    for (let look = 1; ; look++) {
      const table = await cellsOfApi();
      const shown = await page.$$eval("#rows tr[data-key]", (rows) =>
        Object.fromEntries(
          rows.map((row) => [
            (row as HTMLElement).dataset.key!,
            [...row.querySelectorAll(".rate :is(b, span)")].map((cell) => cell.textContent!),
          ]),
        ),
      );
      const keys = Object.keys(shown).filter((key) => table[key] !== undefined);
      const of = (cells: Cells) => Object.fromEntries(keys.map((key) => [key, cells[key]!]));
      if (keys.length >= ROWS_MIN && Bun.deepEquals(of(shown), of(table))) return of(shown);
      // The table moved meanwhile, or the page has yet to draw it; what stays different fails here.
      if (look === LOOKS_MAX) {
        expect(of(shown)).toEqual(of(table));
        expect(keys.length).toBeGreaterThanOrEqual(ROWS_MIN);
      }
      await Bun.sleep(LOOK_EVERY_MS);
    }
  }

  /** What the page must show by its rows' keys, of those with both rates: entry rate and premium, exit rate and premium. */
  async function cellsOfApi(): Promise<Cells> {
    const response = await fetch(`${url}/api/premium?seeds=${SIZE_MILLION_KRW * SEED_STEP_KRW}`);
    const { rows, reference } = (await response.json()) as Table;
    const cells: Cells = {};
    for (const { coin, pair, entryRatesKrwPerUsdt, exitRatesKrwPerUsdt } of rows) {
      const both = [entryRatesKrwPerUsdt[0], exitRatesKrwPerUsdt[0]].filter(
        (rate) => typeof rate === "number",
      );
      if (both.length < 2 || !reference) continue;
      cells[`${coin}|${PAIR_KEYS.indexOf(pair)}`] = both.flatMap((rate) => {
        const cell = expectedCell(Math.round(rate * 100), reference.priceKrw);
        return [cell.rate, cell.premium];
      });
    }
    return cells;
  }
});
