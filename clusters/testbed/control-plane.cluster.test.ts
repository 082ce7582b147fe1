// The lone control plane: ready, restartable, audited, open to minted users, and gone without a trace once stopped.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { readAuditLog } from "#testbed/audit-log.ts";
import { startControlPlane, type ControlPlane } from "#testbed/control-plane.ts";
import { processesOf } from "#testbed/processes.ts";
import { runCommand, tryCommand } from "#testbed/run-command.ts";

let plane: ControlPlane;
const kubectl = (...args: string[]): Promise<string> =>
  runCommand(join(plane.binDir, "kubectl"), [`--kubeconfig=${plane.kubeconfigPath}`, ...args]);

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

test("the shared control plane of the run answers", async () => {
  const { binDir, kubeconfigPath } = inject("controlPlane");
  expect(await runCommand(join(binDir, "kubectl"), [`--kubeconfig=${kubeconfigPath}`, "get", "--raw", "/readyz"])).toBe("ok");
});

test("the audit log has a write with its body, and a read without", async () => {
  await kubectl("create", "configmap", "audited", "--from-literal=a=b");
  await kubectl("get", "configmap", "audited");
  const events = (await readAuditLog(plane.auditLogPath)).filter((event) => event.objectRef?.name === "audited");
  expect(events.find((event) => event.verb === "create")?.requestObject).toMatchObject({ data: { a: "b" } });
  expect(events.find((event) => event.verb === "get")).not.toHaveProperty("responseObject");
});

test("a minted user is known by name and groups", async () => {
  const kubeconfig = await plane.createUserKubeconfig("ann@example.com", ["sre", "team/on-call"]);
  const answer = await runCommand(join(plane.binDir, "kubectl"), [`--kubeconfig=${kubeconfig}`, "auth", "whoami", "-o", "json"]);
  expect(JSON.parse(answer)).toMatchObject({
    status: { userInfo: { username: "ann@example.com", groups: ["sre", "team/on-call", "system:authenticated"] } },
  });
});

test("the API server comes back on the same port with the same data", async () => {
  await kubectl("create", "configmap", "kept");
  await plane.stopApiServer();
  expect((await tryCommand(join(plane.binDir, "kubectl"), [`--kubeconfig=${plane.kubeconfigPath}`, "get", "ns"])).code).not.toBe(0);
  await plane.startApiServer();
  expect(await kubectl("get", "configmap", "kept", "-o", "name")).toBe("configmap/kept\n");
});

test("with kube-controller-manager namespaces are really deleted; once stopped nothing is left", async () => {
  const other = await startControlPlane({ controllers: ["namespace", "serviceaccount"] });
  const run = (...args: string[]): Promise<string> =>
    runCommand(join(other.binDir, "kubectl"), [`--kubeconfig=${other.kubeconfigPath}`, ...args]);
  await run("create", "namespace", "passing");
  await run("delete", "namespace", "passing", "--timeout=30s");
  expect(processesOf(other.stateFolder).length).toBe(3);
  await other.stop();
  expect(processesOf(other.stateFolder)).toEqual([]);
  expect(existsSync(other.stateFolder)).toBe(false);
});
