/**
 * So much at once, and then so much per second, shared by who asks.
 *
 * What was taken counts as its taker's until it has leaked away; all who have something leak alike. Who has nothing may always take, were
 * it as much as there is in all, so nobody who came before keeps him out; who has something may have his share, and what lies idle.
 */
export interface RateBudgetOptions {
  readonly atOnce: number;
  readonly perSecond: number;
}

const inexact = 1e-6;

export class RateBudget {
  readonly #options: RateBudgetOptions;
  readonly #held = new Map<string, number>();
  #used = 0;
  #sinceMs: number | undefined;

  constructor(options: RateBudgetOptions) {
    this.#options = options;
  }

  get rate(): RateBudgetOptions {
    return this.#options;
  }

  get used(): number {
    return this.#used;
  }

  /** 0: it is taken. Else nothing is, and it could be after so many milliseconds if nobody else took anything. */
  take(owner: string, amount: number, nowMs: number): number {
    this.#leak(nowMs);
    const excess = this.#excess(owner, amount);
    // What has leaked is not exact.
    if (excess > inexact) return Math.ceil((1_000 * (excess - inexact)) / this.#options.perSecond);
    this.#held.set(owner, this.#of(owner) + amount);
    this.#used += amount;
    return 0;
  }

  #of(owner: string): number {
    return this.#held.get(owner) ?? 0;
  }

  /** How much has to leak first. */
  #excess(owner: string, amount: number): number {
    const { atOnce } = this.#options;
    const mine = this.#of(owner);
    const used = this.#used + amount;
    if (mine === 0) return used - 2 * atOnce;
    const others = this.#held.size - 1;
    if (others === 0) return used - atOnce;
    const share = atOnce / (others + 1);
    return Math.min(Math.max(mine + amount - share, used - 2 * atOnce), used - atOnce / 2);
  }

  #leak(nowMs: number): void {
    let left = ((nowMs - (this.#sinceMs ?? nowMs)) * this.#options.perSecond) / 1_000;
    this.#sinceMs = nowMs;
    // Each time round those who have less than their part are done with, so it ends.
    while (left > 0 && this.#held.size > 0) {
      const part = left / this.#held.size;
      const before = this.#held.size;
      for (const [owner, held] of this.#held) {
        const leaks = Math.min(held, part);
        left -= leaks;
        if (leaks === held) this.#held.delete(owner);
        else this.#held.set(owner, held - leaks);
      }
      if (this.#held.size === before) break;
    }
    this.#used = [...this.#held.values()].reduce((sum, held) => sum + held, 0);
  }
}
