// Every cause's three cases, by its code: the one place that knows all families.
import { admission } from "#test/three-cases/admission.ts";
import { controllers } from "#test/three-cases/controllers.ts";
import { databases } from "#test/three-cases/databases.ts";
import { nodes } from "#test/three-cases/nodes.ts";
import { probes } from "#test/three-cases/probes.ts";
import { releases } from "#test/three-cases/releases.ts";
import type { ThreeCases } from "#test/three-cases/three-cases.ts";
import { waiting } from "#test/three-cases/waiting.ts";
import { ways } from "#test/three-cases/ways.ts";

export const families: readonly Readonly<Record<string, ThreeCases>>[] = [
  admission,
  controllers,
  databases,
  nodes,
  probes,
  releases,
  waiting,
  ways,
];

export const casesByCode: Readonly<Record<string, ThreeCases>> = Object.assign({}, ...families);
