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
  readonly isDebian: boolean;
  readonly missingPackages: readonly string[];
}

const packagesFor: Record<Need, readonly string[]> = {
  "control-plane": ["openssl", "util-linux"],
  cluster: [
    ...["openssl", "util-linux", "containerd", "runc", "containernetworking-plugins", "conntrack", "iptables", "nftables", "iproute2"],
    ...["kmod", "procps", "busybox-static", "gcc", "libc6-dev", "prometheus", "prometheus-alertmanager", "buildah"],
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
  if (machine.missingPackages.length > 0 && !(machine.isDebian && machine.isRoot)) {
    const how = machine.isDebian ? "as root, `apt-get install" : "by your distribution's package manager, `";
    found.push(`These programs are missing: install them ${how} ${machine.missingPackages.join(" ")}\`.`.replace("` ", "`"));
  }
  return found;
};

const missingPackages = async (need: Need): Promise<string[]> => {
  const wanted = packagesFor[need];
  const query = await tryCommand("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...wanted]);
  const installed = new Set(query.stdout.split("\n").flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]] : [])));
  return wanted.filter((name) => !installed.has(name));
};

const lookAtMachine = async (need: Need): Promise<Machine> => {
  const [go, osRelease] = await Promise.all([tryCommand("go", ["env", "GOVERSION"]), readFile("/etc/os-release", "utf8").catch(() => "")]);
  const isDebian = /^ID(_LIKE)?=.*debian/m.test(osRelease);
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    goVersion: go.code === 0 ? go.stdout.trim() : undefined,
    isDebian,
    // Elsewhere the packages have other names: the commands themselves will tell.
    missingPackages: isDebian ? await missingPackages(need) : [],
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

/** Thrown with the sentences a person needs; a caller prints the message and exits 2. */
export const unmetPrerequisites = (sentences: readonly string[]): Error => new Error(sentences.join("\n"));

/** Flow: look, say what can't be helped, install the rest. Guarantees: on return everything is there; returns the folder of the binaries. */
export const ensurePrerequisites = async (need: Need, progress: Progress): Promise<string> => {
  const machine = await lookAtMachine(need);
  const sentences = obstacles(need, machine);
  if (sentences.length > 0) throw unmetPrerequisites(sentences);
  if (machine.missingPackages.length > 0) await installPackages(machine.missingPackages, progress);
  return ensureBinaries(need === "cluster" ? allBinaries : controlPlaneBinaries, progress);
};
