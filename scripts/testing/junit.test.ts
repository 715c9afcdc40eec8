import { expect, test } from "bun:test";
import { readJunit } from "./junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" assertions="2" failures="1" skipped="2" time="1.5">
  <testsuite name="b.test.ts" file="b.test.ts" tests="4" failures="1" skipped="2">
    <testcase name="adds &quot;1 &gt; 0&quot;" classname="" time="0.1" file="b.test.ts" line="4" assertions="2" />
    <testsuite name="outer" file="b.test.ts" tests="2">
      <testcase name="deep" classname="inner &gt; outer" time="0" file="b.test.ts"><skipped /></testcase>
      <testcase name="the store (lacks PostgreSQL: run &quot;bun run setup&quot;)" classname="" time="0" file="b.test.ts">
        <skipped />
      </testcase>
    </testsuite>
    <testcase name="breaks" classname="outer" file="b.test.ts"><failure type="AssertionError" message="expected&#10;&#10;a &gt; b" /></testcase>
  </testsuite>
</testsuites>
`;

test("a report gives counts and the names of what failed and what was skipped", () => {
  expect(readJunit(REPORT)).toEqual({
    passedCount: 1,
    failedCount: 1,
    skippedCount: 2,
    failed: ["b.test.ts: outer > breaks (expected a > b)"],
    secondsOf: new Map([["b.test.ts", 0.1]]),
    skipped: [
      "b.test.ts: outer > inner > deep",
      'b.test.ts: the store (lacks PostgreSQL: run "bun run setup")',
    ],
  });
});

test("a report cut off anywhere is no report", () => {
  for (let end = 0; end < REPORT.trimEnd().length; end++)
    expect(readJunit(REPORT.slice(0, end))).toBeUndefined();
});
