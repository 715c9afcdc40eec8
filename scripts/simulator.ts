// `bun run simulator`: the four simulated venues on local ports until Ctrl-C.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { AccountSpec } from "../src/simulator/accounts.ts";
import { SIMULATOR_KEYS, type Simulator, startSimulator } from "../src/simulator/server.ts";
import type { SwitchChanges } from "../src/simulator/switches.ts";

const HELP = `Usage: bun run simulator [options]

Upbit, Bithumb, Bybit and Binance USD-M on local ports, paths exactly as at the venues. Nothing here is real.

  --seed N         same seed, same market (default 1)
  --coins BTC,ETH  only these coins, beside the stable ones (default all of some 150)
  --host ADDRESS   address to listen on (default 127.0.0.1)
  --port-base N    first port: control, then five per source (default 18000; 0: free ports)
  --sources N      pretended source addresses, each with its own ports and budgets (default 1)
  --no-limits      answer everything, never 429
  --ban-scale X    multiply the length of every ban (default 1: the venues' own)
  --record         keep every order book served, from the start
  --key KEY:SECRET accept this key (repeatable; default ${SIMULATOR_KEYS[0]!.apiKey}:...); it opens an account
                   on every venue, with 100,000,000 KRW at home and 100,000 USDT abroad unless told otherwise
  --balance VENUE:ASSET=AMOUNT
                   what those accounts open with on that venue (repeatable)
  --hedge          their perpetual accounts are in hedge mode
  --coupon         their Bithumb fee is 0.04 % instead of 0.25 %
  --accounts FILE  more accounts: a JSON list of {"apiKey","secret","balances":{"upbit":{"KRW":"1"},...},
                   "hedgeMode","bithumbCoupon","feesInBnb"}
  --switch GROUP.NAME=VALUE
                   what the venues' documents leave open, e.g. bithumb.duplicateClientId=refuse (repeatable)
  --json           print the addresses as one JSON line
  --help           this text

Control (JSON over HTTP): GET /, GET|POST|DELETE /faults, GET|PUT /limits, POST /limits/reset,
GET|PUT /recording, GET /records (JSON lines, handed out once), GET|DELETE /counters, GET|PUT /switches,
GET /streams, POST /streams/cut (private streams: the same addresses with ws://),
GET|POST /accounts, GET /accounts/{balances|ledger|orders|fills|clientIds|positions|closedPnl|funding}?apiKey=&venue=,
POST /accounts/{trade|deposit|withdraw|setBalance|liquidate|deleverage|setPositionMode|setMarginMode|setLeverage|
setKey|setFees}. Faults, switches and bodies: docs/simulator.md.
`;

interface Settings {
  readonly options: Parameters<typeof startSimulator>[0];
  readonly record: boolean;
  readonly json: boolean;
  readonly switches: SwitchChanges;
}

/** Throws an Error naming every setting that cannot be used; undefined when help was asked for. */
function readSettings(args: string[]): Settings | undefined {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string", default: "1" },
      coins: { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      "port-base": { type: "string", default: "18000" },
      sources: { type: "string", default: "1" },
      "no-limits": { type: "boolean", default: false },
      "ban-scale": { type: "string", default: "1" },
      record: { type: "boolean", default: false },
      key: { type: "string", multiple: true },
      balance: { type: "string", multiple: true },
      hedge: { type: "boolean", default: false },
      coupon: { type: "boolean", default: false },
      accounts: { type: "string" },
      switch: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const faults: string[] = [];
  const whole = (name: "seed" | "port-base" | "sources", min: number, max: number): number => {
    const text = values[name];
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    faults.push(`--${name}: expected a whole number from ${min} to ${max}, was ${text}`);
    return min;
  };
  const seed = whole("seed", 0, 4_294_967_295);
  const portBase = whole("port-base", 0, 65_000);
  const sources = whole("sources", 1, 50);
  const banScale = Number(values["ban-scale"]);
  if (!(banScale > 0)) faults.push(`--ban-scale: expected a number above 0, was ${values["ban-scale"]}`);
  const given = (values.key ?? []).map((text) => {
    const at = text.indexOf(":");
    // The secret itself is not printed.
    if (at < 1 || at === text.length - 1) faults.push("--key: expected KEY:SECRET");
    return { apiKey: text.slice(0, at), secret: text.slice(at + 1) };
  });
  const balances = readBalances(values.balance ?? [], faults);
  const opening = { balances, hedgeMode: values.hedge, bithumbCoupon: values.coupon };
  const named = (given.length > 0 ? given : SIMULATOR_KEYS).map((key) => ({ ...key, ...opening }));
  const more = values.accounts === undefined ? [] : readAccounts(values.accounts, faults);
  const switches = readSwitches(values.switch ?? [], faults);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  const limits = !values["no-limits"];
  const coins = values.coins === undefined ? undefined : new Set(values.coins.split(","));
  const keys = [...named, ...more];
  return {
    options: { seed, coins, host: values.host, portBase, sources, limits, banScale, keys },
    record: values.record,
    json: values.json,
    switches,
  };
}

type Balances = NonNullable<AccountSpec["balances"]>;

/** "upbit:KRW=1000000" */
function readBalances(texts: readonly string[], faults: string[]): Balances {
  const balances: Record<string, Record<string, string>> = {};
  for (const text of texts) {
    const parts = /^(upbit|bithumb|bybit|binance):([A-Z0-9]+)=(\d+(?:\.\d+)?)$/.exec(text);
    if (parts === null) faults.push(`--balance: expected VENUE:ASSET=AMOUNT, was ${text}`);
    else balances[parts[1]!] = { ...balances[parts[1]!], [parts[2]!]: parts[3]! };
  }
  return balances;
}

function readAccounts(path: string, faults: string[]): AccountSpec[] {
  try {
    const list: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (Array.isArray(list)) return list;
    faults.push(`--accounts: expected a JSON list in ${path}`);
  } catch (fault) {
    faults.push(`--accounts: ${fault instanceof Error ? fault.message : String(fault)}`);
  }
  return [];
}

/** "bithumb.notReadyLookups=2"; values are read as JSON where they are, else as text. */
function readSwitches(texts: readonly string[], faults: string[]): SwitchChanges {
  const changes: Record<string, Record<string, unknown>> = {};
  for (const text of texts) {
    const parts = /^(\w+)\.(\w+)=(.+)$/.exec(text);
    if (parts === null) faults.push(`--switch: expected GROUP.NAME=VALUE, was ${text}`);
    else changes[parts[1]!] = { ...changes[parts[1]!], [parts[2]!]: readValue(parts[3]!) };
  }
  return changes as SwitchChanges;
}

function readValue(text: string): unknown {
  return /^(true|false|\d+(\.\d+)?)$/.test(text) ? JSON.parse(text) : text;
}

function describe(simulator: Simulator, seed: number): string {
  const lines = [
    `SIMULATED exchanges, seed ${seed}. Ctrl-C ends them.`,
    `control      ${simulator.controlUrl}`,
  ];
  simulator.urls.forEach((urls, source) => {
    for (const [name, url] of Object.entries(urls)) lines.push(`${source} ${name.padEnd(13)}${url}`);
  });
  return lines.join("\n");
}

async function main(): Promise<number> {
  let settings: Settings | undefined;
  try {
    settings = readSettings(process.argv.slice(2));
  } catch (fault) {
    console.error(fault instanceof Error ? fault.message : String(fault));
    console.error("See --help.");
    return 1;
  }
  if (settings === undefined) {
    console.log(HELP);
    return 0;
  }
  const { options, record, json, switches } = settings;
  let simulator: Simulator;
  try {
    simulator = await startSimulator(options);
  } catch (fault) {
    console.error(`cannot start: ${fault instanceof Error ? fault.message : String(fault)}`);
    return 1;
  }
  try {
    simulator.control.setSwitches(switches);
  } catch (fault) {
    console.error(`--switch: ${fault instanceof Error ? fault.message : String(fault)}`);
    await simulator.stop();
    return 1;
  }
  const stopped = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.resolve());
  simulator.control.setRecording(record);
  const { controlUrl, urls, streamUrls } = simulator;
  console.log(
    json
      ? JSON.stringify({ seed: options.seed, controlUrl, urls, streamUrls })
      : describe(simulator, options.seed),
  );
  await stopped.promise;
  await simulator.stop();
  return 0;
}

process.exit(await main());
