// A read-only OCI registry over image stores: the first store that has a name or blob answers. An unknown name is a real 404, and a
// request for `private/` is refused.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream";

const requestPath = /^\/v2\/([a-z0-9._/-]+)\/(manifests|blobs)\/(sha256:[0-9a-f]{64}|[\w][\w.-]*)$/;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

interface Found {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

const findBlob = (stores: readonly string[], digest: string, mediaType: string): Found | undefined => {
  for (const store of stores) {
    const path = join(store, "blobs", "sha256", digest.slice("sha256:".length));
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined) return { path, digest, size: found.size, mediaType };
  }
  return undefined;
};

const findTag = (stores: readonly string[], name: string, tag: string): Found | undefined => {
  for (const store of stores) {
    const path = join(store, "refs", name, tag);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const { digest, mediaType } = JSON.parse(readFileSync(path, "utf8")) as { digest: string; mediaType: string };
    return findBlob(stores, digest, mediaType);
  }
  return undefined;
};

export const findInStores = (stores: readonly string[], path: string): Found | undefined => {
  const [, name, kind, reference] = requestPath.exec(path) ?? [];
  if (name === undefined || reference === undefined || name.split("/").includes("..")) return undefined;
  if (reference.startsWith("sha256:")) return findBlob(stores, reference, kind === "blobs" ? "application/octet-stream" : manifestType);
  return kind === "manifests" ? findTag(stores, name, reference) : undefined;
};

const answerJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

export const createRegistry = (stores: readonly string[]): Server =>
  createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (path === "/v2/" || path === "/v2") return answerJson(response, 200, {});
    if (path.startsWith("/v2/private/"))
      return answerJson(response, 401, { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] });
    const found = findInStores(stores, path);
    if (found === undefined) return answerJson(response, 404, { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] });
    response.writeHead(200, {
      "content-type": found.mediaType,
      "docker-content-digest": found.digest,
      "content-length": found.size,
    });
    if (request.method === "HEAD") return response.end();
    return pipeline(createReadStream(found.path), response, () => {
      // A client that hangs up has had enough.
    });
  });
