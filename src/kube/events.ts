// Kubernetes Events about our objects: what people see in `kubectl describe`. Best effort: never fails, delays or repeats a reconcile.
import type { ObjectReference } from "#api/object.ts";

export interface EventToRecord {
  readonly about: ObjectReference & { readonly uid?: string };
  readonly type: "Normal" | "Warning";
  /** PascalCase, from the reasons of src/api. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorder {
  /** Returns at once; the same event again only counts up. */
  record(event: EventToRecord): void;
  /** Waits for what is being sent. */
  flush(): Promise<void>;
}
