// A server's table as `kubectl get` prints it: the columns of priority 0, padded.
import type { EmbeddedCluster } from "#embedded/embedded-cluster.ts";

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

export const tableText = (cluster: Pick<EmbeddedCluster, "handle" | "adminToken">, path: string): string => {
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const { body } = cluster.handle({ method: "GET", path, headers: { authorization: `Bearer ${cluster.adminToken}`, accept } });
  const { columnDefinitions, rows } = body as Table;
  const shown = columnDefinitions.flatMap(({ name, priority }, index) => (priority === 0 ? [{ name: name.toUpperCase(), index }] : []));
  const lines = [shown.map(({ name }) => name), ...rows.map(({ cells }) => shown.map(({ index }) => cellText(cells[index])))];
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, column) => text.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
};

const cellText = (cell: unknown): string =>
  typeof cell === "string" ? cell : cell === null || cell === undefined ? "" : JSON.stringify(cell);
