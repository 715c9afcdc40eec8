import { expect, test } from "bun:test";
import { borderFault } from "./borders.ts";

/** One line per rule of the table: who, whom, and whether it may. */
const CASES: [from: string, to: string, may: boolean][] = [
  ["schema/messages/tick.ts", "schema/vocabulary.ts", true],
  ["schema/messages/tick.ts", "src/domain/sweep.ts", false],
  ["schema/vocabulary.ts", "schema/messages/tick.ts", false],
  ["schema/tables/karbit.ts", "schema/vocabulary.ts", true],
  ["schema/tables/karbit.ts", "schema/messages/tick.ts", false],
  ["src/domain/premium.ts", "schema/messages/premium-frame.ts", true],
  ["src/domain/premium.ts", "schema/tables/karbit.ts", false],
  ["src/domain/premium.ts", "src/ports/clock.ts", false],
  ["src/ports/store.ts", "src/domain/frame.ts", true],
  ["src/ports/store.ts", "schema/tables/karbit.ts", false],
  ["src/ports/store.ts", "src/adapters/store/postgres.ts", false],
  ["src/adapters/bus/nats.ts", "src/ports/bus.ts", true],
  ["src/adapters/bus/nats.ts", "schema/tables/karbit.ts", false],
  ["src/adapters/store/postgres.ts", "schema/tables/karbit.ts", true],
  ["src/adapters/store/postgres.ts", "src/config.ts", false],
  ["src/adapters/bus/nats.ts", "src/scheduler/run.ts", false],
  ["src/trading/settle.ts", "src/domain/position.ts", true],
  ["src/trading/settle.ts", "src/adapters/store/trades.ts", false],
  ["src/scheduler/issue-tick.ts", "src/trading/settle.ts", true],
  ["src/scheduler/issue-tick.ts", "src/adapters/bus/nats.ts", false],
  ["src/scheduler/issue-tick.ts", "src/config.ts", false],
  ["src/scheduler/issue-tick.ts", "src/limits.ts", true],
  ["src/scheduler/main.ts", "src/adapters/bus/nats.ts", true],
  ["src/scheduler/main.ts", "src/config.ts", true],
  ["src/scheduler/main.ts", "worker/run.ts", false],
  ["worker/answer-quote-task.ts", "src/trading/settle.ts", false],
  ["worker/answer-quote-task.ts", "src/scheduler/issue-tick.ts", false],
  ["worker/main.ts", "src/adapters/venue/http.ts", true],
  ["api/app.ts", "src/ports/frame-store.ts", true],
  ["api/app.ts", "src/adapters/frame-store/redis-rest.ts", false],
  ["api/edge.ts", "src/adapters/frame-store/redis-rest.ts", true],
  ["api/app.ts", "worker/run.ts", false],
  ["src/simulator/market.ts", "src/simulator/types.ts", true],
  ["src/simulator/market.ts", "schema/vocabulary.ts", false],
  ["src/simulator/market.ts", "src/ports/clock.ts", false],
  ["src/testing/whole-tick.ts", "src/adapters/bus/in-process.ts", true],
  ["src/testing/whole-tick.ts", "src/adapters/store/pglite.ts", true],
  ["src/testing/whole-tick.ts", "src/adapters/bus/nats.ts", false],
  ["src/testing/whole-tick.integration.test.ts", "src/adapters/bus/nats.ts", true],
  ["scripts/demo.ts", "src/adapters/bus/nats.ts", true],
  ["scripts/demo.ts", "src/testing/services.ts", true],
  // Tests, and the rule that they are for themselves.
  ["src/adapters/bus/nats.integration.test.ts", "src/testing/services.ts", true],
  ["src/adapters/bus/nats.ts", "src/testing/services.ts", false],
  ["src/adapters/venue/scan.test.ts", "src/simulator/market.ts", true],
  ["src/simulator/market.test.ts", "src/testing/needs.ts", true],
  ["src/simulator/market.test.ts", "src/adapters/venue/http.ts", false],
  ["src/domain/premium.test.ts", "src/adapters/clock.ts", false],
  ["api/app.test.ts", "src/adapters/frame-codec.ts", true],
  ["api/test-kit.ts", "src/testing/manual-clock.ts", true],
  ["src/adapters/redis/testing-binary.ts", "src/testing/recording-log.ts", true],
  ["api/app.test.ts", "api/test-kit.ts", true],
  ["api/app.ts", "api/test-kit.ts", false],
  ["src/adapters/venue/scan.ts", "src/adapters/venue/scan-fuzz.ts", false],
  ["src/domain/premium.ts", "src/domain/premium.test.ts", false],
  // Paths nobody thought of.
  ["src/helpers/misc.ts", "schema/vocabulary.ts", false],
  ["src/domain/premium.ts", "src/helpers/misc.ts", false],
];

for (const [from, to, may] of CASES) {
  test(`${from} ${may ? "may" : "may not"} import ${to}`, () => {
    expect(borderFault(from, to) === undefined).toBe(may);
  });
}
