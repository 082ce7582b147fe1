// `npm run bench -- journal`: what the change journal takes of memory for each object, and of a core at so many changes a second.
import { randomBytes } from "node:crypto";
import process from "node:process";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sampleObject } from "#bench/journal/sample-objects.ts";
import type { KubeObject } from "#api/object.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { createJournal, type Journal } from "#cluster/journal/journal.ts";
import { createDirectKube } from "#test/direct-kube.ts";

const usage = `npm run bench -- journal [--objects 3000] [--rate 10] [--seconds 600] [--json]
  --objects  how many are followed
  --rate     changes in a second, over all of them
  --seconds  for how long, in virtual time
  --json     the last line is one object`;

export const journalBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      objects: { type: "string", default: "3000" },
      rate: { type: "string", default: "10" },
      seconds: { type: "string", default: "600" },
      json: { type: "boolean", default: false },
    },
  });
  const [objects, rate, seconds] = [Number(values.objects), Number(values.rate), Number(values.seconds)];
  if (![objects, rate, seconds].every((each) => Number.isSafeInteger(each) && each > 0)) {
    console.error(usage);
    return 2;
  }
  const start = Date.UTC(2030, 0, 1);
  let journal: Journal | undefined = createJournal();
  for (let index = 0; index < objects; index += 1) journal.see(sampleObject(index, 0, start), start);
  const cpu = await playChanges(journal, { objects, rate, seconds, start });
  const { bytes, objects: known } = journal.size;
  // What it frees is what it took: the rest of the heap shrinks and grows meanwhile.
  const heapWith = heapUsed();
  journal = undefined;
  const heap = heapWith - heapUsed();
  const result = {
    objects: known,
    changes: rate * seconds,
    heapBytesPerObject: Math.round(heap / known),
    countedBytesPerObject: Math.round(bytes / known),
    millisecondsPerChange: Number((cpu.changesMs / (rate * seconds)).toFixed(3)),
    coreSharePercent: Number((((cpu.changesMs + cpu.savingMs) / (seconds * 1000)) * 100).toFixed(3)),
    savingPercent: Number(((cpu.savingMs / (seconds * 1000)) * 100).toFixed(3)),
    writes: cpu.writes,
    writtenBytesPerSecond: Math.round(cpu.writtenBytes / seconds),
  };
  for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(30)}${value}`);
  if (values.json) console.log(JSON.stringify(result));
  return 0;
};

interface Play {
  readonly objects: number;
  readonly rate: number;
  readonly seconds: number;
  readonly start: number;
}

/** As the keeper does it: each change comes as a line of a watch, and every two seconds the store is asked to save. */
const playChanges = async (journal: Journal, { objects, rate, seconds, start }: Play) => {
  const clock = createManualClock(start);
  const kube = createDirectKube(clock);
  const store = createConfigMapStore({ kube, clock, namespace: "kintsugi-system", randomBytes });
  await store.save(journal.takeChanged(), journal, { all: true });
  const first = kube.calls.length;
  let [changesMs, savingMs, change] = [0, 0, 0];
  for (let second = 1; second <= seconds; second += 1) {
    await clock.advance(1000);
    const now = clock.now();
    const lines: string[] = [];
    for (let each = 0; each < rate; each += 1) {
      change += 1;
      lines.push(JSON.stringify({ type: "MODIFIED", object: sampleObject((change * 7919) % objects, change, now) }));
    }
    changesMs += await cpuOf(() => {
      for (const line of lines) journal.see((JSON.parse(line) as { object: KubeObject }).object, now);
    });
    if (second % 2 === 0) savingMs += await cpuOf(() => store.save(journal.takeChanged(), journal));
  }
  const written = kube.calls.slice(first).filter(({ verb }) => verb !== "get");
  const writtenBytes = written.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0);
  return { changesMs, savingMs, writes: written.length, writtenBytes };
};

const cpuOf = async (work: () => void | Promise<void>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const heapUsed = (): number => {
  collect();
  collect();
  const { heapUsed: heap, external } = process.memoryUsage();
  return heap + external;
};
