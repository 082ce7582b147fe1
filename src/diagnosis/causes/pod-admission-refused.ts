// Pods that are refused when they are created, by Pod Security, a LimitRange, an admission policy or a webhook: the controller's FailedCreate
// events carry the API server's words. Quotas and missing accounts are causes of their own.
import type { CauseCode } from "#api/cause-codes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { type Refusal, refusedPods } from "#diagnosis/refused-pods.ts";
import { asSentence } from "#lib/words.ts";

interface Refuser {
  readonly code: CauseCode;
  readonly title: string;
  /** As the API server words it; the first group names the refuser. */
  readonly pattern: RegExp;
  readonly means: string;
  readonly why: string;
  readonly suppressedBy?: Cause["suppressedBy"];
}

const refusers: readonly Refuser[] = [
  {
    code: "PodSecurityRefuses",
    title: "A pod that violates its namespace's Pod Security level",
    pattern: /violates PodSecurity "([^"]+)": (.{1,300})/,
    means: "The template asks for what the namespace's Pod Security level forbids.",
    why: "remove from the template what the Pod Security level forbids, or set another level on the namespace",
  },
  {
    code: "LimitRangeRefuses",
    title: "A pod outside of its namespace's LimitRange",
    pattern: /((?:maximum|minimum) (?:cpu|memory|ephemeral-storage) (?:usage|limit)[^,\]]{1,200})/,
    means: "The template's resources lie outside of what the LimitRange allows.",
    why: "change the resources in the template, or the LimitRange",
  },
  {
    code: "AdmissionPolicyRefuses",
    title: "A pod that a ValidatingAdmissionPolicy refuses",
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.{1,300})/,
    means: "An admission policy forbids what the template asks for.",
    why: "change the template to satisfy the policy, or change the policy",
  },
  {
    code: "WebhookUnreachable",
    title: "An admission webhook that cannot be called",
    pattern: /failed calling webhook "([^"]+)": (.{1,300})/,
    means: "The webhook does not answer and its failurePolicy is Fail: nothing it watches over can be created.",
    why: "restore the server of the webhook; deleting the webhook configuration leaves its objects unguarded",
    suppressedBy: ["WebhookWithoutServer"],
  },
  {
    code: "WebhookRefuses",
    title: "A pod that an admission webhook refuses",
    pattern: /admission webhook "([^"]+)" denied the request:? ?(.{0,300})/,
    means: "A webhook forbids what the template asks for.",
    why: "change the template to satisfy the webhook",
  },
];

const causeOf = (refuser: Refuser): Cause => ({
  code: refuser.code,
  title: refuser.title,
  reads: "FailedCreate events of workloads that have fewer pods than they want.",
  means: refuser.means,
  remedy: `${asSentence(refuser.why)}.`,
  ...(refuser.suppressedBy === undefined ? {} : { suppressedBy: refuser.suppressedBy }),
  find: (view) => refusedPods(view).map((refusal) => find(refuser, refusal)),
});

const find = (refuser: Refuser, { workload, event }: Refusal): ReturnType<typeof assess> => {
  const match = refuser.pattern.exec(event.message);
  const missing = (workload.desired ?? 1) - workload.pods.length;
  return assess(
    refuser.code,
    {
      required: [{ claim: `the API server refuses pods of ${referenceText(workload.reference)} in these words`, holds: match !== null }],
      supporting: [
        { claim: "it was refused more than once", holds: event.count > 1, weight: 1 },
        { claim: "pods are missing", holds: missing > 0, weight: 1 },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `Pods of ${referenceText(workload.reference)} are refused: ${(match?.[0] ?? "").slice(0, 400)}.`,
      chain: [
        `${match?.[1] ?? "admission"} refuses the pod`,
        `${missing} of ${workload.desired ?? 1} pods of ${referenceText(workload.reference)} are missing`,
      ],
      quotes: [eventQuote(event)],
      explains: [workload.reference],
      facts: person(refuser.why),
    }),
  );
};

export const podAdmissionRefused: readonly Cause[] = refusers.map(causeOf);
