/**
 * No actor fails and no process ends unless an injected fault explains it (RELIABILITY D13): a throw is a decision of the supervisor
 * in production, and a finding here.
 */
type Scalar = string | number | boolean | undefined;

export interface FailureOptions {
  /** Faults have damaged this node's disk, or made its reads fail. */
  readonly damaged: (node: string) => boolean;
  /** Faults make this node's writes fail. */
  readonly failing: (node: string) => boolean;
  readonly report: (text: string) => void;
}

export class FailureChecker {
  readonly #options: FailureOptions;
  #failures = 0;

  constructor(options: FailureOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  note(
    node: string,
    actor: string,
    level: string,
    event: string,
    fields: Readonly<Record<string, Scalar>>,
  ): void {
    if (event === 'actor.stopped_threw') {
      this.#options.report(`${actor} on ${node} threw as it stopped: ${text(fields['error'])}`);
    }
    if (event !== 'actor.failed') {
      if (level === 'error' && !this.#options.damaged(node)) {
        this.#options.report(`${actor} on ${node} noted ${event}`);
      }
      return;
    }
    this.#failures += 1;
    const error = text(fields['error']);
    if (error.includes('damage found in group') && this.#options.damaged(node)) return;
    if (error.includes('storage_failed') && this.#options.failing(node)) return;
    this.#options.report(`${actor} on ${node} failed: ${error} ${text(fields['at'])}`);
  }

  processEnded(node: string, why: string): void {
    const byFault = why === 'crash' || why === 'power loss' || this.#options.failing(node);
    if (!byFault) this.#options.report(`the process of ${node} ended: ${why}`);
  }
}

function text(value: Scalar): string {
  return value === undefined ? '' : String(value);
}
