import { expect, test } from "bun:test";
import { createLog, type LogOptions } from "./log.ts";

function lines(
  format: "json" | "text" = "json",
  level: "debug" | "info" = "info",
  options: Partial<LogOptions> = {},
) {
  const written: string[] = [];
  const log = createLog({
    ...options,
    level,
    format,
    process: "test",
    nowMs: () => 0,
    write: (line) => void written.push(line),
  });
  return { log, written };
}

test("neither secrets by name nor credentials in addresses are written, in fields, causes and depths", () => {
  for (const format of ["json", "text"] as const) {
    const { log, written } = lines(format);
    const cause = new Error("connect redis://:hunter22@host:6379 refused");
    log.error("failed", {
      apiKey: "hunter22",
      settings: { DATABASE_PASSWORD: "hunter22", url: "postgres://u:hun@ter22@host/db" },
      list: ["https://host/path?signature=hunter22&x=1"],
      error: new Error("outer", { cause }),
    });
    log.child({ token: "hunter22" }).info("bound");
    expect(written.length).toBe(2);
    for (const line of written) expect(line).not.toContain("ter22");
    expect(written[0]).toContain("redis://[hidden]@host:6379");
    expect(written[0]).toContain("x=1");
  }
});

test("what cannot be written as JSON does not throw", () => {
  const { log, written } = lines();
  const loop: Record<string, unknown> = { big: 1n };
  loop.self = loop;
  log.info("odd", { loop, nothing: undefined, nan: Number.NaN, error: "plain" });
  expect(JSON.parse(written[0]!)).toMatchObject({ event: "odd", loop: { big: "1" }, error: "plain" });
});

test("lines below the level are not written", () => {
  const { log, written } = lines();
  log.debug("quiet");
  expect(written).toEqual([]);
});

test("text is coloured for a terminal alone", () => {
  const textOf = (colored: boolean) => {
    const { log, written } = lines("text", "info", { colored });
    log.warn("look", { venue: "upbit" });
    return written;
  };
  expect(textOf(false)).toEqual(["00:00:00.000 warn  test look venue=upbit\n"]);
  expect(textOf(true)).toEqual(["00:00:00.000 \u001b[33mwarn \u001b[39m test look venue=upbit\n"]);
  // What a file or a journal is given by default, whatever this test's own output is.
  const { isTTY } = process.stdout;
  try {
    process.stdout.isTTY = false;
    const { log, written } = lines("text");
    log.warn("look");
    expect(written).toEqual(["00:00:00.000 warn  test look\n"]);
  } finally {
    process.stdout.isTTY = isTTY;
  }
});
