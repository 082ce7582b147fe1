// One run of one command: its options, its output, and the API server, which is reached only when it is asked for.
import type { CliDeps } from "#cli/deps.ts";
import { misuse } from "#cli/failure.ts";
import { type Format, formats, reportFormats } from "#cli/render/format.ts";
import { asAscii, isAsciiOnly } from "#cli/render/ascii.ts";
import type { Page } from "#cli/render/page.ts";
import { createPaint, type Paint } from "#cli/render/text.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { escapedText } from "#lib/plain-text.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly kintsugiNamespace: string;
  readonly output?: Format;
  readonly as?: string;
  readonly asGroup: readonly string[];
  /** Milliseconds. */
  readonly requestTimeout?: number;
  readonly verbose?: true;
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
  /** The width of a table; undefined: nothing is left out or cut. */
  readonly tableColumns: number | undefined;
  print(text: string): void;
  printData(value: unknown): void;
  /** The answer of a command in the format that was asked for; `names` for `-o name`, where it supports that. */
  answer(data: unknown, text: () => string, names?: () => readonly string[]): void;
  /** Remarks that are not the answer. */
  note(text: string): void;
  config(): Promise<ClusterConfig>;
  kube(): Promise<Kube>;
  close(): void;
}

const defaultColumns = 100;

export const openSession = async (deps: CliDeps, options: GlobalOptions): Promise<Session> => {
  const color = deps.isTerminal && options.color && !deps.env["NO_COLOR"] && deps.env["TERM"] !== "dumb";
  const data = options.output === "json" || options.output === "yaml" ? options.output : undefined;
  // YAML and the Kubernetes runtime are loaded only where they are needed: help and version answer at once.
  const { renderData } = data === undefined ? { renderData: undefined } : await import("#cli/render/data.ts");
  // What programs read stays as it is.
  const isForAscii = isAsciiOnly(deps.env) && data === undefined && options.output !== "sarif";
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
    tableColumns: deps.isTerminal && options.output !== "wide" ? deps.columns : undefined,
    answer: (value, text, names) => {
      if (data !== undefined) session.printData(value);
      else if (options.output === "name" && names !== undefined)
        session.print(
          names()
            .map((name) => `${name}\n`)
            .join(""),
        );
      else session.print(text());
    },
    print: (text) => void deps.stdout.write(isForAscii ? asAscii(text) : text),
    printData: (value) =>
      void deps.stdout.write(renderData?.(data ?? "json", value) ?? `${escapedText(JSON.stringify(value, undefined, 2))}\n`),
    note: (text) => void deps.stderr.write(`${text}\n`),
    config: () => (config ??= clusterConfig(deps, options)),
    kube: async () => {
      const found = await session.config();
      return (kube ??= deps.connect?.(found) ?? (await connected(deps, options, found, session.note)));
    },
    close: () => kube?.close(),
  };
  return session;
};

export const pageColumns = (deps: Pick<CliDeps, "isTerminal" | "columns">): number =>
  deps.isTerminal && deps.columns !== undefined && deps.columns > 0 ? Math.max(40, deps.columns) : defaultColumns;

const connected = async (
  deps: CliDeps,
  options: GlobalOptions,
  config: ClusterConfig,
  show: (line: string) => void,
): Promise<Kube & { close(): void }> => {
  const [{ connect }, { createHttpClient }, { observedHttp }] = await Promise.all([
    import("#kube/connect.ts"),
    import("#lib/http-client.ts"),
    import("#cli/observed-http.ts"),
  ]);
  const { clock, random } = deps;
  const http = observedHttp(createHttpClient({ clock }), {
    clock,
    timeoutMs: options.requestTimeout,
    show: options.verbose === true ? show : undefined,
  });
  return connect(config, { clock, random, userAgent: `kintsugi/${deps.version}`, http });
};

const clusterConfig = async (deps: CliDeps, options: GlobalOptions): Promise<ClusterConfig> => {
  const { as, asGroup } = options;
  if (as === undefined && asGroup.length > 0) throw misuse("--as-group needs --as");
  const { defaultSource, inCluster, loadKubeconfig } = await import("#kube/kubeconfig.ts");
  const source = options.kubeconfig === undefined ? defaultSource(deps) : { path: options.kubeconfig };
  const machine = { readFile: deps.readFile, runCommand: deps.runCommand, env: deps.env, home: deps.home, now: () => deps.clock.now() };
  const config = source === "in-cluster" ? await inCluster(machine) : await loadKubeconfig(source, options.context, machine);
  return as === undefined ? config : { ...config, impersonate: { user: as, groups: asGroup } };
};

export const readFormat = (text: string): Format => {
  const all: readonly Format[] = [...formats, ...reportFormats];
  const format = all.find((each) => each === text);
  if (format === undefined)
    throw misuse(`"${text}" is not an output format: use ${formats.join(", ")}; diagnose also supports ${reportFormats.join(", ")}`);
  return format;
};
