import type { AddCommand } from "#cli/command.ts";
export const addPlan: AddCommand = () => {};
