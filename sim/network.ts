// Carries requests between simulated processes and the embedded API server, with drawn delays and the faults of the plan. Never a socket;
// speaks the port that src/kube has for bytes, so that all above it is the product's own code.
import type { ApiResponse } from "#embedded/response.ts";
import type { ApiRequest } from "#embedded/request.ts";
import type { Random } from "#lib/clock.ts";
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse, type HttpStream } from "#lib/http-client.ts";
import type { EventFault, FaultPlan, RequestFault, Strike } from "#sim/faults.ts";
import { faultText } from "#sim/faults.ts";
import { between } from "#sim/seeded-random.ts";
import type { SimProcess } from "#sim/sim-process.ts";
import type { Trace } from "#sim/trace.ts";
import type { VirtualClock } from "#sim/virtual-clock.ts";
import { createPipe } from "#sim/watch-pipe.ts";

export type Side = Strike["of"] | "world";

/** A request as it reaches the API server. */
export interface Arrival {
  readonly process: string;
  readonly side: Side;
  readonly method: string;
  readonly path: string;
}

/** A request that the API server has carried out or refused. */
export interface Exchange extends Arrival {
  readonly status: number;
  readonly body: string | undefined;
  readonly answer: unknown;
  readonly isWrite: boolean;
}

export interface NetworkDeps {
  readonly handle: (request: ApiRequest) => ApiResponse;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly faults: FaultPlan;
  /** Of the product's writes only those that count: Events, Leases, the change journal, keys, reviews and dry runs are free. */
  readonly onExchange: (exchange: Exchange) => void;
  /** A request is sent, whatever becomes of it. */
  readonly onAttempt: (process: string, side: Side, what: string) => void;
  readonly onArrival: (arrival: Arrival) => void;
  readonly compact: () => void;
  readonly adminToken: string;
}

export interface Network {
  clientOf(process: SimProcess, side: Side): HttpClient;
  /** The scene is set: no view is older than this moment. */
  beginsHere(): void;
  /** While it lasts, only Kubernetes itself is answered. */
  outage(forMs: number): void;
  /** From now on no fault strikes. */
  heal(): void;
  readonly healed: boolean;
  /** What has been counted, for drawing faults that strike. */
  readonly counted: Readonly<Record<string, number>>;
  /** Faults that have struck. */
  readonly struck: ReadonlySet<FaultPlan[number]>;
}

/** About as many as a process reads before it begins to work. */
const listsOfAStart = 25;

const isReview = /\/(token|subjectaccess|selfsubject\w*)reviews/;
export const countsAsWrite = (method: string, path: string): boolean =>
  method !== "GET" && !isReview.test(path) && !/[?&]dryRun=/.test(path) && !/\/(events|leases|configmaps|secrets)(\/|\?|$)/.test(path);

export const createNetwork = (deps: NetworkDeps): Network => {
  const { clock, random, trace, handle } = deps;
  const counted: Record<string, number> = {};
  const struck = new Set<FaultPlan[number]>();
  let outageUntil = 0;
  let healed = false;
  /** Lists that a replica of the API server answers which lags behind. */
  let firstVersion = 0;
  let lagging = { revisions: 0, lists: 0 };

  const count = (on: Strike["on"], side: Side): number => {
    const key = `${on}/${side}`;
    counted[key] = (counted[key] ?? 0) + 1;
    return counted[key];
  };
  const find = (on: Strike["on"], side: Side): FaultPlan[number] | undefined => {
    const n = count(on, side);
    if (healed) return undefined;
    const fault = deps.faults.find(({ at }) => at !== "time" && at.on === on && at.of === side && at.n === n);
    if (fault === undefined) return undefined;
    struck.add(fault);
    trace.add(`fault ${faultText(fault)}`);
    return fault;
  };
  const travelMs = (): number => between(random, 1, 4);

  const serve = (process: SimProcess, side: Side, request: HttpRequest, path: string): ApiResponse => {
    const headers = Object.fromEntries(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    const body = request.body === undefined ? {} : { body: String(request.body) };
    deps.onArrival({ process: process.name, side, method: request.method, path });
    const answer = handle({ method: request.method, path, headers: { accept: "application/json", ...headers }, ...body });
    trace.add(`${process.name} ${request.method} ${path} ${answer.status}`);
    deps.onExchange({
      ...{ process: process.name, side, method: request.method, path, status: answer.status },
      body: body.body,
      answer: answer.body,
      isWrite: countsAsWrite(request.method, path),
    });
    return answer;
  };

  /** The first step of every exchange: what becomes of the request on its way. Calls `arrive` at most once. */
  const sendOff = (
    process: SimProcess,
    side: Side,
    fault: RequestFault | undefined,
    fail: (error: HttpError) => void,
    answerWith: (answer: ApiResponse, afterMs: number) => void,
    arrive: () => ApiResponse,
  ): void => {
    if (fault?.kind === "kill" && fault.thenStale !== undefined) lagging = { revisions: fault.thenStale, lists: listsOfAStart };
    if (fault?.kind === "kill" && fault.side === "before") return process.kill();
    const reset = (): void => fail(new HttpError("connection", "socket hang up"));
    const isBefore = fault !== undefined && "side" in fault && fault.side === "before";
    const delayMs = fault?.kind === "delay" && isBefore ? fault.ms : 0;
    // Kubernetes' own controllers retry until they succeed: here that is one later request.
    const outageMs = side === "world" ? Math.max(0, outageUntil - clock.elapsed()) : 0;
    clock.after(travelMs() + delayMs + outageMs, () => {
      if (side !== "world" && clock.elapsed() < outageUntil)
        return void clock.after(travelMs(), () => process.deliver(() => fail(refused())));
      if (isBefore && fault.kind === "drop") return;
      if (isBefore && fault.kind === "reset") return void clock.after(travelMs(), () => process.deliver(reset));
      if (isBefore && fault.kind === "error") return answerWith(errorAnswer(fault), travelMs());
      let answer = arrive();
      if (fault?.kind === "repeat") {
        const second = arrive();
        if (fault.answer === "second") answer = second;
      }
      if (fault !== undefined && "side" in fault && fault.side === "after") {
        if (fault.kind === "kill") return process.kill();
        if (fault.kind === "drop") return;
        if (fault.kind === "reset") return void clock.after(travelMs(), () => process.deliver(reset));
        if (fault.kind === "error") return answerWith(errorAnswer(fault), travelMs());
        if (fault.kind === "delay") return answerWith(answer, travelMs() + fault.ms);
      }
      answerWith(answer, travelMs());
    });
  };

  /** What both kinds of exchange share: the deadline, the caller's signal, and that it ends once. */
  const exchange = <A>(
    process: SimProcess,
    request: HttpRequest,
    start: (settle: (answer: A) => void, fail: (error: HttpError) => void) => void,
  ): Promise<A> =>
    new Promise((resolve, reject) => {
      if (!process.alive) return;
      let over = false;
      const end = (act: () => void): void => {
        if (over) return;
        over = true;
        stopDeadline();
        request.signal?.removeEventListener("abort", abort);
        act();
      };
      const fail = (error: HttpError): void => end(() => reject(error));
      const abort = (): void => fail(new HttpError("aborted", "the call was given up", request.signal?.reason));
      const timeoutMs = request.timeoutMs ?? 30_000;
      const stopDeadline = process.clock.after(timeoutMs, () =>
        fail(new HttpError("timeout", `no complete answer within ${timeoutMs} ms`)),
      );
      if (request.signal?.aborted) return abort();
      request.signal?.addEventListener("abort", abort, { once: true });
      start((answer) => end(() => resolve(answer)), fail);
    });

  const lagOf = (method: string, path: string): number => {
    if (lagging.lists === 0 || method !== "GET" || !path.includes("limit=")) return 0;
    lagging = { ...lagging, lists: lagging.lists - 1 };
    return random() < 0.5 ? lagging.revisions : 0;
  };
  const requestFault = (side: Side, isWrite: boolean): RequestFault | undefined => {
    if (side === "world") return undefined;
    const onRequest = find("request", side);
    const onWrite = isWrite ? find("write", side) : undefined;
    return (onWrite ?? onRequest)?.what as RequestFault | undefined;
  };

  return {
    counted,
    struck,
    beginsHere: () => {
      firstVersion = versionOf(handle, "/api/v1/namespaces", { authorization: `Bearer ${deps.adminToken}` });
    },
    outage: (forMs) => {
      outageUntil = clock.elapsed() + forMs;
    },
    heal: () => {
      healed = true;
      outageUntil = 0;
      lagging = { revisions: 0, lists: 0 };
    },
    get healed() {
      return healed;
    },
    clientOf: (process, side) => ({
      send: (request) =>
        exchange<HttpResponse>(process, request, (settle, fail) => {
          const path = pathOf(request.url);
          deps.onAttempt(process.name, side, `${request.method} ${path}`);
          const fault = requestFault(side, countsAsWrite(request.method, path));
          const revisions = fault?.kind === "stale" ? fault.revisions : side === "product" ? lagOf(request.method, path) : 0;
          const asked = revisions > 0 ? olderList(path, request.method, { revisions, firstVersion }, handle, request) : path;
          sendOff(
            process,
            side,
            fault,
            fail,
            (answer, afterMs) => clock.after(afterMs, () => process.deliver(() => settle(responseOf(answer)))),
            () => serve(process, side, request, asked),
          );
        }),
      stream: (request) =>
        exchange<HttpStream>(process, request, (settle, fail) => {
          const fault = requestFault(side, false);
          deps.onAttempt(process.name, side, `${request.method} ${pathOf(request.url).replace(/\?.*/, "")}`);
          const answerWith = (answer: ApiResponse, afterMs: number): void => {
            const pipe = createPipe({
              process,
              clock,
              travelMs,
              signal: request.signal,
              faultOf: () => (side === "world" ? undefined : (find("event", side)?.what as EventFault | undefined)),
              compact: deps.compact,
              onEvent: (text) => trace.add(`${process.name} sees ${text}`),
            });
            if (answer.stream === undefined) pipe.text(responseOf(answer).text);
            else pipe.follow(answer.stream);
            clock.after(afterMs, () =>
              process.deliver(() => settle({ status: answer.status, headers: answer.headers, chunks: pipe.chunks(), close: pipe.close })),
            );
          };
          sendOff(process, side, fault, fail, answerWith, () => serve(process, side, request, pathOf(request.url)));
        }),
      close: () => {},
    }),
  };
};

const pathOf = (url: string): string => url.slice(url.indexOf("/", "https://".length));

const refused = (): HttpError => new HttpError("refused", "connect ECONNREFUSED");

const responseOf = (answer: ApiResponse): HttpResponse => ({
  status: answer.status,
  headers: answer.headers,
  text: answer.text ?? `${JSON.stringify(answer.body)}\n`,
});

const reasons: Readonly<Record<number, string>> = {
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
};

const errorAnswer = ({ status, retryAfterSeconds }: { readonly status: number; readonly retryAfterSeconds?: number }): ApiResponse => ({
  status,
  headers: { "content-type": "application/json", ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }) },
  body: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "injected",
    reason: reasons[status],
    code: status,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  },
});

interface Lag {
  readonly revisions: number;
  readonly firstVersion: number;
}

const versionOf = (handle: NetworkDeps["handle"], path: string, headers: HttpRequest["headers"]): number => {
  const probe = handle({ method: "GET", path: `${path}?limit=1`, headers: { accept: "application/json", ...headers } });
  return Number((probe.body as { metadata?: { resourceVersion?: string } } | undefined)?.metadata?.resourceVersion);
};

/** What a replica of the API server that lags behind would answer: the same list, at a revision that was true once. */
const olderList = (
  path: string,
  method: string,
  { revisions, firstVersion }: Lag,
  handle: NetworkDeps["handle"],
  request: HttpRequest,
): string => {
  const url = new URL(path, "http://localhost");
  if (method !== "GET" || !url.searchParams.has("limit") || url.searchParams.has("continue")) return path;
  const version = versionOf(handle, url.pathname, request.headers ?? {});
  if (!(version > firstVersion)) return path;
  url.searchParams.set("resourceVersion", String(Math.max(firstVersion, version - revisions)));
  url.searchParams.set("resourceVersionMatch", "Exact");
  return `${url.pathname}${url.search}`;
};
