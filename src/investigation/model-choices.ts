// What a language model may be asked: what was seen, and the repairs it may choose from, all made of observed objects. Pure.
import type { Quote } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import type { Finding, Remedy } from "#diagnosis/finding.ts";
import { moreMemory, rollbackTo } from "#diagnosis/remedies.ts";
import type { Verdict } from "#diagnosis/verdict.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { deploymentRevisions, podStates } from "#diagnosis/workload-states.ts";
import type { PodState, RunState } from "#evidence/pods.ts";

/** Nothing was proven by rule, so nothing is ranked above what was; what a model says of its own certainty is not asked. */
export const modelScore = 0.4;

const maxObservations = 40;
const maxQuoteLength = 2048;
const maxRevisions = 2;
const maxContainers = 2;
const maxPods = 2;

export interface Choices {
  /** Quotes of the verdict first, then what else was seen. */
  readonly observations: readonly Quote[];
  readonly repairs: readonly Remedy[];
}

/** `workload` is absent where the target is not there. */
export const choicesOf = (view: View, workload: Workload | undefined, { quotes }: Verdict): Choices =>
  workload === undefined
    ? { observations: quotes, repairs: [] }
    : { observations: observationsOf(view, workload, quotes), repairs: repairsToChooseFrom(view, workload) };

const observationsOf = (view: View, workload: Workload, quotes: readonly Quote[]): readonly Quote[] => {
  const { namespace } = workload.reference;
  const nameOf = (pod: string): string => referenceText({ kind: "Pod", namespace, name: pod });
  const all: Quote[] = [
    ...quotes,
    ...podStates(view, workload).flatMap((pod) =>
      statesOf(pod).map((quote): Quote => ({ source: "object", object: nameOf(pod.name), quote })),
    ),
    ...view
      .eventsAround(workload)
      .filter(({ type }) => type === "Warning")
      .map(({ object, reason, message }): Quote => ({ source: "event", object, quote: `${reason}: ${message}` })),
    ...view.logsOf(workload).map(({ pod, text }): Quote => ({ source: "log", object: nameOf(pod), quote: text.slice(-maxQuoteLength) })),
  ];
  const seen = new Set<string>();
  return all
    .map(({ source, object, quote }) => ({ source, object: object.slice(0, 400), quote: quote.slice(0, maxQuoteLength) }))
    .filter(({ object, quote }) => !seen.has(`${object} ${quote}`) && seen.add(`${object} ${quote}`))
    .slice(0, maxObservations);
};

const statesOf = ({ containers }: PodState): readonly string[] =>
  containers
    .filter(({ isReady }) => !isReady)
    .map(({ name, restarts, state, last }) => `container ${name}: ${stateText(state)}; before: ${stateText(last)}; ${restarts} restarts`);

const stateText = (state: RunState | undefined): string =>
  state === undefined
    ? "nothing"
    : [state.kind, state.reason, state.exitCode === undefined ? undefined : `exit code ${state.exitCode}`, state.message]
        .filter((part) => part !== undefined)
        .join(", ");

/** Repairs that could help with trouble of unknown cause: few, none that a person could not undo, each with parameters that were observed. */
const repairsToChooseFrom = (view: View, workload: Workload): readonly Remedy[] => {
  const { reference, template } = workload;
  const revisions = deploymentRevisions(view, workload);
  const current = revisions.find(({ isCurrent }) => isCurrent)?.revision;
  const earlier = revisions.filter(({ isCurrent, revision }) => !isCurrent && current !== undefined && revision < current);
  const limited = template.spec.containers.flatMap(({ name, resources }) => {
    const limit = resources?.limits?.["memory"];
    return limit === undefined ? [] : [{ container: name, limit }];
  });
  const unready = podStates(view, workload).filter(({ isReady, isDeleting, owner }) => !isReady && !isDeleting && owner !== undefined);
  return [
    ...earlier
      .slice(0, maxRevisions)
      .map(({ revision }) => rollbackTo(workload, revision, `Revision ${revision} ran before revision ${current}.`)),
    ...limited.slice(0, maxContainers).flatMap(({ container, limit }) => moreMemory(workload, { container, limit, factor: 2 })),
    ...unready.slice(0, maxPods).map(({ name }): Remedy => ({
      action: "restart_pod",
      target: { apiVersion: "v1", kind: "Pod", name, ...(reference.namespace === undefined ? {} : { namespace: reference.namespace }) },
      parameters: {},
      rationale: "The pod is not ready.",
      expected: `Another pod takes the place of ${name} and becomes ready.`,
    })),
  ];
};

/** What every suspicion of a model is, whatever it says. */
export const suspicion: Pick<Finding, "code" | "score" | "chain"> = { code: "SuspectedByModel", score: modelScore, chain: [] };
