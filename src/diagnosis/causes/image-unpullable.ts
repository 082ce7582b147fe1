// An image cannot be pulled: it does not exist, may not be read, or its registry cannot be reached. A rollback helps only where a release brought it in.
import { referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { inFailingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { eventQuotes, failureQuote, quote, replicasText, revisionReadyText, revisionText } from "#diagnosis/explain.ts";
import type { Failure } from "#diagnosis/failures.ts";
import { repositoryOf } from "#diagnosis/image-pulls.ts";
import { judge, ruledOut, type Assessment, type Facts } from "#diagnosis/finding.ts";
import { failuresOfCurrent, releaseFor, type Release } from "#diagnosis/release.ts";
import type { PodTemplate } from "#api/kubernetes.ts";
import { person } from "#diagnosis/assess.ts";
import { undoRelease } from "#diagnosis/previous-revision.ts";
import { podStates } from "#diagnosis/workload-states.ts";
import { differenceText } from "#diagnosis/template-difference.ts";

const code = "ImageUnpullable";

type PullFault = "invalid" | "notFound" | "unauthorized" | "unreachable" | "unknown";

/** In the words of container runtimes and registries. The order counts: Docker Hub says both of a repository that does not exist. */
const faults: readonly (readonly [PullFault, RegExp])[] = [
  ["invalid", /invalid reference format|couldn't parse image|InvalidImageName/i],
  ["notFound", /not found|manifest unknown|name unknown|no such manifest|does not exist|ErrImageNeverPull/i],
  ["unauthorized", /unauthori[sz]ed|access denied|authentication required|forbidden|insufficient_scope|no basic auth|\b40[13]\b/i],
  [
    "unreachable",
    /dial tcp|no such host|connection refused|i\/o timeout|deadline exceeded|network is unreachable|TLS handshake|x509|EOF|toomanyrequests|\b(?:429|50[0234])\b/i,
  ],
];

const faultText: Readonly<Record<PullFault, string>> = {
  invalid: "its name is not a valid image name",
  notFound: "the registry does not have it",
  unauthorized: "the registry does not let us read it",
  unreachable: "the registry cannot be reached",
  unknown: "it cannot be pulled",
};

export const imageUnpullable: Cause = {
  code,
  title: "An image that cannot be pulled",
  reads: "Containers that wait for their image, and what the container runtime says.",
  means: "The image of the current revision cannot be had.",
  remedy: "`rollback_deployment` to a revision with another image. Otherwise, push the image or grant access to it.",
  suppressedBy: ["RegistryUnresolvable", "PullSecretMissing"],
  find: inFailingWorkloads((view, workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const failures = failuresOfCurrent(view, workload).filter(({ mode }) => mode === "cannotPull");
  const failure = failures[0];
  if (failure === undefined) return ruledOut(code, "no container of the current revision waits for its image");
  const { container } = failure;
  const { image } = container;
  const wanted = imageIn(workload.template, container.name);
  if (wanted !== undefined && wanted !== image) return ruledOut(code, `the template no longer has the image ${image}, but ${wanted}`);
  const events = view
    .eventsAround(workload)
    .filter((event) => event.type === "Warning" && event.reason === "Failed" && failures.some(({ pod }) => pod.uid === event.uid));
  const fault = faultOf([failure.reason, container.state.message ?? "", ...events.map(({ message }) => message)]);
  const release = releaseFor(view, workload, container.name);
  const before = release?.previous && imageIn(release.previous.template, container.name);
  const isNew = before !== undefined && before !== image;

  const judged = judge(code, {
    required: [{ claim: "a container that waits for its image", holds: true }],
    against: [],
    supporting: [
      { claim: "the registry's own words say why", holds: fault !== "unknown", weight: 2 },
      { claim: "every pod of the revision waits for it", holds: allWait(view, workload, failures), weight: 1 },
      { claim: "the release before had another image", holds: release?.previous === undefined ? "unknown" : isNew, weight: 2 },
      {
        claim: "the release before has ready pods now",
        holds: release?.previous === undefined ? "unknown" : release.previous.ready > 0,
        weight: 1,
      },
    ],
  });
  if ("ruledOut" in judged) return judged;

  const introduced = isNew && release !== undefined ? ` Revision ${release.current.revision} brought it in; before it was ${before}.` : "";
  return {
    found: {
      code,
      object: workload.reference,
      score: judged.score,
      summary:
        `Container ${container.name} of ${referenceText(workload.reference)} waits for the image ${image}: ${faultText[fault]}.${introduced}`.slice(
          0,
          1024,
        ),
      chain: [
        ...(isNew && release?.previous !== undefined
          ? [`${revisionText(release.current)} replaced ${revisionText(release.previous)} and its image ${before}`]
          : []),
        `image ${image} of container ${container.name} cannot be pulled: ${faultText[fault]}`,
        waitingText(failures),
        release === undefined ? replicasText(workload) : revisionReadyText(view, workload, release.current, release.previous),
      ],
      quotes: [
        failureQuote(workload, failure),
        ...eventQuotes(events, 2),
        ...(release?.previous === undefined || release.differences.length === 0
          ? []
          : [
              quote(
                "change",
                referenceText(workload.reference),
                `revision ${release.previous.revision} → ${release.current.revision}, released ${release.current.releasedAt}\n${release.differences.map(differenceText).join("\n")}`,
              ),
            ]),
      ],
      facts: factsOf({ workload, fault, before: isNew ? before : undefined, image, release }),
    },
  };
};

interface Pulled {
  readonly workload: Workload;
  readonly fault: PullFault;
  /** The image of the revision before, where it is another one. */
  readonly before: string | undefined;
  readonly image: string;
  readonly release: Release | undefined;
}

/** Where the way to the registry is broken, an older image from the same registry is no way out. */
const factsOf = ({ workload, fault, before, image, release }: Pulled): Facts => {
  if (release?.previous === undefined || before === undefined)
    return person(`push image ${image} again, or grant access to it: no release of this workload introduced it`);
  if (fault === "unreachable" && registryOf(before) === registryOf(image))
    return person(`restore access to the registry ${registryOf(image)}: the previous image comes from it, too`);
  if (
    fault === "unauthorized" &&
    repositoryOf(before) === repositoryOf(image) &&
    release.differences.every(({ path }) => !path.startsWith("imagePullSecrets"))
  )
    return person(`restore access to ${repositoryOf(image)}: the previous image is in the same repository`);
  return undoRelease(workload, release);
};

const faultOf = (texts: readonly string[]): PullFault =>
  faults.find(([, pattern]) => texts.some((text) => pattern.test(text)))?.[0] ?? "unknown";

const waitingText = (failures: readonly Failure[]): string => {
  const pods = new Set(failures.map(({ pod }) => pod.name)).size;
  return pods === 1 ? "one pod waits for it" : `${pods} pods wait for it`;
};

const allWait = (view: View, workload: Workload, failures: readonly Failure[]): boolean => {
  const waiting = new Set(failures.map(({ pod }) => pod.name));
  const owners = new Set(failures.map(({ pod }) => pod.owner));
  return podStates(view, workload)
    .filter((pod) => owners.has(pod.owner) && !pod.isDeleting)
    .every((pod) => waiting.has(pod.name));
};

const imageIn = ({ spec }: PodTemplate, container: string): string | undefined =>
  [...spec.containers, ...(spec.initContainers ?? [])].find(({ name }) => name === container)?.image;

/** The first part is a registry where it looks like a host; else it is Docker Hub. */
const registryOf = (image: string): string => {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
};
