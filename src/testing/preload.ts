// Loaded by `bun test` before the tests (bunfig.toml): when they are over, no server they started stays behind.

import { afterAll } from "bun:test";
import { stopAllChildren } from "./services/child-process.ts";

afterAll(stopAllChildren);
