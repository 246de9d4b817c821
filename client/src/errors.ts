/** The one error that calls of the client reject with, made from what a node answered or the client itself found. */
import {
  failure,
  type ErrorCode,
  type Failure,
  type FailureDetails,
  type Outcome,
} from './protocol/index.ts';

export class CallboardError extends Error {
  override readonly name = 'CallboardError';
  readonly code: ErrorCode;
  /** What became of the call: `not_applied` is for certain, `unknown` may have happened, at most once. */
  readonly outcome: Outcome;
  /** The same call may succeed later without anybody mending anything. */
  readonly retriable: boolean;
  readonly retryAfterMs: number | undefined;
  /** What the message says, without the code and the link. */
  readonly detail: string;
  /** Where the code is explained, with what to do next: a page and section of the documentation. */
  readonly docs: string;

  constructor(problem: Failure, options?: ErrorOptions) {
    super(`${problem.code}: ${problem.message} (see docs/errors.md#${problem.code})`, options);
    this.detail = problem.message;
    this.code = problem.code;
    this.outcome = problem.outcome;
    this.retriable = problem.retriable;
    this.retryAfterMs = problem.retryAfterMs;
    this.docs = `docs/errors.md#${problem.code}`;
  }
}

export function errorOf(code: ErrorCode, details: FailureDetails, options?: ErrorOptions): CallboardError {
  return new CallboardError(failure(code, details), options);
}

/** The failure behind an error that was thrown by a check; everything else is a bug, and thrown on. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof CallboardError)) throw error;
  return failure(error.code, { message: error.detail, outcome: error.outcome });
}

/** `outcome`: what is known of what was given up. */
export function abortedFailure(outcome: Outcome): Failure {
  return failure('aborted', { message: 'given up by an AbortSignal; see cause for its reason', outcome });
}

export function abortedError(signal: AbortSignal, outcome: Outcome): CallboardError {
  return new CallboardError(abortedFailure(outcome), { cause: signal.reason });
}
