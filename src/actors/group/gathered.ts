/**
 * Proposals of one turn, sealed and chained, on their way into the log together. What a proposal costs beside its bytes (a write,
 * an append to each follower, their answers) is then paid once per turn.
 */
import type { Entry, Tail } from '../../raft/index.ts';
import type { Limits } from '@callboard/client/protocol';

type Bounds = Pick<Limits, 'appendEntries' | 'appendBytes' | 'uncommittedGroupBytes'>;

export class Gathered {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;

  /** As much as one append carries, and never so much that the cap on uncommitted bytes could not tell what is refused. */
  constructor({ appendEntries, appendBytes, uncommittedGroupBytes }: Bounds) {
    this.#maxEntries = appendEntries;
    this.#maxBytes = Math.min(appendBytes, uncommittedGroupBytes);
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The end of the log with these; undefined: there are none. */
  get tail(): Tail | undefined {
    return this.#entries.at(-1);
  }

  /** Whether an entry of so many bytes may join; alone it always may. */
  takes(bytes: number): boolean {
    if (this.empty) return true;
    return this.#entries.length < this.#maxEntries && this.#bytes + bytes <= this.#maxBytes;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes.byteLength;
  }

  /** All of them, in order; none are left. */
  take(): readonly Entry[] {
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    return entries;
  }
}
