// What is wrong and what to do, in the doctor's words; where nothing is, one quiet line.

import { appendElement, byId, setAttribute, setHidden, setText } from "../../web/dom.ts";
import { KeyedList } from "../../web/keyed-list.ts";
import type { Finding } from "../doctor.ts";

export class FindingsView {
  readonly #well = byId("well", HTMLParagraphElement);
  readonly #list = new KeyedList<Finding, ShownFinding>(byId("findings", HTMLUListElement), {
    keyOf: ({ code, todo }) => `${code} ${todo}`,
    create: () => new ShownFinding(),
  });

  render(findings: readonly Finding[]): void {
    setHidden(this.#well, findings.length > 0);
    this.#list.render(findings, (part, finding) => part.render(finding));
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
