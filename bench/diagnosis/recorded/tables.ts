// The tables of `kubectl get`: rows as maps of column to cell. Reads text only.

export type Row = Readonly<Record<string, string>>;

export const rowsOf = (text: string): readonly Row[] => {
  const [head = "", ...lines] = text.split("\n");
  if (!/^(?:NAMESPACE\s+)?NAME\b/.test(head)) return [];
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: name, index }) => ({ name, start: index }));
  return lines.flatMap((line) => {
    if (line.trim() === "") return [];
    return [Object.fromEntries(columns.map(({ name, start }, at) => [name, line.slice(start, columns[at + 1]?.start).trim()]))];
  });
};
