// Finding the elements index.html promises, and writing to them only what differs.

/** Throws when index.html lacks the element or has another kind there. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind))
    throw new Error(`expected #${id} to be a ${kind.name}, was ${found?.tagName}`);
  return found;
}

export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** A new child element with a class, appended. */
export function appendElement<Name extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  name: Name,
  className = "",
): HTMLElementTagNameMap[Name] {
  const child = document.createElement(name);
  if (className) child.className = className;
  parent.append(child);
  return child;
}

export function appendText(parent: HTMLElement): Text {
  const text = document.createTextNode("");
  parent.append(text);
  return text;
}

export function setData(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}
