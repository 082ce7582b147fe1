// ResourceQuotas: what counts against one, how much is used, and the refusal of what would be too much. From pkg/quota/v1 and apiserver's
// plugin/resourcequota. Counts what is stored, so that two writes never share the last of it.
import { canonicalQuantity, parseQuantity } from "#lib/quantity.ts";
import type { Admitted } from "#embedded/admission.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import { type Amounts, plus, requestsOf } from "#embedded/nodes/pod-requests.ts";
import { isFinished } from "#embedded/pod-state.ts";
import type { Resource } from "#embedded/resources.ts";
import { forbidden } from "#embedded/status.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export const quotasKey = "/resourcequotas";

const one = 1000n;
const plainCounts = new Set(["configmaps", "persistentvolumeclaims", "pods", "resourcequotas", "secrets", "services"]);

/** Of one object, in thousandths. */
const usageOf = ({ group, plural }: Pick<Resource, "group" | "plural">, object: JsonRecord): Amounts => {
  const counts: Record<string, bigint> = { [`count/${group === "" ? plural : `${plural}.${group}`}`]: one };
  if (group !== "") return counts;
  if (plural === "pods") return { ...counts, ...podUsage(object) };
  if (plainCounts.has(plural)) counts[plural] = one;
  if (plural === "persistentvolumeclaims") {
    const storage = parseQuantity(textOf(at(object, "spec", "resources", "requests", "storage"))) ?? 0n;
    const prefix = `${textOf(at(object, "spec", "storageClassName"))}.storageclass.storage.k8s.io/`;
    return { ...counts, "requests.storage": storage, [`${prefix}requests.storage`]: storage, [`${prefix}persistentvolumeclaims`]: one };
  }
  return counts;
};

/** One that is over counts as an object, and uses nothing. */
const podUsage = (pod: JsonRecord): Amounts => {
  if (isFinished(pod as unknown as Stored)) return {};
  const usage: Record<string, bigint> = { pods: one };
  for (const [name, amount] of Object.entries(requestsOf(pod))) Object.assign(usage, { [name]: amount, [`requests.${name}`]: amount });
  for (const [name, amount] of Object.entries(requestsOf(pod, "limits"))) usage[`limits.${name}`] = amount;
  return usage;
};

export const hardOf = (quota: Stored): Readonly<Record<string, string>> => recordOf(at(quota, "spec", "hard")) as Record<string, string>;

/** In the notation of the limit, as Go's sums are. */
const textLike = (amount: bigint, limit: string): string =>
  limit.endsWith("i") && amount % 1_024_000n === 0n
    ? (canonicalQuantity(`${amount / 1_024_000n}Ki`) ?? "0")
    : (canonicalQuantity(`${amount}m`) ?? "0");

/** Kinds of this namespace that any limit of the quota speaks of. */
const countedKinds = (server: ServerContext, quota: Stored): readonly Resource[] => {
  const limits = Object.keys(hardOf(quota));
  return server.resources().filter((resource) => {
    if (!resource.namespaced || resource.storage === "virtual" || resource.group === "events.k8s.io") return false;
    const names = Object.keys(usageOf(resource, {}));
    return limits.some(
      (limit) =>
        names.includes(limit) ||
        (resource.plural === "pods" && resource.group === "" && !limit.includes("/") && !plainCounts.has(limit)) ||
        (resource.plural === "persistentvolumeclaims" && limit.includes("storageclass")),
    );
  });
};

const used = (server: ServerContext, quota: Stored): Amounts =>
  countedKinds(server, quota)
    .flatMap((resource) => server.store.list(`${resource.group}/${resource.plural}`).map((object) => ({ resource, object })))
    .filter(({ object }) => object.metadata.namespace === quota.metadata.namespace)
    .reduce<Amounts>((sum, { resource, object }) => plus(sum, usageOf(resource, object)), {});

export const quotaStatus = (server: ServerContext, quota: Stored): JsonRecord => {
  const amounts = used(server, quota);
  const hard = hardOf(quota);
  return { hard, used: Object.fromEntries(Object.entries(hard).map(([name, limit]) => [name, textLike(amounts[name] ?? 0n, limit)])) };
};

/** Whether a change of this kind can change what is used. */
export const concernsQuota = (server: ServerContext, quota: Stored, storageKey: string): boolean =>
  countedKinds(server, quota).some(({ group, plural }) => storageKey === `${group}/${plural}`);

export const admitQuota = (server: ServerContext, write: Admitted): void => {
  const { resource, namespace, name, object, oldObject, operation, subresource } = write;
  if (object === null || namespace === undefined || subresource !== undefined || (operation !== "CREATE" && operation !== "UPDATE")) return;
  for (const quota of server.store.list(quotasKey)) {
    if (quota.metadata.namespace !== namespace) continue;
    const hard = hardOf(quota);
    if (operation === "CREATE" && resource.plural === "pods") {
      const missing = unsaid(object, Object.keys(hard));
      if (missing !== "") throw forbidden(resource, name, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
    }
    const before = oldObject === null ? {} : usageOf(resource, oldObject);
    const asked = Object.entries(usageOf(resource, object))
      .map(([key, amount]) => [key, amount - (before[key] ?? 0n)] as const)
      .filter(([key, amount]) => amount > 0n && hard[key] !== undefined);
    if (asked.length === 0) continue;
    const taken = used(server, quota);
    const over = asked
      .filter(([key, amount]) => (taken[key] ?? 0n) + amount > (parseQuantity(hard[key] ?? "0") ?? 0n))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (over.length === 0) continue;
    const told = (value: (key: string, amount: bigint) => string): string =>
      over.map(([key, amount]) => `${key}=${value(key, amount)}`).join(",");
    const parts = [
      `requested: ${told((key, amount) => textLike(amount, hard[key] ?? ""))}`,
      `used: ${told((key) => textLike(taken[key] ?? 0n, hard[key] ?? ""))}`,
      `limited: ${told((key) => hard[key] ?? "")}`,
    ];
    throw forbidden(resource, name, `exceeded quota: ${quota.metadata.name}, ${parts.join(", ")}`);
  }
};

/** Where a resource is limited, every container must say how much of it it needs. */
const unsaid = (pod: JsonRecord, limits: readonly string[]): string => {
  const wanted = limits.filter((limit) => /^(requests\.|limits\.)?(cpu|memory)$/.test(limit)).toSorted();
  const missing = wanted.flatMap((limit) => {
    const [field = "requests", key = limit] = limit.includes(".") ? limit.split(".") : ["requests", limit];
    const names = ["initContainers", "containers"]
      .flatMap((list) => listOf(at(pod, "spec", list)))
      .filter((container) => !isRecord(at(container, "resources", field)) || at(container, "resources", field, key) === undefined)
      .map((container) => textOf(at(container, "name")));
    return names.length === 0 ? [] : [`${limit} for: ${names.join(",")}`];
  });
  return missing.join("; ");
};
