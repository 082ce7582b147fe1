// What a pull of an image says that its registry does not have, as containerd and the kubelet say it (pkg/kubelet/images). Pure.

/** As containerd names it in full: docker.io/library/busybox:latest. */
export const fullImageName = (image: string): string => {
  const slash = image.indexOf("/");
  const first = slash === -1 ? "" : image.slice(0, slash);
  const hasHost = first.includes(".") || first.includes(":") || first === "localhost";
  const rest = hasHost ? image.slice(slash + 1) : image;
  const tag = /[:@]/.test(rest) ? "" : ":latest";
  return `${hasHost ? first : "docker.io"}/${hasHost || rest.includes("/") ? "" : "library/"}${rest}${tag}`;
};

export const pullError = (image: string): string => {
  const full = fullImageName(image);
  const failed = `failed to pull and unpack image "${full}": failed to resolve reference "${full}"`;
  return `rpc error: code = NotFound desc = ${failed}: ${full}: not found`;
};
