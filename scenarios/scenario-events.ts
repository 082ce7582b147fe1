// The events of a running scenario. Plain data: a line of JSON each.

export interface ScenarioStep {
  readonly event: "step";
  readonly scenario: string;
  /** Since the scenario began. */
  readonly atSeconds: number;
  readonly text: string;
}

/** A request entered a phase. */
export interface ScenarioPhase {
  readonly event: "phase";
  readonly scenario: string;
  readonly atSeconds: number;
  readonly request: string;
  readonly target: string;
  readonly phase: string;
  readonly attempt: number;
  readonly message?: string;
}

export type ScenarioEvent = ScenarioStep | ScenarioPhase;

export interface PhaseTime {
  readonly phase: string;
  readonly seconds: number;
}

export interface ScenarioRequest {
  readonly name: string;
  readonly namespace: string;
  readonly outcome: string;
  /** How long it was in each phase, in order. */
  readonly phases: readonly PhaseTime[];
}

export interface ScenarioResult {
  readonly scenario: string;
  /** The outcomes of its requests, each once. */
  readonly outcome: string;
  readonly passed: boolean;
  /** One sentence per difference from what was expected. */
  readonly failures: readonly string[];
  readonly durationMs: number;
  readonly requests: readonly ScenarioRequest[];
}
