// The embedded cluster as a workload case sees it, without sockets and on virtual time: while a case waits for a watch, the clock jumps to
// whatever is due next. So a case that takes minutes on a real cluster takes milliseconds here.
import { type EmbeddedCluster, type EmbeddedOptions, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { type Answer, type Body, type Caller, type Headers, patchTypes, type Watch, type WatchEvent } from "#test/contract/cluster.ts";
import { seeded } from "#test/embedded/virtual-time.ts";
import type { WorkloadCluster } from "#test/contract/workloads/workload-cluster.ts";

export const openInProcess = async (parts: EmbeddedOptions): Promise<WorkloadCluster> => {
  const clock = createManualClock();
  const cluster = openEmbeddedCluster({ clock, random: seeded(1), ...parts });
  const admin = { authorization: `Bearer ${cluster.adminToken}` };
  // Nodes join, accounts come to be.
  await clock.advance(5000);

  const callerOf = (identity: Readonly<Record<string, string>>): Caller => {
    const request = async (method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> => {
      const content = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const type = content === undefined ? {} : { "content-type": "application/json" };
      const all = { ...type, ...identity, ...(headers as Record<string, string>) };
      const answer = cluster.handle({ method, path, headers: all, ...(content === undefined ? {} : { body: content }) });
      const text = answer.text ?? JSON.stringify(answer.body);
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        body: answer.body === undefined ? nothing : (JSON.parse(text) as Body),
      };
    };
    return {
      request,
      get: (path, headers) => request("GET", path, undefined, headers),
      create: (path, body) => request("POST", path, body),
      replace: (path, body) => request("PUT", path, body),
      patch: (type, path, body) => request("PATCH", path, body, { "content-type": patchTypes[type] }),
      delete: (path, options) => request("DELETE", path, options),
      watch: async (path) => {
        const { status, stream } = cluster.handle({
          method: "GET",
          path: `${path}${path.includes("?") ? "&" : "?"}watch=true`,
          headers: identity,
        });
        return watchOf(status, stream, clock.advanceToNext);
      },
    };
  };
  return {
    ...callerOf(admin),
    as: (user, groups = ["system:authenticated"]) =>
      callerOf({ ...admin, "impersonate-user": user, "impersonate-group": groups.join(",") }),
  };
};

const nothing = undefined as unknown as Body;

type Stream = NonNullable<ReturnType<EmbeddedCluster["handle"]>["stream"]>;

const watchOf = (status: number, stream: Stream | undefined, goOn: () => Promise<boolean>): Watch => {
  const queue: WatchEvent[] = [];
  let isOver = stream === undefined;
  const stop = stream?.({
    event: ({ type, object }) => void queue.push({ type, object: JSON.parse(JSON.stringify(object)) as Body }),
    end: () => void (isOver = true),
  });
  const next = async (): Promise<WatchEvent | undefined> => {
    while (queue.length === 0) if (isOver || !(await goOn())) return undefined;
    return queue.shift();
  };
  const collect = async (isLast: (events: readonly WatchEvent[], event: WatchEvent) => boolean): Promise<readonly WatchEvent[]> => {
    const events: WatchEvent[] = [];
    for (;;) {
      const event = await next();
      if (event === undefined) throw new Error(`the watch ended after ${JSON.stringify(events.map(({ type }) => type))}`);
      events.push(event);
      if (isLast(events, event)) return events;
    }
  };
  return {
    status,
    take: (count) => collect((events) => events.length === count),
    until: (fits) => collect((_events, event) => fits(event)),
    rest: async () => {
      const events: WatchEvent[] = [];
      for (let event = await next(); event !== undefined; event = await next()) events.push(event);
      return events;
    },
    close: () => stop?.(),
  };
};
