// One run of one command: its options, its output, and the API server, which is reached only when it is asked for.
import type { CliDeps } from "#cli/deps.ts";
import { misuse } from "#cli/failure.ts";
import { type Format, formats, renderData, reportFormats } from "#cli/render/format.ts";
import type { Page } from "#cli/render/page.ts";
import { createPaint, type Paint } from "#cli/render/text.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { defaultSource, inCluster, loadKubeconfig } from "#kube/kubeconfig.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly kintsugiNamespace: string;
  readonly output?: Format;
  /** commander's form of --no-color. */
  readonly color: boolean;
}

export interface Session {
  readonly deps: CliDeps;
  readonly options: GlobalOptions;
  /** The namespace that Kintsugi runs in. */
  readonly kintsugiNamespace: string;
  /** The namespace of workloads that was named. */
  readonly targetNamespace: string | undefined;
  readonly color: boolean;
  readonly paint: Paint;
  readonly page: Page;
  /** The format for programs, where one was asked for. */
  readonly data: "json" | "yaml" | undefined;
  print(text: string): void;
  printData(value: unknown): void;
  /** Remarks that are not the answer. */
  note(text: string): void;
  config(): Promise<ClusterConfig>;
  kube(): Promise<Kube>;
  close(): void;
}

const defaultColumns = 100;

export const openSession = (deps: CliDeps, options: GlobalOptions): Session => {
  const color = deps.isTerminal && options.color && !deps.env["NO_COLOR"] && deps.env["TERM"] !== "dumb";
  const data = options.output === "json" || options.output === "yaml" ? options.output : undefined;
  let config: Promise<ClusterConfig> | undefined;
  let kube: (Kube & { close(): void }) | undefined;
  const session: Session = {
    deps,
    options,
    kintsugiNamespace: options.kintsugiNamespace,
    targetNamespace: options.namespace,
    color,
    paint: createPaint({ color }),
    page: { width: pageColumns(deps), paint: createPaint({ color }) },
    data,
    print: (text) => void deps.stdout.write(text),
    printData: (value) => void deps.stdout.write(renderData(data ?? "json", value)),
    note: (text) => void deps.stderr.write(`${text}\n`),
    config: () => (config ??= clusterConfig(deps, options)),
    kube: async () => {
      const found = await session.config();
      kube ??= (
        deps.connect ?? ((each) => connect(each, { clock: deps.clock, random: deps.random, userAgent: `kintsugi/${deps.version}` }))
      )(found);
      return kube;
    },
    close: () => kube?.close(),
  };
  return session;
};

export const pageColumns = (deps: Pick<CliDeps, "isTerminal" | "columns">): number =>
  deps.isTerminal && deps.columns !== undefined && deps.columns > 0 ? Math.max(40, deps.columns) : defaultColumns;

const clusterConfig = (deps: CliDeps, options: GlobalOptions): Promise<ClusterConfig> => {
  const source = options.kubeconfig === undefined ? defaultSource(deps) : { path: options.kubeconfig };
  const machine = { readFile: deps.readFile, runCommand: deps.runCommand, env: deps.env, home: deps.home, now: () => deps.clock.now() };
  return source === "in-cluster" ? inCluster(machine) : loadKubeconfig(source, options.context, machine);
};

export const readFormat = (text: string): Format => {
  const all: readonly Format[] = [...formats, ...reportFormats];
  const format = all.find((each) => each === text);
  if (format === undefined)
    throw misuse(`"${text}" is not an output format: use ${formats.join(", ")}; diagnose also makes ${reportFormats.join(", ")}`);
  return format;
};
