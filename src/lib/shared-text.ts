// One copy of texts that many objects repeat: names of nodes, images, owners. Forgets them all when there are too many, so that it cannot grow.

export type SharedText = (text: string) => string;

export const createSharedText = (maxTexts: number): SharedText => {
  const known = new Map<string, string>();
  return (text) => {
    const shared = known.get(text);
    if (shared !== undefined) return shared;
    if (known.size >= maxTexts) known.clear();
    known.set(text, text);
    return text;
  };
};
