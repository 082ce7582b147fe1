// Follows one request to its end, and shows each phase as it begins. Only reads; stopping to look stops no request.
import { isAtRest, RemediationRequest } from "#api/kinds/remediation-request.ts";
import { refusal } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";
import { timeOfDay } from "#lib/duration.ts";

const hasEnded = ({ status }: RemediationRequest): boolean => isAtRest(status?.phase ?? "Pending");

/** The request at its end, or where it waits for a person. Throws where it does not end within `timeoutMs`, is deleted, or a person stops to look. */
export const followRequest = async (session: Session, request: RemediationRequest, timeoutMs: number): Promise<RemediationRequest> => {
  const kube = await session.kube();
  const { clock, signal } = session.deps;
  const { namespace, name, uid } = request.metadata;
  const looking = new AbortController();
  const stop = (): void => looking.abort();
  let isLate = false;
  const cancelTimer = clock.after(timeoutMs, () => {
    isLate = true;
    stop();
  });
  signal?.addEventListener("abort", stop, { once: true });
  let shown = "";
  const show = ({ status }: RemediationRequest): void => {
    const { phase = "Pending", message = "" } = status ?? {};
    const line = `${phase}  ${message}`.trimEnd();
    if (line === shown) return;
    shown = line;
    session.note(`${timeOfDay(clock.now())}  ${line}`);
  };
  const goesOn = `It goes on: kintsugi describe ${name}`;
  try {
    if (signal?.aborted !== true)
      for await (const seen of kube.listWatch(RemediationRequest, { namespace, fieldSelector: `metadata.name=${name}` }, looking.signal)) {
        const objects = seen.kind === "synced" ? seen.items : [seen.object];
        const found = seen.kind === "deleted" ? undefined : objects.find(({ metadata }) => metadata.uid === uid);
        if (found === undefined) throw refusal(`${name} was deleted before its end`);
        show(found);
        if (hasEnded(found)) return found;
      }
    throw isLate
      ? refusal(`${name} has not ended within ${Math.round(timeoutMs / 1000)} s`, goesOn)
      : refusal(`no longer following ${name}`, goesOn);
  } finally {
    cancelTimer();
    signal?.removeEventListener("abort", stop);
    looking.abort();
  }
};
