// Requests by hand: a person may open one, and cancel or close one in their own name. Names and labels by which Kintsugi finds its own requests
// belong to its controllers. Pure.
import { GROUP, VERSION } from "#api/define-kind.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { accountsOf, kubernetes, onlyReleased, policy, sameMetadata, user } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";

export const requestsPolicy = (namespace: string): Manifest[] =>
  policy(`${namespace}-requests`, {
    namespace,
    rules: [{ apiGroups: [GROUP], apiVersions: [VERSION], operations: ["CREATE", "UPDATE"], resources: [RemediationRequest.plural] }],
    variables: [
      { name: "created", expression: "request.operation == 'CREATE'" },
      { name: "controllers", expression: accountsOf(namespace).controllers },
      { name: "kubernetes", expression: kubernetes },
      { name: "cancelledBefore", expression: "oldObject != null && has(oldObject.spec.cancel)" },
      { name: "closedBefore", expression: "oldObject != null && has(oldObject.spec.close)" },
    ],
    validations: [
      {
        expression: "!variables.created || variables.controllers || !object.metadata.name.startsWith('rr-')",
        message: "only Kintsugi's controllers open a request whose name begins with rr-",
      },
      {
        expression: `!variables.created || variables.controllers || (!has(object.metadata.ownerReferences) && !has(object.metadata.finalizers) && (!has(object.metadata.labels) || object.metadata.labels.all(l, !l.startsWith('${GROUP}/'))))`,
        message: `a request by hand has no label ${GROUP}/…, no owner and no finalizer`,
      },
      {
        expression: `variables.created || !variables.kubernetes || (${onlyReleased})`,
        message: "Kubernetes' own controllers may not change a request",
      },
      {
        expression: `variables.created || variables.kubernetes || (${sameMetadata})`,
        message: "labels, annotations, owners and finalizers of a request belong to Kintsugi's controllers",
      },
      {
        expression: "!variables.cancelledBefore || (has(object.spec.cancel) && object.spec.cancel == oldObject.spec.cancel)",
        message: "a request that is cancelled stays cancelled",
      },
      {
        expression: `variables.cancelledBefore || !has(object.spec.cancel) || object.spec.cancel.by == ${user}`,
        message: "cancel a request in your own name",
      },
      {
        expression: `!variables.created || variables.controllers || (has(object.spec.requestedBy) && object.spec.requestedBy.by == ${user} && object.spec.alert.source == 'manual' && !has(object.spec.cancel))`,
        message: "open a request by hand in your own name: spec.requestedBy.by, with an alert whose source is manual",
      },
      {
        expression: "!variables.created || !variables.controllers || !has(object.spec.requestedBy)",
        message: "Kintsugi's controllers open no request in a person's name",
      },
      {
        expression: "!variables.closedBefore || (has(object.spec.close) && object.spec.close == oldObject.spec.close)",
        message: "a request that is closed stays closed",
      },
      {
        expression: `variables.closedBefore || !has(object.spec.close) || (object.spec.close.by == ${user} && !${accountsOf(namespace).any})`,
        message: "close a request in your own name; Kintsugi's own accounts never do",
      },
    ],
  });
