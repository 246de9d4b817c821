/**
 * A bound that many draw from, such that none of them takes from the others more than its share.
 *
 * Whoever draws alone may have all of it. Once another holds something too, everybody has a share, the total by the number of
 * holders, and beyond it is given only what lies idle: while less than half is in use. Who stays within its share may reach into a
 * reserve on top of the total, so whoever came first and holds everything cannot keep out the next.
 */
export interface SharedBudgetOptions {
  readonly total: number;
  /** On top of `total`, for those within their share. Default: a quarter of it. */
  readonly reserve?: number;
}

export class SharedBudget {
  readonly #total: number;
  readonly #reserve: number;
  readonly #held = new Map<string, number>();
  #used = 0;

  constructor({ total, reserve = Math.ceil(total / 4) }: SharedBudgetOptions) {
    this.#total = total;
    this.#reserve = reserve;
  }

  /** `most` in all, of which a fifth is the reserve. */
  static of(most: number): SharedBudget {
    const reserve = Math.floor(most / 5);
    return new SharedBudget({ total: most - reserve, reserve });
  }

  get used(): number {
    return this.#used;
  }

  /** How many hold something. */
  get holders(): number {
    return this.#held.size;
  }

  held(owner: string): number {
    return this.#held.get(owner) ?? 0;
  }

  /** What `owner` may hold while others hold something too. */
  share(owner: string): number {
    const others = this.#held.size - (this.#held.has(owner) ? 1 : 0);
    return this.#total / (others + 1);
  }

  /** False, and nothing is taken: there is no room for it. */
  take(owner: string, amount: number): boolean {
    if (!this.fits(owner, amount)) return false;
    this.#used += amount;
    if (amount > 0) this.#held.set(owner, this.held(owner) + amount);
    return true;
  }

  /** Gives back what was taken. */
  give(owner: string, amount: number): void {
    const left = this.held(owner) - amount;
    if (left < 0) throw new Error(`'${owner}' holds ${this.held(owner)} and gives back ${amount}`);
    this.#used -= amount;
    if (left === 0) this.#held.delete(owner);
    else this.#held.set(owner, left);
  }

  /** Whether `take` would give it now. */
  fits(owner: string, amount: number): boolean {
    const used = this.#used + amount;
    const mine = this.held(owner) + amount;
    if (mine <= this.share(owner)) return used <= this.#total + this.#reserve;
    const alone = this.#used === this.held(owner);
    return used <= (alone ? this.#total : this.#total / 2);
  }
}
