// What a pull that fails says, word by word as containerd and the kubelet say it (pkg/kubelet/images). Pure.
import type { PullProblem } from "#embedded/nodes/behaviour.ts";

export interface ImageName {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** As containerd names it in full: docker.io/library/busybox:latest. */
export const imageNameOf = (image: string): ImageName => {
  const slash = image.indexOf("/");
  const first = slash === -1 ? "" : image.slice(0, slash);
  const hasHost = first.includes(".") || first.includes(":") || first === "localhost";
  const rest = hasHost ? image.slice(slash + 1) : image;
  const at = rest.includes("@") ? rest.indexOf("@") : rest.lastIndexOf(":");
  const [path, tag] = at === -1 ? [rest, "latest"] : [rest.slice(0, at), rest.slice(at + 1)];
  return { host: hasHost ? first : "docker.io", repository: hasHost || path.includes("/") ? path : `library/${path}`, tag };
};

export const fullImageName = (image: string): string => {
  const { host, repository, tag } = imageNameOf(image);
  return `${host}/${repository}${tag.startsWith("sha256:") ? "@" : ":"}${tag}`;
};

/** What is wrong with the name itself; undefined where it is one. */
export const imageNameProblem = (image: string): string | undefined => {
  if (/^[a-z0-9][\w.:/@-]*$/i.test(image) && !/[A-Z]/.test(imageNameOf(image).repository)) return undefined;
  const { repository } = imageNameOf(image);
  const why = /[A-Z]/.test(repository) ? `: repository name (${repository}) must be lowercase` : "";
  const quoted = JSON.stringify(image);
  return `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: invalid reference format${why}`;
};

/** Go's url.Error needs it, and containerd asks for the manifest by HEAD. */
const manifestUrl = (image: string): string => {
  const { host, repository, tag } = imageNameOf(image);
  return `https://${host === "docker.io" ? "registry-1.docker.io" : host}/v2/${repository}/manifests/${tag}`;
};

export const pullError = (image: string, problem: PullProblem): string => {
  const full = fullImageName(image);
  const { host, tag } = imageNameOf(image);
  const failed = `failed to pull and unpack image "${full}": failed to resolve reference "${full}":`;
  const asking = `${failed} failed to do request: Head "${manifestUrl(image)}": dial tcp`;
  switch (problem) {
    // The only one whose code the kubelet keeps: the others' is Unknown.
    case "not-found":
      return `rpc error: code = NotFound desc = ${failed} ${full}: not found`;
    case "unauthorized":
      return `${failed} pulling from host ${host} failed with status code [manifests ${tag}]: 401 Unauthorized`;
    case "no-such-host":
      return `${asking}: lookup ${host} on 10.0.0.2:53: no such host`;
    case "unreachable":
      return `${asking} 192.0.2.1:443: connect: connection refused`;
  }
};
