// Whether a namespace that a person names exists, and which one they may have typed wrong. Only reads.
import { Namespaces } from "#api/kubernetes.ts";
import { misuse } from "#cli/failure.ts";
import { nearest } from "#diagnosis/nearest.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden } from "#kube/errors.ts";

/** `unknown`: this kubeconfig may not read namespaces. */
export type Existence = "exists" | "unknown";

/** Throws where the namespace does not exist. */
export const requireNamespace = async (kube: Kube, name: string, signal?: AbortSignal): Promise<Existence> => {
  const options = signal === undefined ? {} : { signal };
  try {
    if ((await kube.get(Namespaces, { name }, options)) !== undefined) return "exists";
  } catch (error) {
    if (isForbidden(error)) return "unknown";
    throw error;
  }
  const similar = await similarNamespace(kube, name, options);
  throw misuse(`namespace "${name}" not found${similar === undefined ? "" : ` (did you mean ${similar}?)`}`);
};

const similarNamespace = async (kube: Kube, name: string, options: { signal?: AbortSignal }): Promise<string | undefined> => {
  try {
    const all = await kube.list(Namespaces, {}, options);
    return nearest(
      name,
      all.map((each) => each.metadata.name),
    );
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
};
