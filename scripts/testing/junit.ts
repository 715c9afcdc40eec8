// Reads what `bun test --reporter=junit` writes: for each file the counts, and the names of tests that failed or were skipped.

export interface FileReport {
  readonly passedCount: number;
  /** "file: group > test", in the order they ran, each followed by what its error says. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  /** How long its tests took together. */
  readonly seconds: number;
}

/**
 * What each file's tests came to, by the file's path. Undefined for a text that is no complete report, or counts other
 * tests than it names: a run that was cut off proves nothing.
 */
export function readJunit(xml: string): ReadonlyMap<string, FileReport> | undefined {
  const root = xml.match(/<testsuites\b([^>]*)>/)?.[1];
  if (root === undefined || !xml.trimEnd().endsWith("</testsuites>")) return undefined;
  const files = new Map<string, FileReport>();
  const named = { tests: 0, failures: 0, skipped: 0 };
  for (const [, head, , body = ""] of xml.matchAll(
    /<testcase\b((?:[^">]|"[^"]*")*?)(\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const groups = attribute(head!, "classname").split(" > ").filter(Boolean).reverse();
    const file = attribute(head!, "file");
    const name = `${file}: ${[...groups, attribute(head!, "name")].join(" > ")}`;
    const isFailed = /<(failure|error)\b/.test(body);
    const isSkipped = !isFailed && /<skipped\b/.test(body);
    named.tests++;
    if (isFailed) named.failures++;
    if (isSkipped) named.skipped++;
    const before = files.get(file) ?? { passedCount: 0, failed: [], skipped: [], seconds: 0 };
    files.set(file, {
      passedCount: before.passedCount + (isFailed || isSkipped ? 0 : 1),
      failed: isFailed ? [...before.failed, name + saidBy(body)] : before.failed,
      skipped: isSkipped ? [...before.skipped, name] : before.skipped,
      seconds: before.seconds + Number(attribute(head!, "time")),
    });
  }
  const isWhole = Object.entries(named).every(([name, count]) => attribute(root, name) === String(count));
  return isWhole ? files : undefined;
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
