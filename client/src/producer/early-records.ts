/** Records that came before the topic's partitions were known. They are copied, for bytes are the caller's again after `send`. */
import type { HeaderValue, OutgoingRecord } from '../api.ts';
import { mostBytes, mostHeaderBytes } from './chunk-writer.ts';
import type { Batch, SingleWaiter } from './waiters.ts';

interface EarlyRecord {
  readonly record: OutgoingRecord;
  readonly waiter: SingleWaiter | Batch;
  readonly index: number;
  readonly bytes: number;
  readonly bornMs: number;
}

const copied = <T>(value: T): T => (value instanceof Uint8Array ? (value.slice() as T) : value);

export class EarlyRecords {
  #records: EarlyRecord[] = [];
  #done: Promise<void> | undefined;
  #setDone: () => void = () => undefined;

  get size(): number {
    return this.#records.length;
  }

  /** Returns what it counts against the producer's bound. */
  add(record: OutgoingRecord, waiter: SingleWaiter | Batch, index: number, bornMs: number): number {
    const { key, value, headers } = record;
    // JSON is bounded by its text only when it is written; until then it counts as one large record might.
    const size = typeof value === 'string' || value instanceof Uint8Array ? mostBytes(value) : 1_024;
    const bytes = 14 + size + mostBytes(key ?? '') + (headers === undefined ? 0 : mostHeaderBytes(headers));
    this.#records.push({ record: copyOf(record), waiter, index, bytes, bornMs });
    return bytes;
  }

  takeAll(): readonly EarlyRecord[] {
    const taken = this.#records;
    this.#records = [];
    this.#setDone();
    this.#done = undefined;
    return taken;
  }

  /** Those that came before `bornMs`. */
  takeOlder(bornMs: number): readonly EarlyRecord[] {
    const count = this.#records.findIndex((each) => each.bornMs > bornMs);
    if (count < 0) return this.takeAll();
    return this.#records.splice(0, count);
  }

  /** Resolves when no record is early any more. */
  done(): Promise<void> {
    if (this.#records.length === 0) return Promise.resolve();
    this.#done ??= new Promise((resolve) => {
      this.#setDone = resolve;
    });
    return this.#done;
  }
}

function copyOf(record: OutgoingRecord): OutgoingRecord {
  const { key, value, headers } = record;
  return {
    ...record,
    value: copied(value),
    ...(key === undefined ? {} : { key: copied(key) }),
    ...(headers === undefined ? {} : { headers: copyOfHeaders(headers) }),
  };
}

function copyOfHeaders(headers: Readonly<Record<string, HeaderValue>>): Record<string, HeaderValue> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, copied(value)]));
}
