// A volume that keeps its former claim, a mount that hides the program, a file that another user owns, a Job that a sidecar keeps running, and an init
// container that needs a sidecar listed after it.
import { type Container, type Job, PersistentVolumeClaims, PersistentVolumes, type Pod } from "#api/kubernetes.ts";
import { containerOf, messagesOf } from "#diagnosis/containers.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import { lineIn, lineQuote, unreadyLogs } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { rollbackUnlike, rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { parseQuantity } from "#lib/quantity.ts";

export const volumeReleased = cause({
  code: "VolumeReleased",
  title: "A claim whose volume still belongs to a deleted claim",
  reads: "Claims that are not bound, and PersistentVolumes in phase Released.",
  means: "A Released volume keeps the claimRef of the claim that was deleted, also where the new claim has the same name.",
  needs: ["objects.PersistentVolumeClaim", "objects.PersistentVolume"],
  signs: ["PersistentVolumeClaim Pending"],
  of: (view: View) =>
    view.all(PersistentVolumeClaims).flatMap((claim) => {
      if (claim.status?.phase !== "Pending") return [];
      const volume = view
        .all(PersistentVolumes)
        .find(
          ({ spec, status }) =>
            status?.phase === "Released" &&
            (spec.storageClassName ?? "") === (claim.spec.storageClassName ?? "") &&
            holds(spec.capacity?.storage, claim.spec.resources?.requests?.storage),
        );
      if (volume === undefined) return [];
      const { claimRef } = volume.spec;
      const removal = JSON.stringify([{ op: "remove", path: "/spec/claimRef/uid" }]);
      const command = kubectl(undefined, "patch", "pv", volume.metadata.name, "--type=json", "-p", removal);
      const isSame = claimRef?.name === claim.metadata.name && claimRef.namespace === claim.metadata.namespace;
      return [{ claim, volume, isSame, former: `${claimRef?.namespace ?? ""}/${claimRef?.name ?? ""}`, command }];
    }),
  unless: [
    {
      is: "another volume is free",
      holds: ({ claim }, view) =>
        view
          .all(PersistentVolumes)
          .some(
            ({ spec, status }) => status?.phase === "Available" && (spec.storageClassName ?? "") === (claim.spec.storageClassName ?? ""),
          ),
    },
  ],
  supports: [{ is: "the former claim had the same name", holds: ({ isSame }) => isSame, weight: 2 }],
  object: ({ claim }) => claim,
  says: "{claim} is not bound: {volume} is Released and keeps the claimRef of the deleted claim {former}.",
  chain: "{volume} is Released, with the claimRef of {former} → {claim} cannot bind to it",
  quotes: ({ claim, volume, former }) => [objectQuote(volume, `phase Released, claimRef ${former}`), objectQuote(claim, "phase Pending")],
  explains: ({ volume }) => [volume],
  remedy: "Check the data on the volume, then remove the uid of its claimRef, or create another volume.",
  otherwise: "check the data on the volume, then remove the uid of its claimRef, so that the claim of the same name can bind: {command}",
});

const holds = (capacity: string | undefined, request: string | undefined): boolean => {
  const [has, wants] = [parseQuantity(capacity ?? ""), parseQuantity(request ?? "")];
  return has === undefined || wants === undefined || has >= wants;
};

/** `exec: "node": executable file not found in $PATH`, `exec: "/app/run.sh": stat /app/run.sh: no such file or directory`. */
const notFound = /exec: \\?"([^"\\]{1,300})\\?": (?:executable file not found|stat )/;
/** Folders of the default PATH of images. */
const programFolders: ReadonlySet<string> = new Set(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]);

export const mountHidesProgram = cause({
  code: "MountHidesProgram",
  title: "A mount that hides the program of the image",
  reads: "Containers whose program is not found, and the paths of their mounts.",
  means: "A volume that is mounted over a folder of the image hides every file of that folder, the program among them.",
  needs: ["objects.Pod"],
  signs: ["ended", "waiting RunContainerError", "waiting CreateContainerError", "waiting CrashLoopBackOff"],
  of: (view: View) =>
    view.workloads.flatMap((workload) =>
      workload.pods
        .flatMap((pod) =>
          (pod.status?.containerStatuses ?? []).flatMap((status) => {
            const message = messagesOf(status).join(" ");
            const program = notFound.exec(message)?.[1];
            const mount = program === undefined ? undefined : hidingMount(containerOf(pod.spec, status.name), program);
            return program === undefined || mount === undefined
              ? []
              : [{ ...{ workload, pod, program, message }, path: mount.mountPath, volume: mount.name, container: status.name }];
          }),
        )
        .slice(0, 1),
    ),
  supports: [
    {
      is: "the mount brings single files",
      holds: ({ workload, volume }) =>
        workload.template.spec.volumes?.some(({ name, configMap, secret }) => name === volume && (configMap ?? secret) !== undefined) ??
        false,
    },
  ],
  says: "Volume {volume} is mounted over {path} in container {container} of {workload} and hides the image's own files there, among them {program}.",
  chain: "volume {volume} over {path} → {program} of the image is hidden → container {container} cannot start",
  quotes: ({ pod, container, message, path, volume, workload }) => [
    objectQuote(pod, `container ${container}: ${message}`),
    objectQuote(workload, `volumeMounts: ${volume} at ${path}`),
  ],
  repairs: ({ workload, path }, view) =>
    rollbackWithout(view, workload, ({ spec }) =>
      spec.containers.some(({ volumeMounts = [] }) =>
        volumeMounts.some(({ mountPath, subPath }) => mountPath === path && subPath === undefined),
      ),
    ),
  remedy: "`rollback_deployment` to a revision without the mount. Otherwise, mount elsewhere, or single files by subPath.",
  otherwise: "mount volume {volume} at another path, or mount single files by subPath",
});

const hidingMount = (container: Container | undefined, program: string) =>
  container?.volumeMounts?.find(({ mountPath, subPath }) => {
    const path = mountPath.replace(/\/$/, "");
    return subPath === undefined && (program.includes("/") ? program.startsWith(`${path}/`) : programFolders.has(path));
  });

const denied = /(?:EACCES|permission denied)/i;

export const volumeOwnedByOther = cause({
  code: "VolumeOwnedByOther",
  title: "A volume that another user owns",
  reads: "Logs of failing containers, their user, and the volumes behind the paths that they name.",
  means:
    "The container runs as another user than the owner of the files; Kubernetes applies fsGroup to some volume types only, and not to hostPath.",
  needs: ["objects.Pod", "logs"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const mounts = workload.template.spec.containers.flatMap(({ volumeMounts = [], name }) =>
        volumeMounts.map((mount) => ({ ...mount, container: name })),
      );
      const mountIn = (line: string, log: PodLog) =>
        mounts.find(({ mountPath, container }) => container === log.container && line.includes(mountPath));
      const line = lineIn(unreadyLogs(view, workload), (each, log) => denied.test(each) && mountIn(each, log) !== undefined);
      const mount = line === undefined ? undefined : mountIn(line.text, line.log);
      if (line === undefined || mount === undefined) return [];
      const { container, mountPath: path, name: volume } = mount;
      return [{ ...{ workload, line, container, path, volume }, user: userOf(workload, container), type: typeOf(view, workload, volume) }];
    }),
  when: [
    { is: "the volume holds files of its own", holds: ({ type }) => type !== "configMap" && type !== "secret" && type !== "projected" },
  ],
  supports: [
    { is: "the container does not run as root", holds: ({ user }) => (user === "of the image" ? "unknown" : user !== "0") },
    { is: "fsGroup does not apply to it", holds: ({ type }) => type === "hostPath" },
  ],
  says: "Container {container} of {workload} runs as user {user} and is denied access to {path} on volume {volume} ({type}).",
  chain: "the files of volume {volume} belong to another user than {user} → EACCES: permission denied at {path}",
  quotes: ({ line, workload, user, type, volume }) => [
    lineQuote(line),
    objectQuote(workload, `runs as user ${user}; volume ${volume}: ${type}`),
  ],
  repairs: ({ workload, container }, view) =>
    rollbackUnlike(view, workload, (spec) => [spec["securityContext"], containerOf(spec, container)?.["securityContext"]]),
  remedy: "`rollback_deployment` to a revision with another user. Otherwise, change the owner of the files.",
  otherwise: "change the owner of the files, as by an init container that runs chown; fsGroup has no effect on a hostPath volume",
});

const userOf = ({ template }: Workload, container: string): string => {
  const own = containerOf(template.spec, container)?.["securityContext"] as { runAsUser?: number } | undefined;
  const pod = template.spec["securityContext"] as { runAsUser?: number } | undefined;
  return String(own?.runAsUser ?? pod?.runAsUser ?? "of the image");
};

/** The type of the volume, or of the PersistentVolume behind its claim. */
const typeOf = (view: View, { template, reference }: Workload, name: string): string => {
  const volume = template.spec.volumes?.find((each) => each.name === name);
  if (volume?.persistentVolumeClaim === undefined) return Object.keys(volume ?? {}).find((key) => key !== "name") ?? "unknown";
  const claim = view.get(PersistentVolumeClaims, reference.namespace, volume.persistentVolumeClaim.claimName);
  const bound = claim?.spec.volumeName === undefined ? undefined : view.get(PersistentVolumes, undefined, claim.spec.volumeName);
  return Object.keys(bound?.spec ?? {}).find((key) => ["hostPath", "local", "nfs", "csi"].includes(key)) ?? "persistentVolumeClaim";
};

export const jobKeptRunning = cause({
  code: "JobKeptRunning",
  title: "A Job that a sidecar keeps running",
  reads: "Pods of Jobs with a container that has ended with 0 and another that still runs.",
  means: "A pod ends when all of its ordinary containers have ended; the sidecar never does.",
  needs: ["objects.Pod", "objects.Job"],
  signs: ["Job"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      if (workload.object.kind !== "Job" && workload.object.kind !== "CronJob") return [];
      return workload.pods
        .flatMap((pod) => {
          const statuses = pod.status?.containerStatuses ?? [];
          const ended = statuses.filter(({ state }) => state?.terminated?.exitCode === 0);
          const running = statuses.filter(({ state }) => state?.running !== undefined);
          const [first] = ended;
          const since = view.now - (fromTimestamp(first?.state?.terminated?.finishedAt) ?? view.now);
          return first === undefined || running.length === 0 || since < patienceMs
            ? []
            : [
                {
                  ...{ workload, pod, name: pod.metadata.name, minutes: Math.floor(since / 60_000) },
                  done: ended.map(({ name }) => name),
                  running: running.map(({ name }) => name),
                },
              ];
        })
        .slice(0, 1);
    }),
  supports: [
    { is: "it has run alone for several minutes", holds: ({ minutes }) => minutes >= aloneMinutes },
    { is: "the Job has no deadline", holds: ({ workload }) => (workload.object as Job).spec.activeDeadlineSeconds === undefined },
  ],
  says: "{workload} does not complete: container {done} of Pod {name} ended with exit code 0, and its sidecar {running} still runs.",
  chain: "container {done} has ended → container {running} runs on → Pod {name} and its Job never complete",
  quotes: ({ pod, done, running, minutes }) => [
    objectQuote(pod, `container ${done.join(", ")}: terminated with 0 for ${minutes} min; container ${running.join(", ")}: running`),
  ],
  explains: ({ pod }: { readonly pod: Pod }) => [pod],
  remedy: "Make the sidecar a native one (an init container with restartPolicy Always), or let it end with the main container.",
  otherwise: "make {running} a native sidecar (an init container with restartPolicy Always), or let it end with the main container",
});

/** A main container may end a moment before its sidecar. */
const patienceMs = 60_000;
/** Longer than a sidecar takes to flush and end. */
const aloneMinutes = 5;

export const initBeforeSidecar = cause({
  code: "InitBeforeSidecar",
  title: "An init container that needs a sidecar listed after it",
  reads: "Init containers that fail, their logs, and native sidecars among the init containers.",
  means: "Init containers start in the order of the list: a native sidecar is not available to the init containers before it.",
  needs: ["objects.Pod", "logs"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const inits = workload.template.spec.initContainers ?? [];
      return inits.flatMap((init, at) => {
        const sidecar = inits.slice(at + 1).find((each) => each["restartPolicy"] === "Always");
        const line = lineIn(unreadyLogs(view, workload), (each, { container }) => container === init.name && isLocalRefusal(each));
        return sidecar === undefined || line === undefined || init["restartPolicy"] === "Always"
          ? []
          : [{ workload, line, init: init.name, sidecar: sidecar.name }];
      });
    }),
  supports: [
    {
      is: "the sidecar declares a port that the log names",
      holds: ({ workload, sidecar, line }) =>
        (workload.template.spec.initContainers ?? []).some(
          ({ name, ports = [], args = [], command = [], env = [] }) =>
            name === sidecar &&
            (ports.some(({ containerPort }) => line.text.includes(String(containerPort))) ||
              JSON.stringify([args, command, env]).includes(/:(\d{2,5})/.exec(line.text)?.[1] ?? "none")),
        ),
    },
  ],
  says: "Init container {init} of {workload} connects to localhost before the sidecar {sidecar}, which comes after it in initContainers, has started.",
  chain: "initContainers list {init} before {sidecar} → nothing listens on localhost yet → {init} fails",
  quotes: ({ line, workload, init, sidecar }) => [
    lineQuote(line),
    objectQuote(workload, `initContainers: ${init} before ${sidecar} (restartPolicy Always)`),
  ],
  repairs: ({ workload, init, sidecar }, view) =>
    rollbackWithout(view, workload, ({ spec }) => {
      const names = (spec.initContainers ?? []).map(({ name }) => name);
      return names.indexOf(init) < names.indexOf(sidecar);
    }),
  remedy: "`rollback_deployment` to a revision with the other order. Otherwise, move the sidecar before the init container.",
  otherwise: "move {sidecar} before {init} in initContainers",
});

const isLocalRefusal = (line: string): boolean => /(?:127\.0\.0\.1|localhost|\[::1\]):\d/i.test(line) && /refused/i.test(line);
