// Reading the page from outside, for its browser test: what it should write, worked out apart from its own code, and
// what it did write.

import type { Page } from "playwright-core";

export const krw = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Rate and premium as the page must write them, worked out apart from its own code. */
export function expectedCell(jeon: number, referenceKrw: number): { rate: string; premium: string } {
  const cents = Math.round(((jeon / 100 - referenceKrw) / referenceKrw) * 10_000);
  const sign = cents > 0 ? "+" : cents < 0 ? "−" : "";
  return { rate: krw.format(jeon / 100), premium: `${sign}${(Math.abs(cents) / 100).toFixed(2)}%` };
}

export type ShownRow = { rates: string[]; notes: string[]; titles: (string | null)[] };

/** Scrolls through the whole table and collects every row by its key. Throws when rows in sight are left out. */
export function collectRows(page: Page): Promise<Record<string, ShownRow>> {
  return page.evaluate(async () => {
    const rows: Record<string, ShownRow> = {};
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    for (let top = 0; ; top += innerHeight / 2) {
      scrollTo(0, top);
      await frame();
      for (const spacer of document.querySelectorAll("#rows .spacer:not([hidden])")) {
        const { top: from, bottom: to } = spacer.getBoundingClientRect();
        if (to > 0 && from < innerHeight) throw new Error(`expected rows at scroll ${scrollY}, was a gap`);
      }
      for (const tr of document.querySelectorAll<HTMLElement>("#rows tr[data-key]")) {
        const cells = [...tr.querySelectorAll(".rate")];
        rows[tr.dataset.key!] = {
          rates: cells.map((cell) => cell.querySelector("b")!.textContent!),
          notes: cells.map((cell) => cell.querySelector("span")!.textContent!),
          titles: cells.map((cell) => cell.getAttribute("title")),
        };
      }
      if (top > document.documentElement.scrollHeight) break;
    }
    scrollTo(0, 0);
    await frame();
    return rows;
  });
}

/** The lowest contrast ratio (WCAG 2) between the page's text colours and its grounds. */
export function lowestContrast(page: Page): Promise<number> {
  return page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    const luminance = (name: string) => {
      probe.style.color = `var(${name})`;
      const channels = getComputedStyle(probe)
        .color.match(/[\d.]+/g)!
        .slice(0, 3)
        .map((channel) => Number(channel) / 255)
        .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
      return 0.2126 * channels[0]! + 0.7152 * channels[1]! + 0.0722 * channels[2]!;
    };
    const ratios = ["--ink", "--muted", "--up", "--down", "--good", "--warn"].flatMap((ink) =>
      ["--bg", "--surface", "--raised"].map((ground) => {
        const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
        return (light! + 0.05) / (dark! + 0.05);
      }),
    );
    probe.remove();
    return Math.min(...ratios);
  });
}
