// `kintsugi get` and `describe`: what is printed, in every format.
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import type { Story } from "#story/story.ts";
import { runKintsugi, serverError } from "#test/cli-harness.ts";
import { awaitingApprovalSample, healthySample, remediatedSample } from "#test/sample-requests.ts";

const sample = remediatedSample();
const name = sample.request.metadata.name;
const objects = [sample.request, ...sample.processings, ...sample.analyses, ...sample.workflows, ...sample.executions];
const namespaces = ["shop", "billing", "kintsugi-system"].map((each) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: each, uid: each, resourceVersion: "1", creationTimestamp: "2027-01-01T00:00:00Z" },
}));
const otherRequest = (called: string, target: string, created: string) => ({
  ...healthySample().request,
  metadata: { ...healthySample().request.metadata, name: called, uid: called, creationTimestamp: created },
  spec: { ...healthySample().request.spec, target: { ...healthySample().request.spec.target, name: target } },
});

describe("get", () => {
  test("shows the requests with kubectl's columns, oldest first", async () => {
    const older = otherRequest("rr-000000000000-1", "cart", "2027-03-01T13:00:00Z");
    const ran = await runKintsugi(["get"], { objects: [...objects, older] });
    const [header, first, second] = ran.stdout.split("\n");
    expect(header).toMatch(/^NAME +TARGET +IN +ALERT +PHASE +OUTCOME +AGE$/);
    expect(first).toMatch(/^rr-000000000000-1 +cart +shop +KubePodCrashLooping +Completed +NoActionRequired +63m$/);
    expect(second).toMatch(/^rr-4f1d2c3b5a69-1 +checkout .*Remediated +60s$/);
  });

  test.each([80, 100])(
    "fits a terminal of %s columns, with the whole name and phase, and leaves nothing out with -o wide",
    async (columns) => {
      const terminal = { isTerminal: true, columns, env: { KUBECONFIG: "/home/ada/config" } };
      const waiting = { ...sample.request, status: { ...sample.request.status, phase: "AwaitingApproval", outcome: undefined } };
      const cut = (await runKintsugi(["get"], { objects: [waiting] as never }, terminal)).stdout;
      for (const line of cut.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
      expect(cut).toContain(name);
      expect(cut).toContain("AwaitingApproval");
      expect(cut).not.toContain("…");
      const wide = (await runKintsugi(["get", "-o", "wide"], { objects }, terminal)).stdout;
      expect(wide).toContain("before it is ready");
      expect(wide).toMatch(/CAUSE +ATTEMPT +KIND/);
    },
  );

  test.each(["rr", "requests", "RemediationRequest", "remediationrequests.kintsugi.dev"])("knows the requests as %s", async (kind) => {
    expect((await runKintsugi(["get", kind, "-o", "name"], { objects })).stdout).toBe(`remediationrequest.kintsugi.dev/${name}\n`);
  });

  test.each([[["get", "rr", name]], [["get", `rr/${name}`]], [["get", name]]])("%j is one object", async (args) => {
    const ran = await runKintsugi([...args, "-o", "json"], { objects });
    expect(JSON.parse(ran.stdout)).toEqual(sample.request);
  });

  test("several objects as data are a List", async () => {
    const ran = await runKintsugi(["get", "kex", "-o", "yaml"], { objects });
    expect(parse(ran.stdout)).toEqual({ apiVersion: "v1", kind: "List", items: sample.executions });
  });

  test("nothing there is a remark; nothing of that name is exit code 1", async () => {
    expect(await runKintsugi(["get", "aiar"], { objects: [...objects, ...namespaces] })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "No AIApprovalRequest in kintsugi-system.\n",
    });
    expect(await runKintsugi(["get", "rr", "rr-x"], { objects: [...objects, ...namespaces] })).toMatchObject({
      code: 1,
      stderr: 'kintsugi: no RemediationRequest "rr-x" in kintsugi-system\n',
    });
  });

  test.each([
    [["--kintsugi-namespace", "kintsugi-sytem"], 'namespace "kintsugi-sytem" not found (did you mean kintsugi-system?)'],
    [["--kintsugi-namespace", "elsewhere"], 'namespace "elsewhere" not found'],
    [["-n", "shopp"], 'namespace "shopp" not found (did you mean shop?)'],
    [["-n", "shopp", "--watch"], 'namespace "shopp" not found (did you mean shop?)'],
    [["--watch", "--kintsugi-namespace", "elsewhere"], 'namespace "elsewhere" not found'],
  ])("%j names a namespace that does not exist: exit code 2", async (args, sentence) => {
    expect(await runKintsugi(["get", ...args], { objects: [...objects, ...namespaces] })).toMatchObject({
      code: 2,
      stdout: "",
      stderr: `kintsugi: ${sentence}\n`,
    });
  });

  test("nothing is not an error where namespaces may not be read", async () => {
    const server = { objects, failures: { Namespace: serverError(403, "Forbidden", "no") } };
    expect(await runKintsugi(["get", "-n", "shopp"], server)).toMatchObject({
      code: 0,
      stderr: "No RemediationRequest for workloads in namespace shopp.\n",
    });
  });

  describe("-n names the namespace of the workloads", () => {
    const mine = { ...otherRequest("rr-000000000000-1", "cart", "2027-03-01T13:00:00Z") };
    const elsewhere = { ...mine, spec: { ...mine.spec, target: { ...mine.spec.target, namespace: "billing" } } };
    const waiting = awaitingApprovalSample();
    const approval = waiting.approvals[0]!;
    const foreign = { ...approval, metadata: { ...approval.metadata, name: "rr-000000000000-1-a1-aiar", uid: "f" } };
    const all = [
      ...objects,
      ...namespaces,
      elsewhere,
      approval,
      { ...foreign, spec: { ...foreign.spec, request: elsewhere.metadata.name } },
    ];
    const names = async (...args: readonly string[]): Promise<readonly string[]> =>
      (await runKintsugi(["get", "-o", "name", ...args], { objects: all })).stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.replace(/^.*\//, ""));

    test.each([
      [["-n", "shop"], [name]],
      [["-n", "billing"], ["rr-000000000000-1"]],
      [["-A"], ["rr-000000000000-1", name]],
      [[], ["rr-000000000000-1", name]],
      [["aiar", "-n", "shop"], [approval.metadata.name]],
      [["aiar", "-n", "billing"], ["rr-000000000000-1-a1-aiar"]],
      [["kex", "-n", "shop"], sample.executions.map((each) => each.metadata.name)],
      [["kex", "-n", "billing"], []],
    ])("get %j shows %j", async (args, expected) => {
      expect(await names(...args)).toEqual(expected);
    });

    test("a watch shows only those, too", async () => {
      const watch = [{ kind: "synced" as const, items: [sample.request, elsewhere], resourceVersion: "1" }];
      const ran = await runKintsugi(["get", "-w", "-o", "name", "-n", "billing"], { objects: all, watch });
      expect(ran.stdout).toBe("remediationrequest.kintsugi.dev/rr-000000000000-1\n");
    });

    test("an object for another namespace's workload is not found", async () => {
      expect(await runKintsugi(["get", name, "-n", "billing"], { objects: all })).toMatchObject({ code: 1, stdout: "" });
    });

    test("Kintsugi's own namespace there is explained", async () => {
      expect((await runKintsugi(["get", "-n", "kintsugi-system"], { objects: all })).stderr).toMatch(
        /^No RemediationRequest for workloads in namespace kintsugi-system\.\n-n names the namespace of workloads, --kintsugi-namespace/,
      );
    });

    test("a policy is about no namespace of workloads", async () => {
      expect(await runKintsugi(["get", "policies", "-n", "shop"], { objects: all })).toMatchObject({ code: 2, stdout: "" });
    });

    test.each([
      [["describe", "cart", "-n", "billing"], 0],
      [["describe", "deploy", "cart", "-n", "billing"], 0],
      [["describe", "cart", "-A"], 0],
      [["describe", "cart", "-n", "shop"], 1],
      [["describe", "cart", "-n", "shopp"], 2],
    ])("%j ends with exit code %i", async (args, code) => {
      expect((await runKintsugi(args, { objects: all })).code).toBe(code);
    });

    test("what is not found there says where it is", async () => {
      expect((await runKintsugi(["describe", "cart", "-n", "shop"], { objects: all })).stderr).toBe(
        'kintsugi: no request "cart" for a workload in namespace shop\nFound for Deployment billing/cart: use its namespace with -n, or -A.\n',
      );
    });
  });
});

describe("get --watch", () => {
  const changed = {
    ...sample.request,
    metadata: { ...sample.request.metadata, resourceVersion: "101" },
    status: { phase: "Failed" as const },
  };
  const watch = [
    { kind: "synced" as const, items: [sample.request], resourceVersion: "100" },
    { kind: "applied" as const, object: changed },
    // After a gap the watch lists everything again: what has not changed is not printed.
    { kind: "synced" as const, items: [changed], resourceVersion: "101" },
    { kind: "deleted" as const, object: changed },
  ];

  test("prints the table, then a line at every change, once", async () => {
    const { stdout } = await runKintsugi(["get", "--watch"], { objects, watch });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain("Remediated");
    expect(lines[2]).toMatch(/Failed/);
    expect(lines[2]?.indexOf("Failed")).toBe(lines[1]?.indexOf("Completed"));
  });

  test("with nothing to show yet says so, and shows no managedFields of what it has", async () => {
    const namespace = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { ...sample.request.metadata, name: "kintsugi-system", namespace: undefined },
    };
    const empty = await runKintsugi(["get", "-w"], {
      objects: [namespace as never],
      watch: [{ kind: "synced", items: [], resourceVersion: "1" }],
    });
    expect(empty.stderr).toContain("No RemediationRequest yet; waiting for the first one.");
    const managed = { ...sample.request, metadata: { ...sample.request.metadata, managedFields: [{ manager: "kintsugi" }] } };
    for (const args of [["get", name], ["get"]])
      expect((await runKintsugi([...args, "-o", "json"], { objects: [managed] })).stdout).not.toContain("managedFields");
  });

  test("an interruption, and its end, are remarks and no answers", async () => {
    const ran = await runKintsugi(["get", "rr", name, "-w"], { objects, watch: [...watch.slice(0, 1), "interrupted"] });
    expect(ran.stderr).toMatch(/interrupted and will continue automatically: .*connection reset\nThe watch continues\.\n$/);
    expect(ran.stdout.trimEnd().split("\n")).toHaveLength(2);
  });

  test("prints one object a line as JSON, documents as YAML, and names", async () => {
    const json = (await runKintsugi(["get", "-w", "-o", "json"], { objects, watch })).stdout.trimEnd().split("\n");
    expect(json.map((line) => (JSON.parse(line) as typeof changed).status.phase)).toEqual(["Completed", "Failed"]);
    expect((await runKintsugi(["get", "-w", "-o", "yaml"], { objects, watch })).stdout.match(/^---$/gm)).toHaveLength(2);
    expect((await runKintsugi(["get", "-w", "-o", "name"], { objects, watch })).stdout).toBe(
      `remediationrequest.kintsugi.dev/${name}\n`.repeat(2),
    );
  });
});

describe("describe", () => {
  test("prints the story, and the same story as data", async () => {
    const text = await runKintsugi(["describe", name], { objects });
    expect(text.stdout).toContain("Fixed and verified.");
    const data = await runKintsugi(["describe", name, "-o", "json"], { objects });
    const story = JSON.parse(data.stdout) as Story;
    expect(story).toMatchObject({ request: name, outcome: "Remediated" });
    expect(story.attempts[0]?.execution?.steps[0]?.run).toMatchObject({ account: "kintsugi-act-rollback-deployment", result: "Applied" });
    expect((await runKintsugi(["describe", name, "-o", "name"], { objects })).stdout).toBe(`remediationrequest.kintsugi.dev/${name}\n`);
  });

  test.each([
    [`rr/${name}`],
    ["rr", name],
    ["rr-4f1d"],
    ["checkout"],
    ["shop/checkout"],
    ["deployment/checkout"],
    ["deployment", "checkout"],
    ["deploy/checkout"],
    ["deployments.apps/checkout"],
    ["Deployment/shop/checkout"],
  ])("finds the request by %s %s", async (...words) => {
    expect((await runKintsugi(["describe", ...words, "-o", "name"], { objects })).stdout).toContain(name);
  });

  test("of several requests for one target it takes the newest", async () => {
    const newer = otherRequest("rr-4f1d2c3b5a69-2", "checkout", "2027-03-01T15:00:00Z");
    expect((await runKintsugi(["describe", "checkout", "-o", "name"], { objects: [newer, ...objects] })).stdout).toContain("-2");
  });

  test("what could mean requests for different targets is asked back; what means none is exit code 1", async () => {
    const other = otherRequest("rr-4f1d00000000-1", "cart", "2027-03-01T13:00:00Z");
    const ambiguous = await runKintsugi(["describe", "rr-4f1d"], { objects: [...objects, other] });
    expect(ambiguous).toMatchObject({ code: 1 });
    expect(ambiguous.stderr).toMatch(/"rr-4f1d" matches 2 requests: rr-.* \(Deployment shop\/c.*\), rr-.* \(Deployment shop\/c/);
    expect(await runKintsugi(["describe", "payments"], { objects })).toMatchObject({ code: 1 });
    expect((await runKintsugi(["describe", "payments"], { objects: namespaces })).stderr).toContain(
      "Kintsugi has no requests in kintsugi-system.",
    );
  });

  test("the time that is left to decide counts from now", async () => {
    const waiting = awaitingApprovalSample();
    const ran = await runKintsugi(["describe", name], {
      objects: [waiting.request, ...waiting.processings, ...waiting.analyses, ...waiting.approvals],
    });
    expect(ran.stdout).toContain("Expires at 2027-03-01 18:02:18 UTC, in 3h 59m");
    expect(ran.stdout).toContain(`kintsugi approve ${name}`);
  });
});
