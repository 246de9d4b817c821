/** The producers that one connection sends for: those of late are free, and so many new ones at once and then per second. */
import { RateBudget } from '../../kernel/index.ts';
import { hex, producerIdOf, type CallError, type Limits } from '@callboard/client/protocol';
import { tooManyProducers } from './errors.ts';

export class ProducerIds {
  readonly #rate: RateBudget;
  /** The newest at the end. */
  readonly #known = new Set<string>();
  #last: Uint8Array = new Uint8Array(0);

  constructor(limits: Pick<Limits, 'clientProducersAtOnce' | 'clientProducersPerSecond'>) {
    this.#rate = new RateBudget({
      atOnce: limits.clientProducersAtOnce,
      perSecond: limits.clientProducersPerSecond,
    });
  }

  /** Why this chunk may not be sent now; undefined: it may. */
  refusal(chunk: Uint8Array, nowMs: number): CallError | undefined {
    const id = producerIdOf(chunk);
    if (this.#isLast(id)) return undefined;
    const name = hex(id);
    const known = this.#known.delete(name);
    const after = known ? 0 : this.#rate.take('', 1, nowMs);
    if (after > 0) return tooManyProducers(this.#rate.rate, after);
    this.#known.add(name);
    this.#last = id.slice();
    const [oldest] = this.#known;
    if (this.#known.size > this.#rate.rate.atOnce && oldest !== undefined) this.#known.delete(oldest);
    return undefined;
  }

  #isLast(id: Uint8Array): boolean {
    const last = this.#last;
    return id.length === last.length && id.every((byte, at) => byte === last[at]);
  }
}
