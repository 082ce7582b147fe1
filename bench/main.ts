// `npm run bench -- <name>`: measurements that are printed. Each is a folder here; only `load` fails where a bound is broken.
import process from "node:process";
import { collectBench } from "#bench/collect/run.ts";
import { contextBench } from "#bench/context/run.ts";
import { diagnosisBench } from "#bench/diagnosis/run.ts";
import { gatewayBench } from "#bench/gateway/run.ts";
import { journalBench } from "#bench/journal/run.ts";
import { loadBench } from "#bench/load/run.ts";
import { memoryBench } from "#bench/memory/run.ts";
import { startBench } from "#bench/start/run.ts";

type Bench = (args: readonly string[]) => Promise<number>;

const benches: Readonly<Record<string, Bench>> = {
  collect: collectBench,
  context: contextBench,
  diagnosis: diagnosisBench,
  gateway: gatewayBench,
  journal: journalBench,
  load: loadBench,
  memory: memoryBench,
  start: startBench,
};

const [name = "", ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) {
  console.error(`kintsugi bench: ${name === "" ? "say which" : `there is no benchmark ${name}`}: ${Object.keys(benches).join(", ")}`);
  process.exitCode = 2;
} else process.exitCode = await bench(args);
