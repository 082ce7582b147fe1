// Kernel settings that kubelets change for the whole machine: remembered by the first testbed that comes up, restored by the last
// that goes down, whatever the order. Callers hold the machine's lock.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Cleared by a reboot, exactly as the settings are. */
const machineFolder = "/run/kintsugi-testbed";
const record = join(machineFolder, "settings.json");
export const machineLock = join(machineFolder, "lock");

export interface HeldSettings {
  readonly values: Readonly<Record<string, string>>;
  /** The state folders of the testbeds that are up. */
  readonly holders: readonly string[];
}

const settings = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];
const settingPath = (name: string): string => join("/proc/sys", name);

export const readSettings = (): Record<string, string> =>
  Object.fromEntries(
    settings.filter((name) => existsSync(settingPath(name))).map((name) => [name, readFileSync(settingPath(name), "utf8").trim()]),
  );

const read = (): HeldSettings | undefined => (existsSync(record) ? (JSON.parse(readFileSync(record, "utf8")) as HeldSettings) : undefined);

/** Pure: who holds the settings once `holder` does too; holders whose state is gone no longer count. */
export const withHolder = (
  held: HeldSettings | undefined,
  holder: string,
  current: HeldSettings["values"],
  isAlive: (holder: string) => boolean,
): HeldSettings => {
  const others = (held?.holders ?? []).filter((other) => other !== holder && isAlive(other));
  return { values: held?.values ?? current, holders: [...others, holder] };
};

export const holdSettings = (holder: string): void => {
  mkdirSync(machineFolder, { recursive: true });
  writeFileSync(record, JSON.stringify(withHolder(read(), holder, readSettings(), existsSync)));
};

export const releaseSettings = (holder: string): void => {
  const held = read();
  if (held === undefined) return;
  const holders = held.holders.filter((other) => other !== holder && existsSync(other));
  if (holders.length > 0) {
    writeFileSync(record, JSON.stringify({ ...held, holders }));
    return;
  }
  for (const [name, value] of Object.entries(held.values)) writeFileSync(settingPath(name), value);
  rmSync(record);
};
