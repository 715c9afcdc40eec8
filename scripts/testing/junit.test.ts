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
    <testcase name="breaks" classname="outer" time="0" file="b.test.ts"><failure type="AssertionError" message="expected&#10;&#10;a &gt; b" /></testcase>
  </testsuite>
</testsuites>
`;

test("a report gives each file's counts and the names of what failed and what was skipped", () => {
  expect(readJunit(REPORT)).toEqual(
    new Map([
      [
        "b.test.ts",
        {
          passedCount: 1,
          failed: ["b.test.ts: outer > breaks (expected a > b)"],
          skipped: [
            "b.test.ts: outer > inner > deep",
            'b.test.ts: the store (lacks PostgreSQL: run "bun run setup")',
          ],
          seconds: 0.1,
        },
      ],
    ]),
  );
});

test("a report that counts other tests than it names is no report", () => {
  expect(readJunit(REPORT.replace('tests="4" assertions', 'tests="5" assertions'))).toBeUndefined();
  expect(
    readJunit(REPORT.replace('failures="1" skipped="2" time', 'failures="0" skipped="2" time')),
  ).toBeUndefined();
});

test("a report cut off anywhere is no report", () => {
  for (let end = 0; end < REPORT.trimEnd().length; end++)
    expect(readJunit(REPORT.slice(0, end))).toBeUndefined();
});
