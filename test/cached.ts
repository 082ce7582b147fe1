// Objects as the caches hold them, so that tests of their readers see what those see.
import type { KubeObject } from "#api/object.ts";
import type { View } from "#kube/caches.ts";

export const cached = <V extends KubeObject>(view: View<V>, object: KubeObject): V => view.keep(object, (text) => text);
