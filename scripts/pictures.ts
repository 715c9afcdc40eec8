// `bun scripts/pictures.ts`: the README's pictures of the page, taken from a demo that runs. Leave the demo a quarter of
// an hour before, so that positions have been opened and closed and the chart has something to show.

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium, requireProgram } from "../src/testing/services.ts";

const HELP = `bun scripts/pictures.ts [--url http://localhost:8080/] [--out docs/img]

Takes the README's pictures of the page in Chromium: light and dark on a desk, a phone, a chart.

  --url   a running demo (bun run demo), some minutes old
  --out   where the pictures go`;

const BYTES_MAX = 200_000;
const WITHIN_MS = 60_000;
const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 860 } };
const PHONE: BrowserContextOptions = {
  ...{ viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
};

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  readonly prepare?: (page: Page) => Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  { name: "page-dark", options: { ...DESK, locale: "en-US", colorScheme: "dark" } },
  { name: "page-light", options: { ...DESK, locale: "ko-KR", colorScheme: "light" } },
  { name: "page-phone", options: { ...PHONE, locale: "ko-KR", colorScheme: "light" } },
  {
    name: "page-chart",
    options: { ...DESK, locale: "en-US", colorScheme: "dark" },
    prepare: async (page) => {
      // Of a coin somebody traded, so that its marks are in the picture.
      const coin = await page.locator(".closed .ticker, .positions .ticker").first().textContent();
      await page.fill("#search", coin!);
      await page.locator("button.ticker").first().click();
      await page.waitForSelector("#chart-plot canvas", { timeout: WITHIN_MS });
    },
  },
];

async function take(browser: Browser, url: string, folder: string, picture: Picture): Promise<number> {
  const context = await browser.newContext(picture.options);
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector("#rows tr[data-key]", { timeout: WITHIN_MS });
  await page.waitForSelector(".trader", { timeout: WITHIN_MS });
  await page.evaluate(() => document.fonts.ready);
  await picture.prepare?.(page);
  const path = join(folder, `${picture.name}.png`);
  await page.screenshot({ path });
  await context.close();
  return Bun.file(path).size;
}

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://localhost:8080/" },
    out: { type: "string", default: join(import.meta.dir, "../docs/img") },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
requireProgram("korean-font");
const browser = await launchChromium();
try {
  for (const picture of PICTURES) {
    const bytes = await take(browser, values.url, values.out, picture);
    console.log(`${picture.name}: ${bytes} bytes`);
    if (bytes <= BYTES_MAX) continue;
    console.log(`expected at most ${BYTES_MAX} bytes for ${picture.name}`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
}
