// What a chart draws in: canvases know no custom properties.

import { appendElement } from "../../src/web/dom.ts";

/** A custom property as the colour it means here and now, whatever the theme. */
export function colorOf(element: HTMLElement, name: string): string {
  const probe = appendElement(element, "i");
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
