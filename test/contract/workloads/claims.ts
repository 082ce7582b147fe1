// PersistentVolumeClaims and the volumes made for them: what fits what, and what is told while a claim waits.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { core, type Part } from "#test/contract/samples.ts";
import { doing, podSpecOf } from "#test/contract/workloads/programs.ts";
import { until, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const volumesPath = "/api/v1/persistentvolumes";
const classesPath = "/apis/storage.k8s.io/v1/storageclasses";

/** Classes and volumes are the cluster's: each case has its own. */
const volume = (cluster: Caller, namespace: string, name: string, size: string, metadata: Part = {}, extra: Part = {}): Promise<Body> =>
  ok(
    cluster.create(volumesPath, {
      metadata: { name: `${namespace}-${name}`, ...metadata },
      spec: {
        storageClassName: namespace,
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: size },
        hostPath: { path: "/tmp" },
        ...extra,
      },
    }),
  );
const claim = (cluster: Caller, namespace: string, size: string, extra: Part = {}): Promise<Body> =>
  ok(
    cluster.create(core(namespace, "persistentvolumeclaims"), {
      metadata: { name: "data" },
      spec: { storageClassName: namespace, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } }, ...extra },
    }),
  );
const untilClaim = (cluster: Caller, namespace: string, fits: (object: Body) => boolean): Promise<Body> =>
  untilObject(cluster, core(namespace, "persistentvolumeclaims"), "data", fits);
const isBound = ({ status }: Body): boolean => status["phase"] === "Bound";
const about = { kind: "PersistentVolumeClaim", name: "data" };
const path = (namespace: string): string => core(namespace, "persistentvolumeclaims", "data");

export const claims: WorkloadTopic = {
  title: "Claims",
  cases: [
    {
      name: "a claim is bound to the smallest volume that is large enough",
      run: async (cluster, namespace) => {
        await volume(cluster, namespace, "small", "1Gi");
        await volume(cluster, namespace, "large", "9Gi");
        await volume(cluster, namespace, "fitting", "3Gi");
        await until(
          cluster,
          volumesPath,
          (volumes) =>
            volumes.filter(({ spec, status }) => spec["storageClassName"] === namespace && status["phase"] === "Available").length === 3,
        );
        const made = await claim(cluster, namespace, "2Gi");
        expect(made.metadata["finalizers"]).toEqual(["kubernetes.io/pvc-protection"]);
        const bound = await untilClaim(cluster, namespace, isBound);
        expect(bound).toMatchObject({
          metadata: { annotations: { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" } },
          spec: { volumeName: `${namespace}-fitting`, volumeMode: "Filesystem" },
        });
        expect(bound.status).toEqual({ phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "3Gi" } });
        expect(await untilObject(cluster, volumesPath, `${namespace}-fitting`, isBound)).toMatchObject({
          metadata: { annotations: { "pv.kubernetes.io/bound-by-controller": "yes" }, finalizers: ["kubernetes.io/pv-protection"] },
          spec: {
            claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: "data", uid: made.metadata.uid },
            persistentVolumeReclaimPolicy: "Retain",
          },
        });
      },
    },
    {
      name: "access modes and labels must fit, too; a volume that comes later will do",
      run: async (cluster, namespace) => {
        await volume(cluster, namespace, "one", "2Gi", { labels: { disk: "slow" } });
        await volume(cluster, namespace, "two", "2Gi", { labels: { disk: "fast" } });
        await ok(cluster.create(classesPath, { metadata: { name: namespace }, provisioner: "kubernetes.io/no-provisioner" }));
        await claim(cluster, namespace, "1Gi", { accessModes: ["ReadWriteMany"], selector: { matchLabels: { disk: "fast" } } });
        const event = await untilEvent(cluster, namespace, about, "ProvisioningFailed");
        expect(event).toMatchObject({ type: "Warning", message: "no volume plugin matched name: kubernetes.io/no-provisioner" });
        await volume(cluster, namespace, "three", "2Gi", { labels: { disk: "fast" } }, { accessModes: ["ReadWriteOnce", "ReadWriteMany"] });
        const bound = await untilClaim(cluster, namespace, isBound);
        expect(bound.spec["volumeName"]).toBe(`${namespace}-three`);
      },
    },
    {
      name: "a class that is not there is told of",
      run: async (cluster, namespace) => {
        await claim(cluster, namespace, "1Gi");
        expect(await untilEvent(cluster, namespace, about, "ProvisioningFailed")).toMatchObject({
          type: "Warning",
          message: `storageclass.storage.k8s.io "${namespace}" not found`,
          source: { component: "persistentvolume-controller" },
        });
        expect((await ok(cluster.get(path(namespace)))).status).toEqual({ phase: "Pending" });
      },
    },
    {
      name: "without a class and without a volume a claim waits",
      run: async (cluster, namespace) => {
        await claim(cluster, namespace, "1Ti", { storageClassName: "" });
        expect(await untilEvent(cluster, namespace, about, "FailedBinding")).toMatchObject({
          type: "Normal",
          message: "no persistent volumes available for this claim and no storage class is set",
        });
      },
    },
    {
      name: "a provisioner of somebody else is waited for",
      run: async (cluster, namespace) => {
        await ok(cluster.create(classesPath, { metadata: { name: namespace }, provisioner: "example.com/disks" }));
        await claim(cluster, namespace, "1Gi");
        const event = await untilEvent(cluster, namespace, about, "ExternalProvisioning");
        expect(event.message).toBe(
          "Waiting for a volume to be created either by the external provisioner 'example.com/disks' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
        );
      },
    },
    {
      name: "WaitForFirstConsumer waits for a pod, and then takes a volume",
      run: async (cluster, namespace) => {
        const volumeBindingMode = "WaitForFirstConsumer";
        await ok(
          cluster.create(classesPath, { metadata: { name: namespace }, provisioner: "kubernetes.io/no-provisioner", volumeBindingMode }),
        );
        const nodeAffinity = {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["n2"] }] }] },
        };
        await volume(cluster, namespace, "one", "2Gi", {}, { nodeAffinity });
        await claim(cluster, namespace, "1Gi");
        const event = await untilEvent(cluster, namespace, about, "WaitForFirstConsumer");
        expect(event).toMatchObject({ type: "Normal", message: "waiting for first consumer to be created before binding" });
        const spec = podSpecOf("runs", {
          containers: [doing("runs", { volumeMounts: [{ name: "data", mountPath: "/data" }] })],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
        });
        await ok(cluster.create(core(namespace, "pods"), { metadata: { name: "user" }, spec }));
        await untilClaim(cluster, namespace, isBound);
        const pod = await untilObject(cluster, core(namespace, "pods"), "user", ({ status }) => status["phase"] === "Running");
        expect(pod.spec["nodeName"]).toBe("n2");
      },
    },
    {
      name: "a claim can become neither larger, smaller nor another",
      run: async (cluster, namespace) => {
        await volume(cluster, namespace, "one", "2Gi");
        await claim(cluster, namespace, "2Gi");
        await untilClaim(cluster, namespace, isBound);
        const resized = (storage: string): Promise<unknown> =>
          cluster.patch("merge", path(namespace), { spec: { resources: { requests: { storage } } } });
        expect(await resized("3Gi")).toMatchObject({
          status: 403,
          body: {
            message:
              'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
          },
        });
        expect(await resized("1Gi")).toMatchObject({
          status: 422,
          body: {
            message:
              'PersistentVolumeClaim "data" is invalid: spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
          },
        });
        const other = await cluster.patch("merge", path(namespace), { spec: { storageClassName: "other" } });
        expect(other.status).toBe(422);
        expect(other.body.message).toContain(
          "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        );
      },
    },
    {
      name: "a claim in use stays until its pod has gone, and its volume is released",
      run: async (cluster, namespace) => {
        await volume(cluster, namespace, "one", "2Gi");
        await claim(cluster, namespace, "1Gi");
        await untilClaim(cluster, namespace, isBound);
        const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
        await ok(cluster.create(core(namespace, "pods"), { metadata: { name: "user" }, spec: podSpecOf("runs", { volumes }) }));
        await untilObject(cluster, core(namespace, "pods"), "user", ({ status }) => status["phase"] === "Running");
        await ok(cluster.delete(path(namespace)));
        expect((await ok(cluster.get(path(namespace)))).metadata["deletionTimestamp"]).toBeDefined();
        await ok(cluster.delete(core(namespace, "pods", "user")));
        await until(cluster, core(namespace, "persistentvolumeclaims"), (items) => items.length === 0);
        await untilObject(cluster, volumesPath, `${namespace}-one`, ({ status }) => status["phase"] === "Released");
      },
    },
  ],
};
