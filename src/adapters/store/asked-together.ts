// Small questions that many ask at once, put to the database as one: what is asked within a turn of the event loop goes out
// in one statement. Nothing is kept: each answer was read after it was asked for.

/** Of one statement. */
const KEYS_MAX = 100;

/**
 * `read` answers for all keys of a turn, each once; what it leaves out is answered with undefined, and its rejection
 * is everybody's.
 */
export function askedTogether<Value>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  let waiting:
    | { readonly keys: Set<string>; readonly answers: Promise<ReadonlyMap<string, Value>> }
    | undefined;
  const gather = () => {
    const keys = new Set<string>();
    const answers = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (waiting?.keys === keys) waiting = undefined;
      return read([...keys]);
    });
    return { keys, answers };
  };
  return async (key) => {
    if (!waiting || waiting.keys.size >= KEYS_MAX) waiting = gather();
    waiting.keys.add(key);
    return (await waiting.answers).get(key);
  };
}
