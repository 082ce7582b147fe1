// `kintsugi policy`: what the policies allow for one object, and tests of policies against expectations. Only reads.
import type { Action } from "#actions/action.ts";
import { actions, findAction } from "#actions/registry.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { byAge } from "#cli/find.ts";
import { counted } from "#lib/words.ts";
import { misuse, refusal } from "#cli/failure.ts";
import { installedPolicies, installedSettings } from "#cli/installed-settings.ts";
import { missingObject, objectAsked } from "#cli/missing-object.ts";
import { type CaseResult, policiesIn, type PolicyFile, problemsOf, runPolicyCases } from "#cli/policy-cases.ts";
import { decidedPlan, previewCells, previewPolicies } from "#cli/policy-preview.ts";
import { point, section } from "#cli/render/page.ts";
import { renderTable } from "#cli/render/table.ts";
import type { Session } from "#cli/session.ts";
import { readLabelsOf, readPolicyLabels } from "#cluster/policy-labels.ts";
import { freezeHold } from "#policy/freeze.ts";
import { holderText, isManaged, permissionFor, type PolicyContext, policyContextOf, type PolicyLabels } from "#policy/permission.ts";
import { subjectVariables } from "#policy/rules.ts";
import { type Settings, settingsFrom } from "#policy/settings.ts";
import { namespaceOf, settingsIn } from "#policy/tenant.ts";

export const define: DefineCommand = (policy, run) => {
  policy
    .command("explain")
    .description("Show what the policies allow for an object, action by action, and which rule decides")
    .argument("<kind/name>", "such as deployment/web or node/n1")
    .argument("[action]", "one action only; kintsugi actions lists them")
    .action((object: string, action: string | undefined) => run((session) => explain(session, object, action), { namespaces: "one" })());
  policy
    .command("test")
    .description("Check policies against expected decisions, without a cluster")
    .argument("<file...>", "YAML files with RemediationPolicies and cases")
    .addHelpText("after", testHelp)
    .action((files: readonly string[]) => run((session) => test(session, files))());
  policy
    .command("preview")
    .description("Show what policies in a file would have decided for the stored plans")
    .argument("<file...>", "YAML files with RemediationPolicies; each replaces the installed one of its name")
    .addHelpText("after", previewHelp)
    .action((files: readonly string[]) => run((session) => preview(session, files), { namespaces: "one" })());
};

const testHelp = `
A file holds RemediationPolicies and documents with cases:

  cases:
  - name: rollbacks in production need an approval
    target: deployment/web
    namespace: shop
    labels: {kintsugi.dev/managed: "true", kintsugi.dev/environment: production}
    action: rollback_deployment
    expect: approve

labels are those of the namespace. risk and reversible default to the action's own, blast to one object and its one pod. A case may also say
at (a time) with held (whether a freeze or a pause holds then), approvers and minApprovers.
Exit code 0: every case is as expected; 1: a case differs, or a policy is not valid; 2: a file cannot be read.`;

const previewHelp = `
Each plan of an AIAnalysis that is still stored is judged again, under the installed policies with those of the file in their place, and with
the labels of now. Nothing is changed. Exit code 0: done; 1: a policy of the file is not valid; 2: a file or the cluster cannot be read.`;

interface Explained {
  readonly target: ObjectReference;
  readonly context: PolicyContext;
  /** The hold on every repair of the object; undefined where there is none. */
  readonly hold: string | undefined;
  readonly actions: readonly { readonly action: string; readonly autonomy: string; readonly reason: string }[];
  readonly problems: readonly string[];
}

const explain = async (session: Session, object: string, action: string | undefined): Promise<number> => {
  if (action !== undefined && findAction(action) === undefined)
    throw misuse(`unknown action "${action}"`, "kintsugi actions lists all of them.");
  const kube = await session.kube();
  const { signal } = session.deps;
  const asking = { kube, namespace: session.targetNamespace ?? kube.namespace, types: builtInTypes, signal };
  const target = await objectAsked(asking, object, undefined);
  const labels = await readPolicyLabels(kube, target, signal);
  if (labels === undefined) throw await missingObject(asking, target);
  const ownNamespace = session.kintsugiNamespace;
  const settings = await installedSettings(kube, ownNamespace, signal);
  const asked = actions.filter((each) => (action === undefined ? appliesTo(each, target) : each.name === action));
  const explained = explainedFor({ target, labels, ownNamespace, settings, asked, now: session.deps.clock.now() });
  session.answer(explained, () => explanation(session, explained, labels));
  return 0;
};

const appliesTo = ({ targetKinds }: Action, { kind }: ObjectReference): boolean => targetKinds === "any" || targetKinds.includes(kind);

interface ExplainQuestion {
  readonly target: ObjectReference;
  readonly labels: PolicyLabels;
  readonly ownNamespace: string;
  readonly settings: Settings;
  readonly asked: readonly Action[];
  readonly now: number;
}

const explainedFor = ({ target, labels, ownNamespace, settings, asked, now }: ExplainQuestion): Explained => {
  const context = policyContextOf({ target, labels, ownNamespace, settings });
  const { environment, criticality } = context;
  const subject = { ...subjectVariables(target, labels), environment: environment.value, criticality };
  return {
    target,
    context,
    hold: freezeHold(
      settings,
      now,
      asked.map(({ name }) => ({ ...subject, action: name })),
    )?.why,
    actions: asked.map(({ name, risk, reversible }) => {
      const step = { action: name, target, parameters: {} };
      const { autonomy, reason } = permissionFor({ step, labels, risk, reversible, ownNamespace, settings });
      return { action: name, autonomy, reason };
    }),
    problems: settingsIn(settings, namespaceOf(target)).restrictions,
  };
};

const explanation = (session: Session, { target, context, hold, actions: rows, problems }: Explained, labels: PolicyLabels): string => {
  const { page } = session;
  const facts = [
    ["Environment", `${context.environment.value} (${context.environment.source})`],
    ["Criticality", context.criticality],
    ["Opted in", `${isManaged(labels) ? "yes" : "no"} (label kintsugi.dev/managed of ${holderText(target)})`],
    ["Protected", context.protections.length === 0 ? "no" : context.protections.join("; ")],
    ["On hold", hold ?? "no"],
  ] as const;
  const lines = [
    page.paint.bold(referenceText(target)),
    ...facts.flatMap(([label, value]) => point(page, 1, label.padEnd(12), value)),
    ...section(
      page,
      "POLICIES THAT ARE NOT VALID",
      problems.flatMap((problem) => point(page, 1, "•", problem)),
    ),
    "",
  ];
  const table = rows.map(({ action, autonomy, reason }) => [action, autonomy, reason]);
  return `${lines.join("\n")}\n${renderTable(["ACTION", "AUTONOMY", "REASON"], table, { columns: session.tableColumns, kept: 2 })}`;
};

const test = async (session: Session, files: readonly string[]): Promise<number> => {
  const { results, problems } = runPolicyCases(await filesRead(session, files), session.kintsugiNamespace);
  if (results.length === 0 && problems.length === 0) throw refusal("no cases found", "kintsugi policy test --help shows the format.");
  const failed = results.filter(({ passed }) => !passed).length;
  session.answer({ results, problems }, () =>
    [
      ...results.flatMap((result) => resultText(session, result)),
      ...problems.flatMap((problem) => point(session.page, 0, session.page.paint.red("invalid"), problem)),
      "",
      `${results.length} ${results.length === 1 ? "case" : "cases"}, ${failed} failed.`,
      "",
    ].join("\n"),
  );
  return failed === 0 && problems.length === 0 ? 0 : 1;
};

const filesRead = (session: Session, paths: readonly string[]): Promise<readonly PolicyFile[]> =>
  Promise.all(
    paths.map(async (path) => {
      try {
        return { path, text: await session.deps.readFile(path) };
      } catch (error) {
        throw misuse(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );

const preview = async (session: Session, files: readonly string[]): Promise<number> => {
  const proposed = policiesIn(await filesRead(session, files));
  const kube = await session.kube();
  const { signal } = session.deps;
  const ownNamespace = session.kintsugiNamespace;
  const installed = await installedPolicies(kube, ownNamespace, signal);
  const stored = await kube.list(AIAnalysis, { namespace: ownNamespace }, signal === undefined ? {} : { signal });
  const isAsked = ({ spec }: AIAnalysis): boolean =>
    session.targetNamespace === undefined || spec.target.namespace === session.targetNamespace;
  const analyses = stored.filter((analysis) => isAsked(analysis) && decidedPlan(analysis) !== undefined).toSorted(byAge);
  const targets = analyses.flatMap((analysis) => [
    analysis.spec.target,
    ...(decidedPlan(analysis)?.steps ?? []).map(({ target }) => target),
  ]);
  const labelsOf = await readLabelsOf(kube, targets, signal);
  const rows = previewPolicies({ analyses, installed, proposed, labelsOf, ownNamespace });
  const problems = problemsOf(settingsFrom(proposed, ownNamespace));
  const differing = rows.filter(({ differs }) => differs).length;
  session.answer({ plans: rows, problems }, () =>
    [
      ...problems.flatMap((problem) => point(session.page, 0, session.page.paint.red("invalid"), problem)),
      ...(rows.length === 0
        ? []
        : [
            renderTable(["REQUEST", "ACTION", "TARGET", "DECIDED", "WOULD BE", "REASON"], rows.map(previewCells), {
              columns: session.tableColumns,
              kept: 5,
            }),
          ]),
      rows.length === 0 ? "No plan is stored." : `${counted(rows.length, "plan")}, ${differing} decided otherwise.`,
      "",
    ].join("\n"),
  );
  return problems.length === 0 ? 0 : 1;
};

const resultText = ({ page }: Session, { name, passed, expected, autonomy, reason, differences }: CaseResult): readonly string[] => [
  ...point(page, 0, passed ? page.paint.green("ok     ") : page.paint.red("failed "), name),
  ...(autonomy === expected ? [] : point(page, 4, "", `expected ${expected}, got ${autonomy}: ${reason}`)),
  ...differences.flatMap((difference) => point(page, 4, "", difference)),
];
