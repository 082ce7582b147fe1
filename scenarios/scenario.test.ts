import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadScenario, loadScenarios, rulesFor, scenarioNames } from "#scenarios/scenario.ts";

interface Document {
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
}

const scenarios = await loadScenarios();
const documentsOf = (yaml: string): Document[] => parseAllDocuments(yaml).map((document) => document.toJS() as Document);

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))("scenario %s", (_, scenario) => {
  const documents = Object.values(scenario.manifests).flatMap(documentsOf);

  test("has manifests that name their objects and leave the namespace to the runner", () => {
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) {
      expect(document.metadata.name).toMatch(/^[a-z][-a-z0-9]*$/);
      expect(document.metadata).not.toHaveProperty("namespace");
    }
  });

  test("gives its fault away by no name, label or annotation", () => {
    const telling = /broken|bad|invalid|wrong|fault|crash|fail|oom|leak|stuck/i;
    for (const document of documents) expect(JSON.stringify(document.metadata)).not.toMatch(telling);
    for (const { name } of scenario.namespaces) expect(name).not.toMatch(telling);
  });

  test("expects something about objects that it makes", () => {
    const made = new Set(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    for (const { target, changes, untouched } of scenario.expect) {
      for (const { kind, name } of [target, ...changes, ...untouched]) expect(made).toContain(`${kind} ${name}`);
    }
  });

  test("does nothing without a write, and writes nothing without an action", () => {
    for (const { actions, undone, changes } of scenario.expect) {
      expect(changes.flatMap(({ by }) => by).toSorted()).toEqual([...actions, ...undone].toSorted());
    }
  });
});

test("the same alert occurs with different causes, so that a rule that answers by its name fails", () => {
  const causes = new Map<string, Set<string>>();
  for (const { alerts, expect: expected } of scenarios) {
    for (const { alert } of alerts) causes.set(alert, (causes.get(alert) ?? new Set()).add(expected[0]?.cause?.code ?? "none"));
  }
  expect([...(causes.get("KubePodCrashLooping") ?? [])].toSorted()).toEqual(["ConfigEdited", "ReleaseCrashes"]);
});

test("a rule is bound to its namespace wherever it names one", () => {
  const rule = { alert: "A", expr: 'up{namespace="$NAMESPACE"} and down{namespace="$NAMESPACE"}' };
  expect(rulesFor({ alerts: [rule] }, "shop-x")).toEqual([{ alert: "A", expr: 'up{namespace="shop-x"} and down{namespace="shop-x"}' }]);
});

describe("a folder that is not a scenario", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scenarios-"));
  afterAll(() => rm(folder, { recursive: true }));

  test("an unknown name is answered with the known ones", async () => {
    await expect(loadScenario("nonesuch")).rejects.toThrow(/no scenario "nonesuch": there are .*crash-after-release/);
  });

  test.each([
    ["a misspelt field", "titel: x", /Unrecognized key: "titel"/],
    ["an alert for every namespace", "alerts: [{ alert: A, expr: up }]", /\$NAMESPACE/],
    ["no expectation", "title: x", /expect/],
  ])("%s is refused, with the file named", async (name, text, reason) => {
    const scenario = name.replaceAll(" ", "-");
    await mkdir(join(folder, scenario));
    await writeFile(join(folder, scenario, "scenario.yaml"), text);
    expect(await scenarioNames(folder)).toContain(scenario);
    await expect(loadScenario(scenario, folder)).rejects.toThrow(reason);
    await expect(loadScenario(scenario, folder)).rejects.toThrow(`scenarios/${scenario}/scenario.yaml`);
  });

  test("an expectation about a namespace that the scenario does not have is refused", async () => {
    const healthy = scenarios.find(({ name }) => name === "healthy")!;
    const { name, manifests, ...file } = healthy;
    expect(name in manifests).toBe(false);
    await mkdir(join(folder, "elsewhere"));
    const elsewhere = { ...file, expect: file.expect.map((one) => ({ ...one, in: "elsewhere" })) };
    await writeFile(join(folder, "elsewhere", "scenario.yaml"), JSON.stringify(elsewhere));
    await expect(loadScenario("elsewhere", folder)).rejects.toThrow("a namespace of the scenario");
  });
});
