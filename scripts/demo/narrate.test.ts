import { expect, test } from "vitest";
import {
  contextPlanText,
  eventText,
  introduction,
  listText,
  lookAroundOnEmbedded,
  lookAroundOnTestbed,
  menuText,
  resultText,
} from "./narrate.ts";

test("the list lines its titles up", () => {
  expect(
    listText([
      { name: "a", title: "One" },
      { name: "longer", title: "Two" },
    ]),
  ).toBe("a       One\nlonger  Two");
});

test("the introduction has title, name and the whole description", () => {
  const text = introduction({ name: "healthy", title: "An alert about nothing", description: "word ".repeat(40).trim() }, 80);
  expect(text).toContain("An alert about nothing  (healthy)");
  expect(text.match(/word/g)).toHaveLength(40);
});

test("a phase names its object, its attempt from the second on, and what is said about it", () => {
  const phase = {
    event: "phase",
    scenario: "s",
    atSeconds: 12.34,
    request: "rr",
    target: "Deployment a/b",
    phase: "Executing",
    attempt: 1,
  } as const;
  expect(eventText(phase, "alone", 100)).toBe("  12.3 s  Deployment a/b → Executing");
  expect(eventText({ ...phase, attempt: 2, message: "Again." }, "several", 100)).toBe(
    "  12.3 s  s: Deployment a/b → Executing (attempt 2): Again.",
  );
  expect(eventText({ event: "step", scenario: "s", atSeconds: 1, text: "fault applied" }, "alone", 100)).toBe("   1.0 s  fault applied");
});

test("a long line is continued under its own text, within the terminal", () => {
  const event = { event: "step", scenario: "s", atSeconds: 1, text: "word ".repeat(40).trim() } as const;
  const lines = eventText(event, "alone", 80).split("\n");
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines[1]).toMatch(/^ {10}word/);
});

test("the result has the time of each phase, and every difference from the expectation", () => {
  const request = {
    name: "rr",
    namespace: "shop-x",
    outcome: "Remediated",
    phases: [
      { phase: "Executing", seconds: 2 },
      { phase: "Completed", seconds: 0 },
    ],
  };
  const result = { scenario: "s", outcome: "Remediated", passed: true, failures: [], durationMs: 4200, requests: [request] };
  expect(resultText(result)).toBe("\nAs expected: s ended Remediated after 4.2 s\n  shop-x: Remediated (Executing 2.0 s)");
  expect(resultText({ ...result, passed: false, failures: ["it rained"] })).toMatch(/NOT as expected[^]*✗ it rained/);
});

test("there is a command to look at every part of the cluster", () => {
  const text = lookAroundOnTestbed({
    testbedName: "demo",
    kubeconfigPath: "/k",
    binDir: "/bin",
    prometheusUrl: "http://p",
    alertmanagerUrl: "http://a",
    namespace: "kintsugi-system",
    requests: ["rr-1", "rr-2"],
  });
  for (const part of ["KUBECONFIG=/k", "describe rr-1", "describe rr-2", "http://p", "http://a", "down --name demo"])
    expect(text).toContain(part);
});

test("on an embedded cluster no kubectl is needed to look around", () => {
  const text = lookAroundOnEmbedded({ kubeconfigPath: "/k", namespace: "kintsugi-system", requests: ["rr-1"] });
  for (const part of ["KUBECONFIG=/k", "if you have kubectl", "describe rr-1", "Ctrl-C"]) expect(text).toContain(part);
});

test("the menu says what can be broken now", () => {
  const text = menuText([
    { title: "One", isReady: true },
    { title: "Two", isReady: false },
  ]);
  expect(text).toContain("   1  One\n   2  Two  (being set up or repaired)");
});

test("a person sees all that will be created on their cluster before the question", () => {
  const text = contextPlanText({
    context: "kind",
    server: "https://api",
    namespace: "kintsugi-demo-x",
    image: "r/k:1",
    workloadImage: "busybox",
    objects: [{ kind: "Namespace" }, { kind: "Role" }, { kind: "Role" }],
    scenarios: [{ name: "s", namespaces: [{ name: "shop", environment: "staging" }] }],
  });
  for (const part of ["kind (https://api)", "1 Namespace, 2 Role", "kintsugi-demo-x", "shop-…", "r/k:1", "busybox", "remove all of it"])
    expect(text).toContain(part);
});
