// The process is killed before and after each of its writes, the action's Job included. However often it dies, the workload is changed once.
import { afterAll, beforeAll, expect, test } from "vitest";
import { crds } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { readAuditLog } from "#testbed/audit-log.ts";
import { type ControlPlane, startControlPlane } from "#testbed/control-plane.ts";
import { toStderr } from "#testbed/progress.ts";
import { type CrashPoint, type Lane, openLane, type RunResult } from "#test/crash/lane.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { openCluster, type TestCluster } from "#test/cluster.ts";

const laneCount = 4;
let controlPlane: ControlPlane;
let cluster: TestCluster;
let lanes: Lane[];
let reference: RunResult;

beforeAll(async () => {
  controlPlane = await startControlPlane({ progress: toStderr });
  const kubectl = kubectlOf(controlPlane);
  await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(crds()));
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  cluster = await openCluster(controlPlane);
  const { config, admin } = cluster;
  const jobController = cluster.asPerson("system:serviceaccount:kube-system:job-controller", ["system:masters"]);
  lanes = await Promise.all(
    Array.from({ length: laneCount }, (_, index) => openLane(String(index), config, admin, jobController, kubectl)),
  );
  reference = await lanes[0]!.run(undefined);
});
afterAll(async () => {
  await Promise.all(lanes?.map((lane) => lane.stop()) ?? []);
  cluster?.close();
  await controlPlane?.stop();
});

test("without a crash the release is rolled back and the request ends Remediated", () => {
  expect(reference).toMatchObject({ phase: "Completed", outcome: "Remediated", args: ["serve"], killed: false });
});

test("a remediation of one step takes at most 19 writes, and none of them is refused", () => {
  console.log(`writes of one remediation: ${reference.writes.length}\n${reference.writes.join("\n")}`);
  expect(reference.writes.length).toBeLessThanOrEqual(19);
  expect(reference.writes.filter((write) => !/ 20[01]$/.test(write))).toEqual([]);
});

test("each of its writes changes an object", async () => {
  // A write that changes nothing answers with the version the object had before it.
  const versions = new Map<string, Set<string>>();
  const noOps: string[] = [];
  for (const event of await readAuditLog(controlPlane.auditLogPath)) {
    if (
      !event.user.username.includes("kintsugi-crash-") ||
      !["update", "patch"].includes(event.verb) ||
      event.requestURI.includes("dryRun=")
    )
      continue;
    const version = (event.responseObject as { metadata?: { resourceVersion?: string } } | undefined)?.metadata?.resourceVersion;
    const { resource = "", namespace = "", name = "" } = event.objectRef ?? {};
    if (version === undefined || (event.responseStatus?.code ?? 500) >= 300) continue;
    const seen = versions.get(`${resource}/${namespace}/${name}`) ?? new Set<string>();
    if (seen.has(version)) noOps.push(`${event.verb} ${event.requestURI}`);
    versions.set(`${resource}/${namespace}/${name}`, seen.add(version));
  }
  expect(versions.size).toBeGreaterThan(4);
  expect(noOps).toEqual([]);
});

test("killed before and after every write, it ends in the same state with one effective change", async () => {
  const points: CrashPoint[] = reference.writes.flatMap((_, index) => [
    { write: index + 1, side: "before" as const },
    { write: index + 1, side: "after" as const },
  ]);
  const queue = [...points];
  const failures: string[] = [];
  let died = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
        const where = `killed ${point.side} write ${point.write} (${reference.writes[point.write - 1]})`;
        try {
          const result = await lane.run(point);
          if (result.killed) died += 1;
          const { phase, outcome, args } = result;
          if (phase !== "Completed" || outcome !== "Remediated" || args?.join(" ") !== "serve")
            failures.push(`${where}: ${phase}/${outcome}, ${args?.join(" ")}`);
        } catch (error) {
          failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }),
  );
  expect(failures).toEqual([]);
  expect(died).toBe(points.length);

  const patches = (await readAuditLog(controlPlane.auditLogPath)).filter(
    (event) =>
      event.objectRef?.resource === "deployments" &&
      event.verb === "patch" &&
      event.user.username.includes("kintsugi-crash-") &&
      !event.requestURI.includes("dryRun=") &&
      (event.responseStatus?.code ?? 500) < 300,
  );
  expect(new Set(patches.map((event) => event.user.username.split(":").at(-1)))).toEqual(new Set(["kintsugi-act-rollback-deployment"]));
  const changesOf = Map.groupBy(patches, (event) => `${event.objectRef?.namespace}/${event.objectRef?.name}`);
  expect(changesOf.size).toBe(points.length + 1);
  for (const [name, changes] of changesOf) expect(changes.length, name).toBe(1);
});
