// rollback_statefulset and rollback_daemonset: the template that a ControllerRevision keeps, and the reasons to leave it there.
import { describe, expect, test } from "vitest";
import type { ControllerRevision, DaemonSet, PodTemplate, StatefulSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { preview } from "#actions/change.ts";
import { planStep } from "#actions/plan.ts";
import { controllerRevision, daemonSet, observed, statefulSet, template } from "#test/action-samples.ts";

const good = template({ image: "web:1", env: [{ name: "MODE", value: "slow" }] });
const agent = daemonSet();
const parallel = statefulSet({ podManagementPolicy: "Parallel" });
const kept = (of: KubeObject, ...more: readonly ControllerRevision[]) => [
  controllerRevision(of, 1, good),
  controllerRevision(of, 2, template()),
  ...more,
];
const plan = (target: StatefulSet | DaemonSet, revision = "1", controllerRevisions: readonly ControllerRevision[] = kept(target)) =>
  planStep(
    {
      action: target.kind === "DaemonSet" ? "rollback_daemonset" : "rollback_statefulset",
      target: { apiVersion: "apps/v1", kind: target.kind, namespace: "shop", name: target.metadata.name },
      parameters: { revision },
    },
    observed({ target, controllerRevisions }),
  );
const templateAfter = (...given: Parameters<typeof plan>): PodTemplate => {
  const planned = plan(...given);
  if (!planned.ok) throw new Error(planned.reason);
  return (preview(planned.changes[0]!, given[0]) as DaemonSet).spec.template;
};

describe("what is put back", () => {
  test.each([agent, parallel])("the template, without the mark of the patch that it is kept as: $kind", (target) =>
    expect(templateAfter(target)).toEqual(good),
  );
  test("with nothing of an empty creation time, whichever of both has it", () => {
    const empty = (of: PodTemplate): PodTemplate => ({ ...of, metadata: { ...of.metadata, creationTimestamp: null } });
    const old = [controllerRevision(agent, 1, empty(good))];
    expect(templateAfter(agent, "1", old)).toEqual(good);
    const live: DaemonSet = { ...agent, spec: { ...agent.spec, template: empty(template()) } };
    expect(templateAfter(live, "1", kept(live))).toEqual(empty(good));
    const nothing = plan(live, "2", kept(live));
    expect(nothing).toMatchObject({ ok: false, code: "NoOp" });
  });
  test("and the way back to what was there is known before", () => {
    const planned = plan(agent);
    if (!planned.ok || planned.inverse === "irreversible") throw new Error("not planned");
    let live: KubeObject | undefined = agent;
    for (const change of [...planned.changes, ...planned.inverse]) live = preview(change, live);
    expect(live).toEqual(agent);
  });
});

describe("what is refused", () => {
  const ordered = (readyReplicas: number): StatefulSet => ({ ...statefulSet(), status: { readyReplicas } });
  const holding = (data: unknown): ControllerRevision => ({ ...controllerRevision(agent, 3, good), data });
  const cases: Record<string, [Parameters<typeof plan>, RegExp]> = {
    "a revision that is not kept": [[agent, "7"], /revision 7 no longer exists/],
    "a revision of another set of the same name": [
      [agent, "1", kept({ ...agent, metadata: { ...agent.metadata, uid: "uid-before" } })],
      /no longer exists/,
    ],
    "the present template": [[agent, "2"], /is already that of revision 2/],
    "no revision at all": [[agent, "latest"], /revision/],
    "a revision that holds something else": [[agent, "3", [holding({ spec: { template: "…" } })]], /holds no pod template/],
    "a revision that holds nothing": [[agent, "3", [holding(undefined)]], /holds no pod template/],
    "pods that are replaced by hand": [[statefulSet({ updateStrategy: { type: "OnDelete" } })], /OnDelete/],
    "pods that a partition holds back": [
      [statefulSet({ podManagementPolicy: "Parallel", updateStrategy: { rollingUpdate: { partition: 1 } } })],
      /below number 1/,
    ],
    "a StatefulSet that waits for its broken pod": [[ordered(0)], /deleted by hand/],
  };
  test.each(Object.entries(cases))("%s", (_name, [given, reason]) => {
    const result = plan(...given);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.reason).toMatch(reason);
  });
  test("but not one in order whose pods are all well", () => expect(plan(ordered(1)).ok).toBe(true));
});

test("it is done when every pod is updated", () => {
  const planned = plan(agent);
  if (!planned.ok) throw new Error(planned.reason);
  const after = preview(planned.changes[0]!, agent) as DaemonSet;
  const verify = (updatedNumberScheduled: number) =>
    planned.action.verify(
      observed({ target: { ...after, status: { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled } } as DaemonSet }),
      planned.changes,
    ).state;
  expect([verify(1), verify(2)]).toEqual(["pending", "done"]);
});
