/** What is wrong with a configuration: everything at once, so that nobody mends one line per start. */
export interface ConfigProblem {
  /** Stable; the table of docs/errors.md has them all. */
  readonly code: ConfigProblemCode;
  /** The key, its value, where it came from, and what to do. */
  readonly message: string;
}

export type ConfigProblemCode =
  | 'config_file_unreadable'
  | 'config_unknown_key'
  | 'config_invalid_value'
  | 'config_conflict'
  | 'config_secret_missing'
  | 'config_secret_unreadable';

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
