// Reads what `bun test --reporter=junit` writes: the counts, and the names of tests that failed or were skipped.

export interface TestReport {
  readonly passedCount: number;
  readonly failedCount: number;
  readonly skippedCount: number;
  /** "file: group > test", in the order they ran; a failed one followed by what its error says. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  /** Seconds each file's tests took together. */
  readonly secondsOf: ReadonlyMap<string, number>;
}

/** Returns undefined for a text that is no complete report: a run that was cut off proves nothing. */
export function readJunit(xml: string): TestReport | undefined {
  const root = xml.match(/<testsuites\b([^>]*)>/)?.[1];
  if (root === undefined || !xml.trimEnd().endsWith("</testsuites>")) return undefined;
  const [tests, failures, skips] = ["tests", "failures", "skipped"].map((name) =>
    Number(attribute(root, name)),
  );
  if (![tests, failures, skips].every(Number.isInteger)) return undefined;
  const failed: string[] = [];
  const skipped: string[] = [];
  const secondsOf = new Map<string, number>();
  for (const [, head, , body = ""] of xml.matchAll(
    /<testcase\b((?:[^">]|"[^"]*")*?)(\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const groups = attribute(head!, "classname").split(" > ").filter(Boolean).reverse();
    const file = attribute(head!, "file");
    secondsOf.set(file, (secondsOf.get(file) ?? 0) + Number(attribute(head!, "time")));
    const name = `${file}: ${[...groups, attribute(head!, "name")].join(" > ")}`;
    if (/<(failure|error)\b/.test(body)) failed.push(name + saidBy(body));
    else if (/<skipped\b/.test(body)) skipped.push(name);
  }
  return {
    passedCount: tests! - failures! - skips!,
    failedCount: failures!,
    skippedCount: skips!,
    failed,
    skipped,
    secondsOf,
  };
}

/** What a failure says, in one line. */
function saidBy(body: string): string {
  const head = body.match(/<(?:failure|error)\b((?:[^">]|"[^"]*")*)>/)?.[1] ?? "";
  const said = attribute(head, "message")
    .replace(/(?:\s|&#10;)+/g, " ")
    .trim();
  return said === "" ? "" : ` (${said.slice(0, 200)})`;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function attribute(element: string, name: string): string {
  const raw = element.match(new RegExp(`(?:^|\\s)${name}="([^"]*)"`))?.[1] ?? "";
  return raw.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity]!);
}
