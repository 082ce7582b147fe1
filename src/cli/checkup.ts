// Whether a cluster, seen through one kubeconfig, is ready for Kintsugi: a finding per check, each with the command that fixes it. Only reads.
import * as z from "zod";

import { API_VERSION } from "#api/define-kind.ts";
import { kinds } from "#api/kinds/registry.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import {
  Deployments,
  Namespaces,
  ServiceAccounts,
  ValidatingAdmissionPolicies,
  ValidatingAdmissionPolicyBindings,
} from "#api/kubernetes.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import { type Guardrail, guardrailDifference } from "#cluster/guardrail-differences.ts";
import { loadJournal } from "#cluster/journal/journal-reader.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type KubeObject, type Need, referenceText } from "#api/object.ts";
import { settingsFrom } from "#policy/settings.ts";
import { listed } from "#lib/words.ts";
import { missingRights } from "#cli/rights-check.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden, isNotFound } from "#kube/errors.ts";

export interface CheckResult {
  readonly check: string;
  /** `note`: Kintsugi runs, but not as one may expect. `unknown`: this kubeconfig may not look. */
  readonly state: "ok" | "failed" | "note" | "unknown";
  readonly detail: string;
  /** The command that fixes it. */
  readonly fix?: string | undefined;
}

export interface Wanted {
  readonly namespace: string;
  readonly rights: readonly Need[];
  /** ServiceAccounts that Jobs run under. */
  readonly accounts: readonly string[];
}

const install = "kintsugi install | kubectl apply --server-side -f -";
const oldestMinor = 30;

export const checkup = async (kube: Kube, wanted: Wanted): Promise<readonly CheckResult[]> => {
  // Alone and first: where the API server cannot be reached every other question would say so once more.
  const version = await versionCheck(kube);
  const { namespace } = wanted;
  const others = await Promise.all([
    kindsCheck(kube),
    looked("namespace", () => namespaceCheck(kube, namespace)),
    looked("admission policies", () => policiesCheck(kube, namespace)),
    looked("remediation policies", () => remediationPoliciesCheck(kube, namespace)),
    looked("action service accounts", () => accountsCheck(kube, wanted)),
    rightsCheck(kube, wanted),
    looked("installation", () => installationCheck(kube, namespace)),
    looked("change journal", () => journalCheck(kube, namespace)),
    looked("opted-in namespaces", () => managedCheck(kube)),
  ]);
  return [version, ...others];
};

const looked = async (check: string, look: () => Promise<CheckResult>): Promise<CheckResult> => {
  try {
    return await look();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return { check, state: "unknown", detail: "this kubeconfig has no right to read it" };
  }
};

const Version = z.object({ major: z.string(), minor: z.string(), gitVersion: z.string() });

const versionCheck = async (kube: Kube): Promise<CheckResult> => {
  const check = "API server";
  const version = Version.safeParse(await kube.request("GET", "/version"));
  if (!version.success) return { check, state: "failed", detail: "the answer does not come from a Kubernetes API server" };
  // Some providers write the minor as `30+`.
  const minor = Number.parseInt(version.data.minor, 10);
  const recent = Number(version.data.major) > 1 || minor >= oldestMinor;
  return recent
    ? { check, state: "ok", detail: `Kubernetes ${version.data.gitVersion}` }
    : {
        check,
        state: "failed",
        detail: `Kubernetes ${version.data.gitVersion} is too old: 1.${oldestMinor} is needed for ValidatingAdmissionPolicies`,
        fix: "upgrade the cluster",
      };
};

const Resources = z.object({ resources: z.array(z.object({ name: z.string() })) });

const kindsCheck = async (kube: Kube): Promise<CheckResult> => {
  const check = "kinds";
  let served: readonly string[] = [];
  try {
    // What the API server serves is what is established; a definition alone would not say so.
    served = Resources.parse(await kube.request("GET", `/apis/${API_VERSION}`)).resources.map((each) => each.name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const missing = kinds.filter((kind) => !served.includes(kind.plural)).map((kind) => kind.kind);
  return missing.length === 0
    ? { check, state: "ok", detail: `all ${kinds.length} kinds of ${API_VERSION} are served` }
    : { check, state: "failed", detail: `not served: ${listed(missing)}`, fix: install };
};

const namespaceCheck = async (kube: Kube, name: string): Promise<CheckResult> => {
  const check = "namespace";
  const namespace = await kube.get(Namespaces, { name });
  if (namespace === undefined) return { check, state: "failed", detail: `Namespace ${name} not found`, fix: install };
  return namespace.metadata.deletionTimestamp === undefined
    ? { check, state: "ok", detail: name }
    : { check, state: "failed", detail: `Namespace ${name} is being deleted`, fix: `wait until it is gone, then ${install}` };
};

/** As this version generates them. Without an installed image, those that name the image are left out. */
const expectedGuardrails = (namespace: string, image: string | undefined): readonly Guardrail[] => {
  const [one = [], other = []] = ["one", "other"].map((each) => admissionPolicies({ namespace, image: image ?? each }));
  return one.filter((guardrail, at) => jsonEqual(guardrail, other[at]));
};

const policiesCheck = async (kube: Kube, namespace: string): Promise<CheckResult> => {
  const check = "admission policies";
  const deployment = await kube.get(Deployments, { namespace, name: "kintsugi" });
  const expected = expectedGuardrails(namespace, deployment?.spec.template.spec.containers[0]?.image);
  const differences = await Promise.all(
    expected.map(async (guardrail) => {
      const type = guardrail.kind === "ValidatingAdmissionPolicy" ? ValidatingAdmissionPolicies : ValidatingAdmissionPolicyBindings;
      const found: Guardrail | undefined = await kube.get<KubeObject>(type, { name: guardrail.metadata.name });
      return guardrailDifference(guardrail, found);
    }),
  );
  const wrong = differences.filter((difference) => difference !== undefined);
  return wrong.length === 0
    ? { check, state: "ok", detail: `${expected.length} policies and bindings match this version` }
    : { check, state: "failed", detail: `Kintsugi refuses to act: ${listed(wrong.slice(0, mostListed))}`, fix: install };
};

/** From the specs themselves: the status may be older, and is written by controllers that may not run. */
const remediationPoliciesCheck = async (kube: Kube, namespace: string): Promise<CheckResult> => {
  const check = "remediation policies";
  let policies: readonly RemediationPolicy[];
  try {
    policies = await kube.list(RemediationPolicy, {});
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { check, state: "unknown", detail: "the kind is not served" };
  }
  const { restrictions, tenants } = settingsFrom(policies, namespace);
  const problems = [...restrictions, ...[...tenants.values()].flatMap((tenant) => tenant.restrictions)];
  return problems.length === 0
    ? { check, state: "ok", detail: policies.length === 0 ? "none: the defaults apply" : `${policies.length} in force` }
    : {
        check,
        state: "failed",
        detail: `${restrictions.length > 0 ? "Kintsugi repairs nothing" : "Kintsugi repairs nothing in some namespaces"}: ${problems.slice(0, mostListed).join(" ")}`,
        fix: "correct the policies: kubectl get remediationpolicies -A",
      };
};

const accountsCheck = async (kube: Kube, { namespace, accounts }: Wanted): Promise<CheckResult> => {
  const check = "action service accounts";
  const known = new Set((await kube.list(ServiceAccounts, { namespace })).map((each) => each.metadata.name));
  const missing = accounts.filter((name) => !known.has(name));
  return missing.length === 0
    ? { check, state: "ok", detail: `${accounts.length} ServiceAccounts in ${namespace}` }
    : { check, state: "failed", detail: `ServiceAccount ${listed(missing, "or")} not found in ${namespace}`, fix: install };
};

const mostListed = 8;

const rightsCheck = async (kube: Kube, wanted: Wanted): Promise<CheckResult> => {
  const check = "rights of this kubeconfig";
  const missing = await missingRights(kube, wanted.namespace, wanted.rights);
  if (missing.length === 0) return { check, state: "ok", detail: "enough to run the controllers as a plain process" };
  // The controllers run with the rights of their own account.
  if (await isInstalled(kube, wanted.namespace))
    return { check, state: "ok", detail: "not enough to run the controllers as a plain process; the installed ones do not need them" };
  const rest = missing.length > mostListed ? [`${missing.length - mostListed} more`] : [];
  return {
    check,
    state: "failed",
    detail: `not enough to run the controllers; missing: ${listed([...missing.slice(0, mostListed), ...rest])}`,
    fix: `use the installed account instead: ${install}`,
  };
};

const isInstalled = async (kube: Kube, namespace: string): Promise<boolean> => {
  try {
    return (await kube.get(Deployments, { namespace, name: "kintsugi" })) !== undefined;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return false;
  }
};

const installationCheck = async (kube: Kube, namespace: string): Promise<CheckResult> => {
  const check = "installation";
  const deployment = await kube.get(Deployments, { namespace, name: "kintsugi" });
  if (deployment === undefined)
    return {
      check,
      state: "note",
      detail: `Deployment kintsugi not found in ${namespace}; kintsugi run all --image <image> also works`,
      fix: install,
    };
  const image = deployment.spec.template.spec.containers[0]?.image ?? "no image";
  const ready = deployment.status?.readyReplicas ?? 0;
  const text = `${referenceText({ kind: "Deployment", namespace, name: "kintsugi" })} runs ${image}`;
  return ready > 0
    ? { check, state: "ok", detail: `${text}, ready` }
    : { check, state: "failed", detail: `${text}, but no replica is ready`, fix: `kubectl describe pods -n ${namespace}` };
};

const journalCheck = async (kube: Kube, namespace: string): Promise<CheckResult> => {
  const check = "change journal";
  const { tracks, troubles, unverified } = await loadJournal(kube, namespace);
  if (troubles.length > 0)
    return {
      check,
      state: "note",
      detail: listed(troubles),
      // The leader writes over it when it starts.
      fix: `kubectl rollout restart deployment/kintsugi -n ${namespace}`,
    };
  if (unverified !== undefined) return { check, state: "unknown", detail: unverified };
  return { check, state: "ok", detail: tracks.length === 0 ? "nothing saved yet" : `${tracks.length} objects, sealed` };
};

const managedCheck = async (kube: Kube): Promise<CheckResult> => {
  const check = "opted-in namespaces";
  const managed = await kube.list(Namespaces, { labelSelector: `${MANAGED_LABEL}=true` });
  return managed.length === 0
    ? {
        check,
        state: "note",
        detail: "none: Kintsugi diagnoses and repairs nothing",
        fix: `kubectl label namespace <name> ${MANAGED_LABEL}=true`,
      }
    : { check, state: "ok", detail: listed(managed.map((each) => each.metadata.name)) };
};
