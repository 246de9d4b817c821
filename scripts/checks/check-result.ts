export interface CheckResult {
  readonly ok: boolean;
  /** What the reader needs to mend it; one line, or many. */
  readonly output: string;
}

export interface Check {
  readonly name: string;
  run(root: string): Promise<CheckResult> | CheckResult;
}

/** A check that reports faults one by one: none of them is a pass. */
export function fromFaults(faults: readonly string[], summary: string): CheckResult {
  return { ok: faults.length === 0, output: faults.length === 0 ? summary : faults.join('\n') };
}
