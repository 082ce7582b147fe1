// Logs of containers: of which run, how much, and the error while there is none.
import { expect } from "vitest";
import { core, failure, type Part } from "#test/contract/samples.ts";
import { missingImage } from "#test/contract/workloads/programs.ts";
import {
  createPod,
  hasPhase,
  hasRestarted,
  isRunning,
  isWaiting,
  podOf,
  runs,
  scripted,
  untilPod,
} from "#test/contract/workloads/scripted-containers.ts";
import { type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const never = { restartPolicy: "Never" };
const log = (namespace: string, query = ""): string => `${core(namespace, "pods", "a", "log")}${query}`;
const three = (extra: Part = {}): Part =>
  scripted("echo one; echo two; echo three", { log: ["one", "two", "three"], exit: { code: 0 } }, extra);

export const logs: WorkloadTopic = {
  title: "Logs",
  cases: [
    {
      name: "all of it, as plain text",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(three(), never));
        await untilPod(cluster, namespace, hasPhase("Succeeded"));
        const answer = await cluster.get(log(namespace));
        expect(answer).toMatchObject({ status: 200, text: "one\ntwo\nthree\n" });
        expect(answer.headers["content-type"]).toBe("text/plain");
      },
    },
    {
      name: "its end and its beginning",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(three(), never));
        await untilPod(cluster, namespace, hasPhase("Succeeded"));
        expect((await cluster.get(log(namespace, "?tailLines=2"))).text).toBe("two\nthree\n");
        expect((await cluster.get(log(namespace, "?tailLines=0"))).text).toBe("");
        expect((await cluster.get(log(namespace, "?limitBytes=5"))).text).toBe("one\nt");
      },
    },
    {
      name: "each line after its time, and those since a time",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(three(), never));
        await untilPod(cluster, namespace, hasPhase("Succeeded"));
        const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z`;
        const { text } = await cluster.get(log(namespace, "?timestamps=true"));
        expect(text).toMatch(new RegExp(`^${stamp} one\n${stamp} two\n${stamp} three\n$`));
        expect((await cluster.get(log(namespace, "?sinceTime=2100-01-01T00:00:00Z"))).text).toBe("");
        expect((await cluster.get(log(namespace, "?sinceTime=2000-01-01T00:00:00Z"))).text).toBe("one\ntwo\nthree\n");
      },
    },
    {
      name: "of a life that is over, as long as the next one goes on",
      run: async (cluster, namespace) => {
        const script = "echo started; sleep 2; exit 1";
        await createPod(cluster, namespace, podOf(scripted(script, { log: ["started"], exit: { code: 1, afterMs: 2000 } })));
        await untilPod(cluster, namespace, (pod) => hasRestarted(1)(pod) && isRunning(pod));
        expect(await cluster.get(log(namespace, "?previous=true"))).toMatchObject({ status: 200, text: "started\n" });
        expect(await cluster.get(log(namespace))).toMatchObject({ status: 200, text: "started\n" });
      },
    },
    {
      name: "while it waits to be restarted, of its last life",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(scripted("echo boom; exit 3", { log: ["boom"], exit: { code: 3 } })));
        await untilPod(cluster, namespace, isWaiting("CrashLoopBackOff"));
        expect((await cluster.get(log(namespace))).text).toBe("boom\n");
      },
    },
    {
      name: "of an earlier life where there was none",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        await untilPod(cluster, namespace, isRunning);
        const message = 'previous terminated container "web" in pod "a" not found';
        expect(await cluster.get(log(namespace, "?previous=true"))).toMatchObject(failure(400, "BadRequest", message));
      },
    },
    {
      name: "of a container whose image cannot be pulled",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs({ image: missingImage })));
        await untilPod(cluster, namespace, isWaiting("ImagePullBackOff"));
        const message = 'container "web" in pod "a" is waiting to start: trying and failing to pull image';
        expect(await cluster.get(log(namespace))).toMatchObject(failure(400, "BadRequest", message));
      },
    },
    {
      name: "of a container that waits for its configuration",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs({ envFrom: [{ configMapRef: { name: "gone" } }] })));
        await untilPod(cluster, namespace, isWaiting("CreateContainerConfigError"));
        const message = 'container "web" in pod "a" is waiting to start: CreateContainerConfigError';
        expect(await cluster.get(log(namespace))).toMatchObject(failure(400, "BadRequest", message));
      },
    },
    {
      name: "of one of several containers, which has to be named",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf([three(), three({ name: "side" })], never));
        await untilPod(cluster, namespace, hasPhase("Succeeded"));
        const message = "a container name must be specified for pod a, choose one of: [web side]";
        expect(await cluster.get(log(namespace))).toMatchObject(failure(400, "BadRequest", message));
        expect((await cluster.get(log(namespace, "?container=side"))).text).toBe("one\ntwo\nthree\n");
        expect(await cluster.get(log(namespace, "?container=other"))).toMatchObject(
          failure(400, "BadRequest", "container other is not valid for pod a"),
        );
      },
    },
    {
      name: "of a pod that is not there",
      run: async (cluster, namespace) => {
        expect(await cluster.get(log(namespace))).toMatchObject(failure(404, "NotFound", 'pods "a" not found'));
      },
    },
  ],
};
