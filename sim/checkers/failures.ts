/**
 * No actor fails and no process ends unless an injected fault explains it (RELIABILITY D13): a throw is a decision of the supervisor
 * in production, and a finding here.
 */
import { injectedCrash } from '../observe/fragile-actor.ts';

type Scalar = string | number | boolean | undefined;

export interface FailureOptions {
  /** Faults have damaged this node's disk, or made its reads fail. */
  readonly damaged: (node: string) => boolean;
  /** A note of level error that faults explain, or that is judged elsewhere. */
  readonly expected?: (node: string, event: string) => boolean;
  /** Faults make this node's writes fail. */
  readonly failing: (node: string) => boolean;
  readonly report: (text: string) => void;
}

export class FailureChecker {
  readonly #options: FailureOptions;
  /** Actors that were made to throw, by node, for as long as the process lives. */
  readonly #injected = new Map<string, Set<string>>();
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
    if (event === 'actor.quarantined') {
      if (!actor.startsWith('partition/')) this.#options.report(`${actor} on ${node} is in quarantine`);
      // By itself a replica fails at damage only.
      if (this.#injected.get(node)?.has(actor) === true || this.#options.damaged(node)) return;
    }
    if (event !== 'actor.failed') {
      const excused = this.#options.damaged(node) || this.#options.expected?.(node, event) === true;
      if (level === 'error' && !excused) {
        this.#options.report(`${actor} on ${node} noted ${event}`);
      }
      return;
    }
    this.#failures += 1;
    const error = text(fields['error']);
    if (error.includes(injectedCrash)) {
      this.#injected.set(node, (this.#injected.get(node) ?? new Set()).add(actor));
      return;
    }
    if (error.includes('damage found in group') && this.#options.damaged(node)) return;
    if (error.includes('storage_failed') && this.#options.failing(node)) return;
    this.#options.report(`${actor} on ${node} failed: ${error} ${text(fields['at'])}`);
  }

  processEnded(node: string, why: string): void {
    // Its last failure may be of another kind, and was judged as such; the budget was used up by the injected ones too.
    // A partition's failures never end a process.
    const escalated = [...(this.#injected.get(node) ?? [])].some(
      (id) => !id.startsWith('partition/') && why.startsWith(`${id} escalated`),
    );
    this.#injected.delete(node);
    const killed = why === 'crash' || why === 'power loss';
    const byFault = killed || escalated || this.#options.failing(node);
    if (!byFault) this.#options.report(`the process of ${node} ended: ${why}`);
  }
}

function text(value: Scalar): string {
  return value === undefined ? '' : String(value);
}
