// What went wrong as one clear sentence and an exit code. Never shows a stack or a credential.
import { GROUP } from "#api/define-kind.ts";
import { KubeconfigError } from "#kube/cluster-config.ts";
import { KubeError } from "#kube/errors.ts";
import { oneLine } from "#cli/render/text.ts";
import { redact } from "#lib/redact.ts";

/** 0: done. 1: the answer is no. 2: the question could not be asked: usage, configuration, connection, rights. */
export type ExitCode = 0 | 1 | 2;

export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  constructor(exitCode: ExitCode, message: string, hint?: string) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** The answer is no. */
export const refusal = (message: string, hint?: string): CliError => new CliError(1, message, hint);
/** The question could not be asked. */
export const misuse = (message: string, hint?: string): CliError => new CliError(2, message, hint);

export const failureOf = (error: unknown): CliError => {
  if (error instanceof CliError) return error;
  if (error instanceof KubeconfigError) {
    const message = clean(error.message);
    return misuse(message, /kubeconfig|context/.test(message) ? whichKubeconfig : undefined);
  }
  if (error instanceof KubeError) return kubeFailure(error);
  return misuse(`unexpected: ${clean(error instanceof Error ? error.message : String(error))}`);
};

const whichKubeconfig = "kintsugi config shows which kubeconfig is used; --kubeconfig and --context choose another.";

const clean = (text: string): string => oneLine(redact(text));

const kubeFailure = (error: KubeError): CliError => {
  const said = clean(error.message);
  if (error.status === 401) return misuse(`the API server does not accept the credentials of this kubeconfig (${said})`);
  if (error.status === 403) return misuse(said, said.includes(GROUP) ? rightsOnRequests : rightsOnWorkloads);
  if (error.status === 404 && kindIsUnknown(error))
    return misuse("Kintsugi is not installed in this cluster", "kintsugi doctor says what is missing and how to mend it.");
  return misuse(said);
};

const rightsOnRequests = "Ask an administrator for the ClusterRole kintsugi-viewer, or kintsugi-approver to decide and cancel.";
const rightsOnWorkloads = "The built-in ClusterRole view is enough to diagnose; kintsugi doctor --rbac diagnose prints the exact rights.";

/** A 404 that names no object: the server does not know the kind. */
export const kindIsUnknown = (error: KubeError): boolean => /could not find the requested resource|page not found/i.test(error.message);

/** The sentence of the ValidatingAdmissionPolicy that denied a write; undefined where it was something else. */
export const policyDenial = (error: unknown): string | undefined => {
  if (!(error instanceof KubeError)) return undefined;
  const match = /ValidatingAdmissionPolicy '[^']*'(?: with binding '[^']*')? denied request: ([^\n]*)/.exec(error.message);
  return match?.[1] === undefined ? undefined : clean(match[1]);
};
