// What a step does in a few words, as a proposal and as a fact, and what remains for a person after it. Pure.
import type { BareStep } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";

interface Words {
  readonly verb: readonly [present: string, past: string];
  rest(step: BareStep): string;
  /** What a person does afterwards, so that the fault does not come back. */
  afterwards(step: BareStep): string;
}

const rollback: Words = {
  verb: ["Roll back", "Rolled back"],
  rest: ({ parameters }) => `to revision ${parameters["revision"]}`,
  afterwards: ({ target }) => `Fix the cause above before you roll out that release of ${referenceText(target)} again`,
};

const sameChange = ({ target }: BareStep): string =>
  `Make the same change where ${referenceText(target)} is defined, or the next rollout reverts it`;

const actionWords: Readonly<Record<string, Words>> = {
  rollback_deployment: rollback,
  rollback_statefulset: rollback,
  rollback_daemonset: rollback,
  scale_deployment: {
    verb: ["Scale", "Scaled"],
    rest: ({ target, parameters }) => `${referenceText(target)} to ${parameters["replicas"]} replicas`,
    afterwards: sameChange,
  },
  restart_pod: {
    verb: ["Restart", "Restarted"],
    rest: ({ target }) => referenceText(target),
    afterwards: () => "Nothing; if the fault comes back, the restart did not remove its cause",
  },
  increase_resources: {
    verb: ["Raise", "Raised"],
    rest: ({ parameters }) =>
      `the ${["memory", "cpu"]
        .flatMap((name) => (parameters[name] === undefined ? [] : [`${name} limit to ${parameters[name]}`]))
        .join(" and the ")} for container ${parameters["container"]}`,
    afterwards: sameChange,
  },
  resume_rollout: {
    verb: ["Resume", "Resumed"],
    rest: ({ target }) => `the rollout of ${referenceText(target)}`,
    afterwards: () => "Nothing",
  },
  fix_service: {
    verb: ["Set", "Set"],
    rest: ({ target, parameters: { selector, port, targetPort, protocol } }) =>
      `${[
        ...(selector === undefined ? [] : [`the selector to ${selector}`]),
        ...(targetPort === undefined ? [] : [`the target port of port ${port} to ${targetPort}`]),
        ...(protocol === undefined ? [] : [`the protocol of port ${port} to ${protocol}`]),
      ].join(" and ")} in ${referenceText(target)}`,
    afterwards: sameChange,
  },
  fix_reference: {
    verb: ["Change", "Changed"],
    rest: ({ target, parameters: { kind, name, key, to } }) =>
      `${key === undefined ? `${kind} ${name}` : `key ${key} of ${kind} ${name}`} to ${to} in ${referenceText(target)}`,
    afterwards: sameChange,
  },
  fix_probe: {
    verb: ["Set", "Set"],
    rest: ({ parameters: { container, probe, port, path } }) =>
      `the ${[...(port === undefined ? [] : [`port to ${port}`]), ...(path === undefined ? [] : [`path to ${path}`])].join(" and the ")} in the ${probe} probe of container ${container}`,
    afterwards: sameChange,
  },
  relax_pdb: {
    verb: ["Set", "Set"],
    rest: ({ target, parameters: { minAvailable, maxUnavailable } }) =>
      `${minAvailable === undefined ? `maxUnavailable to ${maxUnavailable}` : `minAvailable to ${minAvailable}`} in ${referenceText(target)}`,
    afterwards: sameChange,
  },
  restore_object: {
    verb: ["Restore", "Restored"],
    rest: ({ target, parameters }) => `${referenceText(target)} to its state before ${parameters["before"]}`,
    afterwards: ({ target }) => `Check where ${referenceText(target)} is defined: the same edit would bring the fault back`,
  },
  notify_only: {
    verb: ["Notify", "Notified"],
    rest: ({ parameters }) => `people: ${parameters["message"]}`,
    afterwards: () => "Read the message",
  },
};

const wordsOf = ({ action }: BareStep): Words =>
  (Object.hasOwn(actionWords, action) ? actionWords[action] : undefined) ?? {
    verb: [`Run ${action}`, `Ran ${action}`],
    rest: ({ target }) => `on ${referenceText(target)}`,
    afterwards: sameChange,
  };

const joined = (steps: readonly BareStep[], tense: 0 | 1): string =>
  steps
    .map((step, at) => {
      const words = wordsOf(step);
      const verb = words.verb[tense];
      return `${at === 0 ? verb : verb.charAt(0).toLowerCase() + verb.slice(1)} ${words.rest(step)}`;
    })
    .join(", then ");

/** `Roll back to revision 1` */
export const proposalText = (steps: readonly BareStep[]): string => joined(steps, 0);
/** `Rolled back to revision 1` */
export const doneText = (steps: readonly BareStep[]): string => joined(steps, 1);
/** What remains for a person once the first step has repaired the fault. */
export const afterwardsText = (steps: readonly BareStep[]): string | undefined => {
  const [first] = steps;
  return first === undefined ? undefined : wordsOf(first).afterwards(first);
};
