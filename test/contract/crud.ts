// What the server adds to an object, which requests it refuses and with which words, and what preconditions protect.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { configMap, core, failure } from "#test/contract/samples.ts";

const uid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const crud: Topic = {
  title: "Objects are created, read, replaced and deleted",
  cases: [
    {
      name: "a create answers 201 with the namespace, a uid, a version and the time to the second",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("a", { k: "v" }));
        expect(answer).toMatchObject({
          status: 201,
          body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace }, data: { k: "v" } },
        });
        expect(answer.headers["content-type"]).toBe("application/json");
        const { metadata } = answer.body;
        expect(metadata.uid).toMatch(uid);
        expect(metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
        expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      },
    },
    {
      name: "a read answers the same object",
      run: async (cluster, namespace) => {
        const created = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "v" })));
        expect(await cluster.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 200, body: created });
      },
    },
    {
      name: "an object that is not there is NotFound, with its resource and name",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(core(namespace, "configmaps", "none"));
        expect(answer).toMatchObject(failure(404, "NotFound", 'configmaps "none" not found'));
        expect(answer.body).toMatchObject({ metadata: {}, details: { name: "none", kind: "configmaps" } });
      },
    },
    {
      name: "the message of a named API group's object names the group",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`/apis/apps/v1/namespaces/${namespace}/deployments/none`);
        expect(answer).toMatchObject(failure(404, "NotFound", 'deployments.apps "none" not found'));
        expect(answer.body.details).toEqual({ name: "none", group: "apps", kind: "deployments" });
      },
    },
    {
      name: "a resource that no API has is NotFound in general words",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`/apis/no.example.com/v1/namespaces/${namespace}/things`);
        expect(answer.status).toBe(404);
        expect(answer.text).toBe("404 page not found\n");
        const known = await cluster.get(core(namespace, "things"));
        expect(known).toMatchObject(failure(404, "NotFound", "the server could not find the requested resource"));
      },
    },
    {
      name: "a second create of one name is AlreadyExists",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("a"));
        expect(answer).toMatchObject(failure(409, "AlreadyExists", 'configmaps "a" already exists'));
        expect(answer.body).toMatchObject({ details: { name: "a", kind: "configmaps" } });
      },
    },
    {
      name: "a create into a namespace that is not there is NotFound",
      run: async (cluster) => {
        const answer = await cluster.create(core("nowhere", "configmaps"), configMap("a"));
        expect(answer).toMatchObject(failure(404, "NotFound", 'namespaces "nowhere" not found'));
      },
    },
    {
      name: "a create whose namespace is not the path's is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("a", {}, { namespace: "other" }));
        expect(answer).toMatchObject(
          failure(400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request"),
        );
      },
    },
    {
      name: "a create with neither name nor generateName is Invalid",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), { apiVersion: "v1", kind: "ConfigMap", metadata: {} });
        expect(answer).toMatchObject(
          failure(422, "Invalid", 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'),
        );
        expect(answer.body).toMatchObject({
          details: {
            kind: "ConfigMap",
            causes: [{ reason: "FieldValueRequired", message: "Required value: name or generateName is required", field: "metadata.name" }],
          },
        });
      },
    },
    {
      name: "generateName gets a tail of five characters",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { generateName: "made-" },
        });
        expect(answer).toMatchObject({ status: 201, body: { metadata: { generateName: "made-" } } });
        expect(answer.body.metadata.name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      },
    },
    {
      name: "a name that is no DNS name is Invalid and says what would be one",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("Not_A_Name"));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain(
          'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain',
        );
      },
    },
    {
      name: "a body of another kind is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } });
        expect(answer).toMatchObject(failure(400, "BadRequest"));
        expect(answer.body.message).toContain('Secret in version "v1" cannot be handled as a ConfigMap');
      },
    },
    {
      name: "a body that is not JSON is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.request("POST", core(namespace, "configmaps"), '{"apiVersion": ');
        expect(answer).toMatchObject(failure(400, "BadRequest"));
      },
    },
    {
      name: "a body of an unknown media type is refused",
      run: async (cluster, namespace) => {
        const answer = await cluster.request("POST", core(namespace, "configmaps"), "a=b", { "content-type": "text/plain" });
        expect(answer).toMatchObject(failure(415, "UnsupportedMediaType"));
      },
    },
    {
      name: "a method the resource does not have is refused",
      run: async (cluster, namespace) => {
        const answer = await cluster.request("PUT", core(namespace, "configmaps"), configMap("a"));
        expect(answer).toMatchObject(failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"));
      },
    },
    {
      name: "a body may be YAML",
      run: async (cluster, namespace) => {
        const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n";
        const answer = await cluster.request("POST", core(namespace, "configmaps"), yaml, { "content-type": "application/yaml" });
        expect(answer).toMatchObject({ status: 201, body: { data: { k: "v" } } });
      },
    },
    {
      name: "a replace makes a new version and keeps uid and creation time",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const answer = await cluster.replace(core(namespace, "configmaps", "a"), { ...before, data: { k: "2" } });
        expect(answer).toMatchObject({
          status: 200,
          body: { metadata: { uid: before.metadata.uid, creationTimestamp: before.metadata.creationTimestamp }, data: { k: "2" } },
        });
        expect(Number(answer.body.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
      },
    },
    {
      name: "a replace that changes nothing keeps the version",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const after = await ok(cluster.replace(core(namespace, "configmaps", "a"), before));
        expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
      },
    },
    {
      name: "a replace of an old version is a Conflict",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        await ok(cluster.replace(core(namespace, "configmaps", "a"), { ...before, data: { k: "2" } }));
        expect(await cluster.replace(core(namespace, "configmaps", "a"), { ...before, data: { k: "3" } })).toMatchObject(
          failure(
            409,
            "Conflict",
            'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
          ),
        );
      },
    },
    {
      name: "a replace without a version wins over whatever is there",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" }, { labels: { old: "yes" } })));
        const answer = await cluster.replace(core(namespace, "configmaps", "a"), configMap("a", { k: "2" }));
        expect(answer).toMatchObject({ status: 200, body: { data: { k: "2" } } });
        expect(answer.body.metadata.labels).toBeUndefined();
      },
    },
    {
      name: "a replace of what is not there is NotFound",
      run: async (cluster, namespace) => {
        expect(await cluster.replace(core(namespace, "configmaps", "a"), configMap("a"))).toMatchObject(
          failure(404, "NotFound", 'configmaps "a" not found'),
        );
      },
    },
    {
      name: "a replace under another name is a bad request",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(await cluster.replace(core(namespace, "configmaps", "a"), configMap("b"))).toMatchObject(
          failure(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
        );
      },
    },
    {
      name: "a replace with another uid is a Conflict: the expected object is gone",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        const otherUid = "11111111-1111-4111-8111-111111111111";
        const answer = await cluster.replace(core(namespace, "configmaps", "a"), configMap("a", {}, { uid: otherUid }));
        expect(answer).toMatchObject(
          failure(
            409,
            "Conflict",
            `Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, Key: /registry/configmaps/${namespace}/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${otherUid}, UID in object meta: ${before.metadata.uid}`,
          ),
        );
      },
    },
    {
      name: "a delete answers Success with the uid, and the object is gone",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(await cluster.delete(core(namespace, "configmaps", "a"))).toMatchObject({
          status: 200,
          body: { apiVersion: "v1", kind: "Status", status: "Success", details: { name: "a", kind: "configmaps", uid: metadata.uid } },
        });
        expect(await cluster.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a delete of what is not there is NotFound",
      run: async (cluster, namespace) => {
        expect(await cluster.delete(core(namespace, "configmaps", "a"))).toMatchObject(
          failure(404, "NotFound", 'configmaps "a" not found'),
        );
      },
    },
    {
      name: "a delete that names another uid is a Conflict",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        const answer = await cluster.delete(core(namespace, "configmaps", "a"), { preconditions: { uid: "other" } });
        expect(answer).toMatchObject(
          failure(
            409,
            "Conflict",
            `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
          ),
        );
      },
    },
    {
      name: "a delete that names an old version is a Conflict",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "v" } }));
        const answer = await cluster.delete(core(namespace, "configmaps", "a"), {
          preconditions: { resourceVersion: metadata.resourceVersion },
        });
        expect(answer).toMatchObject(failure(409, "Conflict"));
        expect(answer.body.message).toContain(`the ResourceVersion in the precondition (${metadata.resourceVersion}) does not match`);
      },
    },
    {
      name: "an object that was deleted and made again has another uid",
      run: async (cluster, namespace) => {
        const first = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await ok(cluster.delete(core(namespace, "configmaps", "a")));
        const second = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(second.metadata.uid).not.toBe(first.metadata.uid);
      },
    },
    {
      name: "an unknown field is dropped, with a warning where the caller asks for one, and refused where it asks for that",
      run: async (cluster, namespace) => {
        const withTypo = (name: string): object => ({ ...configMap(name), dta: { k: "v" } });
        const silent = await cluster.create(`${core(namespace, "configmaps")}?fieldValidation=Ignore`, withTypo("a"));
        expect(silent.status).toBe(201);
        expect(silent.body["dta"]).toBeUndefined();
        expect(silent.headers["warning"]).toBeUndefined();
        const warned = await cluster.create(`${core(namespace, "configmaps")}?fieldValidation=Warn`, withTypo("b"));
        expect(warned.status).toBe(201);
        expect(warned.headers["warning"]).toBe('299 - "unknown field \\"dta\\""');
        const refused = await cluster.create(`${core(namespace, "configmaps")}?fieldValidation=Strict`, withTypo("c"));
        expect(refused).toMatchObject(
          failure(
            400,
            "BadRequest",
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"',
          ),
        );
      },
    },
    {
      name: "an immutable ConfigMap keeps its data",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), { ...configMap("a", { k: "1" }), immutable: true }));
        const answer = await cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "2" } });
        expect(answer).toMatchObject(
          failure(422, "Invalid", 'ConfigMap "a" is invalid: data: Forbidden: field is immutable when `immutable` is set'),
        );
      },
    },
    {
      name: "a Secret takes plain text and answers base64",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "secrets"), {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "s" },
          stringData: { token: "open sesame" },
        });
        expect(answer).toMatchObject({
          status: 201,
          body: { type: "Opaque", data: { token: Buffer.from("open sesame").toString("base64") } },
        });
        expect(answer.body["stringData"]).toBeUndefined();
      },
    },
  ],
};
