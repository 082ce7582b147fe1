// `kintsugi diagnose`: what is wrong, why, and how to fix it; of one object, a namespace or a whole cluster, live or from a file. Only reads.
import type { Reference } from "#api/fields.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { misuse } from "#cli/failure.ts";
import { type Asking, missingObject, objectAsked } from "#cli/missing-object.ts";
import { requireNamespace } from "#cli/namespaces.ts";
import { ownRequest, readRequests } from "#cli/own-requests.ts";
import { prometheusSource } from "#cli/prometheus-source.ts";
import { showProgress } from "#cli/progress.ts";
import { kindAndName, referenceOf } from "#cli/reference.ts";
import { diagnosisDocument } from "#cli/render/diagnosis-document.ts";
import { diagnosisMarkdown } from "#cli/render/diagnosis-markdown.ts";
import { diagnosisSarif } from "#cli/render/diagnosis-sarif.ts";
import { type Details, diagnosisText, type Source } from "#cli/render/diagnosis-text.ts";
import { scopeText } from "#cli/render/diagnosis-words.ts";
import type { Session } from "#cli/session.ts";
import { liveRoot } from "#cluster/live-root.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { journalIn } from "#investigation/journal-in.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { concerning } from "#diagnosis/concerns.ts";
import { createView } from "#diagnosis/view.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { createHttpClient, type HttpClient } from "#lib/http-client.ts";
import { decodeEvidence, encodeEvidence, EvidenceFileError, maxFileBytes } from "#evidence/evidence-file.ts";
import { clusterKinds, namespacedKinds } from "#evidence/kinds-read.ts";
import { leastConfidence } from "#diagnosis/rank.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import { investigate } from "#investigation/investigate.ts";
import { type Report, reportOf } from "#investigation/report.ts";
import type { ReadForAction } from "#investigation/plan-repair.ts";
import { readFromEvidence } from "#investigation/saved-objects.ts";
import { escapedText } from "#lib/plain-text.ts";
import { shellCommand } from "#lib/shell.ts";

interface Options {
  readonly all?: true;
  readonly details?: true | string;
  readonly from?: string;
  readonly save?: string;
  readonly prometheus?: string;
}

const examples = `
Exit codes:
  0  no problems found in what was checked
  1  problems found
  2  not checked: wrong usage, not found, no connection, or no rights

Examples:
  kintsugi diagnose                            namespace of the current context
  kintsugi diagnose -n shop                    one namespace; also: diagnose namespace/shop
  kintsugi diagnose deployment/web -n shop     one object and the objects around it
  kintsugi diagnose -A -o json                 whole cluster, as JSON
  kintsugi diagnose -A --save incident.json.gz --all
  kintsugi diagnose deployment/web --prometheus http://localhost:9090
  kintsugi diagnose --from incident.json.gz -o markdown`;

export const define: DefineCommand = (command, run) => {
  command
    .argument("[kind/name]", "one object, such as deployment/web or deployment web, with the objects around it")
    .argument("[name]", "name of the object, if only its kind was given")
    .option("--all", "include low-confidence findings")
    .option("--details [number]", "show the details of every finding, or of one by its number")
    .option("--from <file>", "read evidence from a file saved with --save instead of a cluster; - is stdin")
    .option("--save <file>", "save the evidence, redacted; compressed if the name ends in .gz")
    .option("--prometheus <where>", "Prometheus to query: URL, namespace/service:port, or none (default: auto-detect)")
    .addHelpText("after", examples)
    .action((first: string | undefined, second: string | undefined, options: Options) =>
      run((session) => diagnose(session, first === undefined ? undefined : [first, second], options), {
        output: "report",
        namespaces: "any",
      })(),
    );
};

const diagnose = async (session: Session, words: Words, options: Options): Promise<number> => {
  if (session.options.allNamespaces === true && words !== undefined) throw misuse("use either an object or -A");
  if (session.options.output === "name" || session.options.output === "wide")
    throw misuse(`diagnose does not support -o ${session.options.output}: use text, json, yaml, markdown or sarif`);
  if (options.from !== undefined && options.prometheus !== undefined) throw misuse("use either --from or --prometheus");
  const startedAt = session.deps.clock.now();
  const { openDiagnoser, signal } = session.deps;
  const diagnoser = await openDiagnoser?.();
  const looking = { diagnoser, signal, leastConfidence: shownFrom(options) };
  let look: Look;
  try {
    look =
      options.from === undefined
        ? await lookLive(session, words, options, looking)
        : await lookAtFile(session, words, options.from, looking);
  } finally {
    await diagnoser?.close();
  }
  const { evidence, report } = look;
  if (options.save !== undefined) await save(session, evidence, options.save);
  const now = session.deps.clock.now();
  print(session, report, options, options.from === undefined ? { ms: now - startedAt } : { file: fileName(options.from), now });
  return report.findings.length === 0 ? 0 : 1;
};

/** What was asked about: a kind and a name, in one word or two. */
type Words = readonly [first: string, second: string | undefined] | undefined;

/** Whatever a collection reads may be asked about. */
const targetTypes = [...new Set([...builtInTypes, ...[...namespacedKinds, ...clusterKinds].map(({ type }) => type)])];

interface Look {
  readonly evidence: Evidence;
  readonly report: Report;
}

const shownFrom = ({ all }: Options): number => (all === true ? 0 : leastConfidence);

/** `namespace/shop` asks what `-n shop` asks. */
const namespaceAsked = (session: Session, asked: Reference | undefined): string | undefined => {
  if (asked?.kind !== "Namespace") return session.targetNamespace;
  if (session.targetNamespace !== undefined && session.targetNamespace !== asked.name)
    throw misuse(`namespace/${asked.name} and -n ${session.targetNamespace} name different namespaces`);
  return asked.name;
};

/** Options of every report. */
interface Looking {
  readonly leastConfidence: number;
  readonly diagnoser: Diagnoser | undefined;
  readonly signal: AbortSignal | undefined;
}

const lookLive = async (session: Session, words: Words, options: Options, looking: Looking): Promise<Look> => {
  const { clock, signal, version } = session.deps;
  let http: HttpClient | undefined;
  const prometheus = prometheusSource(options.prometheus, () => (http = createHttpClient({ clock, userAgent: `kintsugi/${version}` })));
  const kube = await session.kube();
  const asking = { kube, namespace: session.targetNamespace ?? kube.namespace, types: targetTypes, signal };
  const asked = words === undefined ? undefined : await objectAsked(asking, ...words);
  const namespace = namespaceAsked(session, asked) ?? kube.namespace;
  const everywhere = session.options.allNamespaces === true;
  const object = asked?.kind === "Namespace" ? undefined : asked;
  const existence = everywhere || object !== undefined ? "exists" : await requireNamespace(kube, namespace, signal);
  const progress = showProgress(session);
  try {
    const target = object === undefined ? undefined : await ownerOf(asking, object);
    const around = target !== undefined ? { target } : { namespaces: everywhere ? ("all" as const) : [namespace] };
    const journal = savedJournal(kube, session.kintsugiNamespace);
    const changes = journalIn(journal, signal);
    const collected = await collectEvidence(kube, clock, { around, progress: progress.report, changes, prometheus }, signal);
    const gaps = existence === "exists" ? [] : [`whether namespace ${namespace} exists: not allowed`];
    const evidence = { ...collected, gaps: [...gaps, ...collected.gaps] };
    if (target !== undefined && isMissing(evidence, target)) throw await missingObject(asking, target);
    const requests = (await readRequests(kube, session.kintsugiNamespace, signal)).map(ownRequest);
    const { leastConfidence: least, diagnoser } = looking;
    const read: ReadForAction = (reads, reference) => readForAction({ kube, journal }, reads, reference, signal);
    const found = await investigate({ read, diagnoser }, evidence, { leastConfidence: least, target, requests }, signal);
    return { evidence, report: reportOf(evidence, found, { asked: object }) };
  } finally {
    http?.close();
    progress.end();
  }
};

/** A pod's trouble is its Deployment's. Others are found, or not, by looking at what surrounds them. */
const ownerOf = async (asking: Asking, asked: Reference): Promise<Reference> => {
  if (!ownedKinds.has(asked.kind)) return asked;
  const root = await liveRoot(asking.kube, asked, asking.signal);
  if (root === undefined) throw await missingObject(asking, asked);
  return root.reference;
};

const ownedKinds = new Set(["Pod", "ReplicaSet", "Job"]);

const has = ({ objects }: Evidence, target: Reference): boolean =>
  objects.some(({ kind, metadata }) => kind === target.kind && metadata.namespace === target.namespace && metadata.name === target.name);

/** Also one that was deleted while it was looked at. */
const isMissing = (evidence: Evidence, target: Reference): boolean =>
  !has(evidence, target) &&
  evidence.read.some(({ kind, namespace }) => kind === target.kind && (namespace === undefined || namespace === target.namespace));

const lookAtFile = async (session: Session, words: Words, path: string, looking: Looking): Promise<Look> => {
  const evidence = await load(session, path);
  const asked =
    words === undefined
      ? undefined
      : referenceOf(kindAndName(...words), session.targetNamespace ?? onlyNamespace(evidence) ?? "default", targetTypes);
  const namespace = namespaceAsked(session, asked);
  const target = asked?.kind === "Namespace" ? undefined : asked;
  const { allNamespaces } = session.options;
  if (!covers(evidence, { target, namespace, allNamespaces }))
    throw misuse(`${fileName(path)} covers ${scopeText({ ...evidence, asked: undefined })} only`);
  if (target !== undefined && !has(evidence, target)) throw misuse(`${referenceText(target)} not found in ${fileName(path)}`);
  try {
    const { leastConfidence: least, diagnoser, signal } = looking;
    const question = {
      leastConfidence: least,
      target: target ?? evidence.scope.target,
      namespace: target === undefined ? namespace : undefined,
    };
    const found = await investigate({ read: readFromEvidence(evidence), diagnoser }, evidence, question, signal);
    return { evidence, report: reportOf(evidence, found, question) };
  } catch (error) {
    looking.signal?.throwIfAborted();
    // What the checks of the file let through and no cause expected.
    throw misuse(
      `${fileName(path)} cannot be looked at: its objects are not as Kubernetes has them (${error instanceof Error ? error.message : "unknown"})`,
    );
  }
};

interface Question {
  readonly target: Reference | undefined;
  readonly namespace: string | undefined;
  readonly allNamespaces: true | undefined;
}

/** Evidence of one scope answers no question about another one: what that needs was not collected. */
const covers = (evidence: Evidence, { target, namespace, allNamespaces }: Question): boolean => {
  const { namespaces, target: around } = evidence.scope;
  if (around !== undefined) {
    if (allNamespaces === true) return false;
    if (target !== undefined) return concerning(createView(evidence), around)({ object: target });
    return namespace === undefined || (around.kind === "Namespace" ? around.name : around.namespace) === namespace;
  }
  if (namespaces === "all") return true;
  const wanted = target?.namespace ?? namespace;
  return allNamespaces !== true && (wanted === undefined || namespaces.includes(wanted));
};

const onlyNamespace = ({ scope }: Evidence): string | undefined => (scope.namespaces === "all" ? undefined : scope.namespaces[0]);

/** As messages name it. */
const fileName = (path: string): string => (path === "-" ? "stdin" : path);

const load = async (session: Session, path: string): Promise<Evidence> => {
  try {
    return decodeEvidence(await filesOf(session).read(path, maxFileBytes), path);
  } catch (error) {
    if (error instanceof EvidenceFileError) throw misuse(`${fileName(path)} cannot be read as evidence: ${error.message}`);
    throw fileFailure(path, "read", error);
  }
};

const save = async (session: Session, evidence: Evidence, path: string): Promise<void> => {
  try {
    await filesOf(session).write(path, encodeEvidence(evidence, path));
  } catch (error) {
    throw fileFailure(path, "written", error);
  }
  session.note(`evidence saved in ${path}`);
};

const filesOf = ({ deps }: Session): NonNullable<Session["deps"]["files"]> => {
  if (deps.files === undefined) throw misuse("cannot read or write files here");
  return deps.files;
};

const fileFailure = (path: string, doing: string, error: unknown): unknown =>
  error instanceof Error && "code" in error ? misuse(`${fileName(path)} cannot be ${doing}: ${String(error.code)}`) : error;

const detailsOf = (details: Options["details"], findings: number): Details => {
  if (details === undefined) return "few";
  if (details === true) return "all";
  const number = /^\d{1,4}$/.test(details) ? Number(details) : 0;
  if (number < 1 || number > findings)
    throw misuse(`finding ${details} not found`, findings === 0 ? undefined : `Use a number from 1 to ${findings}.`);
  return number;
};

/** What was asked, to be asked again for more. */
const commandText = (
  { options: { allNamespaces, namespace } }: Session,
  { asked, scope: { target } }: Report,
  { from }: Options,
): string => {
  const object = asked ?? target;
  const inNamespace = namespace ?? object?.namespace;
  return shellCommand(
    "kintsugi",
    "diagnose",
    ...(object === undefined ? [] : [`${object.kind.toLowerCase()}/${object.name}`]),
    ...(allNamespaces === true ? ["-A"] : []),
    ...(inNamespace === undefined ? [] : ["-n", inNamespace]),
    ...(from === undefined ? [] : ["--from", from]),
  );
};

const print = (session: Session, report: Report, options: Options, from: Source): void => {
  switch (session.options.output) {
    case "json":
    case "yaml":
      session.printData(diagnosisDocument(report));
      return;
    case "sarif":
      session.print(`${escapedText(JSON.stringify(diagnosisSarif(report, session.deps.version), undefined, 2))}\n`);
      return;
    case "markdown":
      session.print(diagnosisMarkdown(report));
      return;
    default:
      session.print(
        diagnosisText(session.page, report, {
          from,
          details: detailsOf(options.details, report.findings.length),
          command: commandText(session, report, options),
        }),
      );
  }
};
