/** Invariants are checked in production too: a broken one crashes the replica, which then reopens its log. */

/** A rule of consensus does not hold. Never caught inside the core. */
export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
  readonly rule: string;
  readonly values: readonly unknown[];

  constructor(rule: string, values: readonly unknown[]) {
    super(`broken invariant: ${rule} (${values.map((value) => String(value)).join(', ')})`);
    this.rule = rule;
    this.values = values;
  }
}

/** Up to three values go into the error. Fixed parameters, since this runs several times in each step. */
export function assert(holds: boolean, rule: string, a?: unknown, b?: unknown, c?: unknown): asserts holds {
  if (!holds) {
    throw new InvariantError(
      rule,
      [a, b, c].filter((value) => value !== undefined),
    );
  }
}
