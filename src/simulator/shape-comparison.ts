// Two JSON documents compared by shape, for tests: which members are there, of what type, and in which order.

/** Every path of a document and the JSON types met there; array members share one path. */
function shapeOf(
  value: unknown,
  path = "",
  shape = new Map<string, Set<string>>(),
): Map<string, Set<string>> {
  const type = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  const types = shape.get(path) ?? new Set();
  shape.set(path, types.add(type));
  if (Array.isArray(value)) for (const member of value) shapeOf(member, `${path}[]`, shape);
  else if (type === "object") {
    for (const [name, member] of Object.entries(value as object)) {
      shapeOf(member, path === "" ? name : `${path}.${name}`, shape);
    }
  }
  return shape;
}

/** "+path": ours alone, "-path": the sample's alone, "path: ours, was theirs" when the types differ. */
export function deviationsOf(ours: unknown, theirs: unknown): string[] {
  const [mine, sample] = [shapeOf(ours), shapeOf(theirs)];
  const found: string[] = [];
  for (const [path, types] of mine) {
    const expected = sample.get(path);
    if (expected === undefined) found.push(`+${path}`);
    else if (![...types].every((type) => expected.has(type))) {
      found.push(`${path}: ${[...types].join("|")}, was ${[...expected].join("|")}`);
    }
  }
  for (const path of sample.keys()) if (!mine.has(path)) found.push(`-${path}`);
  return found.sort();
}

/** Objects at one place of both documents whose common keys stand in another order. */
export function misorderedIn(ours: unknown, theirs: unknown, path = ""): string[] {
  if (Array.isArray(ours) && Array.isArray(theirs)) return misorderedIn(ours[0], theirs[0], `${path}[]`);
  if (!isObject(ours) || !isObject(theirs)) return [];
  const common = Object.keys(ours).filter((name) => name in theirs);
  const expected = Object.keys(theirs).filter((name) => name in ours);
  const here = common.join() === expected.join() ? [] : [`${path}: ${common.join()}, was ${expected.join()}`];
  return [...here, ...common.flatMap((name) => misorderedIn(ours[name], theirs[name], `${path}.${name}`))];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
