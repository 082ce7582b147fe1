// `npm run generate`: writes every file that is made from the source. `npm run check` asks which of them are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { kinds } from "#api/kinds/registry.ts";
import { DEFAULT_IMAGE, DEFAULT_NAMESPACE } from "#api/labels.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { crdName, crdOf } from "#manifests/crd.ts";
import { install, rights } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { actionNamesFile } from "./action-names.ts";
import { causesPage } from "./causes-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { rolesPage } from "./roles-page.ts";
import { signalsPage } from "./signals-page.ts";
import { transitionPages } from "./transition-pages.ts";

/** Path below the root → content. */
export const generatedFiles = (): Readonly<Record<string, string>> => {
  const options = { namespace: DEFAULT_NAMESPACE, image: DEFAULT_IMAGE };
  return {
    ...Object.fromEntries(kinds.map((kind) => [`deploy/crds/${crdName(kind)}.yaml`, toYaml([crdOf(kind)])])),
    "deploy/rbac/rights.yaml": toYaml(rights(options.namespace)),
    "deploy/policies/admission.yaml": toYaml(admissionPolicies(options)),
    "deploy/kintsugi.yaml": toYaml(install(options)),
    ...transitionPages(),
    ...actionNamesFile(),
    ...causesPage(),
    ...rolesPage(),
    ...metricsPage(),
    ...signalsPage(),
  };
};

export const staleFiles = (root: string): string[] =>
  Object.entries(generatedFiles())
    .filter(([path, content]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== content)
    .map(([path]) => path);

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  for (const path of staleFiles(root)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), generatedFiles()[path] ?? "");
    console.log(`wrote ${path}`);
  }
}
