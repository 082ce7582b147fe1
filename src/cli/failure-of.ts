// What the layers below have thrown, as the sentence that a person reads and the next step. Never shows a stack or a credential.
import { GROUP } from "#api/define-kind.ts";
import type { CliDeps } from "#cli/deps.ts";
import { CliError, misuse } from "#cli/failure.ts";
import { oneLine } from "#lib/plain-text.ts";
import { KubeconfigError } from "#kube/cluster-config.ts";
import { KubeError } from "#kube/errors.ts";
import { redact } from "#lib/redact.ts";

export const failureOf = (error: unknown, deps: Pick<CliDeps, "runPlayground">): CliError => {
  if (error instanceof CliError) return error;
  if (error instanceof KubeconfigError) return misuse(clean(error.message), kubeconfigHint(error, deps));
  if (error instanceof KubeError) return kubeFailure(error);
  return misuse(`unexpected error: ${clean(error instanceof Error ? error.message : String(error))}`);
};

const kubeconfigHint = (error: KubeconfigError, deps: Pick<CliDeps, "runPlayground">): string | undefined => {
  if (error.problem === "context") return "kubectl config get-contexts lists the contexts; select one with --context.";
  if (error.problem !== "missing") return undefined;
  const playground = deps.runPlayground === undefined ? "" : " To try Kintsugi without a cluster, run npm run playground.";
  return `Set $KUBECONFIG or pass --kubeconfig.${playground}`;
};

const clean = (text: string): string => oneLine(redact(text));

const kubeFailure = (error: KubeError): CliError => {
  const said = clean(error.message);
  if (error.status === 401)
    return misuse(
      `the API server does not accept the credentials of this kubeconfig (${said})`,
      "Log in again, or select another --context.",
    );
  if (error.status === 403) return misuse(said, said.includes(GROUP) ? rightsOnRequests : rightsOnWorkloads);
  if (error.status === 404 && kindIsUnknown(error))
    return misuse("Kintsugi is not installed in this cluster", "Install it: kintsugi install | kubectl apply --server-side -f -");
  return misuse(said);
};

const rightsOnRequests =
  "Ask an administrator for the ClusterRole kintsugi-viewer, kintsugi-approver to decide and cancel, or kintsugi-operator to open requests.";
const rightsOnWorkloads = "The built-in ClusterRole view is enough to diagnose; kintsugi doctor --rbac diagnose prints the exact rights.";

/** A 404 that names no object: the server does not know the kind. */
const kindIsUnknown = (error: KubeError): boolean => /could not find the requested resource|page not found/i.test(error.message);

/** The sentence of the ValidatingAdmissionPolicy that denied a write; undefined where it was something else. */
export const policyDenial = (error: unknown): string | undefined => {
  if (!(error instanceof KubeError)) return undefined;
  const match = /ValidatingAdmissionPolicy '[^']*'(?: with binding '[^']*')? denied request: ([^\n]*)/.exec(error.message);
  return match?.[1] === undefined ? undefined : clean(match[1]);
};
