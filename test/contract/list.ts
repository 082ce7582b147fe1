// Lists: order, selectors, pages and which version they show.
import { expect } from "vitest";
import { type Body, type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { configMap, core, failure, pod } from "#test/contract/samples.ts";

const names = ({ items }: Body): readonly string[] => items.map(({ metadata }) => metadata.name);

const make = async (cluster: ContractCluster, namespace: string, ...wanted: readonly string[]): Promise<void> => {
  for (const name of wanted) await ok(cluster.create(core(namespace, "configmaps"), configMap(name)));
};

const labelled = async (cluster: ContractCluster, namespace: string): Promise<(selector: string) => Promise<readonly string[]>> => {
  for (const [name, labels] of Object.entries({
    a: { app: "web", tier: "front" },
    b: { app: "web" },
    c: { app: "db", tier: "back" },
    d: {},
  }))
    await ok(cluster.create(core(namespace, "configmaps"), configMap(name, {}, { labels })));
  return async (selector) => names(await ok(cluster.get(`${core(namespace, "configmaps")}?labelSelector=${encodeURIComponent(selector)}`)));
};

export const list: Topic = {
  title: "Lists",
  cases: [
    {
      name: "a list is of kind <Kind>List, ordered by name, has a version, and its items carry no kind of their own",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "b", "c", "a");
        const answer = await cluster.get(core(namespace, "configmaps"));
        expect(answer).toMatchObject({ status: 200, body: { apiVersion: "v1", kind: "ConfigMapList" } });
        expect(names(answer.body)).toEqual(["a", "b", "c"]);
        expect(answer.body.metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
        expect(answer.body.items[0]).not.toHaveProperty("kind");
        expect(answer.body.items[0]).not.toHaveProperty("apiVersion");
      },
    },
    {
      name: "a list of nothing has an empty list of items",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(core(namespace, "configmaps"));
        expect(answer.body.items).toEqual([]);
      },
    },
    {
      name: "a list of a namespace that is not there is empty, not an error",
      run: async (cluster) => {
        expect(await cluster.get(core("nowhere", "configmaps"))).toMatchObject({ status: 200, body: { items: [] } });
      },
    },
    {
      name: "a list over all namespaces has those of each, ordered by namespace and name as one path",
      run: async (cluster, namespace) => {
        const other = `${namespace}-other`;
        await ok(cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: other } }));
        for (const place of [other, namespace])
          for (const name of ["b", "a"])
            await ok(cluster.create(core(place, "configmaps"), configMap(name, {}, { labels: { of: namespace } })));
        const { items } = await ok(cluster.get(`/api/v1/configmaps?labelSelector=of%3D${namespace}`));
        expect(items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
          `${other}/a`,
          `${other}/b`,
          `${namespace}/a`,
          `${namespace}/b`,
        ]);
      },
    },
    ...(
      [
        ["equality", "app=web", ["a", "b"]],
        ["double equality", "app==db", ["c"]],
        ["inequality takes also what lacks the label", "app!=web", ["c", "d"]],
        ["a set", "app in (web,db)", ["a", "b", "c"]],
        ["a set that it must not be in takes also what lacks the label", "tier notin (front)", ["b", "c", "d"]],
        ["presence", "tier", ["a", "c"]],
        ["absence", "!tier", ["b", "d"]],
        ["several, all of which must hold", "app=web,tier=front", ["a"]],
      ] as const
    ).map(([what, selector, expected]) => ({
      name: `a label selector by ${what}: ${selector}`,
      run: async (cluster: ContractCluster, namespace: string) => {
        const select = await labelled(cluster, namespace);
        expect(await select(selector)).toEqual(expected);
      },
    })),
    {
      name: "a label selector that cannot be read is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`${core(namespace, "configmaps")}?labelSelector=${encodeURIComponent("app in (")}`);
        expect(answer).toMatchObject(failure(400, "BadRequest"));
        expect(answer.body.message).toContain("unable to parse requirement");
      },
    },
    {
      name: "a field selector by metadata.name finds the one",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "a", "b");
        const found = await ok(cluster.get(`${core(namespace, "configmaps")}?fieldSelector=metadata.name%3Db`));
        expect(names(found)).toEqual(["b"]);
      },
    },
    {
      name: "pods are found by node and by phase",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a", { nodeName: "node-1" })));
        await ok(cluster.create(core(namespace, "pods"), pod("b")));
        const by = async (selector: string): Promise<readonly string[]> =>
          names(await ok(cluster.get(`${core(namespace, "pods")}?fieldSelector=${encodeURIComponent(selector)}`)));
        expect(await by("spec.nodeName=node-1")).toEqual(["a"]);
        expect(await by("spec.nodeName!=node-1")).toEqual(["b"]);
        expect(await by("status.phase=Pending,metadata.name=b")).toEqual(["b"]);
        expect(await by("status.phase=Running")).toEqual([]);
      },
    },
    {
      name: "a field that cannot be selected by is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`${core(namespace, "configmaps")}?fieldSelector=data.k%3Dv`);
        expect(answer).toMatchObject(
          failure(400, "BadRequest", '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        );
      },
    },
    {
      name: "pages follow one another by a token and say how much is left",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "a", "b", "c", "d", "e");
        const page = async (token: string): Promise<Body> =>
          ok(cluster.get(`${core(namespace, "configmaps")}?limit=2${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`));
        const first = await page("");
        expect([names(first), first.metadata["remainingItemCount"]]).toEqual([["a", "b"], 3]);
        const second = await page(first.metadata.continue);
        expect([names(second), second.metadata["remainingItemCount"]]).toEqual([["c", "d"], 1]);
        const third = await page(second.metadata.continue);
        expect([names(third), third.metadata["remainingItemCount"]]).toEqual([["e"], undefined]);
        expect(third.metadata.continue).toBeUndefined();
      },
    },
    {
      name: "all pages show the version of the first one",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "a", "b", "d");
        const first = await ok(cluster.get(`${core(namespace, "configmaps")}?limit=2`));
        await make(cluster, namespace, "c");
        await ok(cluster.delete(core(namespace, "configmaps", "d")));
        const second = await ok(
          cluster.get(`${core(namespace, "configmaps")}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`),
        );
        expect(names(second)).toEqual(["d"]);
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      },
    },
    {
      name: "a page of a selection does not say how much is left",
      run: async (cluster, namespace) => {
        for (const name of ["a", "b", "c"])
          await ok(cluster.create(core(namespace, "configmaps"), configMap(name, {}, { labels: { x: "y" } })));
        const first = await ok(cluster.get(`${core(namespace, "configmaps")}?limit=2&labelSelector=x%3Dy`));
        expect(names(first)).toEqual(["a", "b"]);
        expect(first.metadata.continue).not.toBe("");
        expect(first.metadata["remainingItemCount"]).toBeUndefined();
      },
    },
    {
      name: "a token that is none is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`${core(namespace, "configmaps")}?limit=2&continue=nonsense`);
        expect(answer).toMatchObject(failure(400, "BadRequest"));
        expect(answer.body.message).toContain("continue key is not valid");
      },
    },
    {
      name: "a token whose version is forgotten is Expired and brings one to go on with",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "a", "b", "c");
        const first = await ok(cluster.get(`${core(namespace, "configmaps")}?limit=1`));
        await make(cluster, namespace, "d");
        await cluster.compact();
        const answer = await cluster.get(
          `${core(namespace, "configmaps")}?limit=1&continue=${encodeURIComponent(first.metadata.continue)}`,
        );
        expect(answer).toMatchObject(failure(410, "Expired"));
        const next = await ok(
          cluster.get(`${core(namespace, "configmaps")}?continue=${encodeURIComponent(answer.body.metadata.continue)}`),
        );
        expect(names(next)).toEqual(["b", "c", "d"]);
      },
    },
    {
      name: "a version that is to come is not waited for long: a timeout that says so",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`${core(namespace, "configmaps")}?resourceVersion=999999999`);
        expect(answer).toMatchObject(
          failure(504, "Timeout", expect.stringMatching(/^Timeout: Too large resource version: 999999999, current: \d+$/)),
        );
      },
    },
    {
      name: "a version that is no number is Invalid",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`${core(namespace, "configmaps")}?resourceVersion=abc`);
        expect(answer).toMatchObject(failure(400, "BadRequest"));
      },
    },
    {
      name: "version 0 means any, and a fitting version not older",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "a");
        const { metadata } = await ok(cluster.get(core(namespace, "configmaps", "a")));
        const notOlder = await ok(
          cluster.get(`${core(namespace, "configmaps")}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`),
        );
        expect(names(notOlder)).toEqual(["a"]);
        expect(await cluster.get(`${core(namespace, "configmaps")}?resourceVersion=0`)).toMatchObject({ status: 200 });
      },
    },
    {
      name: "an exact version shows the past",
      run: async (cluster, namespace) => {
        await make(cluster, namespace, "a");
        const past = await ok(cluster.get(core(namespace, "configmaps")));
        await make(cluster, namespace, "b");
        const answer = await ok(
          cluster.get(`${core(namespace, "configmaps")}?resourceVersion=${past.metadata.resourceVersion}&resourceVersionMatch=Exact`),
        );
        expect(names(answer)).toEqual(["a"]);
        expect(answer.metadata.resourceVersion).toBe(past.metadata.resourceVersion);
      },
    },
  ],
};
