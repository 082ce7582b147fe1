// fix_probe: the port or the path of a probe that a container has, corrected to what the container itself declares.
// Never adds or removes a probe, and never makes one more patient: what is asked changes, not how much is forgiven.
import * as z from "zod";
import { type Container, DaemonSets, Deployments, StatefulSets, type Deployment } from "#api/kubernetes.ts";
import { defineAction, patches, noOp, patched, refused } from "#actions/action.ts";
import { difference } from "#actions/difference.ts";
import { portOf, portText } from "#actions/port-text.ts";
import { repairObstacle, rolloutEffect } from "#actions/rollout.ts";

const fields = { liveness: "livenessProbe", readiness: "readinessProbe", startup: "startupProbe" } as const;
type ProbeKind = keyof typeof fields;
const handlers = ["httpGet", "tcpSocket", "grpc"] as const;
type Handler = (typeof handlers)[number];

const probePaths = Object.values(fields).flatMap((probe) =>
  handlers.flatMap((handler) => ["port", "path"].map((field) => `/spec/template/spec/containers/*/${probe}/${handler}/${field}`)),
);

/** What a probe asks: of the fields of its handler, those that are corrected here. */
interface Question {
  readonly port: number | string;
  readonly path?: string;
  readonly [field: string]: string | number | undefined;
}

export const fixProbe = defineAction({
  name: "fix_probe",
  title: "Correct a probe",
  description:
    "Sets the port of a probe to one that its container declares, or its path to the path of another probe of the container. Refuses a probe that the container does not have or that runs a command, any other port or path, and a workload that would not roll out.",
  targetKinds: ["Deployment", "StatefulSet", "DaemonSet"],
  reads: [],
  risk: "medium",
  undo: "inverse",
  writes: patches([Deployments, StatefulSets, DaemonSets], probePaths),
  parameters: z.object({
    container: z.string().min(1).max(63).describe("The container's name."),
    probe: z.enum(["liveness", "readiness", "startup"]).describe("The probe to correct."),
    port: portText.optional().describe("The port to probe, by number or name: one that the container declares."),
    path: z
      .string()
      .max(1024)
      .regex(/^\/\S*$/, "not a path such as /healthz")
      .optional()
      .describe("The path to request: the path of another probe of the container."),
  }),
  plan: ({ container: name, probe, port, path }, target) => {
    const obstacle = repairObstacle(target);
    if (obstacle !== undefined) return refused(obstacle);
    if (port === undefined && path === undefined) return refused("give a port, a path or both");
    const { containers } = (target as Deployment).spec.template.spec;
    const index = containers.findIndex((container) => container.name === name);
    const container = containers[index];
    if (container === undefined) return refused(`it has no container ${name}`);
    if (container[fields[probe]] === undefined) return refused(`container ${name} has no ${probe} probe`);
    const present = questionOf(container, probe);
    if (present === undefined) return refused(`the ${probe} probe of container ${name} runs a command`);
    const { handler, question } = present;
    const wantedPort = port === undefined ? question.port : portOf(port);
    const number = numberOf(container, wantedPort);
    if (port !== undefined && number === undefined) return refused(`container ${name} does not declare port ${port}`);
    if (handler === "grpc" && typeof wantedPort !== "number") return refused("a gRPC probe takes the number of a port, not its name");
    if (path !== undefined && handler !== "httpGet") return refused(`the ${probe} probe of container ${name} has no path`);
    if (path !== undefined && path !== question.path && !pathsOf(container, probe).includes(path))
      return refused(`no other probe of container ${name} uses path ${path}`);
    // A number and the name of the same port are one question.
    const isSamePort = number === numberOf(container, question.port);
    const after = { ...question, ...(isSamePort ? {} : { port: wantedPort }), ...(path === undefined ? {} : { path }) };
    const at = ["spec", "template", "spec", "containers", String(index)];
    const operations = difference([...at, fields[probe], handler], question, after);
    if (operations.length === 0) return noOp(`the ${probe} probe of container ${name} already has these values`);
    return patched(target, [{ op: "test", path: `/${at.join("/")}/name`, value: name }, ...operations]);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});

const questionOf = (container: Container, probe: ProbeKind): { readonly handler: Handler; readonly question: Question } | undefined => {
  const all = container[fields[probe]] as Partial<Record<Handler, Question>> | undefined;
  const handler = handlers.find((each) => all?.[each] !== undefined);
  const question = handler === undefined ? undefined : all?.[handler];
  return handler === undefined || question === undefined ? undefined : { handler, question };
};

/** Of a TCP port that the container declares; every probe asks by TCP. */
const numberOf = ({ ports = [] }: Container, port: number | string): number | undefined =>
  ports.find(
    ({ containerPort, name, protocol = "TCP" }) =>
      protocol === "TCP" && (typeof port === "number" ? containerPort === port : name === port),
  )?.containerPort;

const pathsOf = (container: Container, probe: ProbeKind): readonly string[] =>
  (Object.keys(fields) as ProbeKind[]).flatMap((other) => {
    const asked = other === probe ? undefined : questionOf(container, other);
    return asked?.handler === "httpGet" && asked.question.path !== undefined ? [asked.question.path] : [];
  });
