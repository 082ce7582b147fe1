// What this machine lacks for a testbed, one sentence each, and the installation of what can be installed. Must never install
// anything but Debian packages and the project's own pinned Go modules.
import { readFile } from "node:fs/promises";
import { allBinaries, controlPlaneBinaries, ensureBinaries } from "#testbed/binaries.ts";
import { seconds, type Progress } from "#testbed/progress.ts";
import { runCommand, tryCommand } from "#testbed/run-command.ts";

/** `control-plane`: etcd and kube-apiserver only. `cluster`: nodes, containers and monitoring as well. */
export type Need = "control-plane" | "cluster";

/** Everything that decides whether a testbed can run here, as data. */
export interface Machine {
  readonly platform: string;
  readonly isRoot: boolean;
  readonly goVersion: string | undefined;
  /** On Debian: what apt-get can install. */
  readonly missingPackages: readonly string[];
  /** Elsewhere: programs that are not on the path. */
  readonly missingPrograms: readonly string[];
}

const packagesFor: Record<Need, readonly string[]> = {
  "control-plane": ["openssl", "util-linux"],
  cluster: [
    "openssl",
    "util-linux",
    "containerd",
    "runc",
    "containernetworking-plugins",
    "conntrack",
    "iptables",
    "nftables",
    "iproute2",
    "kmod",
    "procps",
    "busybox-static",
    "gcc",
    "libc6-dev",
    "prometheus",
    "prometheus-alertmanager",
    "buildah",
  ],
};

/** One sentence per thing that is missing and that we can't install here ourselves. */
export const obstacles = (need: Need, machine: Machine): string[] => {
  if (machine.platform !== "linux") {
    return [`A real Kubernetes as plain processes needs Linux, and this is ${machine.platform}: use a Linux machine, container or VM.`];
  }
  const found: string[] = [];
  if (machine.goVersion === undefined) {
    found.push("Go is missing, and the Kubernetes programs are built from Go modules: install Go 1.26 or newer from https://go.dev/dl/.");
  }
  if (need === "cluster" && !machine.isRoot) {
    found.push("The testbed needs root (network namespaces, mounts, cgroups): run the same command as root.");
  }
  if (machine.missingPackages.length > 0 && !machine.isRoot) {
    found.push(`These Debian packages are missing: run \`apt-get install ${machine.missingPackages.join(" ")}\` as root.`);
  }
  if (machine.missingPrograms.length > 0) {
    found.push(`These programs are missing: install ${machine.missingPrograms.join(", ")} with your distribution's package manager.`);
  }
  return found;
};

const programsFor: Record<Need, readonly string[]> = {
  "control-plane": ["openssl", "setpriv", "flock"],
  cluster: [
    "openssl",
    "setpriv",
    "flock",
    "containerd",
    "runc",
    "conntrack",
    "iptables",
    "nft",
    "ip",
    "sysctl",
    "busybox",
    "gcc",
    "prometheus",
    "prometheus-alertmanager",
    "promtool",
    "buildah",
  ],
};

const missingPackages = async (need: Need): Promise<string[]> => {
  const wanted = packagesFor[need];
  const query = await tryCommand("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...wanted]);
  const installed = new Set(query.stdout.split("\n").flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]] : [])));
  return wanted.filter((name) => !installed.has(name));
};

const missingPrograms = async (need: Need): Promise<string[]> => {
  const found = await Promise.all(programsFor[need].map((program) => tryCommand("sh", ["-c", 'command -v "$1"', "sh", program])));
  return programsFor[need].filter((_, index) => found[index]?.code !== 0);
};

const lookAtMachine = async (need: Need): Promise<Machine> => {
  const isRoot = process.getuid?.() === 0;
  if (process.platform !== "linux") {
    return { platform: process.platform, isRoot, goVersion: undefined, missingPackages: [], missingPrograms: [] };
  }
  const [go, osRelease] = await Promise.all([tryCommand("go", ["env", "GOVERSION"]), readFile("/etc/os-release", "utf8").catch(() => "")]);
  const isDebian = /^ID(_LIKE)?=.*debian/m.test(osRelease);
  return {
    platform: process.platform,
    isRoot,
    goVersion: go.code === 0 ? go.stdout.trim() : undefined,
    missingPackages: isDebian ? await missingPackages(need) : [],
    missingPrograms: isDebian ? [] : await missingPrograms(need),
  };
};

const installPackages = async (packages: readonly string[], progress: Progress): Promise<void> => {
  const startedAt = Date.now();
  progress(`Installing Debian packages: ${packages.join(" ")} …`);
  const apt = ["-q", "-o", "DPkg::Lock::Timeout=300"];
  // policy-rc.d 101: Prometheus, Alertmanager and containerd must not be started as services of the host.
  const script = [
    "set -e",
    "export DEBIAN_FRONTEND=noninteractive",
    "if [ ! -e /usr/sbin/policy-rc.d ]; then",
    "  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d",
    "  trap 'rm -f /usr/sbin/policy-rc.d' EXIT",
    "fi",
    `apt-get ${apt.join(" ")} update`,
    `apt-get ${apt.join(" ")} install -y --no-install-recommends "$@"`,
  ].join("\n");
  await runCommand("sh", ["-c", script, "install", ...packages]);
  progress(`Installed in ${seconds(startedAt, Date.now())}.`);
};

/** Throws with the sentences a person needs. Flow: look, say what can't be helped, install the rest. Guarantees: on return everything is there; returns the folder of the binaries. */
export const ensurePrerequisites = async (need: Need, progress: Progress): Promise<string> => {
  const machine = await lookAtMachine(need);
  const sentences = obstacles(need, machine);
  if (sentences.length > 0) throw new Error(sentences.join("\n"));
  if (machine.missingPackages.length > 0) await installPackages(machine.missingPackages, progress);
  return ensureBinaries(need === "cluster" ? allBinaries : controlPlaneBinaries, progress);
};
