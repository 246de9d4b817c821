/** What is sent while an earlier write is out travels together in the next one: for clients that do not batch by themselves. */

interface Waiting {
  readonly values: readonly Uint8Array[];
  resolve(): void;
  reject(error: unknown): void;
}

export class Linger {
  readonly #write: (values: readonly Uint8Array[]) => Promise<void>;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(write: (values: readonly Uint8Array[]) => Promise<void>) {
    this.#write = write;
  }

  add(values: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ values, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // What is sent in the same turn goes with it.
      queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const now = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(now.flatMap(({ values }) => values));
        for (const { resolve } of now) resolve();
      } catch (error) {
        for (const { reject } of now) reject(error);
      }
    }
    this.#busy = false;
  }
}
