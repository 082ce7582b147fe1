import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { readFileSync } from "node:fs";
import { ConfigMaps } from "#api/kubernetes.ts";
import { selfSignedCertificate } from "#scenarios/self-signed-certificate.ts";
import { type EmbeddedCluster, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import type { ApiResponse } from "#embedded/response.ts";
import type { Random } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";
import { connect } from "#kube/connect.ts";

/** The same numbers again for the same seed. */
const seeded = (seed: number): Random => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

interface Options {
  readonly token?: string;
  readonly contentType?: string;
}

const call = (cluster: EmbeddedCluster, method: string, path: string, body?: unknown, options: Options = {}): ApiResponse =>
  cluster.handle({
    method,
    path,
    headers: {
      authorization: `Bearer ${options.token ?? cluster.adminToken}`,
      ...(body === undefined ? {} : { "content-type": options.contentType ?? "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const configMaps = "/api/v1/namespaces/default/configmaps";

describe("in process", () => {
  test("the same seed and the same calls give the same answers, uids and all", async () => {
    const story = async (): Promise<unknown> => {
      const clock = createManualClock();
      const cluster = openEmbeddedCluster({ clock, random: seeded(7) });
      const made = call(cluster, "POST", configMaps, { metadata: { generateName: "a-" } });
      await clock.advance(10);
      return [made.body, call(cluster, "GET", "/api/v1/namespaces/default/serviceaccounts").body];
    };
    expect(await story()).toEqual(await story());
  });

  test("a token ends when the clock says so", async () => {
    const clock = createManualClock();
    const cluster = openEmbeddedCluster({ clock, random: seeded(1) });
    await clock.advance(1);
    const answer = call(cluster, "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", { spec: { expirationSeconds: 600 } });
    const { token } = (answer.body as { status: { token: string } }).status;
    expect(call(cluster, "GET", configMaps, undefined, { token }).status).toBe(403);
    await clock.advance(600_000);
    expect(call(cluster, "GET", configMaps, undefined, { token }).status).toBe(401);
  });

  test("a watch that asks for bookmarks gets one a minute, and ends at its time", async () => {
    const clock = createManualClock();
    const cluster = openEmbeddedCluster({ clock, random: seeded(1) });
    await clock.advance(1);
    const { stream } = call(cluster, "GET", `${configMaps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=150`);
    const seen: string[] = [];
    stream?.({ event: ({ type }) => void seen.push(type), end: () => void seen.push("end") });
    await clock.advance(150_000);
    expect(seen).toEqual(["BOOKMARK", "BOOKMARK", "BOOKMARK", "end"]);
  });

  test("protobuf is refused with what kubectl can do instead", () => {
    const cluster = openEmbeddedCluster({ clock: createManualClock(), random: seeded(1) });
    const answer = call(cluster, "POST", configMaps, { metadata: { name: "a" } }, { contentType: "application/vnd.kubernetes.protobuf" });
    expect(answer).toMatchObject({ status: 415, body: { message: expect.stringContaining("--dry-run=client -o yaml") as string } });
  });

  test("a change of an answer leaves the stored object as it is", () => {
    const cluster = openEmbeddedCluster({ clock: createManualClock(), random: seeded(1) });
    const { body } = call(cluster, "POST", configMaps, { metadata: { name: "a" }, data: { k: "v" } });
    expect(() => Object.assign((body as { data: object }).data, { k: "other" })).toThrow(TypeError);
  });

  test("every manifest of ours is accepted, and applied twice changes nothing", () => {
    const cluster = openEmbeddedCluster({ clock: createManualClock(), random: seeded(1) });
    const plurals = (): Map<string, string> => {
      const groups = (call(cluster, "GET", "/apis").body as { groups: { versions: { groupVersion: string }[] }[] }).groups;
      const versions = ["v1", ...groups.flatMap((group) => group.versions.map(({ groupVersion }) => groupVersion))];
      return new Map(
        versions.flatMap((version) => {
          const { body } = call(cluster, "GET", version === "v1" ? "/api/v1" : `/apis/${version}`);
          return (body as { resources: { name: string; kind: string }[] }).resources
            .filter(({ name }) => !name.includes("/"))
            .map(({ name, kind }) => [`${version} ${kind}`, name] as const);
        }),
      );
    };
    const apply = (): unknown[] =>
      parseAllDocuments(readFileSync("deploy/kintsugi.yaml", "utf8")).flatMap((document) => {
        const object = document.toJSON() as { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } } | null;
        if (object === null) return [];
        const { apiVersion, kind, metadata } = object;
        const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
        const place = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
        const path = `${root}${place}/${plurals().get(`${apiVersion} ${kind}`)}/${metadata.name}?fieldManager=install`;
        const answer = call(cluster, "PATCH", path, object, { contentType: "application/apply-patch+yaml" });
        expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status);
        return [(answer.body as { metadata: { resourceVersion: string } }).metadata.resourceVersion];
      });
    const versions = apply();
    expect(versions.length).toBeGreaterThan(30);
    expect(apply()).toEqual(versions);
  });
});

describe("a snapshot", () => {
  const definition = {
    metadata: { name: "notes.example.test" },
    spec: {
      group: "example.test",
      scope: "Namespaced",
      names: { plural: "notes", kind: "Note" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  };
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const notes = "/apis/example.test/v1/namespaces/default/notes";
  const clock = createManualClock();
  const taken = (): EmbeddedCluster => {
    const cluster = openEmbeddedCluster({ clock, random: seeded(1) });
    expect(call(cluster, "POST", crds, definition).status).toBe(201);
    return cluster;
  };

  test("a cluster begins with the same objects, versions and kinds", () => {
    const first = taken();
    const second = openEmbeddedCluster({ clock, random: seeded(2), from: first.objects.snapshot() });
    for (const path of [crds, configMaps, "/api/v1/namespaces", "/apis/rbac.authorization.k8s.io/v1/clusterroles"])
      expect(call(second, "GET", path).body).toEqual(call(first, "GET", path).body);
    expect(call(second, "POST", notes, { metadata: { name: "a" } }).status).toBe(201);
  });

  test("a write to one cluster changes neither the other nor the snapshot", () => {
    const first = taken();
    const from = first.objects.snapshot();
    const second = openEmbeddedCluster({ clock, random: seeded(2), from });
    call(second, "POST", notes, { metadata: { name: "a" } });
    expect((call(first, "GET", notes).body as { items: unknown[] }).items).toEqual([]);
    expect(first.objects.snapshot()).toEqual(from);
  });

  test("a token of the first cluster is not valid on the second", () => {
    const first = taken();
    const second = openEmbeddedCluster({ clock, random: seeded(2), from: first.objects.snapshot() });
    expect(call(second, "GET", configMaps, undefined, { token: first.adminToken }).status).toBe(401);
  });

  test("a watch from a version before the snapshot is answered with 410", () => {
    const second = openEmbeddedCluster({ clock, random: seeded(2), from: taken().objects.snapshot() });
    const events: unknown[] = [];
    call(second, "GET", `${configMaps}?watch=true&resourceVersion=2`).stream?.({
      event: (event) => void events.push(event),
      end: () => {},
    });
    expect(events).toMatchObject([{ type: "ERROR", object: { code: 410 } }]);
  });
});

describe("over HTTPS", () => {
  test("our own client writes, lists and watches, and trusts only this server's certificate", async () => {
    const cluster = openEmbeddedCluster({ random: seeded(3) });
    const tls = selfSignedCertificate(systemClock.now());
    const listening = await cluster.listen({ tls });
    const config = { ...listening.config, caPem: tls.certPem };
    const deps = { clock: systemClock, random: seeded(4) };
    const kube = connect(config, deps);
    const distrusting = connect({ ...config, caPem: selfSignedCertificate(systemClock.now()).certPem }, deps);
    const stop = new AbortController();
    try {
      await kube.create(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } });
      const seen: string[] = [];
      for await (const event of kube.listWatch(ConfigMaps, { namespace: "default" }, stop.signal)) {
        seen.push(event.kind === "synced" ? `synced ${event.items.length}` : `${event.kind} ${event.object.metadata.name}`);
        if (seen.length === 1) await kube.mergePatch(ConfigMaps, { namespace: "default", name: "a" }, { data: { k: "v" } });
        if (seen.length === 2) await kube.delete(ConfigMaps, { namespace: "default", name: "a" });
        if (seen.length === 3) stop.abort();
      }
      expect(seen).toEqual(["synced 1", "applied a", "deleted a"]);
      await expect(distrusting.list(ConfigMaps)).rejects.toThrow(/certificate/);
    } finally {
      kube.close();
      distrusting.close();
      await listening.close();
    }
  });
});
