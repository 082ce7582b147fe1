// The one Job that may exist in Kintsugi's namespace: the template of an action's Job, compared field by field. A field that this
// template does not have is refused, also one that a later version of Kubernetes adds. Pure.
import { API_VERSION } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { EXECUTION_LABEL, REQUEST_LABEL } from "#api/labels.ts";
import { jobFor } from "#controllers/kubernetes-execution/children.ts";
import { anything, type Expected, exactly, optional, where } from "#manifests/admission/exactly.ts";
import { accountsOf, celList, policy } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";

export interface JobsOptions {
  readonly namespace: string;
  /** The only image that may run in a Job of our namespace. */
  readonly image: string;
  /** The accounts under which it may run. */
  readonly accounts: readonly string[];
}

export const jobsPolicy = ({ namespace, image, accounts }: JobsOptions): Manifest[] =>
  policy(`${namespace}-jobs`, {
    namespace,
    rules: [{ apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["jobs", "cronjobs"] }],
    variables: [
      { name: "created", expression: "request.resource.resource == 'jobs' && request.operation == 'CREATE'" },
      { name: "template", expression: "object.spec.template" },
      { name: "pod", expression: "object.spec.template.spec" },
      { name: "container", expression: "object.spec.template.spec.containers[0]" },
    ],
    validations: [
      { expression: "request.resource.resource != 'cronjobs'", message: "no CronJob runs in Kintsugi's namespace" },
      { expression: `!variables.created || ${accountsOf(namespace).controllers}`, message: "only Kintsugi's controllers create Jobs here" },
      {
        expression: "request.resource.resource != 'jobs' || request.operation != 'UPDATE' || object.spec == oldObject.spec",
        message: "a Job here is never changed",
      },
      ...expectations({ namespace, image, accounts }).map(({ expression, message }) => ({
        expression: `!variables.created || (${expression})`,
        message,
      })),
    ],
  });

interface Expectation {
  readonly expression: string;
  readonly message: string;
}

const expectations = ({ namespace, image, accounts }: JobsOptions): readonly Expectation[] => {
  const { template, ...spec } = partsOf(namespace, image);
  const { containers, ...pod } = template.spec;
  const [container = { args: [] }] = containers;
  const account = where((path) => `${path} in ${celList(accounts)}`);
  return [
    {
      expression: exactly("variables.container", {
        ...container,
        args: container.args.map((argument) => placeholders[argument] ?? argument),
        ...filledIn.container,
      }),
      message: "a Job here may only run Kintsugi's own image with the verb act",
    },
    {
      expression: exactly("variables.pod", {
        ...pod,
        containers: where((path) => `size(${path}) == 1`),
        serviceAccountName: account,
        serviceAccount: optional(account),
        ...filledIn.pod,
      }),
      message: "the pod of a Job here is as Kintsugi makes it: under an action's account, without volumes, host access or privilege",
    },
    {
      expression: exactly("variables.template", { metadata: anything, spec: anything }),
      message: "the pod of a Job here is as Kintsugi makes it",
    },
    {
      expression: exactly("variables.template.metadata", {
        labels: { [REQUEST_LABEL]: anything, [EXECUTION_LABEL]: itsName, ...filledIn.labels },
        creationTimestamp: optional(anything),
      }),
      message: "the pod of a Job here has the labels that Kintsugi gives it",
    },
    {
      expression: exactly("object.spec", { ...spec, activeDeadlineSeconds: seconds, template: anything, ...filledIn.job }),
      message: "a Job here runs once, and ends in time",
    },
    {
      expression: `has(object.metadata.ownerReferences) && ${exactly("object.metadata.ownerReferences", [
        {
          apiVersion: API_VERSION,
          kind: KubernetesExecution.kind,
          name: itsName,
          uid: anything,
          controller: true,
          blockOwnerDeletion: optional(anything),
        },
      ])}`,
      message: "a Job here belongs to the execution of its name",
    },
  ];
};

/** Never run: what differs between Jobs has a placeholder in it. */
const partsOf = (namespace: string, image: string) =>
  jobFor(
    {
      apiVersion: API_VERSION,
      kind: KubernetesExecution.kind,
      metadata: { namespace, name: "<name>", uid: "", resourceVersion: "", creationTimestamp: "" },
      spec: {
        request: "",
        workflow: "",
        step: "",
        action: "",
        target: { apiVersion: "", kind: "", name: "" },
        parameters: {},
        changesHash: "<hash>",
        timeoutSeconds: 0,
      },
    },
    image,
  ).spec as unknown as Parts;

interface Parts {
  readonly [key: string]: Expected;
  readonly template: {
    readonly spec: { readonly containers: readonly (Record<string, Expected> & { readonly args: readonly string[] })[] };
  };
}

const itsName = where((path) => `${path} == object.metadata.name`);
const seconds = where((path) => `${path} >= 10 && ${path} <= 3600`);
const placeholders: Readonly<Record<string, Expected>> = {
  "<name>": itsName,
  "<hash>": where((path) => `${path}.matches('^[0-9a-f]{64}$')`),
};

/** What the API server adds before it asks, with the one value that it may have. */
const filledIn = {
  job: {
    parallelism: optional(1),
    completions: optional(1),
    completionMode: optional("NonIndexed"),
    suspend: optional(false),
    manualSelector: optional(false),
    podReplacementPolicy: optional("TerminatingOrFailed"),
    selector: optional(anything),
  },
  labels: {
    "controller-uid": optional(anything),
    "job-name": optional(itsName),
    "batch.kubernetes.io/controller-uid": optional(anything),
    "batch.kubernetes.io/job-name": optional(itsName),
  },
  pod: {
    terminationGracePeriodSeconds: optional(30),
    dnsPolicy: optional("ClusterFirst"),
    schedulerName: optional("default-scheduler"),
  },
  container: {
    terminationMessagePath: optional("/dev/termination-log"),
  },
} as const;
