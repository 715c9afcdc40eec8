// Accessibility of a page as axe-core sees it: contrast, names, roles, order of headings. One line a finding, so that
// a test can say `expect(await axeFindings(page)).toEqual([])` and read what is wrong from its failure.

import axe from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.2 at A and AA, and what axe calls good practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export interface AxeOptions {
  /** CSS selector of the part to look at; the whole page by default. */
  readonly within?: string;
  /** Names of rules left out; say why where you do so. */
  readonly without?: readonly string[];
}

/** "rule: element: what is wrong", one for each element at fault; empty when all is well. Looks at what is shown now. */
export async function axeFindings(page: Page, { within, without = [] }: AxeOptions = {}): Promise<string[]> {
  // By the debugger, which the page's content policy does not bind.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const violations = await page.evaluate(
    async ([where, tags, left]) => {
      const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
      const { violations: found } = await inPage.run(where ?? document, {
        runOnly: { type: "tag", values: [...tags] },
        rules: Object.fromEntries(left.map((rule) => [rule, { enabled: false }])),
        resultTypes: ["violations"],
      });
      return found.map(({ id, help, nodes }) => {
        return { id, help, nodes: nodes.map(({ target, any, all, none }) => ({ target, any, all, none })) };
      });
    },
    [within, TAGS, without] as const,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const said = [...any, ...all, ...none].map(({ message }) => message).join("; ");
      return `${id}: ${target.join(" ")}: ${said || help}`;
    }),
  );
}
