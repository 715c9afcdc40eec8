// Prometheus and Alertmanager with the files of this folder, for tests: what is changed of them is what their first lines
// ask the operator to change, the ports, and the minute of Alertmanager, which here has two seconds.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "../../../src/testing/services/child-process.ts";
import { freePort } from "../../../src/testing/services/ports.ts";
import { requireProgram } from "../../../src/testing/services/programs.ts";
import { makeTempDir, removeTempDir } from "../../../src/testing/services/temp-dir.ts";
import { startTelegramStandIn, type TelegramStandIn } from "../../../src/testing/telegram-stand-in.ts";

export const CHAT = "-1001234567890";
const BOT_TOKEN = "7:word-of-the-bot";
/** Alertmanager's files of secrets came with 0.26; Debian 12 has an older one. */
const FIRST_WITH_FILES = 26;

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** ISO; in the past: it is over. */
  readonly endsAt?: string;
}

export function readHere(file: string): string {
  return readFileSync(join(import.meta.dir, file), "utf8");
}

/** Alertmanager's file for one of that age: before 0.26 the secrets only stand in the file itself. */
export function forVersion(text: string, version: string, secrets: { token: string; url: string }): string {
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(version)!;
  if (Number(major) > 0 || Number(minor) >= FIRST_WITH_FILES) return text;
  return text
    .replace(/bot_token_file: .*/, `bot_token: ${secrets.token}`)
    .replace(/url_file: .*/, `url: ${secrets.url}`);
}

/** An Alertmanager whose messages end up in a chat of ours, and the check elsewhere. */
export class Alerting {
  readonly #dir = makeTempDir("alerting");
  readonly #children: Child[] = [];
  readonly #check: ReturnType<typeof Bun.serve>;
  readonly chat: TelegramStandIn;
  /** The alerts the check elsewhere was told of, each time. */
  readonly checked: (readonly string[])[] = [];
  #checkAsked = Promise.withResolvers<void>();
  #port = 0;

  private constructor() {
    this.chat = startTelegramStandIn({ token: BOT_TOKEN, chats: { [CHAT]: "open" }, nowMs: Date.now });
    this.#check = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      fetch: async (request) => {
        const { alerts } = (await request.json()) as { alerts: { labels: { alertname: string } }[] };
        this.checked.push(alerts.map(({ labels }) => labels.alertname));
        this.#checkAsked.resolve();
        this.#checkAsked = Promise.withResolvers();
        return new Response("OK");
      },
    });
  }

  static async start(): Promise<Alerting> {
    const made = new Alerting();
    try {
      await made.#startAlertmanager();
      return made;
    } catch (fault) {
      await made.stop();
      throw fault;
    }
  }

  async #startAlertmanager(): Promise<void> {
    const program = requireProgram("alertmanager");
    const { stdout, stderr } = Bun.spawnSync([program, "--version"]);
    const secrets = { token: BOT_TOKEN, url: `http://127.0.0.1:${this.#check.port}/` };
    await Bun.write(join(this.#dir, "telegram-token"), secrets.token);
    await Bun.write(join(this.#dir, "dead-man-url"), secrets.url);
    const text = forVersion(readHere("alertmanager.yml"), `${stdout}${stderr}`, secrets)
      .replaceAll("/etc/prometheus/", `${this.#dir}/`)
      .replaceAll("group_interval: 1m", "group_interval: 2s")
      .replaceAll("repeat_interval: 50s", "repeat_interval: 1s");
    const file = join(this.#dir, "alertmanager.yml");
    await Bun.write(file, `global: { telegram_api_url: "${this.chat.url}" }\n${text}`);
    this.#port = await freePort();
    const at = [`--web.listen-address=127.0.0.1:${this.#port}`, "--cluster.listen-address="];
    const where = [`--config.file=${file}`, `--storage.path=${join(this.#dir, "alertmanager")}`];
    const child = startChild({ name: "alertmanager", command: [program, ...where, ...at] });
    this.#children.push(child);
    await child.waitForLine(/Listening on/);
  }

  /** As Prometheus tells it. */
  async tell(...alerts: readonly Alert[]): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/v2/alerts`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify(alerts),
    });
    if (!response.ok) throw new Error(`expected Alertmanager to take it, said ${await response.text()}`);
  }

  /** A Prometheus that reads those processes, by job of prometheus.yml: address and port of each. */
  async startPrometheus(targets: Readonly<Record<string, readonly string[]>>, token: string): Promise<void> {
    const config = Bun.YAML.parse(readHere("prometheus.yml")) as {
      alerting: { alertmanagers: { static_configs: object[] }[] };
      scrape_configs: { job_name: string; static_configs: object[] }[];
    };
    config.alerting.alertmanagers[0]!.static_configs = [{ targets: [`127.0.0.1:${this.#port}`] }];
    for (const job of config.scrape_configs) job.static_configs = [{ targets: targets[job.job_name] }];
    await Bun.write(join(this.#dir, "alerts.yml"), readHere("alerts.yml"));
    await Bun.write(join(this.#dir, "metrics-token"), token);
    const file = join(this.#dir, "prometheus.yml");
    await Bun.write(file, JSON.stringify(config));
    const where = [`--config.file=${file}`, `--storage.tsdb.path=${join(this.#dir, "prometheus")}`];
    const command = [
      requireProgram("prometheus"),
      ...where,
      // What fires before Alertmanager is known to it is said again after this time; a minute otherwise.
      "--rules.alert.resend-delay=5s",
      `--web.listen-address=127.0.0.1:${await freePort()}`,
    ];
    const child = startChild({ name: "prometheus", command });
    this.#children.push(child);
    await child.waitForLine(/Server is ready to receive web requests/);
  }

  /** Resolves with the first message in the chat that fits. */
  async message(pattern: RegExp): Promise<string> {
    for (let seen = 0; ; seen++) {
      await this.chat.delivered(seen + 1);
      const { text } = this.chat.messages[seen]!;
      if (pattern.test(text)) return text;
    }
  }

  /** Resolves once the check elsewhere was told so often in all. */
  async toldCheck(count: number): Promise<void> {
    while (this.checked.length < count) await this.#checkAsked.promise;
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.stop();
    await Promise.all([this.chat.stop(), this.#check.stop(true)]);
    removeTempDir(this.#dir);
  }
}
