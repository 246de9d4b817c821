/**
 * The newest committed chunks of a partition in memory, while somebody is pushed to: who has caught up is served without a read. Their
 * bytes are those of the log's own cache, for as long as that holds them.
 */
import { offset, type LogIndex, type Offset } from '@callboard/client/protocol';

export interface TailChunk {
  readonly index: LogIndex;
  readonly baseOffset: Offset;
  /** The offset after its last record. */
  readonly end: Offset;
  readonly bytes: Uint8Array;
}

export interface Stretch {
  readonly chunks: readonly Uint8Array[];
  readonly records: number;
  readonly next: Offset;
  readonly lastIndex: LogIndex;
}

export interface StretchBounds {
  readonly records: number;
  readonly bytes: number;
  readonly chunks: number;
}

/** Cleared slots are squeezed out of the array once there are this many of them. */
const slackSlots = 1_024;

export class PushTail {
  readonly #mostBytes: number;
  readonly #overheadBytes: number;
  #chunks: (TailChunk | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  constructor(mostBytes: number, overheadBytes: number) {
    this.#mostBytes = mostBytes;
    this.#overheadBytes = overheadBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The lowest offset in memory; undefined: none. */
  get first(): Offset | undefined {
    return this.#chunks[this.#head]?.baseOffset;
  }

  push(chunk: TailChunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.byteLength + this.#overheadBytes;
    while (this.#bytes > this.#mostBytes && this.#head < this.#chunks.length - 1) this.#dropFirst();
    if (this.#head >= slackSlots && this.#head * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Chunks from the one that holds `from` on, while all bounds are above zero; undefined: it is not in memory. */
  from(from: Offset, bounds: StretchBounds): Stretch | undefined {
    const first = this.first;
    if (first === undefined || from < first) return undefined;
    return cut(this.#chunks, this.#find(from), from, bounds);
  }

  /** The position of the chunk that holds `from`, or the length. */
  #find(from: Offset): number {
    let low = this.#head;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.end ?? Infinity) <= from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropFirst(): void {
    this.#bytes -= (this.#chunks[this.#head]?.bytes.byteLength ?? 0) + this.#overheadBytes;
    this.#chunks[this.#head] = undefined;
    this.#head += 1;
  }
}

/**
 * A stretch of `chunks` from position `at`: the next one is taken while no bound is reached. The byte bound is overstepped by a chunk
 * only if that is the first.
 */
export function cut(
  chunks: readonly (TailChunk | undefined)[],
  at: number,
  from: Offset,
  bounds: StretchBounds,
): Stretch | undefined {
  const taken: Uint8Array[] = [];
  let records = 0;
  let bytes = 0;
  let last: TailChunk | undefined;
  for (let i = at; i < chunks.length; i += 1) {
    const chunk = chunks[i];
    if (chunk === undefined || records >= bounds.records || taken.length >= bounds.chunks) break;
    if (taken.length > 0 && bytes + chunk.bytes.byteLength > bounds.bytes) break;
    taken.push(chunk.bytes);
    bytes += chunk.bytes.byteLength;
    // Records below the first one wanted cost no credit: the subscriber did not ask for them.
    records += chunk.end - Math.max(chunk.baseOffset, from);
    last = chunk;
  }
  if (last === undefined) return undefined;
  return { chunks: taken, records, next: offset(last.end), lastIndex: last.index };
}
