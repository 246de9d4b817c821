/** Scenario: one question, and the results that answer it. */
import type { Options } from '../suite/options.ts';
import type { Result } from '../suite/result.ts';
import type { Mode, Running, System } from '../systems/system.ts';

export interface Subject {
  readonly system: System;
  readonly mode: Mode;
  readonly running: Running;
  readonly options: Options;
}

interface Named {
  readonly name: string;
  /** One line for `--help`. */
  readonly what: string;
}

/** Asked of every system, which is started and stopped for it. */
export interface CommonScenario extends Named {
  readonly of: 'any';
  run(subject: Subject): Promise<readonly Result[]>;
}

/** Asked of Callboard alone: it needs to know the inside, or starts and ends processes itself. */
export interface OwnScenario extends Named {
  readonly of: 'callboard';
  run(options: Options): Promise<readonly Result[]>;
}

export type Scenario = CommonScenario | OwnScenario;
