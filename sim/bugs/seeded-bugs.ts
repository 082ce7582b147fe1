// Mistakes that a change could bring into the product, each as the replacement of one fragment of one file. The simulation has to find them all.

export interface SeededBug {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Where it is searched for. */
  readonly courses: readonly string[];
}

export const seededBugs: readonly SeededBug[] = [
  {
    name: "edge trigger: what happened before the start is not looked at",
    file: "src/kube/controller.ts",
    from: "for (const key of keysOf(watch, object, log)) queue.add(key);",
    to: "keysOf(watch, object, log);",
    courses: ["success"],
  },
  {
    name: "a wake-up is lost while its key is being worked on",
    file: "src/kube/queue.ts",
    from: 'if (slot.state === "running") slot.changed = true;\n    else if (slot.failures',
    to: 'if (slot.state === "running") return;\n    else if (slot.failures',
    courses: ["success", "storm"],
  },
  {
    name: "no back-off: what has failed is tried again at once",
    file: "src/kube/queue.ts",
    from: "const waitMs = Math.max(atLeastMs, backoffDelay(failureBackoff, slot.failures, deps.random));",
    to: "const waitMs = 0 * atLeastMs;",
    courses: ["success"],
  },
  {
    name: "an older event overwrites what was just written",
    file: "src/kube/store.ts",
    from: "if (isOlder(resourceVersion, own)) return true;",
    to: "",
    courses: ["success", "several-steps"],
  },
  {
    name: "a replica that has lost the lease goes on",
    file: "src/kube/leader.ts",
    from: 'term.abort(new Error("the lease was lost"));',
    to: "",
    courses: ["two-replicas-approval"],
  },
  {
    name: "acknowledged before it is stored",
    file: "src/services/gateway/handler.ts",
    from: "if (failures.length > 0) throw",
    to: "if (failures.length > 1_000) throw",
    courses: ["success", "storm"],
  },
  {
    name: "every name of an alert is an episode of its own",
    file: "src/services/gateway/episode.ts",
    from: "if (known === undefined) {",
    to: 'if (known === undefined) return { do: "create", n: nextNumber(view.requests) };\n  if (known === undefined) {',
    courses: ["duplicate"],
  },
  {
    name: "a repair that needs approval is done without",
    file: "src/investigation/conclude.ts",
    from: 'return choice.grant.value === "auto"',
    to: 'return choice.grant.value !== "off"',
    courses: ["approval"],
  },
  {
    name: "what the changed object's namespace says is not asked before the Job",
    file: "src/policy/judge.ts",
    from: 'if (autonomy === "auto") return { permission, kind: "allowed" };',
    to: 'if (autonomy !== "off") return { permission, kind: "allowed" };',
    courses: ["other-namespace"],
  },
  {
    name: "what was granted when it was planned is believed before the Job",
    file: "src/policy/judge.ts",
    from: "const autonomy = leastAutonomy(permission.autonomy, planned.autonomy);",
    to: "const autonomy = planned.autonomy;",
    courses: ["moved-to-production"],
  },
  {
    name: "a no counts as a vote like any other",
    file: "src/controllers/ai-approval-request/decide.ts",
    from: "return rejection === undefined ?",
    to: "return rejection === undefined || votesOf(seen).length < 10 ?",
    courses: ["rejection"],
  },
  {
    name: "a cancelled request that waits to begin goes on waiting",
    file: "src/controllers/remediation-request/decide.ts",
    from: "cancelRequested: ({ request }) => (request.spec.cancel === undefined ?",
    to: 'cancelRequested: ({ request }) => (request.spec.cancel === undefined || phaseOf(request) === "Blocked" ?',
    courses: ["cancel-blocked"],
  },
  {
    name: "a pause by policy is not looked at",
    file: "src/policy/freeze.ts",
    from: 'if (settings.paused) return { why: "repairs are paused by policy" };',
    to: "",
    courses: ["cancel-blocked", "paused"],
  },
  {
    name: "the lock on an object is never given back",
    file: "src/controllers/remediation-request/observe.ts",
    from: "!isTerminal(workflowTransitions, phaseOf(workflow));",
    to: "phaseOf(workflow).length > 0;",
    courses: ["retry"],
  },
  {
    name: "a cache that is behind is believed: a workflow it does not show is lost",
    file: "src/controllers/remediation-request/observe.ts",
    from: "?? (await unseenWorkflow(sources, request, signal));",
    to: ";",
    courses: ["success"],
  },
  {
    name: "a cache that is behind is believed: a Job it does not show is lost",
    file: "src/controllers/kubernetes-execution/observe.ts",
    from: "const job = known ?? (isJobLost(execution, now) ? await deps.kube.get(Jobs, key, { signal }) : undefined);",
    to: "const job = known;",
    courses: ["slow-job"],
  },
  {
    name: "the Job is named after the version of its execution",
    file: "src/controllers/kubernetes-execution/children.ts",
    from: "export const jobName = (execution: KubernetesExecution): string => execution.metadata.name;",
    to: "export const jobName = ({ metadata }: KubernetesExecution): string => `${metadata.name}-${metadata.resourceVersion}`;",
    courses: ["success"],
  },
  {
    name: "a finalizer is never taken off",
    file: "src/controllers/phase-controller.ts",
    from: 'return finalizer === undefined ? "rest" : release(object, finalizer);',
    to: 'return "rest";',
    courses: ["success"],
  },
  {
    name: "a status is written whatever its version",
    file: "src/kube/connect.ts",
    from: "namespace }), resourceVersion };\n      const body",
    to: "namespace }) };\n      const body",
    courses: ["two-replicas", "several-steps"],
  },
  {
    name: "the symptom is taken for gone without a look",
    file: "src/controllers/workflow-execution/verify.ts",
    from: 'if (health.state === "Unhealthy" || health.state === "Missing") {',
    to: 'if (health.state === "Missing") {',
    courses: ["not-better"],
  },
  {
    name: "a repair that did not help is left in place",
    file: "src/controllers/workflow-execution/decide.ts",
    from: "if (changed.length === 0) return ended(",
    to: "if (changed.length >= 0) return ended(",
    courses: ["not-better"],
  },
  {
    name: "the first step is undone first",
    file: "src/controllers/workflow-execution/steps.ts",
    from: "views.findLast((view) =>",
    to: "views.find((view) =>",
    courses: ["several-steps"],
  },
];
