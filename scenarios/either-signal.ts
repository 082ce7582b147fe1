// Aborted as soon as one of several signals is. Apart because the platform's own complains of more than ten who listen.
import { setMaxListeners } from "node:events";

export const eitherSignal = (...signals: readonly AbortSignal[]): AbortSignal => {
  const either = AbortSignal.any([...signals]);
  setMaxListeners(0, either);
  return either;
};
