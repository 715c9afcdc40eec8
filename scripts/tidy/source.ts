// A TypeScript source as tidy reads it: what it imports, and its text with comments, strings and regular
// expressions blanked out, so that a rule about code is not fooled by prose. No parser: TypeScript 7 ships none.

export interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** As long as `text`, line for line: only code is left. */
  readonly code: string;
  /** As `code`, with the strings left in. */
  readonly codeAndStrings: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** As written: "./x.ts", "valibot". */
  readonly specifier: string;
  readonly line: number;
}

const IMPORT =
  /(?<![\w$.])(?:import|export)\b(?:[\s\w$*{},]*?\bfrom)?\s*(?:\(\s*)?(["'])(?<specifier>[^"'\n]+)\1/g;

export function readSource(path: string, text: string): Source {
  const { code, codeAndStrings } = blank(text);
  const imports: Import[] = [];
  for (const match of codeAndStrings.matchAll(IMPORT)) {
    // Inside a string the keyword is blanked in `code`.
    if (!/^(im|ex)port/.test(code.slice(match.index))) continue;
    imports.push({ specifier: match.groups!.specifier!, line: lineAt(text, match.index) });
  }
  return { path, text, code, codeAndStrings, imports };
}

/** 1-based. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

type State = "code" | "line comment" | "block comment" | "regex" | '"' | "'" | "`";

/** After these a slash starts a regular expression; after anything else it divides. */
const BEFORE_REGEX =
  /(?:^|[=(,:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/;

function blank(text: string): { code: string; codeAndStrings: string } {
  const code = [...text.replace(/[\uD800-\uDFFF]/g, " ")];
  const kept = [...code];
  /** For each `${` we are in: how many braces are open inside it. */
  const holes: number[] = [];
  let state: State = "code";
  let inClass = false;
  const hide = (index: number, alsoInKept: boolean) => {
    if (code[index] === "\n" || code[index] === undefined) return;
    code[index] = " ";
    if (alsoInKept) kept[index] = " ";
  };
  for (let at = 0; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    const char = text[at]!;
    if (state === "code") {
      if (two === "//" || two === "/*") state = two === "//" ? "line comment" : "block comment";
      else if (char === '"' || char === "'" || char === "`") state = char;
      else if (char === "/" && BEFORE_REGEX.test(code.slice(Math.max(0, at - 40), at).join("")))
        state = "regex";
      else if (char === "{" && holes.length > 0) holes[holes.length - 1]!++;
      else if (char === "}" && holes.length > 0 && holes[holes.length - 1]!-- === 0) {
        holes.pop();
        state = "`";
      }
      const comment = state === "line comment" || state === "block comment";
      if (comment || state === "regex") {
        inClass = false;
        hide(at, true);
        if (comment) hide(++at, true);
      }
      continue;
    }
    if (state === "line comment" || state === "block comment") {
      if (state === "line comment" && char === "\n") state = "code";
      hide(at, true);
      if (state === "block comment" && two === "*/") {
        hide(++at, true);
        state = "code";
      }
      continue;
    }
    const isRegex = state === "regex";
    if (char === "\\") {
      hide(at, isRegex);
      hide(++at, isRegex);
    } else if (isRegex) {
      hide(at, true);
      if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      else if ((char === "/" && !inClass) || char === "\n") state = "code";
    } else if (state === "`" && two === "${") {
      holes.push(0);
      state = "code";
      at++;
    } else if (char === state || (char === "\n" && state !== "`")) {
      state = "code";
    } else {
      hide(at, false);
    }
  }
  return { code: code.join(""), codeAndStrings: kept.join("") };
}
