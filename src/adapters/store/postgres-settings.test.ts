import { expect, test } from "bun:test";
import { StoreFault } from "../../domain/store-fault.ts";
import { parsePostgresSettings } from "./postgres-settings.ts";

function faultOf(url: string, caFile?: string): string {
  try {
    parsePostgresSettings(caFile === undefined ? { url } : { url, caFile });
  } catch (error) {
    expect(error).toBeInstanceOf(StoreFault);
    return (error as Error).message;
  }
  return "";
}

test("An address is taken apart, with escapes undone and the port defaulted", () => {
  expect(parsePostgresSettings({ url: "postgres://us%40er:p%2Fw@db.example.com/my%20db" })).toEqual({
    host: "db.example.com",
    port: 5432,
    database: "my db",
    user: "us@er",
    password: "p/w",
    ssl: false,
  });
  expect(parsePostgresSettings({ url: "postgresql://u@[::1]:5433/d" })).toMatchObject({
    host: "::1",
    port: 5433,
  });
});

test("verify-full verifies the certificate and the name the operator wrote", () => {
  const { ssl } = parsePostgresSettings({ url: "postgres://u@db.example.com/d?sslmode=verify-full" });
  if (ssl === false) throw new Error("expected TLS");
  expect(ssl).toMatchObject({ rejectUnauthorized: true, servername: "db.example.com", ca: undefined });
  const certificate = { subject: { CN: "other.example.com" }, subjectaltname: "DNS:other.example.com" };
  expect(ssl.checkServerIdentity("ignored", certificate as never)).toBeInstanceOf(Error);
  const right = { subject: { CN: "db.example.com" }, subjectaltname: "DNS:db.example.com" };
  expect(ssl.checkServerIdentity("ignored", right as never)).toBeUndefined();
});

test("require encrypts without verifying, for servers with a certificate of their own making", () => {
  expect(parsePostgresSettings({ url: "postgres://u@h/d?sslmode=require" }).ssl).toMatchObject({
    rejectUnauthorized: false,
  });
});

test("What cannot be used is refused with what was expected, never with the password", () => {
  expect(faultOf("no address")).toContain("expected postgres://");
  expect(faultOf("mysql://u:hunter2@h/d")).toBe(
    "PostgreSQL address: expected the scheme postgres:, was mysql:",
  );
  expect(faultOf("postgres://u:hunter2@h")).toContain("expected a database name");
  expect(faultOf("postgres://h/d")).toContain("expected a user name");
  expect(faultOf("postgres://u:hunter2@h/d?sslmode=prefer")).toBe(
    "PostgreSQL address: expected sslmode disable, require, verify-full, was prefer",
  );
  expect(faultOf("postgres://u:hunter2@h/d?sslmode=disable", "/ca.pem")).toContain("would not use it");
  expect(faultOf("postgres://u:hunter2@h/d", "/nowhere/ca.pem")).toContain("/nowhere/ca.pem cannot be read");
  expect(faultOf("postgres://u:hunter2@h/d", import.meta.path)).toContain("holds no PEM certificate");
});
