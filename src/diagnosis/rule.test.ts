import { describe, expect, test } from "vitest";
import { Nodes } from "#api/kubernetes.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { filled, filledChain } from "#diagnosis/template.ts";
import { createView, type View } from "#diagnosis/view.ts";
import { evidence, objects } from "#test/evidence-sketch.ts";

const node = objects("{ apiVersion: v1, kind: Node, metadata: { name: node-a } }")[0]!;

const ruleOf = (more: {
  readonly isMet?: boolean;
  readonly isContradicted?: boolean;
  readonly supports?: readonly (boolean | "unknown")[];
}) =>
  cause({
    code: "NodeCordoned",
    title: "A node",
    reads: "Nodes.",
    means: "Trouble.",
    needs: ["objects.Node"],
    signs: ["Node"],
    of: (view: View) => view.all(Nodes).map((each) => ({ each, count: 2, lines: ["one", "two"] })),
    when: [
      { is: "a node exists", holds: () => true },
      { is: "it is met", not: "it is not met", holds: () => more.isMet ?? true },
    ],
    unless: [{ is: ({ each }) => `${each.metadata.name} says otherwise`, holds: () => more.isContradicted ?? false }],
    supports: (more.supports ?? []).map((holds) => ({ is: "it is supported", holds: () => holds })),
    object: ({ each }) => each,
    says: "{each} has {count}.",
    chain: "{lines} → {each} has {count}",
    quotes: ({ each }) => [objectQuote(each, "seen"), undefined],
    explains: ({ each }) => [each],
    otherwise: "look at {each}",
    remedy: "Look.",
  }).find(createView(evidence({ objects: [node] })));

describe("a cause as data", () => {
  test("is found with its texts filled in", () => {
    expect(ruleOf({ supports: [true, false, "unknown"] })).toEqual([
      {
        found: {
          code: "NodeCordoned",
          object: { apiVersion: "v1", kind: "Node", name: "node-a" },
          score: 0.8,
          summary: "Node node-a has 2.",
          chain: ["one", "two", "Node node-a has 2"],
          quotes: [{ source: "object", object: "Node node-a", quote: "seen" }],
          advice: { remedies: [], otherwise: "look at Node node-a" },
        },
      },
    ]);
  });
  test("is a near miss where a condition fails that has a fact for it", () => {
    expect(ruleOf({ isMet: false })).toEqual([{ ruledOut: { code: "NodeCordoned", reason: "it is not met", closeness: 0.5 } }]);
  });
  test("is ruled out by an objection, in its words", () => {
    expect(ruleOf({ isContradicted: true })).toEqual([
      { ruledOut: { code: "NodeCordoned", reason: "node-a says otherwise", closeness: 1 } },
    ]);
  });
});

describe("templates", () => {
  test("name objects, references and workloads as every message does", () => {
    const reference = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
    expect(filled("{reference}, {workload}, {all}, {number}", { reference, workload: { reference }, all: [node, node], number: 3 })).toBe(
      "Deployment shop/web, Deployment shop/web, Node node-a, Node node-a, 3",
    );
  });
  test("leave an empty link out of a chain", () => {
    expect(filledChain("{none} → a {word} → {text}", { none: [], word: "b", text: "" })).toEqual(["a b"]);
  });
});
