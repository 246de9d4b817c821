/** How fast the gateway retries. Milliseconds throughout. */
export interface GatewayPace {
  /** Granularity of all deadlines and pauses. */
  readonly tickMs: number;
  /** How long an attempt may stay unanswered before a repeatable ask is sent again. */
  readonly attemptMs: number;
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** How long the answer of a node that no longer leads is still waited for. */
  readonly graceMs: number;
  /** Pause before subscribing again to a manager that is not there. */
  readonly resubscribeMs: number;
}

export const defaultPace: GatewayPace = {
  tickMs: 20,
  attemptMs: 1_000,
  firstPauseMs: 25,
  maxPauseMs: 400,
  graceMs: 250,
  resubscribeMs: 100,
};
