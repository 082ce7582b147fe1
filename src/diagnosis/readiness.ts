// Whether a pod says of itself that it is ready. Pure.
import type { Pod } from "#api/kubernetes.ts";

export const podIsReady = ({ status }: Pod): boolean => status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
