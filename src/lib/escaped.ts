// Text as a regular expression that matches just that text. Node 22, which a release still runs on, has no RegExp.escape.
export const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
