// Text that only a holder of the key can read: AES-256-GCM, bound to the place it is stored in. Pure: the same key, place and text give the same result.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";

export type Opened = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: "unsealed" | "unauthentic" };

const prefix = "sealed:v1:";
const nonceBytes = 12;
const tagBytes = 16;

/** How long the sealed form of a text of so many bytes is. */
export const sealedLength = (bytes: number): number => prefix.length + 4 * Math.ceil((nonceBytes + bytes + tagBytes) / 3);

/**
 * `about`: the place that the text is for. It is authenticated, so that a sealed text cannot be moved to another place.
 * The nonce is a keyed hash of the place and the text: it repeats only where both are the same, and a repeated write stores the same.
 */
export const seal = (key: Uint8Array, about: string, text: string): string => {
  const plain = Buffer.from(text, "utf8");
  const nonce = createHmac("sha256", subkey(key, "nonce"))
    .update(`${Buffer.byteLength(about)}:${about}`)
    .update(plain)
    .digest()
    .subarray(0, nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", subkey(key, "cipher"), nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(about));
  return `${prefix}${Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("base64")}`;
};

/** `unauthentic`: another key, another place, or an altered text; which of them cannot be known. */
export const open = (key: Uint8Array, about: string, sealed: string): Opened => {
  if (!sealed.startsWith(prefix)) return { ok: false, reason: "unsealed" };
  const bytes = Buffer.from(sealed.slice(prefix.length), "base64");
  if (bytes.byteLength < nonceBytes + tagBytes) return { ok: false, reason: "unauthentic" };
  const decipher = createDecipheriv("aes-256-gcm", subkey(key, "cipher"), bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(about))
    .setAuthTag(bytes.subarray(-tagBytes));
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    return { ok: true, text: plain.toString("utf8") };
  } catch {
    return { ok: false, reason: "unauthentic" };
  }
};

/** One key for each use. */
const subkey = (key: Uint8Array, use: "nonce" | "cipher"): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", key, "", `kintsugi sealed text ${use}`, 32));
