// Kinds that are defined at run time: defaulting, pruning, validation with its words, rules in CEL, and their own paths.
import { createHash } from "node:crypto";
import { expect, vi } from "vitest";
import { type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { configMap, core, failure, type Part } from "#test/contract/samples.ts";

interface Kind {
  readonly group: string;
  readonly definition: string;
  at(...rest: readonly string[]): string;
  object(name: string, content?: Part): Part;
}

const text: Part = { type: "string" };

/** A definition of `Widget` in this group. */
const definitionOf = (group: string, properties: Part, extra: Part = {}, version: Part = {}): Part => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { kind: "Widget", plural: "widgets", singular: "widget", shortNames: ["wd"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: "object", properties, ...extra } },
        ...version,
      },
    ],
  },
});

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const kindOf = (group: string, namespace: string): Kind => ({
  group,
  definition: `${definitions}/widgets.${group}`,
  at: (...rest) => [`/apis/${group}/v1/namespaces/${namespace}/widgets`, ...rest].join("/"),
  object: (name, content = {}) => ({ apiVersion: `${group}/v1`, kind: "Widget", metadata: { name }, ...content }),
});

const served = (cluster: ContractCluster, path: string): Promise<unknown> =>
  vi.waitFor(() => ok(cluster.get(path)), { timeout: 20_000, interval: 20 });

/** A kind of this schema, served; cases of one schema share it, because the real server takes two seconds for each new kind. */
const define = async (
  cluster: ContractCluster,
  namespace: string,
  properties: Part,
  extra: Part = {},
  version: Part = {},
): Promise<Kind> => {
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([properties, extra, version]))
    .digest("hex")
    .slice(0, 12);
  const kind = kindOf(`k${fingerprint}.example.com`, namespace);
  if ((await cluster.get(kind.definition)).status === 404)
    await ok(cluster.create(definitions, definitionOf(kind.group, properties, extra, version)));
  await served(cluster, kind.at());
  return kind;
};

/** A kind that only this case knows. */
const defineAlone = async (cluster: ContractCluster, namespace: string, properties: Part): Promise<Kind> => {
  const kind = kindOf(`${namespace}.example.com`, namespace);
  await ok(cluster.create(definitions, definitionOf(kind.group, properties)));
  await served(cluster, kind.at());
  return kind;
};

const spec = (properties: Part, extra: Part = {}): Part => ({ spec: { type: "object", properties, ...extra } });

/** What most cases need: two fields and a status. */
const widget: Part = { ...spec({ x: text, y: text }), status: { type: "object", properties: { phase: text } } };

const withDefaults: Part = spec({
  x: { type: "string", default: "y" },
  deep: { type: "object", default: {}, properties: { n: { type: "integer", default: 3 } } },
  steps: { type: "array", items: { type: "object", properties: { name: text, critical: { type: "boolean", default: true } } } },
});

/** One rule of a schema: what breaks it, and the server's words for that. */
interface Rule {
  readonly what: string;
  readonly schema: Part;
  readonly value: unknown;
  readonly says: string;
}

const rules: readonly Rule[] = [
  { what: "a wrong type", schema: text, value: 1, says: 'Invalid value: "integer": spec.x in body must be of type string: "integer"' },
  {
    what: "a number for an integer",
    schema: { type: "integer" },
    value: 1.5,
    says: 'Invalid value: "number": spec.x in body must be of type integer: "number"',
  },
  {
    what: "a value that is none of the listed",
    schema: { type: "string", enum: ["a", "b"] },
    value: "c",
    says: 'Unsupported value: "c": supported values: "a", "b"',
  },
  {
    what: "too short a text",
    schema: { type: "string", minLength: 2 },
    value: "a",
    says: 'Invalid value: "a": spec.x in body should be at least 2 chars long',
  },
  { what: "too long a text", schema: { type: "string", maxLength: 2 }, value: "abc", says: "Too long: may not be more than 2 bytes" },
  {
    what: "a text of another pattern",
    schema: { type: "string", pattern: "^[a-z]+$" },
    value: "A",
    says: "Invalid value: \"A\": spec.x in body should match '^[a-z]+$'",
  },
  {
    what: "a number below the minimum",
    schema: { type: "integer", minimum: 2 },
    value: 1,
    says: "Invalid value: 1: spec.x in body should be greater than or equal to 2",
  },
  {
    what: "a number above the maximum",
    schema: { type: "integer", maximum: 2 },
    value: 3,
    says: "Invalid value: 3: spec.x in body should be less than or equal to 2",
  },
  {
    what: "too few items",
    schema: { type: "array", items: text, minItems: 1 },
    value: [],
    says: "Invalid value: 0: spec.x in body should have at least 1 items",
  },
  {
    what: "too many items",
    schema: { type: "array", items: text, maxItems: 1 },
    value: ["a", "b"],
    says: "Too many: 2: must have at most 1 item",
  },
  {
    what: "an item of a wrong type",
    schema: { type: "array", items: text },
    value: ["a", 1],
    says: 'spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"',
  },
  {
    what: "too many entries of a map",
    schema: { type: "object", additionalProperties: text, maxProperties: 1 },
    value: { a: "1", b: "2" },
    says: "Too many: 2: must have at most 1 item",
  },
  {
    what: "an entry of a map of a wrong type",
    schema: { type: "object", additionalProperties: text },
    value: { a: 1 },
    says: 'spec.x.a: Invalid value: "integer": spec.x.a in body must be of type string: "integer"',
  },
  {
    what: "a time that is none",
    schema: { type: "string", format: "date-time" },
    value: "noon",
    says: 'Invalid value: "noon": spec.x in body must be of type date-time: "noon"',
  },
  {
    what: "a part that is missing",
    schema: { type: "object", properties: { y: text }, required: ["y"] },
    value: {},
    says: "spec.x.y: Required value",
  },
  {
    what: "two entries of a list-map with one key",
    schema: {
      type: "array",
      items: { type: "object", properties: { k: text }, required: ["k"] },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["k"],
    },
    value: [{ k: "a" }, { k: "a" }],
    says: 'spec.x[1]: Duplicate value: {"k":"a"}',
  },
  {
    what: "a set with one value twice",
    schema: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    value: ["a", "a"],
    says: 'spec.x[1]: Duplicate value: "a"',
  },
];

const celRules: readonly Rule[] = [
  {
    what: "a rule with a message",
    schema: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 1", message: "more, please" }] },
    value: 1,
    says: 'spec.x: Invalid value: "integer": more, please',
  },
  {
    what: "a rule without a message",
    schema: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 1" }] },
    value: 1,
    says: 'spec.x: Invalid value: "integer": failed rule: self > 1',
  },
  {
    what: "a rule over several fields, at the object that holds them",
    schema: {
      type: "object",
      properties: { low: { type: "integer" }, high: { type: "integer" } },
      "x-kubernetes-validations": [{ rule: "self.low <= self.high", message: "low is above high" }],
    },
    value: { low: 2, high: 1 },
    says: 'spec.x: Invalid value: "object": low is above high',
  },
  {
    what: "a rule over a list",
    schema: {
      type: "array",
      maxItems: 5,
      items: { type: "string", maxLength: 9 },
      "x-kubernetes-validations": [{ rule: "self.all(x, x.startsWith('a'))", message: "all start with a" }],
    },
    value: ["a", "b"],
    says: 'spec.x: Invalid value: "array": all start with a',
  },
  {
    what: "a message that is computed",
    schema: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 1", messageExpression: "'more than ' + '1'" }] },
    value: 1,
    says: 'spec.x: Invalid value: "integer": more than 1',
  },
  {
    what: "a rule that asks whether a field is there",
    schema: {
      type: "object",
      properties: { a: text, b: text },
      "x-kubernetes-validations": [{ rule: "has(self.a) != has(self.b)", message: "one of a and b" }],
    },
    value: {},
    says: 'spec.x: Invalid value: "object": one of a and b',
  },
];

/** One kind with a field for every rule; the words about `spec.x` are then about that field. */
const ruleCase =
  (prefix: string, all: readonly Rule[]) =>
  ({ what, value, says }: Rule, index: number): Topic["cases"][number] => ({
    name: `${prefix}: ${what}`,
    run: async (cluster, namespace) => {
      const fields = Object.fromEntries(all.map(({ schema }, at) => [`x${at}`, schema]));
      const kind = await define(cluster, namespace, spec(fields));
      const answer = await cluster.create(kind.at(), kind.object("a", { spec: { [`x${index}`]: value } }));
      expect(answer).toMatchObject(failure(422, "Invalid"));
      expect(answer.body.message).toContain(`Widget.${kind.group} "a" is invalid: `);
      expect(answer.body.message).toContain(says.replaceAll("spec.x", `spec.x${index}`));
    },
  });

export const crd: Topic = {
  title: "Kinds of one's own",
  cases: [
    {
      name: "a definition is accepted, then established, and served",
      run: async (cluster, namespace) => {
        const kind = await defineAlone(cluster, namespace, widget);
        const { status } = await ok(cluster.get(kind.definition));
        expect(status).toMatchObject({
          acceptedNames: { kind: "Widget", listKind: "WidgetList", plural: "widgets", singular: "widget", shortNames: ["wd"] },
          storedVersions: ["v1"],
        });
        const conditions = status["conditions"] as readonly { type: string; status: string }[];
        expect(conditions).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ type: "NamesAccepted", status: "True", reason: "NoConflicts" }),
            expect.objectContaining({ type: "Established", status: "True", reason: "InitialNamesAccepted" }),
          ]),
        );
      },
    },
    {
      name: "its objects are made, read, listed and deleted as any other",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        const made = await cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } }));
        expect(made).toMatchObject({ status: 201, body: { kind: "Widget", metadata: { generation: 1 }, spec: { x: "1" } } });
        expect(await cluster.get(kind.at("a"))).toMatchObject({ status: 200, body: made.body });
        const list = await ok(cluster.get(kind.at()));
        expect(list).toMatchObject({ apiVersion: `${kind.group}/v1`, kind: "WidgetList" });
        // Unlike those of the kinds that are built in, these carry their kind.
        expect(list.items).toEqual([made.body]);
        expect(await cluster.delete(kind.at("a"))).toMatchObject({
          status: 200,
          body: { status: "Success", details: { name: "a", group: kind.group, kind: "widgets" } },
        });
        expect(await cluster.get(kind.at("a"))).toMatchObject(failure(404, "NotFound", `widgets.${kind.group} "a" not found`));
      },
    },
    {
      name: "defaults are filled in, also deep inside and in a list's items",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, withDefaults);
        const made = await ok(cluster.create(kind.at(), kind.object("a", { spec: { steps: [{ name: "s" }] } })));
        expect(made.spec).toEqual({ x: "y", deep: { n: 3 }, steps: [{ name: "s", critical: true }] });
      },
    },
    {
      name: "a default of a part that is not there is not filled in",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, withDefaults);
        const made = await ok(cluster.create(kind.at(), kind.object("a")));
        expect(made.spec).toBeUndefined();
      },
    },
    {
      name: "null for a field with a default is the default, for one without it is nothing",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, withDefaults);
        const made = await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: null, steps: null } })));
        expect(made.spec).toEqual({ x: "y", deep: { n: 3 } });
      },
    },
    {
      name: "unknown fields are pruned, with a warning",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        const answer = await cluster.create(kind.at(), kind.object("a", { spec: { x: "1", typo: "2" }, more: true }));
        expect(answer.status).toBe(201);
        expect(answer.body.spec).toEqual({ x: "1" });
        expect(answer.body["more"]).toBeUndefined();
        const warned = await cluster.create(`${kind.at()}?fieldValidation=Warn`, kind.object("b", { spec: { typo: "2" } }));
        expect(warned.headers["warning"]).toBe('299 - "unknown field \\"spec.typo\\""');
      },
    },
    {
      name: "unknown fields are refused where the caller wants it so",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        const answer = await cluster.create(`${kind.at()}?fieldValidation=Strict`, kind.object("a", { spec: { typo: "2" } }));
        expect(answer).toMatchObject(
          failure(
            400,
            "BadRequest",
            `Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.typo"`,
          ),
        );
      },
    },
    {
      name: "unknown fields stay where the schema keeps them",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, spec({ x: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }));
        expect((await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: { any: { thing: 1 } } } })))).spec).toEqual({
          x: { any: { thing: 1 } },
        });
      },
    },
    ...rules.map(ruleCase("the schema refuses", rules)),
    {
      name: "the schema refuses: a missing spec",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget, { required: ["spec"] });
        const answer = await cluster.create(kind.at(), kind.object("a"));
        expect(answer).toMatchObject(failure(422, "Invalid", `Widget.${kind.group} "a" is invalid: spec: Required value`));
        expect(answer.body).toMatchObject({
          details: {
            name: "a",
            group: kind.group,
            kind: "Widget",
            causes: [{ reason: "FieldValueRequired", message: "Required value", field: "spec" }],
          },
        });
      },
    },
    {
      name: "several faults are listed together in brackets, in any order",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, spec({ x: { type: "string", maxLength: 1 }, y: { type: "integer", minimum: 1 } }));
        const answer = await cluster.create(kind.at(), kind.object("a", { spec: { x: "ab", y: 0 } }));
        const faults = [
          "spec.x: Too long: may not be more than 1 byte",
          "spec.y: Invalid value: 0: spec.y in body should be greater than or equal to 1",
        ];
        const messages = [faults, faults.toReversed()].map((each) => `Widget.${kind.group} "a" is invalid: [${each.join(", ")}]`);
        expect(messages).toContain(answer.body.message);
      },
    },
    ...celRules.map(ruleCase("a rule refuses", celRules)),
    {
      name: "a rule over the old value holds from the second write on",
      run: async (cluster, namespace) => {
        const immutable = { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "spec.x is immutable" }] };
        const kind = await define(cluster, namespace, spec({ x: immutable, y: text }));
        await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } })));
        expect(await cluster.patch("merge", kind.at("a"), { spec: { y: "1" } })).toMatchObject({ status: 200 });
        expect(await cluster.patch("merge", kind.at("a"), { spec: { x: "2" } })).toMatchObject(
          failure(422, "Invalid", `Widget.${kind.group} "a" is invalid: spec.x: Invalid value: "string": spec.x is immutable`),
        );
      },
    },
    {
      name: "a rule over the old value at the root reaches the status and not the metadata's labels",
      run: async (cluster, namespace) => {
        const rule = { rule: "!has(oldSelf.status) || self.status.phase != 'Back'", message: "no way back" };
        const kind = await define(cluster, namespace, widget, { "x-kubernetes-validations": [rule] });
        await ok(cluster.create(kind.at(), kind.object("a", { spec: {} })));
        expect(await cluster.patch("merge", kind.at("a", "status"), { status: { phase: "On" } })).toMatchObject({ status: 200 });
        expect(await cluster.patch("merge", kind.at("a", "status"), { status: { phase: "Back" } })).toMatchObject(failure(422, "Invalid"));
      },
    },
    {
      name: "a definition whose rule cannot be read is Invalid",
      run: async (cluster, namespace) => {
        const broken = { ...text, "x-kubernetes-validations": [{ rule: "self.nothing(" }] };
        const answer = await cluster.create(definitions, definitionOf(`${namespace}.example.com`, spec({ x: broken })));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain(
          'spec.validation.openAPIV3Schema.properties[spec].properties[x].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.nothing(","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:14: Syntax error:',
        );
      },
    },
    {
      name: "a definition whose name is not <plural>.<group> is Invalid",
      run: async (cluster, namespace) => {
        const definition = { ...definitionOf(`${namespace}.example.com`, spec({ x: text })), metadata: { name: "other" } };
        const answer = await cluster.create(definitions, definition);
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('metadata.name: Invalid value: "other": must be spec.names.plural+"."+spec.group');
      },
    },
    {
      name: "the status has a path of its own, and writes of the object leave it alone",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        const made = await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" }, status: { phase: "Dropped" } })));
        expect(made.status).toBeUndefined();
        const written = await ok(cluster.replace(kind.at("a", "status"), { ...made, spec: { x: "9" }, status: { phase: "Kept" } }));
        expect(written).toMatchObject({ spec: { x: "1" }, status: { phase: "Kept" }, metadata: { generation: 1 } });
        const changed = await ok(cluster.replace(kind.at("a"), { ...written, spec: { x: "2" }, status: { phase: "Dropped" } }));
        expect(changed).toMatchObject({ spec: { x: "2" }, status: { phase: "Kept" }, metadata: { generation: 2 } });
      },
    },
    {
      name: "a replace of the status needs a version",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } })));
        const answer = await cluster.replace(kind.at("a", "status"), kind.object("a", { status: { phase: "On" } }));
        expect(answer).toMatchObject(
          failure(
            422,
            "Invalid",
            `widgets.${kind.group} "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
          ),
        );
      },
    },
    {
      name: "a replace of the status may carry nothing but name, version and status",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget, { required: ["spec"] });
        const { metadata } = await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } })));
        const answer = await cluster.replace(kind.at("a", "status"), {
          ...kind.object("a"),
          metadata: { name: "a", namespace, resourceVersion: metadata.resourceVersion },
          status: { phase: "On" },
        });
        expect(answer).toMatchObject({ status: 200, body: { spec: { x: "1" }, status: { phase: "On" } } });
      },
    },
    {
      name: "a JSON Patch of a status that is not there can test for that",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } })));
        const first = [
          { op: "test", path: "/status", value: null },
          { op: "add", path: "/status", value: { phase: "On" } },
        ];
        expect(await cluster.patch("json", kind.at("a", "status"), first)).toMatchObject({
          status: 200,
          body: { status: { phase: "On" } },
        });
        expect(await cluster.patch("json", kind.at("a", "status"), first)).toMatchObject(failure(422, "Invalid"));
      },
    },
    {
      name: "a strategic merge patch is refused",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } })));
        expect(await cluster.patch("strategic", kind.at("a"), { spec: { x: "2" } })).toMatchObject(failure(415, "UnsupportedMediaType"));
      },
    },
    {
      name: "an apply merges a list-map by its key",
      run: async (cluster, namespace) => {
        const decisions = {
          type: "array",
          items: { type: "object", properties: { by: text, decision: text }, required: ["by"] },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["by"],
        };
        const kind = await define(cluster, namespace, spec({ decisions }));
        const of = (by: string): Part => kind.object("a", { spec: { decisions: [{ by, decision: "Approved" }] } });
        await ok(cluster.patch("apply", `${kind.at("a")}?fieldManager=ann`, of("ann")));
        const both = await ok(cluster.patch("apply", `${kind.at("a")}?fieldManager=bob`, of("bob")));
        expect(both.spec).toEqual({
          decisions: [
            { by: "ann", decision: "Approved" },
            { by: "bob", decision: "Approved" },
          ],
        });
      },
    },
    {
      name: "a cluster-scoped kind has no namespace",
      run: async (cluster, namespace) => {
        const definition = definitionOf(`${namespace}.example.com`, spec({ x: text }));
        await ok(cluster.create(definitions, { ...definition, spec: { ...(definition["spec"] as Part), scope: "Cluster" } }));
        const path = `/apis/${namespace}.example.com/v1/widgets`;
        await vi.waitFor(() => ok(cluster.get(path)), { timeout: 20_000, interval: 20 });
        const made = await ok(
          cluster.create(path, { apiVersion: `${namespace}.example.com/v1`, kind: "Widget", metadata: { name: "a" }, spec: { x: "1" } }),
        );
        expect(made.metadata.namespace).toBeUndefined();
        expect(await cluster.get(`${path}/a`)).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a watch of such a kind works as any other",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        const from = (await ok(cluster.get(kind.at()))).metadata.resourceVersion;
        const watching = await cluster.watch(`${kind.at()}?resourceVersion=${from}`);
        await ok(cluster.create(kind.at(), kind.object("a", { spec: { x: "1" } })));
        await ok(cluster.delete(kind.at("a")));
        expect((await watching.take(2)).map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
        watching.close();
      },
    },
    {
      name: "an owner of such a kind takes its children with it",
      run: async (cluster, namespace) => {
        const kind = await define(cluster, namespace, widget);
        const owner = await ok(cluster.create(kind.at(), kind.object("a")));
        const ownerReferences = [{ apiVersion: owner.apiVersion, kind: owner.kind, name: "a", uid: owner.metadata.uid }];
        await ok(cluster.create(core(namespace, "configmaps"), configMap("child", {}, { ownerReferences })));
        const watching = await cluster.watch(`${core(namespace, "configmaps")}?fieldSelector=metadata.name%3Dchild`);
        await ok(cluster.delete(kind.at("a")));
        await watching.until(({ type }) => type === "DELETED");
        watching.close();
      },
    },
    {
      name: "with its definition a kind goes, and its objects with it",
      run: async (cluster, namespace) => {
        const kind = await defineAlone(cluster, namespace, widget);
        await ok(cluster.create(kind.at(), kind.object("a")));
        await ok(cluster.delete(kind.definition));
        await vi.waitFor(async () => expect((await cluster.get(kind.at("a"))).status).toBe(404), { timeout: 20_000, interval: 20 });
      },
    },
  ],
};
