import { describe, expect, test } from "vitest";
import type { PodTemplate } from "#api/kubernetes.ts";
import { differencesFor, differenceText } from "#diagnosis/template-difference.ts";

const web = {
  name: "web",
  image: "web:1",
  command: ["/bin/web"],
  env: [
    { name: "LEVEL", value: "info" },
    { name: "DB_PASSWORD", value: "hunter2" },
  ],
  resources: { limits: { memory: "64Mi" } },
};
const base: PodTemplate = {
  metadata: { labels: { app: "web" }, annotations: { checksum: "1" } },
  spec: {
    initContainers: [{ name: "prepare", image: "prepare:1" }],
    containers: [web, { name: "sidecar", image: "sidecar:1" }],
    volumes: [{ name: "data", configMap: { name: "a" } }],
  },
};
const withWeb = (change: object): PodTemplate => ({
  ...base,
  spec: { ...base.spec, containers: [{ ...web, ...change }, base.spec.containers[1]!] },
});
const withSpec = (change: object): PodTemplate => ({ ...base, spec: { ...base.spec, ...change } });

describe("what differs for one container", () => {
  const table: Record<string, [PodTemplate, string[]]> = {
    "nothing, where the templates are equal": [base, []],
    "not labels and annotations": [{ ...base, metadata: { labels: { app: "web", v: "2" }, annotations: { checksum: "2" } } }, []],
    "not another container": [withSpec({ containers: [web, { name: "sidecar", image: "sidecar:2" }] }), []],
    "not the order of what has names": [withWeb({ env: web.env.toReversed() }), []],
    "its image": [withWeb({ image: "web:2" }), ["image: web:1 → web:2"]],
    "its command": [withWeb({ command: ["/bin/web", "--strict"] }), ["command: /bin/web → /bin/web --strict"]],
    "its limit": [withWeb({ resources: { limits: { memory: "32Mi" } } }), ["resources.limits.memory: 64Mi → 32Mi"]],
    "a limit that was taken away": [withWeb({ resources: { limits: {} } }), ["resources.limits.memory: 64Mi → (none)"]],
    "a variable, without its value": [
      withWeb({ env: [web.env[0], { name: "DB_PASSWORD", value: "other" }] }),
      ["env[DB_PASSWORD].value was changed"],
    ],
    "a variable that came or went": [
      withWeb({ env: [web.env[0], { name: "NEW", value: "x" }] }),
      ["env[DB_PASSWORD] was removed", "env[NEW] was added"],
    ],
    "a volume": [withSpec({ volumes: [{ name: "data", configMap: { name: "b" } }] }), ["volumes[data].configMap.name: a → b"]],
    "an init container": [
      withSpec({ initContainers: [{ name: "prepare", image: "prepare:2" }] }),
      ["initContainers[prepare].image: prepare:1 → prepare:2"],
    ],
    "a container that is new": [withSpec({ containers: [{ ...web, name: "other" }] }), ["the container was removed"]],
  };
  test.each(Object.entries(table))("%s", (_name, [after, expected]) => {
    expect(differencesFor("web", base, after).map(differenceText)).toEqual(expected);
  });
  test("seen the other way round, the container is new", () => {
    expect(differencesFor("web", withSpec({ containers: [{ ...web, name: "other" }] }), base).map(differenceText)).toEqual([
      "the container is new",
    ]);
  });
  test("an init container is compared with itself, the others around it", () => {
    const after = withSpec({ initContainers: [{ name: "prepare", image: "prepare:2" }] });
    expect(differencesFor("prepare", base, after).map(differenceText)).toEqual(["image: prepare:1 → prepare:2"]);
  });
  test("a secret in a command is masked, and a long value cut", () => {
    const [difference] = differencesFor("web", base, withWeb({ command: ["/bin/web", "--password", "hunter2", "x".repeat(400)] }));
    const text = differenceText(difference!);
    expect(text).toContain("--password [redacted]");
    expect(text.length).toBeLessThan(400);
    expect(text.endsWith("…")).toBe(true);
  });
  test("of two long values only the part is shown in which they differ", () => {
    const script = (line: string) => ["-c", `${"echo starting\n".repeat(40)}${line}\n${"echo done\n".repeat(40)}`];
    const before = { ...base, spec: { ...base.spec, containers: [{ ...web, args: script("exec web --fast") }] } };
    const after = { ...base, spec: { ...base.spec, containers: [{ ...web, args: script("exit 1") }] } };
    const text = differencesFor("web", before, after).map(differenceText)[0];
    expect(text).toMatch(/^args: ….*exec web --fast.*… → ….*exit 1.*…$/);
  });
  test("there are never more than twenty", () => {
    const env = Array.from({ length: 100 }, (_, index) => ({ name: `V${index}`, value: "1" }));
    expect(differencesFor("web", base, withWeb({ env }))).toHaveLength(20);
  });
});
