import { expect, test } from "vitest";
import { missingIn, referenceMissing } from "#diagnosis/causes/reference-missing.ts";
import { answers, containerStatus, deployment, failing, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const web = deployment("web");
const waits = (message: string): ReturnType<typeof failing> =>
  failing(containerStatus("web", { waiting: { reason: "CreateContainerConfigError", message } }));
const [settings] = objects(`{ apiVersion: v1, kind: ConfigMap, metadata: { name: settings }, data: { log_level: info, currency: EUR } }`);

test("a key that was renamed is corrected to the nearest one that exists", () => {
  const pods = podsOf(web, waits("couldn't find key loglevel in ConfigMap shop/settings"));
  expect(answers(referenceMissing, { objects: [web, ...pods, settings!] })).toEqual([
    "ReferenceMissing Deployment web → fix_reference kind=ConfigMap name=settings key=loglevel to=log_level",
  ]);
});

test("a ConfigMap that never was is corrected to one of nearly that name", () => {
  const pods = podsOf(web, waits('configmap "setings" not found'));
  expect(answers(referenceMissing, { objects: [web, ...pods, settings!] })).toEqual([
    "ReferenceMissing Deployment web → fix_reference kind=ConfigMap name=setings to=settings",
  ]);
});

test("a Secret of nearly that name is a hint for a person, and never chosen", () => {
  const pods = podsOf(web, waits('secret "tokn" not found'));
  const [token] = objects(`{ apiVersion: v1, kind: Secret, metadata: { name: token } }`);
  expect(answers(referenceMissing, { objects: [web, ...pods, token!] })).toEqual(["ReferenceMissing Deployment web → person"]);
});

test("a Secret whose deletion was seen is the root, and comes back from the journal", () => {
  const pods = podsOf(web, waits('secret "token" not found'));
  const object = { apiVersion: "v1", kind: "Secret", namespace: "shop", name: "token" };
  const changes = [{ object, at: "2027-03-01T13:40:00Z", by: "kubectl", field: "", kind: "deleted" as const }];
  expect(answers(referenceMissing, { objects: [web, ...pods], changes })).toEqual(["ReferenceMissing Secret token → person"]);
});

test("a volume's missing ConfigMap shows in FailedMount only", () => {
  const pods = podsOf(web, failing(containerStatus("web", { waiting: { reason: "ContainerCreating" } })));
  const events = [
    warning(pods.at(-1)!, "FailedMount", 'MountVolume.SetUp failed for volume "conf" : configmap "nothing-like-it" not found'),
  ];
  expect(answers(referenceMissing, { objects: [web, ...pods, settings!], events })).toEqual(["ReferenceMissing Deployment web → person"]);
});

test("where the kubelet's words were not kept, what the container needs and no list has is what it waits for", () => {
  const secret = (more: object): ReturnType<typeof deployment> =>
    deployment("web", { envFrom: [{ secretRef: { name: "tokens", ...more } }] });
  const waiting = failing(containerStatus("web", { waiting: { reason: "CreateContainerConfigError" } }));
  const foundIn = (needy: ReturnType<typeof deployment>, ...others: ReturnType<typeof objects>): readonly string[] =>
    answers(referenceMissing, { objects: [needy, ...podsOf(needy, waiting), ...others] });
  expect(foundIn(secret({}))).toEqual(["ReferenceMissing Deployment web → person"]);
  expect(foundIn(secret({ optional: true }))).toEqual([]);
  expect(foundIn(secret({}), ...objects("{ apiVersion: v1, kind: Secret, metadata: { name: tokens } }"))).toEqual([]);
});

test("a container that waits for its image is another cause", () => {
  const pods = podsOf(web, failing(containerStatus("web", { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image" } })));
  expect(answers(referenceMissing, { objects: [web, ...pods] })).toEqual([]);
});

test("one that exists by now contradicts it: the kubelet takes it at its next try", () => {
  const pods = podsOf(web, waits('configmap "settings" not found'));
  expect(answers(referenceMissing, { objects: [web, ...pods, settings!] })).toEqual([]);
});

test.each([
  ['secret "db" not found', { kind: "Secret", name: "db" }],
  ["couldn't find key password in Secret shop/db", { kind: "Secret", name: "db", key: "password" }],
  ["references non-existent config key: app.conf", { kind: "ConfigMap", key: "app.conf" }],
  ["container has runAsNonRoot and image will run as root", undefined],
])("the kubelet's words %j", (message, missing) => {
  expect(missingIn(message)).toEqual(missing);
});
