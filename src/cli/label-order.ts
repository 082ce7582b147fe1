// The option --label-order as a value; shared by run and install, so that a faulty order is refused before it is installed.
import { misuse } from "#cli/failure.ts";
import { type LabelOrder, parseLabelOrder } from "#cluster/reported-object.ts";

export const labelOrderOf = (text: string): LabelOrder => {
  try {
    return parseLabelOrder(text);
  } catch (error) {
    throw misuse(`--label-order: ${error instanceof Error ? error.message : String(error)}`);
  }
};
