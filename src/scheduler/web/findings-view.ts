// What is wrong and what to do, in the doctor's words; where nothing is, one quiet line.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../web/dom.ts";
import { KeyedList } from "../../web/keyed-list.ts";
import type { Finding } from "../doctor.ts";

interface Keyed {
  readonly key: string;
  readonly finding: Finding;
}

export class FindingsView {
  readonly #well = byId("well", HTMLParagraphElement);
  readonly #list = new KeyedList<Keyed, ShownFinding>(byId("findings", HTMLUListElement), {
    keyOf: ({ key }) => key,
    create: () => new ShownFinding(),
  });

  render(findings: readonly Finding[]): void {
    setHidden(this.#well, findings.length > 0);
    // Of one kind there may be several, and their words change with every second.
    const told = new Map<string, number>();
    const keyed = findings.map((finding): Keyed => {
      const count = (told.get(finding.code) ?? 0) + 1;
      told.set(finding.code, count);
      return { key: `${finding.code} ${count}`, finding };
    });
    this.#list.render(keyed, (part, { finding }) => part.render(finding));
  }
}

class ShownFinding {
  readonly root = document.createElement("li");
  readonly #what = appendElement(this.root, "strong");
  readonly #todo = appendElement(this.root, "span");

  render({ level, what, todo }: Finding): void {
    setAttribute(this.root, "class", level === "wrong" ? "bad" : "warn");
    setText(this.#what, what);
    setText(this.#todo, todo);
  }
}
