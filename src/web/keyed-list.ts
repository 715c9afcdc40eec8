// A list of elements that follows a list of items: each keeps its element as long as its key is there, so that only what
// differs is written. What is new after the first time flashes: two plain repaints, as in the table.

export interface Part {
  readonly root: HTMLElement;
}

const FLASH_MS = 900;
const FADE_MS = 700;

export class KeyedList<Item, Shown extends Part> {
  readonly #parts = new Map<string, Shown>();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #isFirst = true;

  constructor(
    private readonly parent: HTMLElement,
    private readonly options: {
      readonly keyOf: (item: Item) => string;
      readonly create: () => Shown;
      /** What a new one flashes as; undefined: not at all. */
      readonly flashOf?: (item: Item) => string;
    },
  ) {}

  render(items: readonly Item[], fill: (part: Shown, item: Item) => void): void {
    const { keyOf, create, flashOf } = this.options;
    const gone = new Set(this.#parts.keys());
    for (const [index, item] of items.entries()) {
      const key = keyOf(item);
      gone.delete(key);
      let part = this.#parts.get(key);
      if (!part) {
        part = create();
        part.root.dataset.key = key;
        this.#parts.set(key, part);
        if (flashOf && !this.#isFirst && !this.#calm.matches) flash(part.root, flashOf(item));
      }
      if (this.parent.children[index] !== part.root) {
        this.parent.insertBefore(part.root, this.parent.children[index] ?? null);
      }
      fill(part, item);
    }
    for (const key of gone) {
      this.#parts.get(key)!.root.remove();
      this.#parts.delete(key);
    }
    this.#isFirst = false;
  }
}

function flash(element: HTMLElement, kind: string): void {
  element.dataset.flash = kind;
  setTimeout(() => {
    element.dataset.flash = `${kind}-fade`;
    setTimeout(() => delete element.dataset.flash, FADE_MS);
  }, FLASH_MS);
}
