// `bun scripts/pictures.ts`: the README's pictures of the page, and the guide's of the operator's, taken from a demo that runs. Leave the demo a quarter of
// an hour before, so that positions have been opened and closed and the chart has something to show.

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium, requireProgram } from "../src/testing/services.ts";
import { EXAMPLE_LOGIN } from "./demo/examples.ts";

const HELP = `bun scripts/pictures.ts [--url http://localhost:8080/] [--control URL --token TOKEN] [--out docs/img]

Takes the README's pictures in Chromium: the page light and dark on a desk, on a phone, a chart; a user's own view on a
desk and a phone; with --control, the operator's page.

  --url      a running demo (bun run demo), some minutes old
  --control  where its operator's page is; the demo prints it, with its token
  --token    that token
  --out      where the pictures go`;

const BYTES_MAX = 200_000;
const WITHIN_MS = 60_000;
const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 860 } };
const PHONE: BrowserContextOptions = {
  ...{ viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
};

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  /** Default: the page. */
  readonly open?: (page: Page, url: string) => Promise<unknown>;
  readonly prepare?: (page: Page) => Promise<unknown>;
}

async function openPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForSelector("#rows tr[data-key]", { timeout: WITHIN_MS });
  await page.waitForSelector(".trader", { timeout: WITHIN_MS });
}

/** Of the demo's example, once a position of his is there and no longer marked as new. */
async function openAccount(page: Page, url: string): Promise<void> {
  await page.goto(new URL("account", url).href);
  await page.fill("#sign-in-form [name=email]", EXAMPLE_LOGIN.email);
  await page.fill("#sign-in-form [name=password]", EXAMPLE_LOGIN.password);
  await page.click("#sign-in-go");
  await page.waitForSelector("#open-rows .ticker", { timeout: WITHIN_MS });
  await page.waitForSelector("#open-rows [data-flash]", { state: "detached", timeout: WITHIN_MS });
}

const PICTURES: readonly Picture[] = [
  { name: "page-dark", options: { ...DESK, locale: "en-US", colorScheme: "dark" } },
  { name: "page-light", options: { ...DESK, locale: "ko-KR", colorScheme: "light" } },
  { name: "page-phone", options: { ...PHONE, locale: "ko-KR", colorScheme: "light" } },
  {
    name: "page-chart",
    options: { ...DESK, locale: "en-US", colorScheme: "dark" },
    prepare: async (page) => {
      // Of a coin on a pair where somebody traded it, so that its marks are in the picture.
      const trade = page.locator(".closed li").first();
      await trade.waitFor({ timeout: WITHIN_MS });
      const pair = (await trade.getAttribute("title"))!.split(" · ")[0]!;
      await page.fill("#search", (await trade.locator(".ticker").textContent())!);
      await page.locator("#rows tr", { hasText: pair }).first().locator("button.ticker").click();
      await page.waitForSelector("#chart-plot canvas", { timeout: WITHIN_MS });
    },
  },
  { name: "account", options: { ...DESK, locale: "en-US", colorScheme: "light" }, open: openAccount },
  { name: "account-phone", options: { ...PHONE, locale: "ko-KR", colorScheme: "dark" }, open: openAccount },
];

function operatorPicture(control: string, token: string): Picture {
  return {
    name: "operator",
    options: { viewport: { width: 1280, height: 1005 }, locale: "ko-KR", colorScheme: "light" },
    open: async (page) => {
      await page.goto(control);
      await page.fill("#token", token);
      await page.keyboard.press("Enter");
      await page.waitForSelector("#positions tbody tr", { timeout: WITHIN_MS });
    },
  };
}

async function take(browser: Browser, url: string, folder: string, picture: Picture): Promise<number> {
  const context = await browser.newContext(picture.options);
  const page = await context.newPage();
  await (picture.open ?? openPage)(page, url);
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
    control: { type: "string" },
    token: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const { control, token } = values;
const isHalf = (control === undefined) !== (token === undefined);
if (values.help || isHalf) {
  console.log(isHalf ? `Expected --control and --token, or neither.\n\n${HELP}` : HELP);
  process.exit(isHalf ? 2 : 0);
}
const wanted = control && token ? [...PICTURES, operatorPicture(control, token)] : PICTURES;
requireProgram("korean-font");
const browser = await launchChromium();
try {
  for (const picture of wanted) {
    const bytes = await take(browser, values.url, values.out, picture);
    console.log(`${picture.name}: ${bytes} bytes`);
    if (bytes <= BYTES_MAX) continue;
    console.log(`expected at most ${BYTES_MAX} bytes for ${picture.name}`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
}
