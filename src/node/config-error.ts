/** What is wrong with a configuration: everything at once, so that nobody mends one line per start. */
import type { EndCode } from './end-codes.ts';

export interface ConfigProblem {
  /** Stable; docs/errors.md has them all. */
  readonly code: ConfigProblemCode;
  /** The key, its value, where it came from, and what to do. */
  readonly message: string;
}

export type ConfigProblemCode = Extract<EndCode, `config_${string}`>;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigProblemCode;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly [ConfigProblem, ...ConfigProblem[]]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
    this.code = problems[0].code;
  }
}
