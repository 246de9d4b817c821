/** Appends in flight to one follower, bounded in messages and bytes. Oldest first; freed by acks. */
import type { LogIndex } from '@callboard/client/protocol';

export class Window {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #lasts: LogIndex[] = [];
  readonly #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#lasts.length - this.#head;
  }

  /** One more append may pass the bound in bytes; it always may carry at least one entry. */
  get full(): boolean {
    return this.count >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  add(last: LogIndex, bytes: number): void {
    this.#lasts.push(last);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Frees every append that ends at or below `index`. */
  freeUpTo(index: LogIndex): void {
    while (this.#head < this.#lasts.length && (this.#lasts[this.#head] ?? 0) <= index) {
      this.#bytes -= this.#sizes[this.#head] ?? 0;
      this.#head += 1;
    }
    if (this.#head === this.#lasts.length) this.clear();
    else if (this.#head >= this.#maxMessages) {
      this.#lasts.splice(0, this.#head);
      this.#sizes.splice(0, this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#lasts.length = 0;
    this.#sizes.length = 0;
    this.#head = 0;
    this.#bytes = 0;
  }
}
