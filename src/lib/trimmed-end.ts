// Characters at the end of a text, removed without a regular expression: `/-+$/` looks through each run again from each of its characters. Pure.

/** The text without any of these characters at its end. */
export const trimmedEnd = (text: string, characters: string): string => {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
};
