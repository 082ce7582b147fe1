// Kubernetes Events about our objects: what people see in `kubectl describe`. Best effort: never fails, delays or repeats a reconcile.
import { type Event, Events } from "#api/kubernetes.ts";
import type { Need, ObjectReference } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isNotFound } from "#kube/errors.ts";
import { hashOf } from "#lib/canonical-json.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { plainText } from "#lib/plain-text.ts";
import { redact } from "#lib/redact.ts";

/** `R`: the reasons of the recorder, such as Kubernetes' own or those of src/api. */
export interface EventToRecord<R extends string = string> {
  readonly about: ObjectReference & { readonly uid?: string };
  readonly type: "Normal" | "Warning";
  /** PascalCase. */
  readonly reason: R;
  readonly message: string;
}

export interface EventRecorder<R extends string = string> {
  /** Returns at once; the same event again only counts up. */
  record(event: EventToRecord<R>): void;
  /** Waits for what is being sent. */
  flush(): Promise<void>;
}

export interface EventRecorderDeps {
  readonly kube: Pick<Kube, "get" | "create" | "mergePatch">;
  readonly clock: Clock;
  readonly log: Log;
  /** `kintsugi-workflow-execution` */
  readonly component: string;
  /** This process: the pod's name. */
  readonly instance: string;
  /** The same event again within this time is only counted. Default: a minute. */
  readonly quietMs?: number;
}

/** The rights a recorder needs. */
export const eventNeeds: readonly Need[] = [{ group: "", resource: "events", verbs: ["get", "create", "patch"], scope: "own" }];

const maxPending = 200;
const maxRemembered = 1_000;
const defaultQuietMs = 60_000;
/** The API server's bound on a message. */
const maxMessageLength = 1_024;

interface Remembered {
  count: number;
  readonly firstAt: number;
  sentAt: number;
  created: boolean;
}

export const createEventRecorder = (deps: EventRecorderDeps): EventRecorder => {
  const { quietMs = defaultQuietMs } = deps;
  const remembered = new Map<string, Remembered>();
  let pending = 0;
  let tail: Promise<void> = Promise.resolve();

  const remember = (name: string, now: number): Remembered => {
    const known = remembered.get(name) ?? { count: 0, firstAt: now, sentAt: Number.NEGATIVE_INFINITY, created: false };
    // Moved to the end: the one not seen for longest is forgotten first.
    remembered.delete(name);
    remembered.set(name, known);
    const oldest = remembered.size > maxRemembered ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    return known;
  };

  const send = async (name: string, event: EventToRecord, message: string, known: Remembered): Promise<void> => {
    // The API server takes an event about a cluster-scoped object into `default` only.
    const namespace = event.about.namespace ?? "default";
    const lastTimestamp = toTimestamp(deps.clock.now());
    try {
      if (!known.created) {
        known.created = true;
        await deps.kube.create(Events, {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name, namespace },
          involvedObject: involved(event.about),
          type: event.type,
          reason: event.reason,
          message,
          source: { component: deps.component },
          reportingComponent: deps.component,
          reportingInstance: deps.instance,
          firstTimestamp: toTimestamp(known.firstAt),
          lastTimestamp,
          count: known.count,
        });
        return;
      }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // Recorded by a run before this one, or by another replica: go on counting there.
      known.count += (await deps.kube.get(Events, { namespace, name }))?.count ?? 0;
    }
    try {
      await deps.kube.mergePatch(Events, { namespace, name }, { lastTimestamp, count: known.count });
    } catch (error) {
      // Events expire after an hour: begin anew.
      if (isNotFound(error)) known.created = false;
      throw error;
    }
  };

  return {
    record: (event) => {
      const now = deps.clock.now();
      const message = truncated(redact(plainText(event.message)));
      const name = eventName(event, message);
      const known = remember(name, now);
      known.count += 1;
      if (now - known.sentAt < quietMs) return;
      if (pending >= maxPending) return deps.log.debug("an event was dropped: too many wait", { reason: event.reason });
      known.sentAt = now;
      pending += 1;
      tail = tail
        .then(() => send(name, event, message, known))
        .catch((error: unknown) =>
          deps.log.debug("an event was not recorded", { reason: event.reason, error: error instanceof Error ? error.message : "" }),
        )
        .finally(() => {
          pending -= 1;
        });
    },
    flush: () => tail,
  };
};

const involved = (about: EventToRecord["about"]): Event["involvedObject"] => ({
  apiVersion: about.apiVersion,
  kind: about.kind,
  name: about.name,
  ...(about.namespace === undefined ? {} : { namespace: about.namespace }),
  ...(about.uid === undefined ? {} : { uid: about.uid }),
});

const truncated = (message: string): string =>
  message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength - 1)}…`;

/** The same thing said of the same object has the same name, in every process. */
const eventName = (event: EventToRecord, message: string): string => {
  const hash = hashOf([
    event.about.uid ?? "",
    event.about.kind,
    event.about.namespace ?? "",
    event.about.name,
    event.reason,
    message,
  ]).slice(0, 16);
  return `${event.about.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .slice(0, 200)}.${hash}`;
};
