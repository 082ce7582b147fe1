// The three cases of a cause: evidence where it holds, the cause that is most like it, and evidence that contradicts it. Shared parts.
import type { CauseCode } from "#api/cause-codes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence, PodLog } from "#evidence/evidence.ts";
import { objects, podsOf, type PodSketch } from "#test/evidence-sketch.ts";

export interface ThreeCases {
  readonly holds: Partial<Evidence>;
  /** The nearest other cause: in its own `holds`, it is found and this one is not. */
  readonly neighbour: CauseCode;
  /** What `holds` is but for one thing that speaks against it. */
  readonly contradicted: Partial<Evidence>;
}

export type CasesByCode = Readonly<Partial<Record<CauseCode, ThreeCases>>>;

export const one = (yaml: string): KubeObject => objects(yaml)[0]!;

/** The workload with one pod like this. */
export const withPod = (workload: KubeObject, pod: PodSketch = {}): KubeObject[] => [workload, ...podsOf(workload, pod)];

/** The first pod that `podsOf` makes of a Deployment of this name says this. */
export const says = (name: string, text: string, run: PodLog["run"] = "current"): PodLog => ({
  namespace: "shop",
  pod: `${name}-7d9c5b8f6-bx2z4`,
  container: name,
  run,
  text,
});

export const service = (name: string, spec = `selector: { app: ${name} }, ports: [{ port: 80 }]`): KubeObject =>
  one(`{ apiVersion: v1, kind: Service, metadata: { name: ${name} }, spec: { clusterIP: 10.2.0.9, ${spec} } }`);
