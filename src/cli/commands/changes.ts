// `kintsugi changes`: what changed near one object, who did it and who says so. Only reads; needs no installation.
import { builtInTypes } from "#api/kubernetes.ts";
import { apiVersionOf, type ObjectReference } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { liveRoot } from "#cluster/live-root.ts";
import { parsedDuration } from "#cli/duration-option.ts";
import { misuse } from "#cli/failure.ts";
import { type Asking, missingObject, objectAsked } from "#cli/missing-object.ts";
import { changesText } from "#cli/render/changes-text.ts";
import { contestsOf } from "#cluster/journal/change.ts";
import { changesNear, type Window } from "#cluster/journal/changes-near.ts";
import { readNearby } from "#cluster/journal/read-nearby.ts";
import { secretType, trackedTypes } from "#cluster/journal/tracked-kinds.ts";
import { journalKey } from "#cluster/journal/journal.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden } from "#kube/errors.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";

interface ChangesOptions {
  readonly around?: string;
  readonly window: string;
}

const types = [...builtInTypes, ...[...trackedTypes, secretType].filter((type) => !builtInTypes.includes(type))];
/** Where what happened afterwards is of interest, too: a repair, a second attempt. */
const afterwardsShare = 1 / 4;

export const define: DefineCommand = (command, run) => {
  command
    .argument("<kind/name>", "the object, such as deployment/web or deployment web")
    .argument("[name]", "name of the object, if only its kind was given")
    .option("--around <time>", "time of interest: RFC 3339, or how long ago, such as 10m (default: now)")
    .option("--window <duration>", "how far to look back from there, such as 30m, 2h or 7d", "1h")
    .addHelpText("after", "\nThe most closely related changes come first. Exit code 0: something changed; 1: no known change.")
    .action((first: string, second: string | undefined, options: ChangesOptions) =>
      run(
        async (session) => {
          const { clock, signal } = session.deps;
          const now = clock.now();
          const window = windowOf(options, now);
          const kube = await session.kube();
          const asking = { kube, namespace: session.targetNamespace ?? kube.namespace, types, signal };
          const asked = await objectAsked(asking, first, second);
          const target = await ownerOf(kube, asked, signal);
          const { tracks, nearby, notRead } = await readNearby({ kube, clock, namespace: session.kintsugiNamespace, signal }, target);
          if (!tracks.some(({ object }) => journalKey(object) === journalKey(target)) && !(await exists(asking, asked)))
            throw await missingObject(asking, asked, "not found: neither the cluster nor the change journal knows it");
          const changes = changesNear(tracks, target, window, nearby);
          const contests = contestsOf(changes.toSorted((a, b) => (a.at < b.at ? -1 : 1)));
          const [from, to] = [toPreciseTimestamp(window.from), toPreciseTimestamp(window.to)];
          if (session.data !== undefined) session.printData({ target, from, to, changes, contests, notRead });
          else {
            session.print(changesText({ page: session.page, now }, { asked, target, window, changes, contests, notRead }));
          }
          return changes.length > 0 ? 0 : 1;
        },
        { namespaces: "one" },
      )(),
    );
};

/** A pod is made anew at every release: what is asked about is its workload. An object that is gone is itself. */
const ownerOf = async (kube: Kube, asked: ObjectReference, signal: AbortSignal | undefined): Promise<ObjectReference> =>
  (asked.kind === "Pod" || asked.kind === "ReplicaSet" || asked.kind === "Job" ? await liveRoot(kube, asked, signal) : undefined)
    ?.reference ?? asked;

/** True also where this kubeconfig may not look: it is not known to be missing. */
const exists = async ({ kube, signal }: Asking, asked: ObjectReference): Promise<boolean> => {
  const type = types.find((each) => each.kind === asked.kind && apiVersionOf(each) === asked.apiVersion);
  if (type === undefined) return true;
  const key = asked.namespace === undefined ? { name: asked.name } : { namespace: asked.namespace, name: asked.name };
  try {
    return (await kube.get(type, key, signal === undefined ? {} : { signal })) !== undefined;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
};

const windowOf = ({ around, window }: ChangesOptions, now: number): Window => {
  const length = parsedDuration(window);
  if (length === undefined) throw misuse(`"${window}" is not a duration: use a number with s, m, h or d, such as 30m`);
  if (around === undefined) return { from: now - length, to: now };
  const ago = parsedDuration(around);
  const moment = ago === undefined ? fromTimestamp(around) : now - ago;
  if (moment === undefined) throw misuse(`"${around}" is not a time: use 10m (ten minutes ago) or 2030-01-01T12:00:00Z`);
  return { from: moment - length, to: Math.min(now, moment + length * afterwardsShare), around: moment };
};
