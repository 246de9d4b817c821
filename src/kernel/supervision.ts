/**
 * What follows when an actor has failed. One for one: nobody else is restarted with it.
 *
 * - The n-th restart within the window waits `firstDelayMs * 2^(n-1)`, at most `maxDelayMs`.
 * - A failure after `budget` restarts within the window escalates or means quarantine, as the policy says.
 */
import type { RestartPolicy, SpawnOptions } from './actor.ts';
import { assertRestartPolicy } from './limits.ts';

export type Verdict =
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'escalate' }
  | { readonly kind: 'quarantine' };

export class Supervision {
  readonly #rule: RestartPolicy | 'never' | 'escalate';
  /** Times of the restarts within the window, oldest first; never longer than the budget. */
  #recent: number[] = [];

  constructor(rule: SpawnOptions['restart'], fallback: RestartPolicy) {
    this.#rule = rule ?? fallback;
    if (typeof this.#rule === 'object') assertRestartPolicy(this.#rule);
  }

  /** Judges one failure at monotonic time `nowMs`, and counts the restart it grants. */
  judge(nowMs: number): Verdict {
    const rule = this.#rule;
    if (rule === 'never') return { kind: 'end' };
    if (rule === 'escalate') return { kind: 'escalate' };
    this.#recent = this.#recent.filter((time) => time > nowMs - rule.windowMs);
    const earlier = this.#recent.length;
    if (earlier >= rule.budget) return { kind: rule.spent ?? 'escalate' };
    this.#recent.push(nowMs);
    // 2 ** earlier may overflow to Infinity under a huge budget; the minimum takes care of that, unless 0 * Infinity.
    const delayMs = rule.firstDelayMs === 0 ? 0 : Math.min(rule.maxDelayMs, rule.firstDelayMs * 2 ** earlier);
    return { kind: 'restart', delayMs };
  }
}
