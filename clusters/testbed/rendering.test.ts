// What is written for the programs of a testbed: the parts that a person or a test depends on.
import { describe, expect, test } from "vitest";
import { parseAuditLog } from "#testbed/audit-log.ts";
import { hierarchiesOf } from "#testbed/cgroups.ts";
import { withHolder } from "#testbed/host-settings.ts";
import { alertmanagerConfig, corefile, prometheusConfig, rulesFile } from "#testbed/monitoring-config.ts";
import { nodeFiles, podRoutes } from "#testbed/node-config.ts";
import { placeOf, portNames } from "#testbed/place.ts";
import { obstacles, type Machine } from "#testbed/prerequisites.ts";
import { subjectOf } from "#testbed/pki.ts";

const ports = portNames.map((_, index) => 20_000 + index);
const place = placeOf({ name: "one", stateFolder: "/state/one", lane: 3, nodeCount: 2, ports });
const [first] = place.nodes;

describe("a node's files", () => {
  const files = new Map(nodeFiles(place, first!).map((file) => [file.path, file.text]));

  test("let pods have addresses of the node's own range", () => {
    expect(JSON.parse(files.get("cni/10-testbed.conflist")!)).toMatchObject({
      plugins: [{ ipam: { ranges: [[{ subnet: "10.131.1.0/24" }]] } }, {}],
    });
  });

  test("send every pull to the local registry", () => {
    expect(files.get("certs.d/_default/hosts.toml")).toContain('[host."http://10.99.3.1:20005"]');
  });

  test("keep the pods in the testbed's cgroup and resolve names at the host", () => {
    expect(JSON.parse(files.get("kubelet.yaml")!)).toMatchObject({ cgroupRoot: "/kintsugi-testbed-3/n1", clusterDNS: ["10.99.3.1"] });
  });

  test("route to the pods of the other nodes only", () => {
    expect(podRoutes(place, first!)).toEqual(["10.131.2.0/24=10.99.3.12"]);
  });
});

describe("monitoring", () => {
  test("scrapes both kubelets and their cAdvisors", () => {
    const config = JSON.parse(prometheusConfig(place, "/m")) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = config.scrape_configs.map((job) => [job.job_name, job.static_configs[0]?.targets.length]);
    expect(targets).toEqual([
      ["kube-state-metrics", 1],
      ["kubelet", 2],
      ["cadvisor", 2],
    ]);
  });

  test("sends alerts nowhere until a webhook is set", () => {
    expect(JSON.parse(alertmanagerConfig(undefined))).toMatchObject({ receivers: [{ name: "webhook" }] });
    expect(alertmanagerConfig(undefined)).not.toContain("webhook_configs");
  });

  test("calls the webhook with its token, resolved alerts included", () => {
    expect(JSON.parse(alertmanagerConfig({ url: "http://gateway/", bearerToken: "t" }))).toMatchObject({
      receivers: [{ webhook_configs: [{ send_resolved: true, http_config: { authorization: { type: "Bearer", credentials: "t" } } }] }],
    });
    expect(alertmanagerConfig({ url: "http://gateway/" })).not.toContain("authorization");
  });

  test("has no empty rule group, which Prometheus would refuse", () => {
    expect(JSON.parse(rulesFile([]))).toEqual({ groups: [] });
    expect(JSON.parse(rulesFile([{ alert: "A", expr: "up == 0" }]))).toEqual({
      groups: [{ name: "testbed", rules: [{ alert: "A", expr: "up == 0" }] }],
    });
  });

  test("answers names at the host's address only", () => {
    expect(corefile("10.99.3.1", "/k").match(/bind 10\.99\.3\.1/g)).toHaveLength(2);
  });
});

describe("cgroup hierarchies", () => {
  test("of a v2 machine are the one", () => {
    expect(hierarchiesOf("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n")).toEqual({
      version: 2,
      roots: ["/sys/fs/cgroup"],
      all: ["/sys/fs/cgroup"],
    });
  });

  test("of a hybrid machine limit by v1, and are cleaned in v2 as well", () => {
    const mounts = [
      "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
      "proc /proc proc rw 0 0",
    ].join("\n");
    expect(hierarchiesOf(mounts)).toEqual({
      version: 1,
      roots: ["/sys/fs/cgroup/cpu"],
      all: ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"],
    });
  });
});

describe("kernel settings", () => {
  test("are remembered as the first testbed found them", () => {
    const one = withHolder(undefined, "/one", { panic: "0" }, () => true);
    const two = withHolder(one, "/two", { panic: "10" }, () => true);
    expect(two).toEqual({ values: { panic: "0" }, holders: ["/one", "/two"] });
  });

  test("are not held by a testbed whose state is gone, nor twice by one", () => {
    const held = { values: { panic: "0" }, holders: ["/gone", "/one"] };
    expect(withHolder(held, "/one", {}, (holder) => holder !== "/gone").holders).toEqual(["/one"]);
  });
});

describe("what a machine lacks is said in a sentence", () => {
  const able: Machine = { platform: "linux", isRoot: true, goVersion: "go1.26", missingPackages: [], missingPrograms: [] };
  test.each<[string, Partial<Machine>, RegExp[]]>([
    ["nothing", {}, []],
    ["Linux", { platform: "darwin", goVersion: undefined }, [/needs Linux, and this is darwin/]],
    ["Go", { goVersion: undefined }, [/Go is missing/]],
    ["root", { isRoot: false }, [/needs root/]],
    ["packages root can install", { missingPackages: ["runc"] }, []],
    ["packages", { isRoot: false, missingPackages: ["runc"] }, [/needs root/, /apt-get install runc/]],
    ["programs", { missingPrograms: ["runc", "nft"] }, [/install runc, nft/]],
  ])("%s", (_, lack, sentences) => {
    const found = obstacles("cluster", { ...able, ...lack });
    expect(found).toHaveLength(sentences.length);
    for (const [index, sentence] of sentences.entries()) expect(found[index]).toMatch(sentence);
  });

  test("the control plane alone needs no root", () => {
    expect(obstacles("control-plane", { ...able, isRoot: false })).toEqual([]);
  });
});

test("a certificate's subject keeps slashes and signs inside its parts", () => {
  expect(subjectOf("ann", ["a/b", "c=d"])).toBe("/O=a\\/b/O=c\\=d/CN=ann");
});

test("an audit log is read up to its last complete line", () => {
  expect(parseAuditLog('{"auditID":"1"}\n{"auditID":"2"}\n{"aud').map((event) => event.auditID)).toEqual(["1", "2"]);
  expect(parseAuditLog("")).toEqual([]);
});
