// Storage, quotas, ConfigMaps and Secrets out of `kubectl describe`. Of a Secret the names of its keys and nothing else.
import { type Field, field, tableBelow, valueOf } from "#bench/diagnosis/recorded/describe-text.ts";

type Body = Readonly<Record<string, unknown>>;

const accessModes: Readonly<Record<string, string>> = {
  RWO: "ReadWriteOnce",
  ROX: "ReadOnlyMany",
  RWX: "ReadWriteMany",
  RWOP: "ReadWriteOncePod",
};

const modesOf = (fields: readonly Field[]): { readonly accessModes?: readonly string[] } => {
  const text = valueOf(fields, "Access Modes");
  return text === undefined ? {} : { accessModes: text.split(",").map((mode) => accessModes[mode.trim()] ?? mode.trim()) };
};

export const claimOf = (fields: readonly Field[]): Body => {
  const capacity = valueOf(fields, "Capacity");
  const volumeName = valueOf(fields, "Volume");
  return {
    spec: {
      storageClassName: field(fields, "StorageClass").value,
      ...(volumeName === undefined ? {} : { volumeName }),
      ...modesOf(fields),
    },
    status: { phase: field(fields, "Status").value, ...(capacity === undefined ? {} : { capacity: { storage: capacity } }) },
  };
};

export const volumeOf = (fields: readonly Field[]): Body => {
  const claim = /^([^/\s]+)\/(\S+)$/.exec(valueOf(fields, "Claim") ?? "");
  const capacity = valueOf(fields, "Capacity");
  const message = valueOf(fields, "Message");
  return {
    spec: {
      storageClassName: field(fields, "StorageClass").value,
      ...modesOf(fields),
      ...(capacity === undefined ? {} : { capacity: { storage: capacity } }),
      ...(claim === null ? {} : { claimRef: { namespace: claim[1], name: claim[2] } }),
      persistentVolumeReclaimPolicy: field(fields, "Reclaim Policy").value,
    },
    status: { phase: field(fields, "Status").value, ...(message === undefined ? {} : { message }) },
  };
};

export const storageClassOf = (fields: readonly Field[]): Body => {
  const expansion = valueOf(fields, "AllowVolumeExpansion");
  return {
    provisioner: field(fields, "Provisioner").value,
    volumeBindingMode: field(fields, "VolumeBindingMode").value,
    ...(expansion === undefined ? {} : { allowVolumeExpansion: /^true$/i.test(expansion) }),
  };
};

export const quotaOf = (_fields: readonly Field[], text: string): Body => {
  const rows = tableBelow(text.split("\n"));
  const column = (name: "Used" | "Hard"): Record<string, string> =>
    Object.fromEntries(rows.map((row) => [row["Resource"] ?? "", row[name] ?? ""]));
  return { spec: { hard: column("Hard") }, status: { hard: column("Hard"), used: column("Used") } };
};

export const configMapOf = (_fields: readonly Field[], text: string): Body => {
  const data: Record<string, string> = {};
  const lines = sectionOf(text);
  for (let index = 0; index < lines.length; index += 1) {
    const key = /^([-._a-zA-Z0-9]+):$/.exec(lines[index] ?? "")?.[1];
    if (key === undefined || lines[index + 1] !== "----") continue;
    const end = lines.findIndex((line, at) => at > index + 1 && /^[-._a-zA-Z0-9]+:$/.test(line) && lines[at + 1] === "----");
    data[key] = lines
      .slice(index + 2, end < 0 ? undefined : end)
      .join("\n")
      .trim();
  }
  return { data };
};

export const secretOf = (fields: readonly Field[], text: string): Body => {
  const type = valueOf(fields, "Type");
  const keys = sectionOf(text).flatMap((line) => /^([-._a-zA-Z0-9]+):\s+\d+ bytes$/.exec(line)?.[1] ?? []);
  return { ...(type === undefined ? {} : { type }), keys };
};

/** The lines between `Data` and whatever section comes after it. */
const sectionOf = (text: string): readonly string[] => {
  const lines = text.split("\n");
  const start = lines.findIndex((line, at) => line === "Data" && lines[at + 1] === "====");
  if (start < 0) return [];
  const end = lines.findIndex(
    (line, at) => at > start + 1 && (/^Events:\s/.test(line) || (line === "BinaryData" && lines[at + 1] === "====")),
  );
  return lines.slice(start + 2, end < 0 ? undefined : end);
};
