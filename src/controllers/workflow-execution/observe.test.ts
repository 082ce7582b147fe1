// A step that an older list does not show may have been begun all the same: the server is asked on a cancel, and only then.
import { expect, test } from "vitest";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution, WorkflowPhase } from "#api/kinds/workflow-execution.ts";
import { decide } from "#controllers/workflow-execution/decide.ts";
import { executionIndexes, observe, type Sources } from "#controllers/workflow-execution/observe.ts";
import { createStore } from "#kube/store.ts";
import { aStep, aWorkflow, anExecution, at, stamp } from "#test/orchestration-samples.ts";

const onBug = (error: unknown): void => {
  throw error;
};
const ownedBy = (execution: KubernetesExecution, { metadata }: WorkflowExecution): KubernetesExecution => ({
  ...execution,
  metadata: {
    ...execution.metadata,
    ownerReferences: [{ apiVersion: "kintsugi.dev/v1alpha1", kind: "WorkflowExecution", name: metadata.name, uid: metadata.uid }],
  },
});
const two = { steps: [aStep("s1"), aStep("s2", { action: "restart_pod", dependsOn: ["s1"] })] };

/** What is decided, and which executions the server was asked for. */
const seenBy = async (
  phase: WorkflowPhase | undefined,
  spec: Partial<WorkflowExecution["spec"]>,
  shown: readonly KubernetesExecution[],
  live: readonly KubernetesExecution[],
) => {
  const workflow = aWorkflow(phase === undefined ? undefined : { phase, phaseStartedAt: stamp(0) }, spec);
  const executions = createStore<KubernetesExecution>({ onBug });
  executions.addIndexes(executionIndexes);
  for (const each of shown) executions.noteWrite(ownedBy(each, workflow));
  const asked: string[] = [];
  const sources = {
    kube: {
      get: async (_type: unknown, { name }: { readonly name: string }) => {
        asked.push(name);
        const found = live.find(({ metadata }) => metadata.name === name);
        return found === undefined ? undefined : ownedBy(found, workflow);
      },
    },
    requests: createStore<RemediationRequest>({ onBug }),
    executions,
    targets: { health: () => ({ state: "Healthy", reasons: [], restarts: 0 }) },
    settings: () => ({ verificationSeconds: 300 }),
  } as unknown as Sources;
  const decision = decide(await observe(sources, workflow, new AbortController().signal), at(1));
  return { does: decision.do === "transition" ? decision.to : decision.do, asked };
};

const running = anExecution("s1", { phase: "Executing" });
const done = anExecution("s1", { phase: "Completed", changed: true, inverse: '[{"type":"patch"}]' });
const second = anExecution("s2", { phase: "Executing" });

test.each<[string, WorkflowPhase | undefined, readonly KubernetesExecution[], readonly KubernetesExecution[], string, string[]]>([
  ["before the first step, nothing there", undefined, [], [], "Cancelled", ["rr-1-a1-kex-s1", "rr-1-a1-kex-s2"]],
  ["before the first step, but it was begun", undefined, [], [running], "Executing", ["rr-1-a1-kex-s1", "rr-1-a1-kex-s2"]],
  ["between two steps, but the second was begun", "Executing", [done], [second], "act", ["rr-1-a1-kex-s2"]],
  ["while a step is known to run", "Executing", [running], [], "act", []],
])("cancelled %s", async (_when, phase, shown, live, does, asked) => {
  expect(await seenBy(phase, { ...two, cancel: true }, shown, live)).toEqual({ does, asked });
});

test("the server is not asked without a cancel: a step that was begun is found by beginning it again", async () => {
  expect((await seenBy(undefined, two, [], [running])).asked).toEqual([]);
});
