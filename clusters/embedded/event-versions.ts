// One stored event, two APIs: core/v1 and events.k8s.io/v1 name its fields differently. From pkg/apis/events/v1/conversion.go. Pure.
import { type JsonRecord, type Stored } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";

/** The newer name of each field, then the older one, which is stored. */
const names: readonly (readonly [newer: string, older: string])[] = [
  ["note", "message"],
  ["regarding", "involvedObject"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];
const toOlder = new Map(names);
const toNewer = new Map(names.map(([newer, older]) => [older, newer]));

const renamed = (object: JsonRecord, by: ReadonlyMap<string, string>): JsonRecord =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [by.get(key) ?? key, value]));

const isNewer = (resource: Pick<Resource, "group">): boolean => resource.group === "events.k8s.io";

/** As it is stored. */
export const storedForm = (resource: Pick<Resource, "group">, object: JsonRecord): JsonRecord =>
  isNewer(resource) ? { ...renamed(object, toOlder), apiVersion: "v1" } : object;

/** As this resource shows it. */
export const servedForm = (resource: Pick<Resource, "group">, object: Stored): Stored =>
  isNewer(resource) ? ({ ...renamed(object, toNewer), apiVersion: "events.k8s.io/v1" } as unknown as Stored) : object;
