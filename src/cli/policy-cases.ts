// Cases for `kintsugi policy test`: read from YAML, decided by the same function as a repair, compared with the expectation. Pure.
import * as z from "zod";
import { parseAllDocuments } from "yaml";
import { findAction } from "#actions/registry.ts";
import { approvers, Autonomy, BlastRadius, minApprovers, type Permission, Risk } from "#api/fields.ts";
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { misuse } from "#cli/failure.ts";
import { referenceOf } from "#cli/reference.ts";
import type { ObjectReference } from "#api/object.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { approversNeeded } from "#policy/approval-terms.ts";
import { criticalityFor } from "#policy/criticality.ts";
import { freezeHold } from "#policy/freeze.ts";
import { subjectVariables } from "#policy/rules.ts";
import { permissionFor } from "#policy/permission.ts";
import { type Settings, settingsFrom } from "#policy/settings.ts";

const PolicyCase = z
  .strictObject({
    name: z.string().min(1).max(200),
    target: z.string().min(1).max(300),
    namespace: z.string().max(63).default("default"),
    labels: z.record(z.string(), z.string()).default({}),
    action: z.string().refine((name) => findAction(name) !== undefined, { error: "unknown action; kintsugi actions lists all of them" }),
    parameters: z.record(z.string(), z.string()).default({}),
    risk: Risk.optional(),
    reversible: z.boolean().optional(),
    blast: BlastRadius.default({ objects: 1, pods: 1, percent: 100 }),
    expect: Autonomy,
    at: z.iso.datetime({ offset: true }).optional(),
    held: z.boolean().optional(),
    approvers: approvers.optional(),
    minApprovers: minApprovers.optional(),
  })
  .refine(({ at, held }) => (at === undefined) === (held === undefined), { path: ["held"], error: "at and held belong together" });
const CasesDocument = z.strictObject({ cases: z.array(PolicyCase).max(10_000) });
const PolicyDocument = z.looseObject({
  kind: z.literal("RemediationPolicy"),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().max(63).default("") }),
  spec: RemediationPolicy.spec.strict(),
});

export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Autonomy;
  readonly autonomy: Autonomy;
  readonly reason: string;
  /** What else differs from the case, one sentence each. */
  readonly differences: readonly string[];
}

export interface PolicyCasesRun {
  readonly results: readonly CaseResult[];
  /** Conditions that do not compile, one sentence each. */
  readonly problems: readonly string[];
}

export interface PolicyFile {
  readonly path: string;
  readonly text: string;
}

/** Throws a usage error that names the file, the document and the field of what is not valid. */
export const runPolicyCases = (files: readonly PolicyFile[], ownNamespace: string): PolicyCasesRun => {
  const documents = files.flatMap(({ path, text }) => documentsOf(path, text));
  const policies = documents.flatMap(({ place, value }) => (isPolicy(value) ? [policyFrom(place, value)] : []));
  const cases = documents.flatMap(({ place, value }) => (isPolicy(value) ? [] : read(CasesDocument, place, value).cases));
  const settings = settingsFrom(policies, ownNamespace);
  const results = cases.map((each): CaseResult => {
    const action = findAction(each.action);
    const target = referenceOf(each.target, each.namespace, builtInTypes);
    const permission = permissionFor({
      step: { action: each.action, target, parameters: each.parameters, blast: each.blast },
      labels: each.labels,
      risk: each.risk ?? action?.risk ?? "high",
      reversible: each.reversible ?? action?.reversible ?? false,
      ownNamespace,
      settings,
    });
    const { autonomy, reason } = permission;
    const differences = differencesOf(each, target, permission, settings);
    const passed = autonomy === each.expect && differences.length === 0;
    return { name: each.name, passed, expected: each.expect, autonomy, reason, differences };
  });
  return { results, problems: problemsOf(settings) };
};

type Case = z.output<typeof PolicyCase>;

const differencesOf = (each: Case, target: ObjectReference, permission: Permission, settings: Settings): readonly string[] => {
  const { environment } = permission;
  const criticality = criticalityFor(target, each.labels, environment, settings.rules);
  const step = { ...subjectVariables(target, each.labels), environment, criticality, action: each.action };
  const hold = each.at === undefined ? undefined : freezeHold(settings, fromTimestamp(each.at) ?? 0, [step]);
  const needed = approversNeeded([{ target, permission }], settings);
  return [
    ...(each.held === undefined || each.held === (hold !== undefined) ? [] : [`at ${each.at ?? ""}: ${hold?.why ?? "nothing holds it"}`]),
    ...(each.approvers === undefined || jsonEqual(each.approvers, [...needed.approvers])
      ? []
      : [`approvers: ${needed.approvers.join(", ")}`]),
    ...(each.minApprovers === undefined || each.minApprovers === needed.minApprovers ? [] : [`approvals needed: ${needed.minApprovers}`]),
  ];
};

/** The policies of files that hold nothing else. Throws as above. */
export const policiesIn = (files: readonly PolicyFile[]): readonly RemediationPolicy[] =>
  files.flatMap(({ path, text }) => documentsOf(path, text)).map(({ place, value }) => policyFrom(place, value));

/** Conditions and windows that do not compile, of all namespaces. */
export const problemsOf = ({ restrictions, tenants }: Settings): readonly string[] => [
  ...restrictions,
  ...[...tenants.values()].flatMap((tenant) => tenant.restrictions),
];

interface Document {
  /** `cases.yaml, document 2`. */
  readonly place: string;
  readonly value: unknown;
}

const documentsOf = (path: string, text: string): readonly Document[] => {
  const parsed = parseAllDocuments(text);
  return (Array.isArray(parsed) ? parsed : []).flatMap((document, index) => {
    const place = `${path}, document ${index + 1}`;
    const [error] = document.errors;
    if (error !== undefined) throw misuse(`${place}: ${error.message.split("\n")[0] ?? "not valid YAML"}`);
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value === null || value === undefined ? [] : [{ place, value }];
  });
};

const isPolicy = (value: unknown): boolean => typeof value === "object" && value !== null && "kind" in value;

const policyFrom = (place: string, value: unknown): RemediationPolicy => {
  const { metadata, spec } = read(PolicyDocument, place, value);
  return {
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name: metadata.name, namespace: metadata.namespace, uid: "", resourceVersion: "", creationTimestamp: "" },
    spec,
  };
};

const read = <T>(schema: z.ZodType<T>, place: string, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw misuse(`${place}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`);
};
