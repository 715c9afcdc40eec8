// Which test files do more in the full run than in the ordinary one: they, or what they import, ask for FULL.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Of those files, paths from the root, the ones that are *.full.test.ts or reach a line that reads FULL. */
export function longFiles(root: string, files: readonly string[]): string[] {
  const known = new Map<string, boolean>();
  const asks = (file: string): boolean => {
    const held = known.get(file);
    if (held !== undefined) return held;
    // Against circles of imports.
    known.set(file, false);
    const text = readFileSync(file, "utf8");
    const isLong =
      /\benv\.FULL\b/.test(text) ||
      transpiler
        .scanImports(text)
        .filter(({ path }) => path.startsWith(".") && path.endsWith(".ts") && !path.endsWith(".d.ts"))
        .some(({ path }) => asks(join(dirname(file), path)));
    known.set(file, isLong);
    return isLong;
  };
  return files.filter((file) => file.endsWith(".full.test.ts") || asks(join(root, file)));
}
