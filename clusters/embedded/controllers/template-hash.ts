// The short hash of a pod template: FNV-1a over its canonical JSON, written in the alphabet of apimachinery's
// rand.SafeEncodeString. The same style as Kubernetes' own, not the same value: that one hashes Go's memory layout. Pure.
import { canonicalJson } from "#lib/canonical-json.ts";

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

export const templateHash = (template: unknown): string => {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonicalJson(template))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return Array.from(String(hash), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join("");
};
