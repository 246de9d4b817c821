/** Seeded randomness for tests, so that a failing input can be made again. */
export class SplitMix {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.word() % bound;
  }

  chance(probability: number): boolean {
    return this.word() / 0x100000000 < probability;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.word());
  }

  /** A copy with a few bytes changed, put in, left out or repeated. */
  mutate(bytes: Uint8Array): Uint8Array {
    let out = [...bytes];
    const edits = 1 + this.below(4);
    for (let n = 0; n < edits; n += 1) {
      const at = this.below(out.length + 1);
      const kind = this.below(6);
      if (kind === 0) out[Math.min(at, Math.max(out.length - 1, 0))] = this.word() & 0xff;
      else if (kind === 1) out.splice(at, 0, this.word() & 0xff);
      else if (kind === 2) out.splice(at, 1 + this.below(3));
      else if (kind === 3) out.splice(at, 0, ...out.slice(at, at + 1 + this.below(8)));
      else if (kind === 4) out = out.slice(0, at);
      else {
        out[at] = this.pick([
          0x90, 0x9f, 0xc0, 0xc1, 0xc4, 0xc6, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd6, 0xd9, 0xdc, 0xdd, 0xde,
          0xff,
        ]);
      }
    }
    return Uint8Array.from(out);
  }
}
