// A secret key of this installation, in a Secret of Kintsugi's own namespace: made by the first process that needs it. Never logged, never part of a message.
import { type Secret, Secrets } from "#api/kubernetes.ts";
import type { Need } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists } from "#kube/errors.ts";

export interface KeyPlace {
  readonly namespace: string;
  /** Of the Secret. */
  readonly name: string;
}

export const keyBytes = 32;
const dataKey = "key";

/** The rights to one key: `get` alone for a reader, `create` as well for the process that makes it. */
export const keyNeeds = (name: string, verbs: readonly ("get" | "create")[]): readonly Need[] => [
  { group: Secrets.group, resource: Secrets.plural, verbs, scope: "own", names: [name] },
];

/** Undefined where there is no such Secret. Throws where the Secret holds something else than a key. */
export const readKey = async (kube: Pick<Kube, "get">, place: KeyPlace, signal?: AbortSignal): Promise<Buffer | undefined> => {
  const secret = await kube.get(Secrets, place, signal === undefined ? {} : { signal });
  return secret === undefined ? undefined : keyIn(secret, place);
};

/** Guarantee: all processes of an installation end up with the same key. */
export const ensureKey = async (
  kube: Pick<Kube, "get" | "create">,
  { randomBytes, ...place }: KeyPlace & { readonly randomBytes: (size: number) => Uint8Array },
  signal?: AbortSignal,
): Promise<Buffer> => {
  const known = await readKey(kube, place, signal);
  if (known !== undefined) return known;
  const key = Buffer.from(randomBytes(keyBytes));
  try {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: place,
      type: "Opaque",
      immutable: true,
      data: { [dataKey]: key.toString("base64") },
    };
    await kube.create<Secret>(Secrets, secret, signal === undefined ? {} : { signal });
    return key;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return ensureKey(kube, { ...place, randomBytes }, signal);
  }
};

const keyIn = (secret: Secret, { namespace, name }: KeyPlace): Buffer => {
  const text = (secret as Secret & { readonly data?: Readonly<Record<string, string>> }).data?.[dataKey] ?? "";
  const key = Buffer.from(text, "base64");
  if (key.byteLength !== keyBytes)
    throw new Error(`Secret ${namespace}/${name} holds no key of ${keyBytes} bytes: delete it, and Kintsugi makes a new one`);
  return key;
};
