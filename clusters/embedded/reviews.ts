// TokenReview, SubjectAccessReview and their Self forms, which are answered and not stored. From pkg/registry/{authentication,authorization}.
import type { Authorizer } from "#embedded/authorization.ts";
import { type Identities, type User, issuer } from "#embedded/identity.ts";
import { type JsonRecord, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { invalid, invalidValue, required } from "#embedded/status.ts";

export interface ReviewDeps {
  readonly identities: Identities;
  readonly authorizer: Authorizer;
}

export const answerReview = (deps: ReviewDeps, resource: Resource, body: JsonRecord, caller: User): JsonRecord => {
  const spec = recordOf(body["spec"]);
  const answer = (status: JsonRecord): JsonRecord => ({
    kind: resource.kind,
    apiVersion: `${resource.group}/${resource.version}`,
    metadata: { creationTimestamp: null, ...recordOf(body["metadata"]) },
    spec,
    status,
  });
  switch (resource.kind) {
    case "TokenReview":
      return answer(tokenStatus(deps, spec));
    case "SelfSubjectReview": {
      const { spec: _none, ...rest } = answer({ userInfo: caller });
      return rest;
    }
    case "SubjectAccessReview": {
      const groups = listOf(spec["groups"]).map(textOf);
      if (textOf(spec["user"]) === "" && groups.length === 0)
        throw invalid(resource, "", [required("spec.user", "at least one of user or group must be specified")]);
      return answer(accessStatus(deps, resource, spec, { username: textOf(spec["user"]), groups }));
    }
    default:
      return answer(accessStatus(deps, resource, spec, caller));
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
  const { resourceAttributes } = spec;
  if (!isRecord(resourceAttributes))
    throw invalid(resource, "", [
      invalidValue("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
    ]);
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
