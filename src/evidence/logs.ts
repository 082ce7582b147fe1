// Which logs are worth reading: those of containers that do not run as they should. Pure.
import { bounds } from "#evidence/bounds.ts";
import type { ContainerState, PodState } from "#evidence/pods.ts";

export interface LogToRead {
  readonly pod: string;
  readonly container: string;
  readonly run: "current" | "previous";
}

/**
 * The newest pods first, and no container of one name more than twice: ten replicas that die alike say the same thing.
 * A container that has never run has no log.
 */
export const logsToRead = (pods: readonly PodState[]): readonly LogToRead[] => {
  const seen = new Map<string, number>();
  const wanted: LogToRead[] = [];
  for (const pod of pods.toReversed())
    for (const container of pod.containers) {
      if (!isTroubled(container) || pod.isDeleting) continue;
      const times = seen.get(container.name) ?? 0;
      if (times >= 2) continue;
      seen.set(container.name, times + 1);
      if (container.state.kind !== "waiting" || container.last !== undefined)
        wanted.push({ pod: pod.name, container: container.name, run: "current" });
      if (container.restarts > 0 && container.state.kind !== "waiting")
        wanted.push({ pod: pod.name, container: container.name, run: "previous" });
    }
  return wanted.slice(0, bounds.logs);
};

const isTroubled = ({ role, isReady, restarts, state, last }: ContainerState): boolean => {
  if (state.kind === "terminated") return state.exitCode !== 0 || role === "main";
  return role === "init" ? last !== undefined : !isReady || restarts > 0;
};
