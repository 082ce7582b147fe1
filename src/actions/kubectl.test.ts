import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { kubectlOf } from "#actions/kubectl.ts";
import { describeCommand } from "#api/kubectl.ts";
import { actions } from "#actions/registry.ts";

const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const api = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "api" };

describe("the kubectl command that makes the change of a step", () => {
  test.each([
    ["rollback_deployment", web, { revision: "1" }, "kubectl rollout undo deployment/web -n shop --to-revision=1"],
    [
      "rollback_statefulset",
      { ...web, kind: "StatefulSet" },
      { revision: "3" },
      "kubectl rollout undo statefulset/web -n shop --to-revision=3",
    ],
    ["rollback_daemonset", { ...web, kind: "DaemonSet" }, { revision: "3" }, "kubectl rollout undo daemonset/web -n shop --to-revision=3"],
    ["scale_deployment", web, { replicas: "3" }, "kubectl scale deployment/web -n shop --replicas=3"],
    ["restart_pod", { ...api, kind: "Pod", name: "db-1" }, {}, "kubectl delete pod/db-1 -n shop"],
    ["resume_rollout", web, {}, "kubectl rollout resume deployment/web -n shop"],
    [
      "increase_resources",
      web,
      { container: "web", memory: "512Mi", cpu: "1" },
      "kubectl set resources deployment/web -n shop --containers=web --limits=memory=512Mi,cpu=1",
    ],
    ["fix_service", api, { selector: "app=web,tier=front" }, "kubectl set selector service/api -n shop app=web,tier=front"],
    [
      "fix_service",
      api,
      { port: "80", targetPort: "8080" },
      `kubectl patch service/api -n shop -p '{"spec":{"ports":[{"port":80,"targetPort":8080}]}}'`,
    ],
    [
      "relax_pdb",
      { ...api, kind: "PodDisruptionBudget" },
      { maxUnavailable: "50%" },
      `kubectl patch poddisruptionbudget/api -n shop --type=merge -p '{"spec":{"maxUnavailable":"50%"}}'`,
    ],
    ["restore_object", { ...api, kind: "ConfigMap" }, { before: "2030-01-01T00:00:00Z" }, "kubectl edit configmap/api -n shop"],
  ])("%s", (action, target, parameters, command) => {
    expect(kubectlOf({ action, target, parameters })).toBe(command);
  });

  test.each(["fix_probe", "fix_reference"])("%s is the JSON patch of its change, guards included", (action) => {
    const operations = [
      { op: "test", path: "/spec/template/spec/containers/0/name", value: "web" },
      { op: "replace", path: "/spec/template/spec/containers/0/readinessProbe/httpGet/port", value: 8080 },
    ] as const;
    expect(kubectlOf({ action, target: web, parameters: {} }, [{ type: "patch", object: web, uid: "u", operations }])).toBe(
      `kubectl patch deployment/web -n shop --type=json -p '${JSON.stringify(operations)}'`,
    );
  });

  test("every action of the catalogue that changes something is one of these", () => {
    const change = { type: "patch", object: web, uid: "u", operations: [] } as const;
    const without = actions.filter(({ name }) => kubectlOf({ action: name, target: web, parameters: {} }, [change]) === undefined);
    expect(without.map(({ name }) => name)).toEqual(["notify_only"]);
  });
});

test("whatever a name contains, a shell reads it back as one word", () => {
  const word = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(word, (name) => {
      const command = describeCommand({ apiVersion: "v1", kind: "Pod", name });
      const read = execFileSync("sh", ["-c", command.replace(/^kubectl describe/, "printf %s")]).toString();
      expect(read).toBe(`pod/${name}`);
    }),
    { numRuns: 25 },
  );
});
