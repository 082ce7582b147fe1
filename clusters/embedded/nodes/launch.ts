// Begins a life of a container: what its program sees, what it will do by its behaviour, and the program itself where it is one of this process.
import type { Pod } from "#api/kubernetes.ts";
import type { ControlPlane } from "#embedded/controllers/control-plane.ts";
import type { Behave, ContainerContext, Program } from "#embedded/nodes/behaviour.ts";
import type { Container, Life, RunningProgram } from "#embedded/nodes/container.ts";
import { type InputSources, MissingInput, environmentOf, expanded, filesOf, volumeContent } from "#embedded/nodes/container-inputs.ts";
import type { NodeMachine } from "#embedded/nodes/node-objects.ts";
import { ConfigMaps, Secrets } from "#api/kubernetes.ts";
import type { Kube } from "#kube/client.ts";
import type { Clock, Random } from "#lib/clock.ts";
import { parseQuantity } from "#lib/quantity.ts";

export interface Place {
  readonly node: NodeMachine;
  readonly podIp: string;
}

export interface Launcher {
  launch(pod: Pod, container: Container, place: Place, kube: Kube): Life | { readonly missing: string };
  missingVolume(pod: Pod): { readonly volume: string; readonly message: string } | undefined;
}

export const launcher = (plane: ControlPlane, behave: Behave): Launcher => {
  const sources = { configMaps: plane.storeOf(ConfigMaps), secrets: plane.storeOf(Secrets) };
  const missingVolume: Launcher["missingVolume"] = (pod) => {
    for (const volume of pod.spec.volumes ?? []) {
      try {
        volumeContent(pod, volume, sources);
      } catch (error) {
        if (error instanceof MissingInput) return { volume: volume.name, message: error.message };
        throw error;
      }
    }
    return undefined;
  };
  const launch: Launcher["launch"] = (pod, container, place, kube) => {
    try {
      const context = contextOf(pod, container, place, sources);
      const behaviour = behave(context) ?? {};
      const program = behaviour.run === undefined ? undefined : begin(behaviour.run, context, tokenOf(kube, pod), plane.clock);
      const { memoryLimitBytes } = context;
      return { id: containerId(plane.random), startedAtMs: plane.clock.now(), behaviour, memoryLimitBytes, program };
    } catch (error) {
      if (error instanceof MissingInput) return { missing: error.message };
      throw error;
    }
  };
  return { launch, missingVolume };
};

const contextOf = (pod: Pod, { spec }: Container, { node, podIp }: Place, sources: InputSources): ContainerContext => {
  const env = environmentOf({ pod, nodeName: node.name, podIp, hostIp: node.ip, sources }, spec);
  const limit = parseQuantity(spec.resources?.limits?.["memory"] ?? "");
  return {
    namespace: pod.metadata.namespace ?? "",
    pod: pod.metadata.name,
    node: node.name,
    container: spec.name,
    image: spec.image ?? "",
    command: (spec.command ?? []).map((word) => expanded(word, env)),
    args: (spec.args ?? []).map((word) => expanded(word, env)),
    env,
    files: filesOf(pod, spec, sources),
    memoryLimitBytes: limit === undefined ? undefined : Number(limit / 1000n),
  };
};

const begin = (run: Program, context: ContainerContext, token: Promise<string>, clock: Clock): RunningProgram => {
  const program: RunningProgram = { lines: [], abort: new AbortController(), message: "", ended: undefined };
  const log = (text: string): void => void program.lines.push({ atMs: clock.now(), text });
  const end = (code: number): void => void (program.ended = { code, atMs: clock.now() });
  const { signal } = program.abort;
  const setTerminationMessage = (text: string): void => void (program.message = text);
  token
    .then((text) => run({ ...context, token: text, signal, log, setTerminationMessage }))
    .then(end, (error: unknown) => {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      end(1);
    });
  return program;
};

/** As the projected volume of every pod holds it: bound to the pod. */
const tokenOf = async (kube: Kube, { metadata: { namespace = "", name, uid }, spec }: Pod): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName ?? "default"}/token`;
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3607, boundObjectRef } };
  const answer = (await kube.request("POST", path, request)) as { readonly status: { readonly token: string } };
  return answer.status.token;
};

const containerId = (random: Random): string => Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join("");
