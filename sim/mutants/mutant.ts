/** A named breakage of the built program, and what is expected to catch it. */
export interface Edit {
  /** Below `src/` of the build; what begins with `client/` is below `dist/` of the client library. */
  readonly file: string;
  /** Must be found exactly once: a program that has moved on must not make a mutant vanish. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** What it breaks, for people. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** Seeds that the random simulator gets. */
  readonly seeds: number;
  /** Only seeds with programs that use the client library: it is what is broken. */
  readonly ofClient?: true;
  /** Simulated minutes of each. */
  readonly minutes: number;
  /** Instead of random runs: the tests that catch it, each of them alone, and why random runs do not. */
  readonly directed?: { readonly tests: readonly string[]; readonly reason: string };
}

export function edit(file: string, find: string, replace: string): Edit {
  return { file, find, replace };
}

/** How long the random simulator looks for what it should meet soon, and for what takes rare meetings. */
export const often: Pick<Mutant, 'seeds' | 'minutes'> = { seeds: 12, minutes: 3 };
export const seldom: Pick<Mutant, 'seeds' | 'minutes'> = { seeds: 60, minutes: 10 };
