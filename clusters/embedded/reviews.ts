// Questions that are answered and not kept: who has this token, who am I, may they. From pkg/registry/{authentication,authorization}.
import type { Authorizer } from "#embedded/authorization.ts";
import { type Identities, type User, issuer } from "#embedded/identity.ts";
import { type JsonRecord, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { badRequest, invalid, invalidValue, required } from "#embedded/status.ts";

export interface ReviewDeps {
  readonly identities: Identities;
  readonly authorizer: Authorizer;
}

export const answerReview = (
  deps: ReviewDeps,
  resource: Resource,
  namespace: string | undefined,
  body: JsonRecord,
  caller: User,
): JsonRecord => {
  const spec = recordOf(body["spec"]);
  const answer = (status: JsonRecord, kept: JsonRecord = spec): JsonRecord => ({
    kind: resource.kind,
    apiVersion: `${resource.group}/${resource.version}`,
    metadata: { creationTimestamp: null, ...recordOf(body["metadata"]) },
    spec: kept,
    status,
  });
  switch (resource.kind) {
    case "TokenReview":
      return answer(tokenStatus(deps, spec));
    case "SelfSubjectReview": {
      const { spec: _none, ...rest } = answer({ userInfo: caller });
      return rest;
    }
    case "SubjectAccessReview":
    case "LocalSubjectAccessReview": {
      const groups = listOf(spec["groups"]).map(textOf);
      if (textOf(spec["user"]) === "" && groups.length === 0)
        throw invalid(resource, "", [required("spec.user", "at least one of user or group must be specified")]);
      if (resource.kind === "LocalSubjectAccessReview" && textOf(at(spec, "resourceAttributes", "namespace")) !== namespace)
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace ?? ""}`);
      return answer(accessStatus(deps, resource, spec, { username: textOf(spec["user"]), groups }));
    }
    case "SelfSubjectAccessReview":
      return answer(accessStatus(deps, resource, spec, caller));
    default: {
      const rules = deps.authorizer.rulesOf(caller, textOf(spec["namespace"]));
      const compact = (record: JsonRecord): JsonRecord =>
        Object.fromEntries(Object.entries(record).filter(([, value]) => !Array.isArray(value) || value.length > 0));
      const { spec: _asked, ...rest } = answer({
        resourceRules: rules
          .filter((rule) => rule.resources.length > 0)
          .map(({ nonResourceURLs: _urls, ...rule }) => compact(rule as unknown as JsonRecord)),
        nonResourceRules: rules
          .filter((rule) => rule.nonResourceURLs.length > 0)
          .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
      });
      return { ...rest, spec: {} };
    }
  }
};

const tokenStatus = ({ identities }: ReviewDeps, spec: JsonRecord): JsonRecord => {
  const token = textOf(spec["token"]);
  const asked = listOf(spec["audiences"]).map(textOf);
  const audiences = asked.length === 0 ? [issuer] : asked;
  const user = identities.userOfToken(token, audiences);
  if (user === undefined) return { user: {}, error: "[invalid bearer token, token lookup failed]" };
  return { authenticated: true, user, audiences: identities.audiencesOfToken(token, audiences) };
};

const accessStatus = ({ authorizer }: ReviewDeps, resource: Resource, spec: JsonRecord, user: User): JsonRecord => {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isRecord(resourceAttributes) === isRecord(nonResourceAttributes))
    throw invalid(resource, "", [
      invalidValue("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
    ]);
  if (isRecord(nonResourceAttributes)) {
    const isAllowed = authorizer.allowsPath(user, textOf(nonResourceAttributes["verb"]), textOf(nonResourceAttributes["path"]));
    return { allowed: isAllowed };
  }
  const text = (field: string): string => textOf(at(resourceAttributes, field));
  const optional = (field: string): string | undefined => (text(field) === "" ? undefined : text(field));
  const why = authorizer.allows(user, {
    verb: text("verb"),
    group: text("group"),
    resource: text("resource"),
    subresource: optional("subresource"),
    namespace: optional("namespace"),
    name: optional("name"),
  });
  return why === undefined ? { allowed: false } : { allowed: true, ...(why === "" ? {} : { reason: why }) };
};
