// The repair that Kintsugi would make for an object now, as `kintsugi plan` and `kintsugi repair` show it. Only reads.
import type { Reference } from "#api/fields.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { missingObject, objectAsked } from "#cli/missing-object.ts";
import { ownRequest, readRequests } from "#cli/own-requests.ts";
import { planPreview } from "#cli/plan-preview.ts";
import { requestCommand, requestText } from "#cli/render/diagnosis-words.ts";
import { paragraph, point } from "#cli/render/page.ts";
import { attemptText } from "#cli/render/story-attempt-text.ts";
import type { Session } from "#cli/session.ts";
import { liveRoot } from "#cluster/live-root.ts";
import { activeRequest, type OwnRequest } from "#investigation/own-changes.ts";
import type { AttemptStory } from "#story/story.ts";

export interface ObjectPlan {
  readonly asked: Reference;
  /** The root owner of the object that was asked about. */
  readonly target: Reference;
  readonly attempt: AttemptStory;
  /** Why the repair would not begin now. */
  readonly hold: string | undefined;
  /** The open request for the target. */
  readonly request: OwnRequest | undefined;
}

export interface PlanQuestion {
  readonly first: string;
  readonly second: string | undefined;
  readonly alertName: string;
}

export const planFor = async (session: Session, { first, second, alertName }: PlanQuestion): Promise<ObjectPlan> => {
  const kube = await session.kube();
  const { clock, signal } = session.deps;
  const asking = { kube, namespace: session.targetNamespace ?? kube.namespace, types: builtInTypes, signal };
  const asked = await objectAsked(asking, first, second);
  const root = await liveRoot(kube, asked, signal);
  if (root === undefined) throw await missingObject(asking, asked);
  const { reference: target, object } = root;
  const requests = await readRequests(kube, session.kintsugiNamespace, signal);
  const diagnoser = await session.deps.openDiagnoser?.();
  try {
    const deps = { kube, clock, namespace: session.kintsugiNamespace, signal, diagnoser };
    const preview = await planPreview(deps, { target, object, alertName, requests });
    return { asked, target, ...preview, request: activeRequest(requests.map(ownRequest), [target]) };
  } finally {
    await diagnoser?.close();
  }
};

/** `closing`: the last line. */
export const planText = (session: Session, { asked, target, attempt, hold, request }: ObjectPlan, closing?: string): string => {
  const { page } = session;
  const of = referenceText(asked) === referenceText(target) ? [] : paragraph(page, 1, `${referenceText(asked)} is a part of it.`);
  const lines = [
    `${page.paint.bold(referenceText(target))}  ${request === undefined ? conclusion(attempt) : requestText(request)}`,
    ...of,
    ...(request === undefined ? [] : paragraph(page, 1, `Next: ${requestCommand(request)}`)),
    ...(hold === undefined ? [] : point(page, 1, "Waits for:", hold)),
    // As a request that is still open: nothing here has happened.
    ...attemptText(page, { namespace: session.kintsugiNamespace }, attempt, undefined),
    "",
    ...(closing === undefined ? [] : [closing]),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

/** For programs. */
export const planData = ({ target, attempt, hold, request }: ObjectPlan): object => ({
  target,
  ...(hold === undefined ? {} : { hold }),
  ...(request === undefined ? {} : { request: { name: request.name, phase: request.phase } }),
  ...attempt,
});

const conclusion = ({ cause, considered }: AttemptStory): string => {
  if (cause?.verdict === "Healthy") return "no problem found";
  const plan = considered?.chosen;
  if (plan?.autonomy === "auto") return "Kintsugi would repair this without approval";
  if (plan?.autonomy === "approve") return "Kintsugi would ask for approval, then repair this";
  return considered?.others[0] === undefined ? "manual fix needed" : "Kintsugi would propose a repair";
};

export const isHealthy = ({ attempt: { cause } }: ObjectPlan): boolean => cause?.verdict === "Healthy";

/** Whether Kintsugi would make a repair, with or without an approval. */
export const hasRepair = ({ attempt: { considered } }: ObjectPlan): boolean => considered?.chosen !== undefined;

/** Whether there is a repair, proposed only perhaps, or none is needed. */
export const isAnswered = (plan: ObjectPlan): boolean =>
  isHealthy(plan) || hasRepair(plan) || plan.attempt.considered?.others[0] !== undefined;
