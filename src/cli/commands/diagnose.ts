// `kintsugi diagnose`: what is wrong, why, and what would mend it; of one object, a namespace or a whole cluster, live or from a file. Only reads.
import type { Reference } from "#api/fields.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { AddCommand } from "#cli/command.ts";
import { rootOf } from "#cli/dry-look.ts";
import { misuse } from "#cli/failure.ts";
import { prometheusSource } from "#cli/prometheus-source.ts";
import { showProgress } from "#cli/progress.ts";
import { kindAndName, referenceOf } from "#cli/reference.ts";
import { diagnosisDocument } from "#cli/render/diagnosis-document.ts";
import { diagnosisMarkdown } from "#cli/render/diagnosis-markdown.ts";
import { diagnosisSarif } from "#cli/render/diagnosis-sarif.ts";
import { diagnosisText } from "#cli/render/diagnosis-text.ts";
import type { Session } from "#cli/session.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { journalIn } from "#investigation/journal-in.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { createHttpClient, type HttpClient } from "#lib/http-client.ts";
import { decodeEvidence, encodeEvidence, EvidenceFileError, maxFileBytes } from "#evidence/evidence-file.ts";
import { clusterKinds, namespacedKinds } from "#evidence/kinds-read.ts";
import { leastConfidence } from "#diagnosis/rank.ts";
import { type Report, reportOn } from "#investigation/report.ts";
import { readFromEvidence } from "#investigation/saved-objects.ts";

interface Options {
  readonly all?: true;
  readonly from?: string;
  readonly save?: string;
  readonly prometheus?: string;
}

const examples = `
Exit codes:
  0  nothing is wrong, as far as could be read
  1  something is
  2  it could not be looked at

Examples:
  kintsugi diagnose                            the namespace of the current context
  kintsugi diagnose deployment/web -n shop     one object and what surrounds it
  kintsugi diagnose -A -o json                 the whole cluster, for a program
  kintsugi diagnose -A --save incident.json.gz --all
  kintsugi diagnose deployment/web --prometheus http://localhost:9090
  kintsugi diagnose --from incident.json.gz -o markdown`;

export const addDiagnose: AddCommand = (program, run) => {
  program
    .command("diagnose")
    .description("What is wrong in a cluster, why, and what would mend it. Needs no installation, changes nothing.")
    .argument("[kind/name]", "one object, such as deployment/web or deployment web; what surrounds it is looked at as well")
    .argument("[name]", "the name, if the kind stands alone")
    .option("--all", "show also what is less certain")
    .option("--from <file>", "look at evidence that was saved, instead of at a cluster")
    .option("--save <file>", "save the evidence, redacted; compressed where the name ends in .gz")
    .option(
      "--prometheus <where>",
      "whom to ask for metrics and firing alerts: an address, namespace/service:port, or none; looked for where absent",
    )
    .addHelpText("after", examples)
    .action((first: string | undefined, second: string | undefined, options: Options) =>
      run((session) => diagnose(session, first === undefined ? undefined : kindAndName(first, second), options), {
        output: "report",
        namespaces: "any",
      })(),
    );
};

const diagnose = async (session: Session, text: string | undefined, options: Options): Promise<number> => {
  if (session.options.allNamespaces === true && text !== undefined) throw misuse("-A looks at everything: leave out the object, or -A");
  if (session.options.output === "name" || session.options.output === "wide")
    throw misuse(`diagnose does not make ${session.options.output}: use text, json, yaml, markdown or sarif`);
  if (options.from !== undefined && options.prometheus !== undefined)
    throw misuse("--from looks at what was saved: leave it out, or --prometheus");
  const startedAt = session.deps.clock.now();
  const { evidence, report } =
    options.from === undefined ? await lookLive(session, text, options) : await lookAtFile(session, text, options, options.from);
  if (options.save !== undefined) await save(session, evidence, options.save);
  print(session, report, session.deps.clock.now() - startedAt);
  return report.findings.length === 0 ? 0 : 1;
};

/** Whatever a collection reads may be asked about. */
const targetTypes = [...new Set([...builtInTypes, ...[...namespacedKinds, ...clusterKinds].map(({ type }) => type)])];

interface Look {
  readonly evidence: Evidence;
  readonly report: Report;
}

const shownFrom = ({ all }: Options): number => (all === true ? 0 : leastConfidence);

const lookLive = async (session: Session, text: string | undefined, options: Options): Promise<Look> => {
  const { clock, signal, version } = session.deps;
  let http: HttpClient | undefined;
  const prometheus = prometheusSource(options.prometheus, () => (http = createHttpClient({ clock, userAgent: `kintsugi/${version}` })));
  const kube = await session.kube();
  const namespace = session.targetNamespace ?? kube.namespace;
  const asked = text === undefined ? undefined : referenceOf(text, namespace, targetTypes);
  const progress = showProgress(session);
  try {
    const target = asked === undefined ? undefined : await ownerOf(session, asked);
    const around =
      target !== undefined ? { target } : { namespaces: session.options.allNamespaces === true ? ("all" as const) : [namespace] };
    const journal = savedJournal(kube, session.kintsugiNamespace);
    const changes = journalIn(journal, signal);
    const evidence = await collectEvidence(kube, clock, { around, progress: progress.tell, changes, prometheus }, signal);
    if (target !== undefined) checkThere(evidence, target);
    const report = await reportOn(evidence, (reads, reference) => readForAction({ kube, journal }, reads, reference, signal), {
      leastConfidence: shownFrom(options),
      target,
    });
    return { evidence, report };
  } finally {
    http?.close();
    progress.end();
  }
};

/** A pod's trouble is its Deployment's. Others are found, or not, by looking at what surrounds them. */
const ownerOf = async (session: Session, asked: Reference): Promise<Reference> => {
  if (!ownedKinds.has(asked.kind)) return asked;
  const root = await rootOf(await session.kube(), asked, session.deps.signal);
  if (root === undefined) throw absent(asked);
  return root.reference;
};

const ownedKinds = new Set(["Pod", "ReplicaSet", "Job"]);

const absent = (target: Reference): Error => misuse(`there is no ${referenceText(target)}: nothing to look at`);

/** Also one that was deleted while it was looked at. */
const checkThere = (evidence: Evidence, target: Reference): void => {
  const isThere = evidence.objects.some(
    ({ kind, metadata }) => kind === target.kind && metadata.namespace === target.namespace && metadata.name === target.name,
  );
  const isKnown = evidence.read.some(
    ({ kind, namespace }) => kind === target.kind && (namespace === undefined || namespace === target.namespace),
  );
  if (!isThere && isKnown) throw absent(target);
};

const lookAtFile = async (session: Session, text: string | undefined, options: Options, path: string): Promise<Look> => {
  const evidence = await load(session, path);
  const namespace = session.targetNamespace;
  const target = text === undefined ? undefined : referenceOf(text, namespace ?? onlyNamespace(evidence) ?? "default", targetTypes);
  if (
    target !== undefined &&
    !evidence.objects.some(
      ({ kind, metadata }) => kind === target.kind && metadata.namespace === target.namespace && metadata.name === target.name,
    )
  )
    throw misuse(`there is no ${referenceText(target)} in ${path}`);
  try {
    const report = await reportOn(evidence, readFromEvidence(evidence), {
      leastConfidence: shownFrom(options),
      target: target ?? evidence.scope.target,
      namespace: target === undefined ? namespace : undefined,
    });
    return { evidence, report };
  } catch (error) {
    // What the checks of the file let through and no cause expected.
    throw misuse(
      `${path} cannot be looked at: its objects are not as Kubernetes has them (${error instanceof Error ? error.message : "unknown"})`,
    );
  }
};

const onlyNamespace = ({ scope }: Evidence): string | undefined => (scope.namespaces === "all" ? undefined : scope.namespaces[0]);

const load = async (session: Session, path: string): Promise<Evidence> => {
  try {
    return decodeEvidence(await filesOf(session).read(path, maxFileBytes), path);
  } catch (error) {
    if (error instanceof EvidenceFileError) throw misuse(`${path} cannot be read as evidence: ${error.message}`);
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
  if (deps.files === undefined) throw misuse("files can be neither read nor written here");
  return deps.files;
};

const fileFailure = (path: string, doing: string, error: unknown): unknown =>
  error instanceof Error && "code" in error ? misuse(`${path} cannot be ${doing}: ${String(error.code)}`) : error;

const print = (session: Session, report: Report, ms: number): void => {
  switch (session.options.output) {
    case "json":
    case "yaml":
      session.printData(diagnosisDocument(report));
      return;
    case "sarif":
      session.print(`${JSON.stringify(diagnosisSarif(report, session.deps.version), undefined, 2)}\n`);
      return;
    case "markdown":
      session.print(diagnosisMarkdown(report));
      return;
    default:
      session.print(diagnosisText(session.page, report, ms));
  }
};
