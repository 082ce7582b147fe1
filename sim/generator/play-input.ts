// Plays the events of a generated run: alerts, people and policies, each at its time. What the server refuses is a refusal that a person reads.
import { API_VERSION } from "#api/define-kind.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { toTimestamp } from "#lib/clock.ts";
import { type FixtureFault, fixtureFaults, withSecret } from "#scenarios/faults/fixture-faults.ts";
import type { Answer, Edit, GeneratedInput, SimEvent } from "#sim/generator/input.ts";
import { blame } from "#sim/generator/blame.ts";
import { own, policyPath } from "#sim/platform.ts";
import type { Stage } from "#sim/stage.ts";

export interface PlayOptions {
  readonly secretValue: string;
  /** An alert about this fixture was taken. */
  readonly onAlert: (fixture: number) => void;
  /** A person has changed the object of this fixture. */
  readonly onEdit: (fixture: number) => void;
}

const records = `/apis/${API_VERSION}/namespaces/${own}`;

/** Resolves when every event has happened and every alert is delivered. */
export const playInput = async (stage: Stage, input: GeneratedInput, options: PlayOptions): Promise<void> => {
  const startMs = stage.clock.now();
  void answerQuestions(stage, input.answers);
  await Promise.all(
    input.events.map(async (event) => {
      await stage.after(event.atMs);
      await play(stage, input, event, startMs, options);
    }),
  );
};

const play = async (stage: Stage, input: GeneratedInput, event: SimEvent, startMs: number, options: PlayOptions): Promise<void> => {
  switch (event.do) {
    case "alert": {
      const fixture = stage.fixtures[event.fixture];
      if (fixture === undefined) return;
      const { namespace, podName: pod } = fixture;
      // An alert that fires again after its end is a new firing; until then it is the one from before.
      const earlier = input.events.filter(
        (each) => each.do === "alert" && each.fixture === event.fixture && each.name === event.name && each.atMs < event.atMs,
      );
      const lastEnd = earlier.findLast((each) => each.do === "alert" && !each.firing);
      const firstSince = [...earlier, event].find((each) => each.do === "alert" && each.firing && each.atMs > (lastEnd?.atMs ?? -1));
      const startsAtMs = startMs + (lastEnd === undefined ? -30_000 : (firstSince ?? lastEnd).atMs);
      const ends = event.firing ? {} : { resolvedAtMs: stage.clock.now() };
      const alert = { name: event.name, namespace, pod, startsAtMs: Math.min(startsAtMs, stage.clock.now()), ...ends };
      await stage.send(...Array.from({ length: event.copies }, () => alert));
      if (event.firing) options.onAlert(event.fixture);
      return;
    }
    case "cancel":
    case "close":
    case "delete": {
      const requests = stage.objects(RemediationRequest);
      const request = requests[event.request % Math.max(1, requests.length)];
      if (request === undefined) return;
      const path = `${records}/remediationrequests/${request.metadata.name}`;
      if (event.do === "delete") attempt(() => stage.platform.admin("DELETE", path));
      else {
        const intent = { by: "kubernetes-admin", message: "drawn" };
        attempt(() => stage.platform.admin("PATCH", path, { spec: event.do === "close" ? { close: intent } : { cancel: intent } }));
      }
      return;
    }
    case "blame": {
      const [fixture, root] = [input.fixtures[event.fixture], input.fixtures[event.root]];
      if (fixture === undefined || root === undefined) return;
      const { namespace, name } = root;
      // Not waited for: there may be no such analysis.
      void blame(stage, fixture, { apiVersion: "apps/v1", kind: "Deployment", namespace, name }, attempt);
      return;
    }
    case "edit": {
      const fixture = input.fixtures[event.fixture];
      if (fixture === undefined) return;
      const change = editOf(event.edit, fixtureFaults[fixture.fault], options.secretValue, event.atMs);
      attempt(() => stage.platform.admin("PATCH", `/apis/apps/v1/namespaces/${fixture.namespace}/deployments/${fixture.name}`, change));
      options.onEdit(event.fixture);
      return;
    }
    case "policy": {
      const now = stage.clock.now();
      const freezes =
        event.freezeMs === undefined ? [] : [{ name: "drawn", from: toTimestamp(now), to: toTimestamp(now + event.freezeMs) }];
      replacePolicy(stage, { ...event.change, freezes });
      return;
    }
    case "label": {
      const namespace = input.namespaces[event.namespace];
      if (namespace !== undefined)
        attempt(() => stage.platform.admin("PATCH", `/api/v1/namespaces/${namespace.name}`, { metadata: { labels: event.labels } }));
    }
  }
};

export const replacePolicy = (stage: Pick<Stage, "platform" | "objects">, spec: RemediationPolicy["spec"]): void => {
  const [policy] = stage.objects(RemediationPolicy);
  if (policy !== undefined) stage.platform.admin("PUT", policyPath, { ...policy, spec });
};

const editOf = (edit: Edit, { releases }: FixtureFault, secretValue: string, atMs: number): object => {
  const release = (index: number): object => {
    const container = releases.at(index);
    return { spec: { template: { spec: { containers: container === undefined ? [] : [withSecret(container, secretValue)] } } } };
  };
  switch (edit) {
    case "annotate":
      return { metadata: { annotations: { note: `at ${atMs}` } } };
    case "scale":
      return { spec: { replicas: 2 } };
    case "restart":
      return { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": `at ${atMs}` } } } } };
    case "repair":
      return release(0);
    case "break":
      return release(-1);
  }
};

/** Answers the questions in the order in which they are asked. */
const answerQuestions = async (stage: Stage, answers: readonly Answer[]): Promise<void> => {
  const asked = new Set<string>();
  const next = (): AIApprovalRequest | undefined => stage.objects(AIApprovalRequest).find(({ metadata }) => !asked.has(metadata.uid));
  for (const answer of answers) {
    await stage.until(() => next() !== undefined);
    const question = next();
    if (question === undefined) return;
    asked.add(question.metadata.uid);
    void answerOne(stage, question, answer);
  }
};

const answerOne = async (stage: Stage, question: AIApprovalRequest, { decision, by, afterMs }: Answer): Promise<void> => {
  for (const person of by) {
    await stage.after(afterMs);
    const live = stage.objects(AIApprovalRequest).find(({ metadata }) => metadata.uid === question.metadata.uid);
    if (live === undefined) return;
    const decisions = [...live.spec.decisions, { by: person, decision, via: "simulation" }];
    attempt(() => stage.platform.as(person)("PATCH", `${records}/aiapprovalrequests/${live.metadata.name}`, { spec: { decisions } }));
  }
};

/** Too late, or not allowed: the person is shown why. */
const attempt = (act: () => unknown): void => {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error) || !/: (403|404|409|422) /.test(error.message)) throw error;
  }
};
