// How containers start: images, configuration, volumes; and the events when one cannot.
import { expect } from "vitest";
import { ok } from "#test/contract/cluster.ts";
import { configMap, core, type Part } from "#test/contract/samples.ts";
import { missingImage, workloadImage } from "#test/contract/workloads/programs.ts";
import {
  containerOf,
  createPod,
  hasPhase,
  isRunning,
  isWaiting,
  podOf,
  runs,
  scripted,
  untilPod,
} from "#test/contract/workloads/scripted-containers.ts";
import { conditionOf, untilEvent, type WorkloadCase, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const about = { kind: "Pod", name: "a" };
const notFound = `rpc error: code = NotFound desc = failed to pull and unpack image "${missingImage}": failed to resolve reference "${missingImage}": ${missingImage}: not found`;

const fromEnv = (name: string, valueFrom: Part): Part => ({ env: [{ name, valueFrom }] });

/** A container that waits for its configuration, in these words. */
const unconfigured = (name: string, extra: Part, messageIn: (namespace: string) => string): WorkloadCase => ({
  name,
  run: async (cluster, namespace) => {
    await ok(cluster.create(core(namespace, "configmaps"), configMap("there", { other: "x" })));
    await ok(cluster.create(core(namespace, "secrets"), { metadata: { name: "there" }, stringData: { other: "x" } }));
    await createPod(cluster, namespace, podOf(runs(extra)));
    const pod = await untilPod(cluster, namespace, isWaiting("CreateContainerConfigError"));
    const message = messageIn(namespace);
    expect(containerOf(pod)?.state.waiting?.message).toBe(message);
    expect(pod.status).toMatchObject({ phase: "Pending" });
    const event = await untilEvent(cluster, namespace, about, "Failed", `Error: ${message}`);
    expect(event).toMatchObject({ type: "Warning" });
  },
});

/** A pod whose volume cannot be set up, in these words. */
const unmounted = (name: string, source: Part, message: string): WorkloadCase => ({
  name,
  run: async (cluster, namespace) => {
    await ok(cluster.create(core(namespace, "configmaps"), configMap("there", { other: "x" })));
    await ok(cluster.create(core(namespace, "secrets"), { metadata: { name: "there" }, stringData: { other: "x" } }));
    await createPod(
      cluster,
      namespace,
      podOf(runs({ volumeMounts: [{ name: "config", mountPath: "/etc/web" }] }), { volumes: [{ name: "config", ...source }] }),
    );
    const event = await untilEvent(cluster, namespace, about, "FailedMount", `MountVolume.SetUp failed for volume "config" : ${message}`);
    expect(event).toMatchObject({ type: "Warning" });
    const pod = await untilPod(cluster, namespace, isWaiting("ContainerCreating"));
    expect(conditionOf(pod, "PodReadyToStartContainers")).toMatchObject({ status: "False" });
    expect(pod.status).not.toHaveProperty("podIP");
  },
});

export const containerStarts: WorkloadTopic = {
  title: "Containers start",
  cases: [
    {
      name: "a pod that runs: conditions, addresses, times, its container",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        const pod = await untilPod(cluster, namespace, (object) => conditionOf(object, "Ready")?.status === "True");
        const types = (pod.status["conditions"] as Part[]).map(({ type, status }) => [type, status]);
        expect(types).toEqual(
          ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => [type, "True"]),
        );
        expect(pod.status).toMatchObject({
          phase: "Running",
          observedGeneration: 1,
          qosClass: "BestEffort",
          hostIP: expect.any(String),
          hostIPs: [{ ip: pod.status["hostIP"] }],
          podIP: expect.any(String),
          podIPs: [{ ip: pod.status["podIP"] }],
          startTime: expect.any(String),
        });
        expect(containerOf(pod)).toMatchObject({
          name: "web",
          image: workloadImage,
          imageID: expect.stringMatching(/^testbed\.local\/busybox@sha256:[0-9a-f]{64}$/),
          containerID: expect.stringMatching(/^containerd:\/\/[0-9a-f]{64}$/),
          ready: true,
          started: true,
          restartCount: 0,
          lastState: {},
          state: { running: { startedAt: expect.any(String) } },
        });
      },
    },
    {
      name: "events report the pull, the creation and the start",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        const created = await untilEvent(cluster, namespace, about, "Created");
        expect(created).toMatchObject({ type: "Normal", message: "Created container: web", count: 1 });
        const started = await untilEvent(cluster, namespace, about, "Started");
        expect(started).toMatchObject({ type: "Normal", message: "Started container web", source: { component: "kubelet" } });
        const pulled = await untilEvent(cluster, namespace, about, "Pulled");
        expect(pulled.message).toMatch(
          /^(Container image "testbed\.local\/busybox:1" already present on machine|Successfully pulled image "testbed\.local\/busybox:1" in .+s \(.+s including waiting\)\. Image size: \d+ bytes\.)$/,
        );
      },
    },
    {
      name: "an image that does not exist: first the registry's answer, then the back-off",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs({ image: missingImage })));
        const failed = await untilPod(cluster, namespace, isWaiting("ErrImagePull"));
        expect(containerOf(failed)?.state.waiting?.message).toBe(notFound);
        const waiting = await untilPod(cluster, namespace, isWaiting("ImagePullBackOff"));
        expect(containerOf(waiting)).toMatchObject({ imageID: "", restartCount: 0, started: false });
        expect(containerOf(waiting)?.state.waiting?.message).toBe(`Back-off pulling image "${missingImage}": ErrImagePull: ${notFound}`);
        expect(waiting.status).toMatchObject({ phase: "Pending" });
      },
    },
    {
      name: "an image that does not exist: the events",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs({ image: missingImage })));
        for (const [type, reason, message] of [
          ["Normal", "Pulling", `Pulling image "${missingImage}"`],
          ["Warning", "Failed", `Failed to pull image "${missingImage}": ${notFound}`],
          ["Warning", "Failed", "Error: ErrImagePull"],
          ["Normal", "BackOff", `Back-off pulling image "${missingImage}"`],
          ["Warning", "Failed", "Error: ImagePullBackOff"],
        ] as const) {
          expect(await untilEvent(cluster, namespace, about, reason, message)).toMatchObject({ type });
        }
      },
    },
    unconfigured("a ConfigMap that is not there", { envFrom: [{ configMapRef: { name: "gone" } }] }, () => `configmap "gone" not found`),
    unconfigured("a Secret that is not there", { envFrom: [{ secretRef: { name: "gone" } }] }, () => `secret "gone" not found`),
    unconfigured(
      "a key that its ConfigMap has not",
      fromEnv("A", { configMapKeyRef: { name: "there", key: "a" } }),
      (namespace) => `couldn't find key a in ConfigMap ${namespace}/there`,
    ),
    unconfigured(
      "a key that its Secret has not",
      fromEnv("A", { secretKeyRef: { name: "there", key: "a" } }),
      (namespace) => `couldn't find key a in Secret ${namespace}/there`,
    ),
    {
      name: "what is optional may be missing",
      run: async (cluster, namespace) => {
        const env = [{ name: "A", valueFrom: { configMapKeyRef: { name: "gone", key: "a", optional: true } } }];
        const volumes = [{ name: "config", secret: { secretName: "gone", optional: true } }];
        const container = runs({
          env,
          envFrom: [{ secretRef: { name: "gone", optional: true } }],
          volumeMounts: [{ name: "config", mountPath: "/x" }],
        });
        await createPod(cluster, namespace, podOf(container, { volumes }));
        await untilPod(cluster, namespace, isRunning);
      },
    },
    {
      name: "a container starts by itself when its ConfigMap comes",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs({ envFrom: [{ configMapRef: { name: "late" } }] })));
        await untilPod(cluster, namespace, isWaiting("CreateContainerConfigError"));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("late")));
        expect(containerOf(await untilPod(cluster, namespace, isRunning))).toMatchObject({ restartCount: 0 });
      },
    },
    unmounted("a volume of a ConfigMap that is not there", { configMap: { name: "gone" } }, `configmap "gone" not found`),
    unmounted("a volume of a Secret that is not there", { secret: { secretName: "gone" } }, `secret "gone" not found`),
    unmounted(
      "a volume of a key that is not there",
      { configMap: { name: "there", items: [{ key: "a", path: "a" }] } },
      "configmap references non-existent config key: a",
    ),
    unmounted(
      "a volume of a key that its Secret has not",
      { secret: { secretName: "there", items: [{ key: "a", path: "a" }] } },
      "references non-existent secret key: a",
    ),
    {
      name: "a container sees its environment and its files",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("config", { level: "debug", "app.conf": "port = 8080" })));
        await ok(cluster.create(core(namespace, "secrets"), { metadata: { name: "key" }, stringData: { token: "s3cret" } }));
        const script = 'echo "$LEVEL $TOKEN $JOINED $WHO $WHERE"; cat /etc/web/app.conf /etc/web/sub/one; echo';
        const log = ["${LEVEL} ${TOKEN} ${JOINED} ${WHO} ${WHERE}", "@{/etc/web/app.conf}@{/etc/web/sub/one}"];
        const container = scripted(
          script,
          { log, exit: { code: 0 } },
          {
            env: [
              { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "config", key: "level" } } },
              { name: "TOKEN", valueFrom: { secretKeyRef: { name: "key", key: "token" } } },
              { name: "JOINED", value: "$(LEVEL)-$(UNKNOWN)-$$(LEVEL)" },
              { name: "WHO", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
              { name: "WHERE", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
            ],
            volumeMounts: [
              { name: "config", mountPath: "/etc/web" },
              { name: "secret", mountPath: "/etc/web/sub" },
            ],
          },
        );
        const volumes = [
          { name: "config", configMap: { name: "config" } },
          { name: "secret", secret: { secretName: "key", items: [{ key: "token", path: "one" }] } },
        ];
        await createPod(cluster, namespace, podOf(container, { restartPolicy: "Never", volumes }, { labels: { app: "shop" } }));
        await untilPod(cluster, namespace, hasPhase("Succeeded"));
        const { text } = await cluster.get(core(namespace, "pods", "a", "log"));
        expect(text).toBe("debug s3cret debug-$(UNKNOWN)-$(LEVEL) a shop\nport = 8080s3cret\n");
      },
    },
  ],
};
