// Loaded before a simulation: replaces one fragment of one of the product's files as it is read. Fails where the fragment is no longer there.
import { registerHooks } from "node:module";
import { seededBugs } from "#sim/bugs/seeded-bugs.ts";

const wanted = decodeURIComponent(new URL(import.meta.url).search.slice(1));
const bug = seededBugs.find(({ name }) => name === wanted);
if (bug === undefined) throw new Error(`there is no seeded bug "${wanted}"`);

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    if (!url.endsWith(`/${bug.file}`)) return loaded;
    const text = typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString("utf8");
    if (!text.includes(bug.from)) throw new Error(`${bug.file} has no longer: ${bug.from}`);
    return { ...loaded, source: text.replace(bug.from, () => bug.to) };
  },
});
