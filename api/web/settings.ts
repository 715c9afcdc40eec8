// What the reader chose, remembered in this browser. Storage may be closed (private windows) or hold anything:
// each value is checked on the way in and falls back to its default alone.

import { PAIRS, SEED_COUNT } from "../../schema/vocabulary.ts";
import type { Language } from "../../src/web/format.ts";
import type { Theme, UpColor } from "../../src/web/look.ts";
import { ALL_PAIRS, type Sort, type SortKey } from "./model.ts";

export interface Settings {
  /** Undefined: as the browser says. */
  language: Language | undefined;
  theme: Theme | undefined;
  upColor: UpColor;
  /** Position on the grid of sizes, from 0. */
  sizeIndex: number;
  pairs: ReadonlySet<number>;
  sort: Sort;
}

const STORAGE_KEY = "schedulerx.page";
/** 10,000,000 KRW. */
const SIZE_INDEX_DEFAULT = 9;
const SORT_KEYS: readonly SortKey[] = ["coin", "pair", "entry", "exit", "slippage", "age"];

/** Takes the stored text, or null when there is none. Never throws. */
export function parseSettings(text: string | null): Settings {
  const stored = parseObject(text);
  const sort = isObject(stored.sort) ? stored.sort : {};
  const sortKey = SORT_KEYS.find((key) => key === sort.key);
  return {
    language: stored.language === "ko" || stored.language === "en" ? stored.language : undefined,
    theme: stored.theme === "dark" || stored.theme === "light" ? stored.theme : undefined,
    upColor: stored.upColor === "green" ? "green" : "red",
    sizeIndex: isIndex(stored.sizeIndex, SEED_COUNT) ? stored.sizeIndex : SIZE_INDEX_DEFAULT,
    pairs: parsePairs(stored.pairs),
    sort: sortKey
      ? { key: sortKey, descending: sort.descending === true }
      : { key: "entry", descending: false },
  };
}

export function settingsText(settings: Settings): string {
  return JSON.stringify({ ...settings, pairs: [...settings.pairs].map((index) => PAIRS[index]!.key) });
}

export function loadSettings(): Settings {
  try {
    return parseSettings(localStorage.getItem(STORAGE_KEY));
  } catch {
    return parseSettings(null);
  }
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(STORAGE_KEY, settingsText(settings));
  } catch {
    // Storage closed or full: the choice holds until the page is left.
  }
}

function parsePairs(value: unknown): ReadonlySet<number> {
  if (!Array.isArray(value)) return ALL_PAIRS;
  const pairs = new Set(value.map((key) => PAIRS.findIndex((pair) => pair.key === key)));
  pairs.delete(-1);
  return pairs.size === 0 ? ALL_PAIRS : pairs;
}

function isIndex(value: unknown, count: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function parseObject(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
