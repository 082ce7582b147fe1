// `kintsugi get`: objects of Kintsugi as a table, like kubectl's, or as data. Only reads.
import type { Kind } from "#api/define-kind.ts";
import { kinds } from "#api/kinds/registry.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { KubeObject } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { misuse, refusal } from "#cli/failure.ts";
import { byAge, type RequestScope } from "#cli/find.ts";
import { requireNamespace } from "#cli/namespaces.ts";
import { renderData } from "#cli/render/data.ts";
import { fitOf, headerOf, rowOf, type Width } from "#cli/render/kind-table.ts";
import { columnWidths, renderRow, renderTable } from "#cli/render/table.ts";
import type { Session } from "#cli/session.ts";
import type { Kube } from "#kube/client.ts";
import { escapedText } from "#lib/plain-text.ts";

export const define: DefineCommand = (command, run) => {
  command
    .argument("[kind]", `${kinds.map((kind) => kind.shortName).join(", ")}, or a full name; also kind/name`, "rr")
    .argument("[name]", "name of one object")
    .option("-w, --watch", "watch: print a line at every change")
    .action((kindText: string, name: string | undefined, options: { watch?: true }) =>
      run(
        async (session) => {
          const question = questionOf(kindText, name);
          if (question.kind.kind === RemediationPolicy.kind && session.targetNamespace !== undefined)
            throw misuse("a RemediationPolicy belongs to no namespace of workloads", "Leave out -n, or use --kintsugi-namespace.");
          return options.watch === true ? watch(session, question) : get(session, question);
        },
        { namespaces: "any" },
      )(),
    );
};

interface Question {
  readonly kind: Kind;
  readonly name: string | undefined;
}

const questionOf = (text: string, name: string | undefined): Question => {
  const [kindText = "", nameText] = text.split("/", 2);
  const wanted = kindText.toLowerCase().replace(/\.kintsugi\.dev$/, "");
  const kind = kinds.find((each) => [each.shortName, each.plural, each.kind.toLowerCase(), ...(aliases[each.kind] ?? [])].includes(wanted));
  if (kind !== undefined) return { kind, name: name ?? nameText };
  // `kintsugi get rr-1a2b…` and `kintsugi get manual-1a2b…` name a request.
  const requests = kinds.find((each) => each.shortName === "rr");
  if (requests !== undefined && name === undefined && /^(?:rr|manual)-/.test(text)) return { kind: requests, name: text };
  throw misuse(`"${kindText}" is not a kind of Kintsugi's: use ${kinds.map((each) => each.shortName).join(", ")}`);
};

const aliases: Readonly<Record<string, readonly string[]>> = {
  RemediationRequest: ["request", "requests"],
  AIApprovalRequest: ["approval", "approvals"],
  AIAnalysis: ["analysis", "analyses"],
  WorkflowExecution: ["workflow", "workflows"],
  KubernetesExecution: ["execution", "executions"],
  RemediationPolicy: ["policy", "policies"],
};

const widthOption = (session: Session): Width => (session.options.output === "wide" ? "wide" : "normal");

const get = async (session: Session, { kind, name }: Question): Promise<number> => {
  const kube = await session.kube();
  const namespace = session.kintsugiNamespace;
  const inScope = scopeFilter(kube, session);
  const found = name === undefined ? undefined : await kube.get(kind, { namespace, name });
  const all: readonly KubeObject[] = found !== undefined ? [found] : name !== undefined ? [] : await kube.list(kind, { namespace });
  const objects = (await inScope(all)).toSorted(byAge);
  if (objects.length === 0) await explainNothing(kube, session, kind, name);

  const table = (): string => {
    if (objects.length === 0) return "";
    const width = widthOption(session);
    const isFolded = name === undefined && width === "normal" && kind.kind === RemediationRequest.kind;
    const shown = isFolded ? folded(objects as unknown as readonly RemediationRequest[]) : objects;
    const rows = shown.map((each) => rowOf(kind, each, width, session.deps.clock.now()));
    return renderTable(headerOf(kind, width), rows, { columns: session.tableColumns, ...fitOf(kind, width) });
  };
  session.answer(found === undefined ? { apiVersion: "v1", kind: "List", items: objects.map(asShown) } : asShown(found), table, () =>
    objects.map((each) => nameOf(kind, each)),
  );
  return 0;
};

/** Requests that follow another one are counted at their leader: a storm is one row. `-o wide` lists each. */
const folded = (requests: readonly RemediationRequest[]): readonly RemediationRequest[] => {
  const names = new Set(requests.map(({ metadata }) => metadata.name));
  const leaders = requests.filter(({ status }) => status?.leader === undefined || !names.has(status.leader));
  return leaders.map((leader) => {
    const followers = requests.filter(({ status }) => status?.leader === leader.metadata.name).length;
    if (followers === 0) return leader;
    const target = { ...leader.spec.target, name: `${leader.spec.target.name} (+${followers})` };
    return { ...leader, spec: { ...leader.spec, target } };
  });
};

/** Throws where the namespace, or the object that was named, does not exist. */
const explainNothing = async (kube: Kube, session: Session, kind: Kind, name: string | undefined): Promise<void> => {
  const { kintsugiNamespace, targetNamespace } = session;
  await requireNamespace(kube, targetNamespace ?? kintsugiNamespace);
  const where = targetNamespace === undefined ? `in ${kintsugiNamespace}` : `for workloads in namespace ${targetNamespace}`;
  if (name !== undefined) throw refusal(`no ${kind.kind} "${name}" ${where}`);
  session.note(`No ${kind.kind} ${where}.`);
  if (targetNamespace === kintsugiNamespace) session.note("-n names the namespace of workloads, --kintsugi-namespace Kintsugi's own.");
};

/** Keeps the objects that are about workloads in the namespace that was named; an approval is about the target of its request. */
const scopeFilter = (kube: Kube, scope: RequestScope): ((objects: readonly KubeObject[]) => Promise<readonly KubeObject[]>) => {
  const { kintsugiNamespace: namespace, targetNamespace } = scope;
  if (targetNamespace === undefined) return async (objects) => objects;
  const requests = new Map<string, Promise<RemediationRequest | undefined>>();
  const requestOf = (name: string): Promise<RemediationRequest | undefined> => {
    const request = requests.get(name) ?? kube.get(RemediationRequest, { namespace, name });
    requests.set(name, request);
    return request;
  };
  const isKept = async (object: KubeObject): Promise<boolean> => {
    const { spec } = object as KubeObject & { readonly spec: About };
    return (spec.target ?? (await requestOf(spec.request ?? object.metadata.name))?.spec.target)?.namespace === targetNamespace;
  };
  return async (objects) => {
    const kept = await Promise.all(objects.map(isKept));
    return objects.filter((_, at) => kept[at]);
  };
};

interface About {
  readonly target?: { readonly namespace?: string };
  readonly request?: string;
}

/** As kubectl shows it: who wrote which field last is nothing to read. */
const asShown = (object: KubeObject): KubeObject => {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
};

const nameOf = (kind: Kind, object: KubeObject): string => `${kind.kind.toLowerCase()}.${kind.group}/${object.metadata.name}`;

const watch = async (session: Session, { kind, name }: Question): Promise<number> => {
  const kube = await session.kube();
  const { deps, kintsugiNamespace: namespace } = session;
  const inScope = scopeFilter(kube, session);
  const scope = { namespace, ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }) };
  // The watch itself never gives up; a reason that it can never begin is reported at once.
  const first = await kube.list(kind, { ...scope, limit: 1 });
  if (first.length === 0) await requireNamespace(kube, namespace);
  if (session.targetNamespace !== undefined) await requireNamespace(kube, session.targetNamespace);

  const printer = createPrinter(session, kind);
  const printed = new Map<string, string>();
  const printChanged = (objects: readonly KubeObject[]): void => {
    const news = objects.filter((each) => printed.get(each.metadata.uid) !== each.metadata.resourceVersion);
    for (const each of news) printed.set(each.metadata.uid, each.metadata.resourceVersion);
    if (news.length > 0) printer(news);
  };
  const signal = deps.signal ?? new AbortController().signal;
  const onTrouble = (error: { readonly message: string } | undefined): void => {
    session.note(
      error === undefined ? "The watch continues." : `The watch is interrupted and will continue automatically: ${error.message}`,
    );
  };
  for await (const seen of kube.listWatch(kind, scope, signal, { onTrouble })) {
    if (seen.kind === "synced") {
      const items = await inScope(seen.items);
      if (items.length === 0 && printed.size === 0) session.note(`No ${kind.kind} yet; waiting for the first one.`);
      printChanged(items.toSorted(byAge));
    } else if (seen.kind === "applied") printChanged(await inScope([seen.object]));
  }
  return 0;
};

const createPrinter = (session: Session, kind: Kind): ((objects: readonly KubeObject[]) => void) => {
  const { output } = session.options;
  if (output === "json")
    return (objects) => session.print(objects.map((each) => `${escapedText(JSON.stringify(asShown(each)))}\n`).join(""));
  if (output === "yaml") return (objects) => session.print(objects.map((each) => `---\n${renderData("yaml", asShown(each))}`).join(""));
  if (output === "name") return (objects) => session.print(objects.map((each) => `${nameOf(kind, each)}\n`).join(""));
  const width = widthOption(session);
  const header = headerOf(kind, width);
  let widths: readonly number[] | undefined;
  return (objects) => {
    const rows = objects.map((each) => rowOf(kind, each, width, session.deps.clock.now()));
    const first = widths === undefined;
    widths = columnWidths([header, ...rows], { columns: session.tableColumns, ...fitOf(kind, width), widths: widths ?? [] });
    for (const row of first ? [header, ...rows] : rows) session.print(`${renderRow(row, widths)}\n`);
  };
};
