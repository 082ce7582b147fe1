// Every label, annotation and fixed name that Kintsugi writes or reads on objects.
import { GROUP } from "#api/define-kind.ts";

/** On a namespace, or a cluster-scoped object: Kintsugi may repair here. */
export const MANAGED_LABEL = `${GROUP}/managed`;
export const ENVIRONMENT_LABEL = `${GROUP}/environment`;
/** Likewise: low, medium, high or critical. */
export const CRITICALITY_LABEL = `${GROUP}/criticality`;
/** On every child: the request it belongs to, which is also the correlation id of logs. */
export const REQUEST_LABEL = `${GROUP}/request`;
/** On a Job: the KubernetesExecution it runs. */
export const EXECUTION_LABEL = `${GROUP}/execution`;
/** On a request and a workflow: 12 hex of the object they are about, so that both are found by selector. */
export const TARGET_LABEL = `${GROUP}/target`;
/** On a ConfigMap that holds a part of the change journal. */
export const JOURNAL_LABEL = `${GROUP}/journal`;
export const JOB_FINALIZER = `${GROUP}/job`;

export const DEFAULT_NAMESPACE = "kintsugi-system";
/** Where a released image is; an installation can name another one. */
export const DEFAULT_IMAGE = "ghcr.io/kintsugi-dev/kintsugi:0.1.0";
export const CONTROLLER_ACCOUNT = "kintsugi-controllers";
export const accountOfAction = (action: string): string => `kintsugi-act-${action.replaceAll("_", "-")}`;
export const ACTION_ACCOUNT_PREFIX = "kintsugi-act-";
export const APPROVED_SUFFIX = "-approved";
/** The same rights under another name: so the API server can distinguish an approved repair from one that policy allows without approval. */
export const approvedAccountOfAction = (action: string): string => `${accountOfAction(action)}${APPROVED_SUFFIX}`;
/** The account whose token a sender of alerts carries. */
export const SIGNALS_ACCOUNT = "kintsugi-signals";
/** The audience of that token: the API server itself accepts no token for it. */
export const SIGNALS_AUDIENCE = "kintsugi";

/** The field manager of what an action writes: the API server takes it from the user agent of its Job. */
export const ACT_MANAGER = "kintsugi-act";
