// The Kubernetes programs, built from the pinned Go modules in build/ into the user's cache, once per version of everything that
// goes into them. Must never leave a half-written binary where another run would find it.
import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, testbedSourceFolder, toolEnvironment } from "#testbed/environment.ts";
import { withFileLock } from "#testbed/file-lock.ts";
import { seconds, type Progress } from "#testbed/progress.ts";
import { runCommand, tryCommand } from "#testbed/run-command.ts";

interface BinarySource {
  readonly module: "cluster" | "ksm" | "coredns";
  readonly package: string;
}

const kubernetes = (command: string): BinarySource => ({ module: "cluster", package: `k8s.io/kubernetes/cmd/${command}` });

/** In the order in which they are built: what most tests need comes first. */
const sources = {
  etcd: { module: "cluster", package: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": kubernetes("kube-apiserver"),
  kubectl: kubernetes("kubectl"),
  "kube-controller-manager": kubernetes("kube-controller-manager"),
  "kube-scheduler": kubernetes("kube-scheduler"),
  kubelet: kubernetes("kubelet"),
  "kube-proxy": kubernetes("kube-proxy"),
  coredns: { module: "coredns", package: "github.com/coredns/coredns" },
  "kube-state-metrics": { module: "ksm", package: "k8s.io/kube-state-metrics/v2" },
} as const satisfies Record<string, BinarySource>;

export type BinaryName = keyof typeof sources;

export const allBinaries = Object.keys(sources) as readonly BinaryName[];
export const controlPlaneBinaries: readonly BinaryName[] = ["etcd", "kube-apiserver", "kubectl"];

const kubernetesVersion = "v1.34.4";
const version = "k8s.io/component-base/version";
const kubernetesStamps = [
  `${version}.gitVersion=${kubernetesVersion}`,
  `${version}.gitMajor=1`,
  `${version}.gitMinor=34`,
  `${version}.gitTreeState=clean`,
  `${version}.buildDate=2026-01-01T00:00:00Z`,
  `k8s.io/client-go/pkg/version.gitVersion=${kubernetesVersion}`,
]
  .map((stamp) => `-X ${stamp}`)
  .join(" ");

const linkerFlags = (source: BinarySource): string =>
  source.package.startsWith("k8s.io/kubernetes/") ? `-s -w ${kubernetesStamps}` : "-s -w ";

const buildEnvironment = (): NodeJS.ProcessEnv => ({ ...toolEnvironment(), CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" });

const moduleFolder = (module: BinarySource["module"]): string => join(testbedSourceFolder, "build", module);

/** The folder for exactly these modules, this Go and these flags. */
export const binFolderFor = async (): Promise<string> => {
  const go = await tryCommand("go", ["env", "GOVERSION", "GOARCH"], { cwd: moduleFolder("cluster"), env: buildEnvironment() });
  if (go.code !== 0) throw new Error(`Go is needed to build the Kubernetes programs, and \`go env\` failed: ${go.stderr.trim()}`);
  const hash = createHash("sha256").update(go.stdout).update(kubernetesStamps);
  for (const module of ["cluster", "ksm", "coredns"] as const) {
    for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(join(moduleFolder(module), file)));
  }
  return join(cacheFolder(), hash.digest("hex").slice(0, 16), "bin");
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const build = async (name: BinaryName, binFolder: string, progress: Progress): Promise<void> => {
  const source = sources[name];
  const partial = join(binFolder, `.${name}.partial`);
  const startedAt = Date.now();
  progress(`  building ${name} …`);
  try {
    await runCommand("go", ["build", "-trimpath", "-ldflags", linkerFlags(source), "-o", partial, source.package], {
      cwd: moduleFolder(source.module),
      env: buildEnvironment(),
    });
    await rename(partial, join(binFolder, name));
  } finally {
    await rm(partial, { force: true });
  }
  const { size } = await stat(join(binFolder, name));
  progress(`  built ${name} in ${seconds(startedAt, Date.now())} (${Math.round(size / 1e6)} MB)`);
};

/** Flow: look, lock, look again, build what is missing. Guarantees: on return every named binary is complete in the returned folder. */
export const ensureBinaries = async (names: readonly BinaryName[], progress: Progress): Promise<string> => {
  const binFolder = await binFolderFor();
  const missing = async (): Promise<BinaryName[]> => {
    const wanted = allBinaries.filter((name) => names.includes(name));
    const there = await Promise.all(wanted.map((name) => isThere(join(binFolder, name))));
    return wanted.filter((_, index) => there[index] !== true);
  };
  if ((await missing()).length === 0) return binFolder;
  await mkdir(binFolder, { recursive: true });
  const waiting = (): void => progress("  another process is building the Kubernetes programs: waiting for it …");
  await withFileLock(join(binFolder, ".lock"), waiting, async () => {
    const toBuild = await missing();
    if (toBuild.length === 0) return;
    progress(`Building ${toBuild.length} programs from Go modules into ${binFolder} (once; several minutes the first time) …`);
    for (const name of toBuild) await build(name, binFolder, progress);
  });
  return binFolder;
};
