// What can be wrong with a fixture: the container of the release before and of the present one, and what becomes of a pod of either. Data; no I/O.
import type { Container, PodTemplate } from "#api/kubernetes.ts";

export type PodState = "runs" | "crashes" | "cannotPull" | "outOfMemory";

export interface FixtureFault {
  /** The containers of the releases so far, in order: the last one is out. */
  readonly releases: readonly Container[];
  /** What becomes of a pod with this container. */
  readonly runs: (container: Container) => PodState;
}

const image = "example.test/web:1";
export const goodArgs: readonly string[] = ["serve"];
export const badArgs: readonly string[] = ["serve", "--cache=redis"];

const web = (more: Partial<Container> = {}): Container => ({ name: "web", image, args: [...goodArgs], ...more });
const withMemory = (memory: string): Container => web({ resources: { limits: { memory }, requests: { memory: "16Mi" } } });

/** Two releases: the first ran, the second exits with 1 at every start. */
export const crashingRelease = [web(), web({ args: [...badArgs] })] as const;

export const fixtureFaults = {
  releaseCrashes: {
    releases: crashingRelease,
    runs: ({ args }) => (args?.length === goodArgs.length ? "runs" : "crashes"),
  },
  imageMissing: {
    releases: [web(), web({ image: "example.test/web:2-typo" })],
    runs: (container) => (container.image === image ? "runs" : "cannotPull"),
  },
  memoryTooSmall: {
    releases: [withMemory("32Mi")],
    runs: ({ resources }) => (resources?.limits?.["memory"] === "32Mi" ? "outOfMemory" : "runs"),
  },
  /** No release of it runs: every repair has to be undone. */
  incurable: { releases: crashingRelease, runs: () => "crashes" },
  none: { releases: [web()], runs: () => "runs" },
} as const satisfies Readonly<Record<string, FixtureFault>>;
export type FixtureFaultName = keyof typeof fixtureFaults;

export const containerOf = (template: PodTemplate): Container => {
  const [container] = template.spec.containers;
  if (container === undefined) throw new Error("a fixture has one container");
  return container;
};

/** `value` as an environment variable whose name says that it is secret. */
export const withSecret = (container: Container, value: string | undefined): Container =>
  value === undefined ? container : { ...container, env: [{ name: "DB_PASSWORD", value }] };
