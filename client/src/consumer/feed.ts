/**
 * What came of one partition and waits for the user, in order, and how far the user has got. Knows nothing of connections: a
 * record that was handed over is never handed over again, whatever a new subscription delivers once more.
 */
import type { IncomingBatch, IncomingRecord } from '../api.ts';
import type { ReceivedChunk } from './received-chunk.ts';
import { ReceivedRecord } from './received-record.ts';

export class Feed<T> {
  readonly partition: number;
  readonly #consumed: (records: number, bytes: number) => void;
  #chunks: ReceivedChunk<T>[] = [];
  #head = 0;
  /** The next offset for the user; undefined: the position is not known yet. */
  next: number | undefined;
  /** One above the highest committed offset, as last heard. */
  end = 0;
  /** How often the position was set anew: what was taken before is of the past. */
  generation = 0;
  /** A handler is at work on this partition. */
  busy = false;

  constructor(partition: number, consumed: (records: number, bytes: number) => void) {
    this.partition = partition;
    this.#consumed = consumed;
  }

  get empty(): boolean {
    return this.#head >= this.#chunks.length;
  }

  put(chunk: ReceivedChunk<T>): void {
    this.#chunks.push(chunk);
  }

  /** The next record; undefined: nothing is here. */
  take(): ReceivedRecord<T> | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    const offset = chunk.next;
    const { at } = chunk;
    const record = new ReceivedRecord(chunk, offset, at, chunk.skip());
    this.next = offset + 1;
    if (chunk.next >= chunk.end) this.#finish(chunk);
    return record;
  }

  /** What is left of the next chunk. */
  takeBatch(): IncomingBatch<T> | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    const batch = new ReceivedBatch(chunk);
    this.next = chunk.end;
    this.#finish(chunk);
    return batch;
  }

  /** The position is set anew: forgets everything. */
  clear(next?: number): void {
    this.#chunks = [];
    this.#head = 0;
    this.next = next;
    this.generation += 1;
  }

  /** True while more of the chunk that was last taken from is left. */
  get inChunk(): boolean {
    const chunk = this.#chunks[this.#head];
    return chunk !== undefined && chunk.next > chunk.base;
  }

  #finish(chunk: ReceivedChunk<T>): void {
    this.#head += 1;
    if (this.#head >= this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head >= 256) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
    this.#consumed(chunk.records, chunk.bytes.byteLength);
  }
}

class ReceivedBatch<T> implements IncomingBatch<T> {
  readonly topic: string;
  readonly partition: number;
  readonly end: number;
  readonly #chunk: ReceivedChunk<T>;
  readonly #from: number;
  readonly #at: number;
  #records: readonly IncomingRecord<T>[] | undefined;

  constructor(chunk: ReceivedChunk<T>) {
    this.topic = chunk.topic;
    this.partition = chunk.partition;
    this.end = chunk.committedEnd;
    this.#chunk = chunk;
    this.#from = chunk.next;
    this.#at = chunk.at;
  }

  get records(): readonly IncomingRecord<T>[] {
    this.#records ??= this.#read();
    return this.#records;
  }

  ack(): Promise<void> {
    return this.#chunk.ledger.ack(this.#from, this.#chunk.end);
  }

  #read(): readonly IncomingRecord<T>[] {
    const chunk = this.#chunk;
    const { view, end } = chunk;
    const records: IncomingRecord<T>[] = [];
    let at = this.#at;
    for (let offset = this.#from; offset < end; offset += 1) {
      const recordEnd = at + 4 + view.getUint32(at, true);
      records.push(new ReceivedRecord(chunk, offset, at, recordEnd));
      at = recordEnd;
    }
    return records;
  }
}
