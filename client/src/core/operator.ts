/** The right to do what only operators may: proved anew on each connection, when such a call is made. */
import { clientLimits, failure, type Failure } from '../protocol/index.ts';
import type { Connection } from './connection.ts';
import type { Core } from './core.ts';

const noToken: Failure = failure('auth_failed', {
  message: "only operators may do this: give connect the cluster's admin token as its option 'token'",
});

export class Operator {
  readonly #core: Core;
  readonly #token: string | undefined;
  /** Whose answer is awaited, or was yes. */
  #asked: Connection | undefined;
  #proved = false;
  #refusal: Failure | undefined;

  constructor(core: Core, token: string | undefined) {
    this.#core = core;
    this.#token = token;
  }

  /** The connection that takes calls of operators; undefined: none yet, watchers will hear of one, or of a refusal. */
  route(): Connection | undefined {
    const { home } = this.#core.links;
    const token = this.#token;
    if (home === undefined || token === undefined) return undefined;
    if (home === this.#asked) return this.#proved ? home : undefined;
    if (!home.hasRoom) return undefined;
    this.#asked = home;
    this.#proved = false;
    home.call(
      { kind: 'authorize', token },
      {
        answer: 'done',
        answered: () => this.#answered(home, undefined),
        failed: (problem) => this.#answered(home, problem),
      },
    );
    return undefined;
  }

  /** Why no call will ever be taken, told once: the next one asks again. */
  refusal(): Failure | undefined {
    if (this.#token === undefined) return noToken;
    const refusal = this.#refusal;
    this.#refusal = undefined;
    return refusal;
  }

  #answered(connection: Connection, problem: Failure | undefined): void {
    if (connection !== this.#asked) return;
    this.#proved = problem === undefined;
    if (problem === undefined) this.#core.changed();
    else if (problem.retriable) {
      const pauseMs = Math.max(problem.retryAfterMs ?? 0, clientLimits.retryMaxMs);
      this.#core.platform.setTimer(pauseMs, () => this.#askAgain(connection));
    } else {
      this.#refusal = problem;
      this.#askAgain(connection);
    }
  }

  #askAgain(connection: Connection): void {
    if (connection === this.#asked) this.#asked = undefined;
    this.#core.changed();
  }
}
