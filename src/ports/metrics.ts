// What a process says of itself when it is asked, by Prometheus' conventions: names end in their base unit (seconds,
// bytes), those of counters in _total, and no label has values without number. Made from the counters the stages keep
// anyway, at the moment somebody asks.

import type { HistogramReading } from "../domain/histogram.ts";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Metric = { readonly name: string; readonly help: string } & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
  | { readonly type: "histogram"; readonly reading: HistogramReading }
);

/** One value, none, or one for each set of labels. */
type Given = number | boolean | undefined | readonly Sample[];

function samplesOf(given: Given): readonly Sample[] {
  if (given === undefined) return [];
  return typeof given === "object" ? given : [{ value: Number(given) }];
}

export function gauge(name: string, help: string, given: Given): Metric {
  return { name, help, type: "gauge", samples: samplesOf(given) };
}

/** Only ever grows within one life of the process. */
export function counter(name: string, help: string, given: Given): Metric {
  return { name, help, type: "counter", samples: samplesOf(given) };
}

export function histogram(name: string, help: string, reading: HistogramReading): Metric {
  return { name, help, type: "histogram", reading };
}

/** Samples of a map whose keys are the labels' values with a space after all but the last: "upbit http 404". */
export function samplesByWords(counts: ReadonlyMap<string, number>, ...labels: readonly string[]): Sample[] {
  return [...counts].map(([key, value]) => {
    const words = key.split(" ");
    const last = words.splice(labels.length - 1).join(" ");
    return { labels: Object.fromEntries(labels.map((label, at) => [label, words[at] ?? last])), value };
  });
}

/** Samples of a record, its keys as the values of one label. */
export function samplesByKey<K extends string>(
  label: string,
  values: Readonly<Record<K, number | boolean>>,
): Sample[] {
  return Object.entries<number | boolean>(values).map(([key, value]) => {
    return { labels: { [label]: key }, value: Number(value) };
  });
}
