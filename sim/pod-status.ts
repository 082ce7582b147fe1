// The status that a kubelet writes for a fixture's pod, by what becomes of its container. Pure.
import type { Container, Pod } from "#api/kubernetes.ts";
import type { PodState } from "#scenarios/faults/fixture-faults.ts";

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/** `at`: the time of every change that the status names. */
export const podStatus = (state: PodState, container: Container, at: string, secretValue?: string): Pod["status"] => {
  const { name, image = "" } = container;
  const base = { name, image, imageID: "" };
  const backOff = { waiting: { reason: "CrashLoopBackOff", message: `back-off 40s restarting failed container=${name}` } };
  const ended = (exitCode: number, reason: string, message?: string): Partial<ContainerStatus> => ({
    state: backOff,
    lastState: { terminated: { exitCode, reason, ...(message === undefined ? {} : { message }), startedAt: at, finishedAt: at } },
  });
  switch (state) {
    case "runs":
      return {
        phase: "Running",
        startTime: at,
        containerStatuses: [
          { ...base, ready: true, started: true, restartCount: 0, state: { running: { startedAt: at } } } as ContainerStatus,
        ],
        conditions: readiness("True"),
      };
    case "cannotPull": {
      const waiting = { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ${image}: not found` };
      return {
        phase: "Pending",
        startTime: at,
        containerStatuses: [{ ...base, ready: false, restartCount: 0, state: { waiting } }],
        conditions: readiness("False"),
      };
    }
    case "crashes":
    case "outOfMemory": {
      const leak = secretValue === undefined ? "" : `, connecting with password=${secretValue}`;
      const how = state === "crashes" ? ended(1, "Error", `unknown option: --cache=redis${leak}`) : ended(137, "OOMKilled");
      return {
        phase: "Running",
        startTime: at,
        containerStatuses: [{ ...base, ready: false, restartCount: 4, ...how } as ContainerStatus],
        conditions: readiness("False"),
      };
    }
  }
};

const readiness = (status: "True" | "False") => ["Ready", "ContainersReady"].map((type) => ({ type, status }));
