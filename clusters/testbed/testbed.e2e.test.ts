// The testbed itself: up, what it promises while up, down, and nothing left, also after half an up or half a death; and two side by side.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { testbedName } from "#test/e2e/testbed-name.ts";
import { readAuditLog } from "#testbed/audit-log.ts";
import { takeHostSnapshot } from "#testbed/host-snapshot.ts";
import { busyboxImage, nodeImage } from "#testbed/images.ts";
import { leftovers } from "#testbed/leftovers.ts";
import { processesOf } from "#testbed/processes.ts";
import { readState, stateFolderOf } from "#testbed/state.ts";
import { down, open, status, up, type Testbed } from "#testbed/testbed.ts";

const name = testbedName("testbed-e2e");
const own = [name, `${name}-2`].map((each) => stateFolderOf({ name: each }));
const eventually = async (check: () => unknown): Promise<void> => {
  await vi.waitFor(check, { timeout: 60_000, interval: 250 });
};

afterEach(async () => {
  await down({ name });
  await down({ name: `${name}-2` });
});

const runPod = (bed: Testbed, pod: string, image: string, ...command: string[]): Promise<string> =>
  bed.kubectl("run", pod, `--image=${image}`, "--restart=Never", "--command", "--", ...command);

describe("one testbed", () => {
  test("comes up, keeps its promises, and goes down without a trace", async () => {
    const before = await takeHostSnapshot(own);
    const bed = await up({ name });
    const state = await readState(bed.stateFolder);
    expect(await status({ name })).toMatchObject({ state: "up", missing: [] });
    expect((await bed.kubectl("get", "nodes", "--no-headers")).match(/ Ready /g)).toHaveLength(2);
    expect((await up({ name })).url, "a second up finds the first").toBe(bed.url);
    await promises(bed);
    expect(await down({ name })).toBe(true);
    expect(await leftovers(state!.place)).toEqual([]);
    expect(await status({ name })).toMatchObject({ state: "down" });
    expect(await takeHostSnapshot(own)).toEqual(before);
    expect(await down({ name }), "a second down has nothing to do").toBe(false);
  });

  test("an up that is given up half-way leaves nothing", async () => {
    const before = await takeHostSnapshot(own);
    const abort = new AbortController();
    const failing = up({
      name,
      signal: abort.signal,
      progress: (line) => line.includes("API server ready") && abort.abort(new Error("stop here")),
    });
    await expect(failing).rejects.toThrow("stop here");
    expect(await status({ name })).toMatchObject({ state: "down" });
    expect(await takeHostSnapshot(own)).toEqual(before);
  });

  test("an up after a half-dead testbed starts afresh; another one runs beside it; both go down without a trace", async () => {
    const before = await takeHostSnapshot(own);
    const first = await up({ name });
    const etcd = (await readState(first.stateFolder))!.processes!.find((process) => process.name === "etcd")!;
    process.kill(etcd.pid, "SIGKILL");
    await eventually(async () =>
      expect(await status({ name })).toMatchObject({ state: "broken", missing: expect.arrayContaining(["etcd"]) }),
    );
    await expect(open({ name })).rejects.toThrow("is not up");
    const one = await up({ name });
    expect(await one.kubectl("get", "--raw", "/readyz")).toBe("ok");
    expect(processesOf(one.stateFolder)).not.toContain(etcd.pid);

    const two = await up({ name: `${name}-2`, nodeCount: 1 });
    expect(two.hostIp).not.toBe(one.hostIp);
    await one.kubectl("create", "namespace", "only-here");
    expect(await two.kubectl("get", "namespaces", "--output=name")).not.toContain("only-here");
    await down({ name });
    expect(await two.kubectl("get", "--raw", "/readyz")).toBe("ok");
    await down({ name: `${name}-2` });
    expect(await takeHostSnapshot(own)).toEqual(before);
  });
});

const promises = async (bed: Testbed): Promise<void> => {
  await podsServicesAndNames(bed);
  await builtImage(bed);
  await alertReachesWebhook(bed);
  const events = await readAuditLog(bed.auditLogPath);
  expect(events.find((event) => event.verb === "create" && event.objectRef?.resource === "deployments")?.user.username).toBe(
    "testbed-admin",
  );
};

const podsServicesAndNames = async (bed: Testbed): Promise<void> => {
  const script = "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp";
  await bed.kubectl("create", "deployment", "web", `--image=${busyboxImage}`, "--replicas=2", "--", "sh", "-c", script);
  await bed.kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080", "--type=NodePort");
  await bed.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
  await runPod(bed, "client", busyboxImage, "sh", "-c", "timeout 30 wget -qO- http://web.default.svc.cluster.local/");
  await bed.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/client", "--timeout=60s");
  expect(await bed.kubectl("logs", "client")).toBe("hello\n");
  const nodePort = await bed.kubectl("get", "service", "web", "--output=jsonpath={.spec.ports[0].nodePort}");
  for (const node of bed.nodes) expect(await (await fetch(`http://${node.ip}:${nodePort}/`)).text()).toBe("hello\n");
  await runPod(bed, "absent", "testbed.local/no-such-image:9", "true");
  await eventually(async () => expect(await bed.kubectl("get", "pod", "absent")).toMatch(/ErrImagePull|ImagePullBackOff/));
};

const builtImage = async (bed: Testbed): Promise<void> => {
  const context = await mkdtemp(join(tmpdir(), "kintsugi-context-"));
  try {
    await writeFile(join(context, "Dockerfile"), 'ARG BASE\nFROM ${BASE}\nCOPY hello.mjs /app/\nCMD ["/app/hello.mjs"]\n');
    await writeFile(join(context, "hello.mjs"), "console.log(`node ${process.versions.node.split('.')[0]} as ${process.getuid()}`);\n");
    const dockerfile = join(context, "Dockerfile");
    const digest = await bed.buildImage({ dockerfile, context, base: nodeImage, ref: "testbed.local/hello:1" });
    await bed.kubectl("run", "hello", `--image=testbed.local/hello@${digest}`, "--restart=Never");
    await bed.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/hello", "--timeout=60s");
    expect(await bed.kubectl("logs", "hello")).toBe("node 26 as 1000\n");
  } finally {
    await rm(context, { recursive: true });
  }
};

const alertReachesWebhook = async (bed: Testbed): Promise<void> => {
  const received: { authorization: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ authorization: request.headers.authorization, body: Buffer.concat(chunks).toString("utf8") });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, bed.hostIp, resolve));
  try {
    await bed.setWebhook({ url: `http://${bed.hostIp}:${(server.address() as AddressInfo).port}/alerts`, bearerToken: "s3cret" });
    await expect(bed.setAlertRules([{ alert: "Broken", expr: "sum(" }])).rejects.toThrow("unclosed left parenthesis");
    await bed.setAlertRules([
      { alert: "PodNotReady", expr: 'kube_pod_container_status_ready{pod="absent"} == 0', labels: { severity: "warning" } },
    ]);
    await eventually(() => expect(received.some(({ body }) => body.includes('"pod":"absent"'))).toBe(true));
    expect(received[0]?.authorization).toBe("Bearer s3cret");
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(await readFile(join(bed.stateFolder, "monitoring", "rules.json"), "utf8")).toContain("PodNotReady");
};
