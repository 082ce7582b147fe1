// Containers that wait for their image, each with what the container runtime said last. Pure.
import type { Pod } from "#api/kubernetes.ts";
import { containerOf, statusesOf } from "#diagnosis/containers.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

export interface Pull {
  readonly workload: Workload;
  readonly pod: Pod;
  readonly container: string;
  readonly image: string;
  /** Of the container's state and of the kubelet's event. */
  readonly message: string;
  readonly event?: ObservedEvent;
}

const waitingReasons = new Set(["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError"]);

/** One for each workload and container name. */
export const pullsWaiting = (view: View): readonly Pull[] => view.shared(findPulls);

const findPulls = (view: View): readonly Pull[] =>
  view.workloads.flatMap((workload) => {
    const seen = new Set<string>();
    return workload.pods
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .flatMap((pod) =>
        statusesOf(pod).flatMap(({ name, state, image }): Pull[] => {
          if (!waitingReasons.has(state?.waiting?.reason ?? "") || seen.has(name)) return [];
          seen.add(name);
          const wanted = containerOf(pod.spec, name)?.image ?? image;
          const event = view
            .eventsAround(workload)
            .find(
              ({ uid, reason, message }) =>
                uid === pod.metadata.uid && reason === "Failed" && message.startsWith("Failed to pull image") && message.includes(wanted),
            );
          return [
            {
              workload,
              pod,
              container: name,
              image: wanted,
              message: [state?.waiting?.message, event?.message].filter((text) => text !== undefined).join("\n"),
              ...(event === undefined ? {} : { event }),
            },
          ];
        }),
      );
  });

/** `redis`, `docker.io/library/redis`: public by Docker's own rule. */
export const isOfficial = (image: string): boolean => /^(?:(?:index\.)?docker\.io\/)?(?:library\/)?[^/]+$/.test(image);

/** `registry.example/team/app:1@sha256:…` → `registry.example/team/app` */
export const repositoryOf = (image: string): string => {
  const [named = ""] = image.split("@", 1);
  const tag = named.lastIndexOf(":");
  return tag > named.lastIndexOf("/") ? named.slice(0, tag) : named;
};
