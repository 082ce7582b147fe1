// An image cannot be pulled: it does not exist, may not be read, or its registry cannot be reached. A rollback helps only where a release introduced it.
import { containerOf, failingWorkloads } from "#diagnosis/containers.ts";
import { failureQuote, releaseQuote, replicasText, revisionReadyText, revisionText } from "#diagnosis/explain.ts";
import { allFail } from "#diagnosis/failures.ts";
import { repositoryOf } from "#diagnosis/image-pulls.ts";
import { eventQuote } from "#diagnosis/quotes.ts";
import { failuresOfCurrent, releaseFor } from "#diagnosis/release.ts";
import { undoRelease } from "#diagnosis/remedies.ts";
import { cause, nearMiss } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";

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

const faultTexts: Readonly<Record<PullFault, string>> = {
  invalid: "its name is not a valid image name",
  notFound: "the registry does not have it",
  unauthorized: "the registry denies access to it",
  unreachable: "the registry cannot be reached",
  unknown: "it cannot be pulled",
};

const quotedAtMost = 2;

/** The first part is a registry where it looks like a host; else it is Docker Hub. */
const registryOf = (image: string): string => {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
};

/** Where the way to the registry is broken, an older image from the same registry is no way out. */
const accessStep = (fault: PullFault, image: string, before: string, isSecretChanged: boolean): string | undefined => {
  if (fault === "unreachable" && registryOf(before) === registryOf(image))
    return `restore access to the registry ${registryOf(image)}: the previous image comes from it, too`;
  if (fault === "unauthorized" && repositoryOf(before) === repositoryOf(image) && !isSecretChanged)
    return `restore access to ${repositoryOf(image)}: the previous image is in the same repository`;
  return undefined;
};

const pullOf = (view: View, workload: Workload) => {
  const failures = failuresOfCurrent(view, workload).filter(({ mode }) => mode === "cannotPull");
  const [failure] = failures;
  if (failure === undefined) return nearMiss("no container of the current revision waits for its image");
  const { name, image, state } = failure.container;
  const wanted = containerOf(workload.template.spec, name)?.image ?? image;
  if (wanted !== image) return nearMiss(`the template no longer has the image ${image}, but ${wanted}`);
  const events = view
    .eventsAround(workload)
    .filter((event) => event.type === "Warning" && event.reason === "Failed" && failures.some(({ pod }) => pod.uid === event.uid));
  const texts = [failure.reason, state.message ?? "", ...events.map(({ message }) => message)];
  const [fault, pattern] = faults.find(([, words]) => texts.some((text) => words.test(text))) ?? ["unknown" as const];
  const release = releaseFor(view, workload, name);
  const { current, previous, differences = [] } = release ?? {};
  const imageBefore = previous === undefined ? undefined : containerOf(previous.template.spec, name)?.image;
  const before = imageBefore === image ? undefined : imageBefore;
  const access =
    before === undefined
      ? `push image ${image} again, or grant access to it: no release of this workload introduced it`
      : accessStep(
          fault,
          image,
          before,
          differences.some(({ path }) => path.startsWith("imagePullSecrets")),
        );
  const count = new Set(failures.map(({ pod }) => pod.name)).size;
  return {
    // The event with the reason first.
    events: events.toSorted((a, b) => Number(pattern?.test(b.message)) - Number(pattern?.test(a.message))),
    ...{ workload, failures, failure, fault, release, before, image, access, container: name },
    reason: faultTexts[fault],
    introduced: before === undefined ? "" : ` Revision ${current?.revision} introduced it; the previous image was ${before}.`,
    replaced:
      before === undefined || current === undefined || previous === undefined
        ? []
        : [`${revisionText(current)} replaced ${revisionText(previous)} and its image ${before}`],
    waiting: count === 1 ? "one pod waits for it" : `${count} pods wait for it`,
    ready: current === undefined ? replicasText(workload) : revisionReadyText(view, workload, current, previous),
    step: access ?? "fix the release and roll it out again",
  };
};

export const imageUnpullable = cause({
  code: "ImageUnpullable",
  title: "An image that cannot be pulled",
  reads: "Containers that wait for their image, and the messages of the container runtime.",
  means: "The image of the current revision cannot be pulled.",
  suppressedBy: ["RegistryUnresolvable", "PullSecretMissing"],
  needs: ["objects.Pod"],
  signs: ["ended", "waiting"],
  of: (view: View) => failingWorkloads(view).map((workload) => pullOf(view, workload)),
  supports: [
    { is: "the registry or the runtime gives the reason", holds: ({ fault }) => fault !== "unknown", weight: 2 },
    { is: "every pod of the revision waits for it", holds: ({ workload, failures }, view) => allFail(view, workload, failures) },
    {
      is: "the previous revision had another image",
      holds: ({ release, before }) => (release?.previous === undefined ? "unknown" : before !== undefined),
      weight: 2,
    },
    {
      is: "the previous revision has ready pods",
      holds: ({ release }) => (release?.previous === undefined ? "unknown" : release.previous.ready > 0),
    },
  ],
  says: "Container {container} of {workload} waits for the image {image}: {reason}.{introduced}",
  chain: "{replaced} → image {image} of container {container} cannot be pulled: {reason} → {waiting} → {ready}",
  quotes: ({ workload, failure, events, release }) => [
    failureQuote(workload, failure),
    ...events.slice(0, quotedAtMost).map(eventQuote),
    release === undefined || release.differences.length === 0 ? undefined : releaseQuote(workload, release),
  ],
  repairs: ({ workload, release, access }) => (access === undefined && release !== undefined ? undoRelease(workload, release) : []),
  remedy: "`rollback_deployment` to a revision with another image. Otherwise, push the image or grant access to it.",
  otherwise: "{step}",
});
