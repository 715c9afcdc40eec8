// The only reader of the environment. Every setting has its default, unit and words in src/config, in the table of the
// process that reads it, and nowhere else; all faults are reported at once. `.env.example` and docs/settings.md are
// printed from these tables (scripts/settings.ts).

export { type ApiSettings, apiFields, edgeFields } from "./config/api.ts";
export { type DemoSettings, demoFields } from "./config/demo.ts";
export type { Fields, Settings } from "./config/field.ts";
export { type NotifySettings, readNotifySettings } from "./config/notify.ts";
export { readEnvironment, readSettings, SettingsError } from "./config/read.ts";
export {
  LIVE_CONSENT,
  type RotateKeysSettings,
  rotateKeysFields,
  type SchedulerSettings,
  schedulerFields,
} from "./config/scheduler.ts";
export { type WorkerSettings, workerFields } from "./config/worker.ts";
