// What a language model is asked: what was seen, and the repairs it may choose from, all made of observed objects. Pure.
import type { Quote } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { repairsFor, type Repair } from "#diagnosis/repairs.ts";
import type { Finding } from "#diagnosis/finding.ts";
import type { Diagnosis } from "#diagnosis/verdict.ts";
import type { PodEvidence, RunState, WorkloadEvidence } from "#evidence/workload-evidence.ts";

/** Nothing was proven by rule, so nothing is ranked above what was; what a model says of its own certainty is not asked. */
export const modelScore = 0.4;

const maxObservations = 40;
const maxQuoteLength = 2048;
const maxRevisions = 2;
const maxContainers = 2;
const maxPods = 2;

/** The quotes of the diagnosis first, then what else was seen. */
export const observationsFor = ({ quotes }: Diagnosis, evidence: WorkloadEvidence): readonly Quote[] => {
  const namespace = evidence.target.reference.namespace;
  const nameOf = (pod: string): string => referenceText({ kind: "Pod", name: pod, ...(namespace === undefined ? {} : { namespace }) });
  const all: Quote[] = [
    ...quotes,
    ...evidence.pods.flatMap((pod) => statesOf(pod).map((quote): Quote => ({ source: "object", object: nameOf(pod.name), quote }))),
    ...evidence.events
      .filter(({ type }) => type === "Warning")
      .map(({ object, reason, message }): Quote => ({ source: "event", object, quote: `${reason}: ${message}` })),
    ...evidence.logs.map(({ pod, text }): Quote => ({ source: "log", object: nameOf(pod), quote: text.slice(-maxQuoteLength) })),
  ];
  const seen = new Set<string>();
  return all
    .map(({ source, object, quote }) => ({ source, object: object.slice(0, 400), quote: quote.slice(0, maxQuoteLength) }))
    .filter(({ object, quote }) => !seen.has(`${object} ${quote}`) && seen.add(`${object} ${quote}`))
    .slice(0, maxObservations);
};

const statesOf = ({ containers }: PodEvidence): readonly string[] =>
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
export const repairsToChooseFrom = (evidence: WorkloadEvidence): readonly Repair[] => {
  const { reference, template, state } = evidence.target;
  if (state !== "found") return [];
  const current = evidence.revisions.find(({ isCurrent }) => isCurrent)?.revision;
  const earlier = evidence.revisions.filter(({ isCurrent, revision }) => !isCurrent && current !== undefined && revision < current);
  const limited = (template?.spec.containers ?? []).flatMap(({ name, resources }) => {
    const limit = resources?.limits?.["memory"];
    return limit === undefined ? [] : [{ container: name, limit }];
  });
  const facts: Finding["facts"][] = [
    ...earlier
      .slice(0, maxRevisions)
      .map(({ revision }) => ({ kind: "badRevision", revision: current ?? revision, lastGood: revision }) as const),
    ...limited.slice(0, maxContainers).map((each) => ({ kind: "smallLimit", ...each }) as const),
    {
      kind: "remedies",
      remedies: evidence.pods
        .filter(({ isReady, isDeleting, owner }) => !isReady && !isDeleting && owner !== undefined)
        .slice(0, maxPods)
        .map(({ name }) => ({
          action: "restart_pod",
          target: { apiVersion: "v1", kind: "Pod", name, ...(reference.namespace === undefined ? {} : { namespace: reference.namespace }) },
          parameters: {},
          rationale: "The pod is not ready.",
          expected: `Another pod takes the place of ${name} and becomes ready.`,
        })),
      otherwise: "check why its pods are not ready",
    },
  ];
  return facts.flatMap((each) => {
    const answer = repairsFor({ ...suspicion, object: reference, facts: each }, reference);
    return "repairs" in answer ? answer.repairs : [];
  });
};

/** What every suspicion of a model is, whatever it says. */
export const suspicion: Omit<Finding, "object" | "facts"> = {
  code: "SuspectedByModel",
  score: modelScore,
  summary: "A language model suspects a cause.",
  chain: [],
  quotes: [],
};
